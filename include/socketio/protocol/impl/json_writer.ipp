// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/json_writer.hpp>: escaping, and numbers as JavaScript writes them. Protocol layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/impl/utf8.ipp>
#include <socketio/protocol/json_writer.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

/// Marks the bytes of `word` that cannot stand in a JSON string as they are: controls, `"`, `\`, what is not ASCII.
///
/// The top bit of each is raised, and perhaps, by a borrow, that of the byte above it.
constexpr std::uint64_t special_json_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101u;
  constexpr std::uint64_t tops = 0x8080'8080'8080'8080u;
  const std::uint64_t quote = word ^ (ones * '"');
  const std::uint64_t slash = word ^ (ones * '\\');
  return ((word - ones * 0x20) | (quote - ones) | (slash - ones) | word) & tops;
}

/// How many bytes at the start of `text` can stand in a JSON string as they are: ASCII without controls, `"`, `\`.
inline std::size_t plain_json_prefix_bytes(std::string_view text) noexcept {
  std::size_t i = 0;
  if constexpr (std::endian::native == std::endian::little) {
    // The lowest mark is exact, since borrows go upwards. The zeros behind a short rest are marked, too.
    const auto first_of = [](std::uint64_t marks) { return static_cast<std::size_t>(std::countr_zero(marks)) / 8; };
    for (; i + 8 <= text.size(); i += 8)
      if (const std::uint64_t marks = special_json_bytes(load_word(text.data() + i)); marks != 0)
        return i + first_of(marks);
    return i + first_of(special_json_bytes(load_short_word(text.data() + i, text.size() - i)));
  }
  while (i + 8 <= text.size() && special_json_bytes(load_word(text.data() + i)) == 0) i += 8;
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
  }
  return i;
}

/// Appends a quoted JSON string; what is not UTF-8 becomes U+FFFD, since it would end a WebSocket connection.
inline void append_json_string(OutBuffer& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::size_t i = plain_json_prefix_bytes(text);
  if (i == text.size()) {
    char* const room = out.room(text.size() + 2);
    room[0] = '"';
    if (!text.empty()) std::memcpy(room + 1, text.data(), text.size());
    room[text.size() + 1] = '"';
    return out.commit(text.size() + 2);
  }
  out.append('"');
  std::size_t clean = 0;  // from here to `i` everything can be copied
  for (;; i += plain_json_prefix_bytes(text.substr(i))) {
    if (i == text.size()) break;
    while (i < text.size() && static_cast<unsigned char>(text[i]) >= 0x80) {
      const std::size_t bytes = utf8_character_bytes(text.data() + i, text.data() + text.size());
      if (bytes == 0) {
        out.append(text.substr(clean, i - clean));
        out.append(utf8_replacement);
        clean = i + invalid_utf8_bytes(text.substr(i));
      }
      i = bytes == 0 ? clean : i + bytes;
    }
    if (i == text.size()) break;
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(clean, i - clean));
    clean = ++i;
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        out.append("\\u00");
        out.append(hex[static_cast<unsigned char>(c) >> 4]);
        out.append(hex[static_cast<unsigned char>(c) & 0xF]);
    }
  }
  out.append(text.substr(clean));
  out.append('"');
}

/// Room for the longest number: a sign, 17 digits, a point, five zeros, an exponent; or 21 digits.
using NumberBuffer = std::array<char, 40>;

template <class Integer>
std::string_view integer_text(NumberBuffer& buffer, Integer value) noexcept {
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

/// The shortest text that reads back as `value`, which is finite, laid out as JavaScript does.
///
/// @par Specification  ECMA-262, Number::toString.
template <class Float>
std::string_view number_text(NumberBuffer& buffer, Float value) noexcept {
  if (value == 0) return "0";  // also for -0, as JSON.stringify
  constexpr Float exact_integers = 9007199254740992.0;
  if (std::fabs(value) < exact_integers && std::trunc(value) == value) {
    return integer_text(buffer, static_cast<std::int64_t>(value));
  }
  // Within these bounds the standard's shortest form is JavaScript's, unless it has an exponent.
  if (std::fabs(value) < exact_integers && std::fabs(value) >= Float(1e-6)) {
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    if (text.find('e') == std::string_view::npos) return text;
  }
  std::array<char, 32> scientific;  // [-]d[.ddd]e(+|-)dd[d]
  const auto [end, error] =
      std::to_chars(scientific.data(), scientific.data() + scientific.size(), value, std::chars_format::scientific);
  const std::string_view text(scientific.data(), static_cast<std::size_t>(end - scientific.data()));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);

  std::size_t size = 0;
  const auto put = [&](char c) { buffer[size++] = c; };
  std::array<char, 24> digits;
  int digit_count = 0;
  for (const char c : text.substr(0, e)) {
    if (c == '-') put('-');
    if (c >= '0' && c <= '9') digits[static_cast<std::size_t>(digit_count++)] = c;
  }
  const auto put_digits = [&](int from, int to) {
    for (int i = from; i < to; ++i) put(i < digit_count ? digits[static_cast<std::size_t>(i)] : '0');
  };
  const int point = exponent + 1;  // digits before the decimal point
  if (point > 0 && point <= 21) {
    put_digits(0, point);
    if (digit_count > point) put('.');
    put_digits(point, digit_count);
  } else if (point > -6 && point <= 0) {
    put('0');
    put('.');
    for (int i = point; i < 0; ++i) put('0');
    put_digits(0, digit_count);
  } else {
    put_digits(0, 1);
    if (digit_count > 1) put('.');
    put_digits(1, digit_count);
    put('e');
    put(exponent < 0 ? '-' : '+');
    const auto [exponent_end, exponent_error] =
        std::to_chars(buffer.data() + size, buffer.data() + buffer.size(), exponent < 0 ? -exponent : exponent);
    size = static_cast<std::size_t>(exponent_end - buffer.data());
  }
  return {buffer.data(), size};
}

