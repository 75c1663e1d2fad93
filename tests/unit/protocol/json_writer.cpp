// SPDX-License-Identifier: MIT
#include <socketio/protocol/json_writer.hpp>

#include <tests/support/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using socketio::Binary;
using socketio::JsonWriter;
using socketio::detail::OutBuffer;

namespace {

template <class Write>
std::string written(Write&& write) {
  OutBuffer out;
  JsonWriter writer(out);
  write(writer);
  return std::string(out.view());
}

std::string text(std::string_view value) {
  return written([&](JsonWriter& w) { w.string(value); });
}

template <class Number>
std::string number(Number value) {
  return written([&](JsonWriter& w) { w.number(value); });
}

}  // namespace

TEST_CASE("the JSON writer puts commas and colons where they belong", "[protocol][json]") {
  CHECK(written([](JsonWriter& w) {
          w.begin_array(8);
          w.null();
          w.boolean(true);
          w.boolean(false);
          w.integer(-1);
          w.unsigned_integer(2);
          w.number(2.5);
          w.string("s");
          w.begin_object(3);
          w.key("a");
          w.begin_array(0);
          w.end_array();
          w.key("b");
          w.begin_object(0);
          w.end_object();
          w.key("c");
          w.integer(3);
          w.end_object();
          w.begin_array(1);
          w.integer(4);
          w.end_array();
          w.end_array();
        }) == R"([null,true,false,-1,2,2.5,"s",{"a":[],"b":{},"c":3},[4]])");
}

TEST_CASE("integers are written in full", "[protocol][json]") {
  CHECK(written([](JsonWriter& w) { w.integer(std::numeric_limits<std::int64_t>::min()); }) == "-9223372036854775808");
  CHECK(written([](JsonWriter& w) { w.integer(std::numeric_limits<std::int64_t>::max()); }) == "9223372036854775807");
  CHECK(written([](JsonWriter& w) { w.unsigned_integer(std::numeric_limits<std::uint64_t>::max()); }) ==
        "18446744073709551615");
}

// The expectations are what JSON.stringify writes for the same number.
TEST_CASE("numbers are formatted as JavaScript does", "[protocol][json]") {
  const std::vector<std::pair<double, std::string_view>> expected{{0.0, "0"},
                                                                  {-0.0, "0"},
                                                                  {1.0, "1"},
                                                                  {-1.5, "-1.5"},
                                                                  {0.1, "0.1"},
                                                                  {0.1 + 0.2, "0.30000000000000004"},
                                                                  {100.0, "100"},
                                                                  {123456.789, "123456.789"},
                                                                  {1e-5, "0.00001"},
                                                                  {1e-6, "0.000001"},
                                                                  {1.5e-6, "0.0000015"},
                                                                  {1e-7, "1e-7"},
                                                                  {1.25e-7, "1.25e-7"},
                                                                  {-1e-7, "-1e-7"},
                                                                  {9007199254740991.0, "9007199254740991"},
                                                                  {9007199254740992.0, "9007199254740992"},
                                                                  {1e20, "100000000000000000000"},
                                                                  {123456789012345680000.0, "123456789012345680000"},
                                                                  {1e21, "1e+21"},
                                                                  {1.5e21, "1.5e+21"},
                                                                  {-1e21, "-1e+21"},
                                                                  {1.7976931348623157e308, "1.7976931348623157e+308"},
                                                                  {5e-324, "5e-324"}};
  for (const auto& [value, layout] : expected) CHECK(number(value) == layout);
}

TEST_CASE("floats are written in the shortest form that reads back as the same float", "[protocol][json]") {
  CHECK(number(0.1f) == "0.1");
  CHECK(number(16777216.0f) == "16777216");
  CHECK(number(3.4028235e38f) == "3.4028235e+38");
  CHECK(number(1e-45f) == "1e-45");
}

TEST_CASE("numbers that JSON does not have are null", "[protocol][json]") {
  CHECK(number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "null");
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(number(std::numeric_limits<float>::infinity()) == "null");
}

