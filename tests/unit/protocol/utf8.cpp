// SPDX-License-Identifier: MIT
#include <socketio/protocol/utf8.hpp>

#include <tests/support/catch.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using socketio::is_valid_utf8;
using socketio::to_valid_utf8;
using socketio::Utf8Validator;

namespace {

struct Sample {
  std::string_view text;
  std::size_t valid_prefix;  // bytes after which a valid text is still possible
  bool valid;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> list{
      {"", 0, true},
      {"plain ascii, longer than eight bytes", 36, true},
      {std::string_view("a\0b", 3), 3, true},
      {"\x7F", 1, true},
      {"\xC2\x80", 2, true},
      {"\xDF\xBF", 2, true},
      {"\xE0\xA0\x80", 3, true},
      {"\xED\x9F\xBF", 3, true},
      {"\xEE\x80\x80", 3, true},
      {"\xEF\xBF\xBF", 3, true},
      {"\xF0\x90\x80\x80", 4, true},
      {"\xF4\x8F\xBF\xBF", 4, true},
      {"12345678\xF0\x9F\x98\x80 12345678 \xD0\xAF", 24, true},
      {"\x80", 0, false},  // a lone continuation byte
      {"\xBF", 0, false},
      {"\xC0\x80", 0, false},  // overlong
      {"\xC1\xBF", 0, false},
      {"\xE0\x9F\xBF", 1, false},
      {"\xF0\x8F\xBF\xBF", 1, false},
      {"\xED\xA0\x80", 1, false},  // surrogates
      {"\xED\xBF\xBF", 1, false},
      {"\xF4\x90\x80\x80", 1, false},  // beyond U+10FFFF
      {"\xF5\x80\x80\x80", 0, false},
      {"\xFF", 0, false},
      {"\xC2", 1, false},  // cut off
      {"\xE2\x82", 2, false},
      {"\xF0\x9F\x98", 3, false},
      {"\xC2 ", 1, false},  // interrupted by the next character
      {"\xE2\x82 ", 2, false},
      {"\xF0\x9F\x98 ", 3, false},
      {"good\xE2\x82\xE2\x82\xAC", 6, false},
  };
  return list;
}

}  // namespace

TEST_CASE("UTF-8 is validated by the table of the Unicode standard", "[protocol][utf8]") {
  for (const Sample& sample : samples()) {
    INFO(sample.text);
    CHECK(is_valid_utf8(sample.text) == sample.valid);
    CHECK(is_valid_utf8("padding of 24 characters" + std::string(sample.text)) == sample.valid);
  }
}

TEST_CASE("a UTF-8 validator fails at the first invalid byte", "[protocol][utf8]") {
  for (const Sample& sample : samples()) {
    INFO(sample.text);
    Utf8Validator validator;
    std::size_t accepted = 0;
    while (accepted < sample.text.size() && validator.feed(sample.text.substr(accepted, 1))) ++accepted;
    CHECK(accepted == sample.valid_prefix);
    CHECK(validator.complete() == sample.valid);
  }
}

TEST_CASE("a UTF-8 validator gives the same result wherever a text is cut", "[protocol][utf8]") {
  for (const Sample& sample : samples()) {
    for (std::size_t first = 0; first <= sample.text.size(); ++first) {
      for (std::size_t second = first; second <= sample.text.size(); ++second) {
        Utf8Validator validator;
        bool fed = validator.feed(sample.text.substr(0, first));
        fed = validator.feed(sample.text.substr(first, second - first)) && fed;
        fed = validator.feed(sample.text.substr(second)) && fed;
        CHECK((fed && validator.complete()) == sample.valid);
      }
    }
  }
}

