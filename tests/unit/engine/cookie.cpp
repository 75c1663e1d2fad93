// SPDX-License-Identifier: MIT
#include <socketio/engine/cookie.hpp>
// The exact text of the session cookie.
#include <tests/support/catch.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

using socketio::CookieOptions;
using socketio::serialize_cookie;
using namespace std::chrono_literals;

TEST_CASE("the default cookie has the reference's attributes", "[engine][cookie]") {
  CHECK(serialize_cookie({}, "abc-_Z9") == "io=abc-_Z9; Path=/; HttpOnly; SameSite=Lax");
}

TEST_CASE("the value is encoded as encodeURIComponent does", "[engine][cookie]") {
  CHECK(serialize_cookie({}, "a b;\"\xC3\xA9!*'()~") == "io=a%20b%3B%22%C3%A9!*'()~; Path=/; HttpOnly; SameSite=Lax");
}

TEST_CASE("the attributes have a fixed order", "[engine][cookie]") {
  const CookieOptions all{.name = "woot",
                          .path = "/custom",
                          .http_only = true,
                          .same_site = CookieOptions::SameSite::strict,
                          .domain = ".a.example",
                          .max_age = 3600s,
                          .expires = std::chrono::system_clock::time_point(std::chrono::seconds(784111777)),
                          .secure = true,
                          .partitioned = true,
                          .priority = CookieOptions::Priority::high};
  CHECK(serialize_cookie(all, "x") ==
        "woot=x; Max-Age=3600; Domain=.a.example; Path=/custom; Expires=Sun, 06 Nov 1994 08:49:37 GMT; HttpOnly; "
        "Secure; Partitioned; Priority=High; SameSite=Strict");
  CHECK(all.validate().empty());
}

TEST_CASE("attributes can be left out and chosen", "[engine][cookie]") {
  CHECK(serialize_cookie({.path = std::nullopt}, "x") == "io=x; HttpOnly; SameSite=Lax");
  CHECK(serialize_cookie({.http_only = false}, "x") == "io=x; Path=/; SameSite=Lax");
  CHECK(serialize_cookie({.same_site = std::nullopt}, "x") == "io=x; Path=/; HttpOnly");
  CHECK(serialize_cookie({.same_site = CookieOptions::SameSite::none, .secure = true}, "x") ==
        "io=x; Path=/; HttpOnly; Secure; SameSite=None");
  CHECK(serialize_cookie({.same_site = std::nullopt, .priority = CookieOptions::Priority::low}, "x") ==
        "io=x; Path=/; HttpOnly; Priority=Low");
  CHECK(serialize_cookie({.same_site = std::nullopt, .priority = CookieOptions::Priority::medium}, "x") ==
        "io=x; Path=/; HttpOnly; Priority=Medium");
}

TEST_CASE("characters that would end an attribute are refused", "[engine][cookie]") {
  CHECK(CookieOptions{}.validate().empty());
  CHECK(CookieOptions{.name = ""}.validate().size() == 1);
  CHECK(CookieOptions{.name = "a=b"}.validate().size() == 1);
  CHECK(CookieOptions{.name = "a;b"}.validate().size() == 1);
  CHECK(CookieOptions{.path = "/; Domain=evil"}.validate().size() == 1);
  CHECK(CookieOptions{.path = "/\r\n"}.validate().size() == 1);
  for (const char* domain : {"a;b", "-a.example", "a-.example", "a..example", ".", "a example", "a."})
    CHECK(CookieOptions{.domain = domain}.validate().size() == 1);
  CHECK(CookieOptions{.domain = std::string(64, 'a')}.validate().size() == 1);
  CHECK(CookieOptions{.domain = std::string(63, 'a') + ".x-y.example"}.validate().empty());
}

TEST_CASE("a cookie whose attributes are invalid is not written", "[engine][cookie]") {
  CHECK_THROWS_AS(serialize_cookie({.name = "a;b"}, "x"), std::invalid_argument);
  CHECK_THROWS_AS(serialize_cookie({.path = "/\r\nSet-Cookie: b=2"}, "x"), std::invalid_argument);
  CHECK_THROWS_WITH(serialize_cookie({.name = "", .path = "/;", .domain = "a;b"}, "x"),
                    "cookie.name is no token; cookie.path contains a character that may not stand in a path; "
                    "cookie.domain is no domain name");
  const std::string text = serialize_cookie({.name = "session", .max_age = 0s}, "x\r\nX-Evil: 1; Path=/evil");
  CHECK(text == "session=x%0D%0AX-Evil%3A%201%3B%20Path%3D%2Fevil; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
}

TEST_CASE("dates before and far after 1970 are written", "[engine][cookie]") {
  using Time = std::chrono::system_clock::time_point;
  const auto expires = [](std::chrono::seconds since_epoch) {
    const std::string text = serialize_cookie(
        {.path = std::nullopt, .http_only = false, .same_site = std::nullopt, .expires = Time(since_epoch)}, "");
    return text.substr(text.find("Expires=") + 8);
  };
  CHECK(expires(0s) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(expires(-1s) == "Wed, 31 Dec 1969 23:59:59 GMT");
  CHECK(expires(951782400s) == "Tue, 29 Feb 2000 00:00:00 GMT");
}