TEST_CASE("strings are escaped as JSON.stringify does", "[protocol][json]") {
  CHECK(text("") == R"("")");
  CHECK(text("plain / text, longer than a word") == R"("plain / text, longer than a word")");
  CHECK(text("\"\\") == R"("\"\\")");
  CHECK(text("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(text(std::string_view("\0\x01\x1e\x1f", 4)) == R"("\u0000\u0001\u001e\u001f")");
  CHECK(text("\x7F") == "\"\x7F\"");
  CHECK(text("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xE2\x80\xA8") ==
        "\"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xE2\x80\xA8\"");
  CHECK(text("12345678\n12345678\"") == R"("12345678\n12345678\"")");
}

TEST_CASE("every character is escaped at every place of a word", "[protocol][json]") {
  for (std::size_t place = 0; place < 20; ++place) {
    for (int c = 0; c < 128; ++c) {
      std::string value(20, '.');
      value[place] = static_cast<char>(c);
      const std::string out = text(value);
      const bool needs_escape = c < 0x20 || c == '"' || c == '\\';
      if ((out != "\"" + value + "\"") != needs_escape) FAIL("character " << c << " at " << place);
      if (needs_escape && out[place + 1] != '\\') FAIL("character " << c << " at " << place);
    }
  }
  SUCCEED();
}

TEST_CASE("text that is not UTF-8 is written with replacement characters", "[protocol][json]") {
  const std::string r = "\xEF\xBF\xBD";
  CHECK(text("a\xFFz") == "\"a" + r + "z\"");
  CHECK(text("\xE2\x82") == "\"" + r + "\"");
  CHECK(text("\xE2\x82\"\xED\xA0\x80") == "\"" + r + "\\\"" + r + r + r + "\"");
  CHECK(text("\xD0\xAF\x80\xD0\xAF\n") == "\"\xD0\xAF" + r + "\xD0\xAF\\n\"");
  CHECK(written([](JsonWriter& w) {
          w.begin_object(1);
          w.key("\xFF");
          w.null();
          w.end_object();
        }) == "{\"" + r + "\":null}");
}

TEST_CASE("binary data leaves placeholders in the order of its occurrence", "[protocol][json]") {
  OutBuffer out;
  std::vector<Binary> attachments;
  JsonWriter writer(out, &attachments);
  writer.begin_array(3);
  writer.binary(Binary(std::string("first")));
  writer.begin_object(1);
  writer.key("x");
  writer.binary(Binary(std::string("second")));
  writer.end_object();
  writer.binary(Binary());
  writer.end_array();
  CHECK(out.view() ==
        R"([{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":2}])");
  REQUIRE(attachments.size() == 3);
  CHECK(attachments[0].view() == "first");
  CHECK(attachments[1].view() == "second");
  CHECK(attachments[2].empty());
}

TEST_CASE("binary data is base64 if there are no attachments", "[protocol][json]") {
  CHECK(written([](JsonWriter& w) {
          w.begin_array(2);
          w.binary(Binary(std::string("\xFB\xFF")));
          w.integer(1);
          w.end_array();
        }) == R"(["+/8=",1])");
}

TEST_CASE("characters that need an escape are found at every position", "[protocol][json]") {
  const auto is_plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
  };
  bool all_right = true;
  std::string memory(60, 'x');
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t size = 0; size <= 40; ++size) {
      const std::string_view text(memory.data() + start, size);
      all_right = all_right && socketio::detail::plain_json_prefix_bytes(text) == size;
      for (std::size_t i = 0; i < size; ++i) {
        for (unsigned code = 0; code < 256; ++code) {
          const char c = static_cast<char>(code);
          memory[start + i] = c;
          if (i + 1 < size) memory[start + i + 1] = static_cast<char>(code ^ 1);  // a neighbour that differs in one bit
          const std::size_t expected = !is_plain(c)                                             ? i
                                       : i + 1 < size && !is_plain(static_cast<char>(code ^ 1)) ? i + 1
                                                                                                : size;
          all_right = all_right && socketio::detail::plain_json_prefix_bytes(text) == expected;
          memory[start + i] = memory[start + i + 1] = 'x';
        }
      }
    }
  }
  CHECK(all_right);
}
