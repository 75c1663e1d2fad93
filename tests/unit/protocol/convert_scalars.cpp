// SPDX-License-Identifier: MIT
#include <socketio/protocol/convert_scalars.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <rapidjson/document.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using socketio::Binary;
using socketio::Value;
using socketio::ValueView;
using test::Document;
using test::read_as;
using test::reading_error;
using test::rewritten;
using test::written;

namespace {

enum class Level : std::uint8_t { low, high = 200 };
enum Plain { plain_zero, plain_one };

template <class T>
void check_range() {
  using Limits = std::numeric_limits<T>;
  const std::string lowest = std::to_string(Limits::min());
  const std::string highest = std::to_string(Limits::max());
  CHECK(written(Limits::min()) == lowest);
  CHECK(written(Limits::max()) == highest);
  CHECK(read_as<T>(lowest) == Limits::min());
  CHECK(read_as<T>(highest) == Limits::max());
}

template <class T>
void check_beyond(const std::string& text, const std::string& type) {
  CHECK(reading_error<T>(text) == "expected integer, got number out of range for " + type);
}

}  // namespace

TEST_CASE("booleans convert", "[protocol][convert]") {
  CHECK(rewritten<bool>("true") == "true");
  CHECK(rewritten<bool>("false") == "false");
  CHECK(reading_error<bool>("1") == "expected boolean, got integer");
  CHECK(reading_error<bool>("null") == "expected boolean, got null");
}

TEST_CASE("integers of every size convert up to their limits", "[protocol][convert]") {
  check_range<std::int8_t>();
  check_range<std::uint8_t>();
  check_range<std::int16_t>();
  check_range<std::uint16_t>();
  check_range<std::int32_t>();
  check_range<std::uint32_t>();
  check_range<std::int64_t>();
  check_range<std::uint64_t>();
  check_range<long>();
  check_range<unsigned long long>();
  CHECK(rewritten<char>("65") == "65");
}

TEST_CASE("integers beyond the limits of their type are refused", "[protocol][convert]") {
  check_beyond<std::int8_t>("128", "8-bit integer");
  check_beyond<std::int8_t>("-129", "8-bit integer");
  check_beyond<std::uint8_t>("256", "unsigned 8-bit integer");
  check_beyond<std::uint8_t>("-1", "unsigned 8-bit integer");
  check_beyond<std::int32_t>("2147483648", "32-bit integer");
  check_beyond<std::int32_t>("-2147483649", "32-bit integer");
  check_beyond<std::int32_t>("1e300", "32-bit integer");
  check_beyond<std::uint32_t>("4294967296.0", "unsigned 32-bit integer");
  check_beyond<std::uint32_t>("-1.0", "unsigned 32-bit integer");
  check_beyond<std::int64_t>("9223372036854775808", "64-bit integer");
  check_beyond<std::int64_t>("9223372036854775808.0", "64-bit integer");
  check_beyond<std::int64_t>("-9223372036854777856.0", "64-bit integer");
  check_beyond<std::uint64_t>("18446744073709551616", "unsigned 64-bit integer");
  check_beyond<std::uint64_t>("-1", "unsigned 64-bit integer");
}

TEST_CASE("numbers without a fraction are integers however they are written", "[protocol][convert]") {
  CHECK(read_as<int>("3.0") == 3);
  CHECK(read_as<int>("-3e2") == -300);
  CHECK(read_as<int>("-0.0") == 0);
  CHECK(read_as<std::int64_t>("-9223372036854775808.0") == std::numeric_limits<std::int64_t>::min());
  CHECK(reading_error<int>("3.5") == "expected integer, got number");
  CHECK(reading_error<int>("\"3\"") == "expected integer, got string");
  CHECK(reading_error<int>("true") == "expected integer, got boolean");
  CHECK(reading_error<int>("[3]") == "expected integer, got array");
  CHECK(reading_error<int>("{}") == "expected integer, got object");
  CHECK(reading_error<int>(R"({"_placeholder":true,"num":0})") == "expected integer, got binary");
}

TEST_CASE("enumerations convert as their integers", "[protocol][convert]") {
  CHECK(written(Level::high) == "200");
  CHECK(read_as<Level>("200") == Level::high);
  CHECK(reading_error<Level>("256") == "expected integer, got number out of range for unsigned 8-bit integer");
  CHECK(rewritten<Plain>("1") == "1");
}

