// SPDX-License-Identifier: MIT
// Header fields, targets and reason phrases as values.
#include <socketio/engine/http.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <type_traits>

using socketio::HttpHeaders;
using socketio::HttpRequest;

TEST_CASE("header names compare without regard to case and the first field is found", "[engine][http]") {
  HttpHeaders headers;
  CHECK(headers.empty());
  headers.add("Content-Type", "text/plain");
  headers.add("content-type", "text/html");
  CHECK(headers.size() == 2);
  CHECK(headers.find("CONTENT-TYPE") == "text/plain");
  CHECK(headers[1].name == "content-type");
  CHECK(headers[1].value == "text/html");
  CHECK_FALSE(headers.contains("content-typ"));
  CHECK_FALSE(headers.find("").has_value());
}

TEST_CASE("set replaces all fields of a name at the place of the first", "[engine][http]") {
  HttpHeaders headers;
  headers.add("A", "1");
  headers.add("B", "2");
  headers.add("a", "3");
  headers.set("a", "4");
  REQUIRE(headers.size() == 2);
  CHECK(headers[0].name == "a");
  CHECK(headers[0].value == "4");
  CHECK(headers[1].value == "2");
  headers.set("c", "5");
  CHECK(headers[2].value == "5");
  headers.remove("B");
  REQUIRE(headers.size() == 2);
  CHECK(headers[1].name == "c");
  headers.remove("nothing");
  CHECK(headers.size() == 2);
}

TEST_CASE("fields may be added from views of the same headers", "[engine][http]") {
  HttpHeaders headers;
  headers.add("first-name-that-is-long", "first value that is long");
  for (int i = 0; i < 20; ++i) headers.add(headers[0].name, headers[0].value);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    CHECK(headers[i].name == "first-name-that-is-long");
    CHECK(headers[i].value == "first value that is long");
  }
  headers.set(headers[0].name, headers[0].value);
  REQUIRE(headers.size() == 1);
  CHECK(headers[0].value == "first value that is long");
}

TEST_CASE("repeated fields are joined as Node.js joins them", "[engine][http]") {
  HttpHeaders headers;
  for (const char* name : {"Cookie", "Host", "X-Other", "User-Agent"}) {
    headers.add(name, "one");
    headers.add(name, "two");
  }
  CHECK(headers.joined("cookie") == "one; two");
  CHECK(headers.joined("host") == "one");
  CHECK(headers.joined("user-agent") == "one");
  CHECK(headers.joined("x-other") == "one, two");
  CHECK_FALSE(headers.joined("missing").has_value());
}

TEST_CASE("brackets give what Node.js has in headers", "[engine][http]") {
  HttpHeaders headers;
  headers.add("Cookie", "a=1");
  headers.add("cookie", "b=2");
  headers.add("X-Empty", "");
  const HttpHeaders& constant = headers;
  CHECK(constant["cookie"] == "a=1; b=2");
  CHECK(constant["COOKIE"] == "a=1; b=2");
  CHECK(constant["x-empty"].empty());
  CHECK(constant["missing"].empty());
  CHECK(constant.contains("x-empty"));
  CHECK_FALSE(constant.contains("missing"));
  CHECK(constant[0].name == "Cookie");
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(headers["x"]), const char*>);
}

TEST_CASE("a token is found in any of the comma-separated fields of a name", "[engine][http]") {
  HttpHeaders headers;
  headers.add("Connection", "keep-alive");
  headers.add("connection", " ,foo\t,  UpGrade ,");
  CHECK(headers.has_token("Connection", "upgrade"));
  CHECK(headers.has_token("Connection", "keep-alive"));
  CHECK(headers.has_token("Connection", "foo"));
  CHECK_FALSE(headers.has_token("Connection", "keep"));
  CHECK_FALSE(headers.has_token("Upgrade", "upgrade"));
}

TEST_CASE("a target is cut at the first question mark", "[engine][http]") {
  HttpRequest request;
  request.target = "/socket.io/?EIO=4&x=a?b";
  CHECK(request.path() == "/socket.io/");
  CHECK(request.query() == "EIO=4&x=a?b");
  request.target = "/plain";
  CHECK(request.path() == "/plain");
  CHECK(request.query().empty());
  request.target = "?";
  CHECK(request.path().empty());
  CHECK(request.query().empty());
}

TEST_CASE("the parameters of a request are decoded", "[engine][http]") {
  HttpRequest request;
  request.target = "/socket.io/?EIO=4&token=a%20b";
  CHECK(request.query_params()["token"] == "a b");
  CHECK(request.query_params()["none"].empty());
}

TEST_CASE("reason phrases are the standard ones", "[engine][http]") {
  CHECK(socketio::http_reason(404) == "Not Found");
  CHECK(socketio::http_reason(431) == "Request Header Fields Too Large");
  CHECK(socketio::http_reason(299) == "Unknown");
}
