// SPDX-License-Identifier: MIT
#include <socketio/engine/query.hpp>
// Query parameters as WHATWG URLSearchParams reads them.
#include <tests/support/catch.hpp>

#include <string>
#include <type_traits>

using socketio::QueryParams;

TEST_CASE("parameters are decoded and kept in order", "[engine][query]") {
  const QueryParams params("EIO=4&a+b=c+d&%41=%42%2B&empty=&bare&&=x");
  REQUIRE(params.size() == 6);
  CHECK(params.find("EIO") == "4");
  CHECK(params.find("a b") == "c d");
  CHECK(params.find("A") == "B+");
  CHECK(params.find("empty") == "");
  CHECK(params.find("bare") == "");
  CHECK(params.find("") == "x");
  CHECK_FALSE(params.find("none"));
  CHECK(params.begin()->first == "EIO");
}

TEST_CASE("the last of several parameters of a name counts", "[engine][query]") {
  CHECK(QueryParams("a=1&b=2&a=3").find("a") == "3");
  CHECK(QueryParams("a=1&%61=3").find("a") == "3");
}

TEST_CASE("a parameter is found by its name in brackets", "[engine][query]") {
  const QueryParams params("token=a%20b&empty=&token=last");
  CHECK(params["token"] == "last");
  CHECK(params["empty"].empty());
  CHECK(params["none"].empty());
  CHECK(params["Token"].empty());
  CHECK(params.contains("empty"));
  CHECK_FALSE(params.contains("none"));
  const std::string token = QueryParams("token=kept")["token"];
  CHECK(token == "kept");
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(QueryParams()["token"]), const char*>);
}

TEST_CASE("a loop sees every parameter in its order", "[engine][query]") {
  std::string seen;
  for (const auto& [name, value] : QueryParams("a=1&b=2&a=3")) seen += name + '=' + value + ' ';
  CHECK(seen == "a=1 b=2 a=3 ");
}

TEST_CASE("only the first equals sign separates name and value", "[engine][query]") {
  CHECK(QueryParams("a=b=c").find("a") == "b=c");
}

TEST_CASE("invalid percent-encoding stays unchanged", "[engine][query]") {
  CHECK(QueryParams("a=%").find("a") == "%");
  CHECK(QueryParams("a=%4").find("a") == "%4");
  CHECK(QueryParams("a=%zz").find("a") == "%zz");
  CHECK(QueryParams("a=%%41").find("a") == "%A");
  CHECK(QueryParams("a=%00b").find("a") == std::string_view("\0b", 2));
}

TEST_CASE("invalid UTF-8 in a query becomes replacement characters", "[engine][query]") {
  CHECK(QueryParams("a=%FF").find("a") == "\xEF\xBF\xBD");
  CHECK(QueryParams("a=%C3%A9").find("a") == "\xC3\xA9");
}

TEST_CASE("names that are special in JavaScript are ordinary names", "[engine][query]") {
  const QueryParams params("__proto__=x&constructor=y");
  CHECK(params.find("__proto__") == "x");
  CHECK_FALSE(QueryParams("").find("constructor"));
  CHECK(QueryParams("").empty());
}

TEST_CASE("a fragment is not part of the query", "[engine][query]") {
  CHECK(QueryParams("a=1#b=2").find("a") == "1");
  CHECK(QueryParams("a=1#&b=2").size() == 1);
}