TEST_CASE("floating-point numbers convert", "[protocol][convert]") {
  CHECK(read_as<double>("0.1") == 0.1);
  CHECK(read_as<double>("3") == 3.0);
  CHECK(read_as<double>("18446744073709551615") == 18446744073709551615.0);
  CHECK(read_as<float>("0.1") == 0.1f);
  CHECK(written(0.1f) == "0.1");
  CHECK(written(2.0L) == "2");
  CHECK(written(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(written(std::numeric_limits<double>::infinity()) == "null");
  CHECK(reading_error<double>("\"1\"") == "expected number, got string");
  CHECK(reading_error<double>("null") == "expected number, got null");
  CHECK(reading_error<float>("1e39") == "expected number, got number out of range for 32-bit number");
}

TEST_CASE("text converts", "[protocol][convert]") {
  CHECK(rewritten<std::string>("\"x\\ny\"") == "\"x\\ny\"");
  CHECK(written(std::string_view("view")) == "\"view\"");
  CHECK(written("literal") == "\"literal\"");
  const char* const pointer = "pointer";
  CHECK(written(pointer) == "\"pointer\"");
  CHECK(written(static_cast<const char*>(nullptr)) == "null");
  const char buffer[16] = "short";
  CHECK(written(buffer) == "\"short\"");
  CHECK(written(std::string("a\0b", 3)) == "\"a\\u0000b\"");
  CHECK(written(std::string("\xFF")) == "\"\xEF\xBF\xBD\"");
  CHECK(reading_error<std::string>("1") == "expected string, got integer");
  CHECK(reading_error<std::string_view>("null") == "expected string, got null");
}

TEST_CASE("a string view points into the packet", "[protocol][convert]") {
  const Document document("\"in place\"");
  std::string_view text;
  socketio::ConvertError error;
  REQUIRE(socketio::read_value(document.view(), text, error));
  CHECK(text == "in place");
  CHECK(static_cast<const void*>(text.data()) == document.view().json().GetString());
}

TEST_CASE("nullptr and monostate convert to null", "[protocol][convert]") {
  CHECK(written(nullptr) == "null");
  CHECK(written(std::monostate()) == "null");
  CHECK(rewritten<std::monostate>("null") == "null");
  CHECK(reading_error<std::nullptr_t>("0") == "expected null, got integer");
}

TEST_CASE("binary data converts", "[protocol][convert]") {
  const std::string placeholder = R"({"_placeholder":true,"num":0})";
  const std::array<std::byte, 2> bytes{std::byte{'o'}, std::byte{'k'}};
  CHECK(written(Binary(bytes)) == placeholder + " + ok");
  CHECK(written(std::vector<std::byte>(bytes.begin(), bytes.end())) == placeholder + " + ok");
  CHECK(written(std::span<const std::byte>(bytes)) == placeholder + " + ok");
  CHECK(rewritten<Binary>(R"({"_placeholder":true,"num":2})") == placeholder + " + two");
  CHECK(rewritten<std::vector<std::byte>>(R"({"_placeholder":true,"num":1})") == placeholder + " + one");
  CHECK(reading_error<Binary>("\"text\"") == "expected binary, got string");
  CHECK(reading_error<std::vector<std::byte>>("[1,2]") == "expected binary, got array");
  CHECK(reading_error<std::span<const std::byte>>("{}") == "expected binary, got object");
  const Document document(R"({"_placeholder":true,"num":1})");
  std::span<const std::byte> view;
  socketio::ConvertError error;
  REQUIRE(socketio::read_value(document.view(), view, error));
  CHECK(view.data() == document.view().binary().data());
}

TEST_CASE("dynamic values convert with the binary data inside them", "[protocol][convert]") {
  const std::string text = R"({"a":[1,{"_placeholder":true,"num":2}],"b":{"_placeholder":true,"num":0}})";
  const std::string expected =
      R"({"a":[1,{"_placeholder":true,"num":0}],"b":{"_placeholder":true,"num":1}} + two + zero)";
  CHECK(rewritten<Value>(text) == expected);
  CHECK(written(Document(text).view()) == expected);
  CHECK(read_as<Value>(text)["b"].as_binary().view() == "zero");
  CHECK(read_as<Value::Object>(text).at("b").as_binary().view() == "zero");
  CHECK(written(Value::Object{{"x", 1}}) == R"({"x":1})");
  CHECK(reading_error<Value::Object>("[]") == "expected object, got array");
  const Document document("[1]");
  ValueView view;
  socketio::ConvertError error;
  REQUIRE(socketio::read_value(document.view(), view, error));
  CHECK(view[0].to_int64() == 1);
}

TEST_CASE("RapidJSON values can be sent", "[protocol][convert]") {
  rapidjson::Document document;
  document.Parse(R"({"a":[1,-2,2.5,18446744073709551615,"x",true,false,null,{}]})");
  REQUIRE_FALSE(document.HasParseError());
  CHECK(written(document) == R"({"a":[1,-2,2.5,18446744073709551615,"x",true,false,null,{}]})");
  CHECK(written(document["a"]) == R"([1,-2,2.5,18446744073709551615,"x",true,false,null,{}])");
}
