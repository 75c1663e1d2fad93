// SPDX-License-Identifier: MIT
#include <socketio/engine/cookies.hpp>
// The Cookie header, as the npm package cookie reads it.
#include <socketio/engine/cookie.hpp>
#include <tests/support/catch.hpp>

#include <optional>
#include <string>
#include <string_view>

using socketio::Cookies;
using socketio::HttpRequest;

namespace {

/// The cookies as text: "name=value|name=value|".
std::string read(std::string_view header) {
  std::string text;
  for (const auto& [name, value] : Cookies(header)) text += name + '=' + value + '|';
  return text;
}

}  // namespace

TEST_CASE("cookies are read in the order in which they were sent", "[engine][cookies]") {
  CHECK(read("foo=bar") == "foo=bar|");
  CHECK(read("foo=bar;bar=123") == "foo=bar|bar=123|");
  CHECK(read("FOO    = bar;   baz  =   raz") == "FOO=bar|baz=raz|");
  CHECK(read("\t a \t=\t b c \t; d=") == "a=b c|d=|");
  CHECK(read("a=b=c") == "a=b=c|");
  CHECK(read("foo bar=baz") == "foo bar=baz|");
  CHECK(Cookies("a=1; b=2").size() == 2);
  CHECK(Cookies().empty());
}

TEST_CASE("text without an equals sign is no cookie", "[engine][cookies]") {
  CHECK(read("").empty());
  CHECK(read("=").empty());
  CHECK(read("foo").empty());
  CHECK(read(";;;").empty());
  CHECK(read("fizz;foo=bar; buzz") == "foo=bar|");
  CHECK(read("=bar") == "=bar|");
  CHECK(read("= ;a=b") == "=|a=b|");
}

TEST_CASE("one pair of quotes around a value is left out", "[engine][cookies]") {
  CHECK(read("foo=\"bar=123456789&name=Magic+Mouse\"") == "foo=bar=123456789&name=Magic+Mouse|");
  CHECK(read("foo=\"\"") == "foo=|");
  CHECK(read("foo=\"") == "foo=|");
  CHECK(read("foo=\"\"a\"\"") == "foo=\"a\"|");
  CHECK(read("foo=\"a;b\"") == "foo=\"a|");
  CHECK(read("foo=\" a \"") == "foo= a |");
}

TEST_CASE("values are decoded, unless that is impossible", "[engine][cookies]") {
  CHECK(read("foo=%20%22%2c%2F%3B") == "foo= \",/;|");
  CHECK(read("foo=%C3%A9") == "foo=\xC3\xA9|");
  CHECK(read("f%20o=a+b") == "f%20o=a+b|");
  CHECK(read("foo=%1;bar=bar") == "foo=%1|bar=bar|");
  CHECK(read("foo=%41%") == "foo=%41%|");
  CHECK(read("foo=%zz%41") == "foo=%zz%41|");
  CHECK(read("foo=%FF%41") == "foo=%FF%41|");  // not UTF-8 once decoded
  CHECK(read("foo=%00") == std::string("foo=\0|", 6));
  CHECK(read("\xFF=\xFE") == "\xEF\xBF\xBD=\xEF\xBF\xBD|");
}

TEST_CASE("of several cookies of one name the first is found", "[engine][cookies]") {
  const Cookies cookies("a=1; b=%32; a=3; A=4");
  CHECK(cookies.size() == 4);
  CHECK(cookies.find("a") == "1");
  CHECK(cookies.find("b") == "2");
  CHECK(cookies.find("A") == "4");
  CHECK(cookies.find("c") == std::nullopt);
  CHECK(cookies["a"] == "1");
  CHECK(cookies["c"].empty());
  CHECK(cookies.contains("A"));
  CHECK_FALSE(cookies.contains("c"));
}

TEST_CASE("the number of cookies is limited", "[engine][cookies]") {
  std::string header;
  for (std::size_t i = 0; i < Cookies::max_count + 10; ++i) header += "n" + std::to_string(i) + "=v;";
  const Cookies cookies(header);
  CHECK(cookies.size() == Cookies::max_count);
  CHECK(cookies.find("n999") == "v");
  CHECK_FALSE(cookies.find("n1000"));
}

TEST_CASE("a request reads all lines of its Cookie header", "[engine][cookies]") {
  HttpRequest request;
  CHECK(request.cookies().empty());
  request.headers.add("Cookie", "a=1");
  request.headers.add("cookie", "b=2");
  CHECK(request.cookies().find("a") == "1");
  CHECK(request.cookies().find("b") == "2");
}

TEST_CASE("a value outlives the temporary list that it is found in", "[engine][cookies]") {
  HttpRequest request;
  request.headers.add("Cookie", "a=long enough to be stored on the heap");
  const auto found = request.cookies().find("a");
  const auto missing = request.cookies().find("b");
  CHECK(found == "long enough to be stored on the heap");
  CHECK_FALSE(missing);
}

TEST_CASE("what is written into a cookie is read again", "[engine][cookies]") {
  const std::string value = "a; b=\"c\", \xC3\xA9\r\n%41";
  const std::string header = socketio::serialize_cookie({.name = "sid"}, value);
  CHECK(Cookies(header).find("sid") == value);
}