/// The text that JavaScript makes of any number, also where JSON has none: for names of events and of members.
inline std::string_view name_text(NumberBuffer& buffer, double value) noexcept {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return number_text(buffer, value);
}

}  // namespace detail

SOCKETIO_DECL void JsonWriter::separate() {
  if (needs_comma_) out_.append(',');
  needs_comma_ = true;
}

SOCKETIO_DECL void JsonWriter::literal(std::string_view text) {
  separate();
  out_.append(text);
}

template <class Integer>
void JsonWriter::append_integer(Integer value) {
  char* const room = out_.room(24);  // a comma, a sign, 20 digits
  *room = ',';
  char* const begin = room + (needs_comma_ ? 1 : 0);
  const auto [end, error] = std::to_chars(begin, room + 24, value);
  out_.commit(static_cast<std::size_t>(end - room));
  needs_comma_ = true;
}

template <class Float>
void JsonWriter::finite_number(Float value) {
  if (!std::isfinite(value)) return null();
  detail::NumberBuffer buffer;
  literal(detail::number_text(buffer, value));
}

SOCKETIO_DECL void JsonWriter::begin(char bracket) {
  separate();
  out_.append(bracket);
  needs_comma_ = false;
}

SOCKETIO_DECL void JsonWriter::end(char bracket) {
  out_.append(bracket);
  needs_comma_ = true;
}

SOCKETIO_DECL void JsonWriter::null() { literal("null"); }

SOCKETIO_DECL void JsonWriter::boolean(bool value) { literal(value ? "true" : "false"); }

SOCKETIO_DECL void JsonWriter::integer(std::int64_t value) { append_integer(value); }

SOCKETIO_DECL void JsonWriter::unsigned_integer(std::uint64_t value) { append_integer(value); }

SOCKETIO_DECL void JsonWriter::number(double value) { finite_number(value); }

SOCKETIO_DECL void JsonWriter::number(float value) { finite_number(value); }

SOCKETIO_DECL void JsonWriter::string(std::string_view value) {
  separate();
  detail::append_json_string(out_, value);
}

SOCKETIO_DECL void JsonWriter::binary(const Binary& value) {
  separate();
  if (attachments_ == nullptr) return append_inline(value);
  detail::NumberBuffer buffer;
  out_.append("{\"_placeholder\":true,\"num\":");
  out_.append(detail::integer_text(buffer, attachments_->size()));
  out_.append('}');
  attachments_->push_back(value);
}

SOCKETIO_DECL void JsonWriter::append_inline(const Binary& value) {
  if (inline_binary_ == InlineBinary::base64) {
    std::string base64;
    base64_encode(value.bytes(), base64);
    out_.append('"');
    out_.append(base64);
    out_.append('"');
    return;
  }
  out_.append("{\"type\":\"Buffer\",\"data\":[");
  needs_comma_ = false;
  for (const std::byte byte : value.bytes()) append_integer(std::to_integer<unsigned>(byte));
  out_.append("]}");
  needs_comma_ = true;
}

SOCKETIO_DECL void JsonWriter::begin_array(std::size_t /*count*/) { begin('['); }

SOCKETIO_DECL void JsonWriter::end_array() { end(']'); }

SOCKETIO_DECL void JsonWriter::begin_object(std::size_t /*count*/) { begin('{'); }

SOCKETIO_DECL void JsonWriter::end_object() { end('}'); }

SOCKETIO_DECL void JsonWriter::key(std::string_view name) {
  string(name);
  out_.append(':');
  needs_comma_ = false;
}

}  // namespace socketio