TEST_CASE("a UTF-8 validator stays failed until it is reset", "[protocol][utf8]") {
  Utf8Validator validator;
  CHECK(validator.complete());
  CHECK_FALSE(validator.feed("a\xFF"));
  CHECK_FALSE(validator.feed("a"));
  CHECK_FALSE(validator.feed(static_cast<unsigned char>('a')));
  CHECK_FALSE(validator.complete());
  validator.reset();
  CHECK(validator.feed("a"));
  CHECK(validator.complete());
}

TEST_CASE("every code point is valid exactly if it is not a surrogate", "[protocol][utf8]") {
  bool all_right = true;
  for (unsigned code = 0; code <= 0x10FFFF; ++code) {
    std::string text;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xC0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      text += static_cast<char>(0xE0 | code >> 12);
      text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      text += static_cast<char>(0xF0 | code >> 18);
      text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
      text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
    const bool expected = code < 0xD800 || code > 0xDFFF;
    Utf8Validator validator;
    all_right =
        all_right && is_valid_utf8(text) == expected && (validator.feed(text) && validator.complete()) == expected;
  }
  CHECK(all_right);
}

// The expectations are the results of `new TextDecoder().decode(...)` for the same bytes.
TEST_CASE("each maximal invalid part becomes one replacement character", "[protocol][utf8]") {
  const std::string r = "\xEF\xBF\xBD";
  CHECK(to_valid_utf8("") == "");
  CHECK(to_valid_utf8("h\xC3\xA9llo \xF0\x9F\x98\x80") == "h\xC3\xA9llo \xF0\x9F\x98\x80");
  CHECK(to_valid_utf8("\xFF") == r);
  CHECK(to_valid_utf8("a\x80z") == "a" + r + "z");
  CHECK(to_valid_utf8("\xC0\x80") == r + r);
  CHECK(to_valid_utf8("\xE2\x82z") == r + "z");
  CHECK(to_valid_utf8("\xE2\x82") == r);
  CHECK(to_valid_utf8("\xF0\x9F\x98") == r);
  CHECK(to_valid_utf8("\xF0\x9F\x98\xF0\x9F\x98\x80") == r + "\xF0\x9F\x98\x80");
  CHECK(to_valid_utf8("\xED\xA0\x80") == r + r + r);
  CHECK(to_valid_utf8("\xF4\x90\x80\x80") == r + r + r + r);
  CHECK(to_valid_utf8("\xE0\x9F\xBF!") == r + r + r + "!");
  CHECK(to_valid_utf8("\xC2\xC2\xA9") == r + "\xC2\xA9");
}

TEST_CASE("repaired text is valid, and valid text is unchanged", "[protocol][utf8]") {
  for (const Sample& sample : samples()) {
    const std::string repaired = to_valid_utf8(sample.text);
    CHECK(is_valid_utf8(repaired));
    CHECK((repaired == sample.text) == sample.valid);
  }
}

TEST_CASE("text is validated the same whatever its length and alignment", "[protocol][utf8]") {
  const auto judged_one_by_one = [](std::string_view text) {
    Utf8Validator validator;
    for (const char c : text) static_cast<void>(validator.feed(static_cast<unsigned char>(c)));
    return validator.complete();
  };
  bool all_right = true;
  std::string memory(120, 'a');
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t size = 0; size <= 70; ++size) {
      const std::string_view text(memory.data() + start, size);
      all_right = all_right && is_valid_utf8(text) && socketio::detail::is_ascii(text) &&
                  socketio::detail::ascii_prefix_bytes(text) == size;
      for (std::size_t i = 0; i < size; ++i) {
        for (const char c : {'\x80', '\xC3', '\xFF'}) {
          memory[start + i] = c;
          if (i + 1 < size) memory[start + i + 1] = '\xA9';
          all_right = all_right && is_valid_utf8(text) == judged_one_by_one(text) &&
                      !socketio::detail::is_ascii(text) && socketio::detail::ascii_prefix_bytes(text) == i;
          memory[start + i] = 'a';
          memory[start + i + 1] = 'a';
        }
      }
    }
  }
  CHECK(all_right);
}
