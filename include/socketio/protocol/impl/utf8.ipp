// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/utf8.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

/// Eight bytes of text as one number.
inline std::uint64_t load_word(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

inline std::uint64_t load_half_word(const char* at) noexcept {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The same of fewer than eight bytes; the rest of the number is zero. Every byte of the text is a byte of it, those of
/// fewer than four and on little-endian machines all of them in the order of the text.
inline std::uint64_t load_short_word(const char* at, std::size_t size) noexcept {
  if (size >= 4) {
    return load_half_word(at) | load_half_word(at + size - 4) << (8 * (size - 4));  // they may overlap
  }
  if (size == 0) return 0;
  const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i); };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

/// Whether there is nothing but ASCII.
inline bool is_ascii(std::string_view text) noexcept {
  constexpr std::uint64_t tops = 0x8080'8080'8080'8080u;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left > 32; at += 32, left -= 32) {
    const std::uint64_t all = load_word(at) | load_word(at + 8) | load_word(at + 16) | load_word(at + 24);
    if ((all & tops) != 0) return false;
  }
  std::uint64_t all = 0;
  for (; left >= 8; at += 8, left -= 8) all |= load_word(at);
  return ((all | load_short_word(at, left)) & tops) == 0;
}

/// The number of ASCII characters at the start of `text`.
inline std::size_t ascii_prefix_bytes(std::string_view text) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    if ((load_word(text.data() + i) & 0x8080'8080'8080'8080u) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD";  // U+FFFD

/// The size of the character at `p`, which is before `end` and not ASCII; 0 if it is not valid.
inline std::size_t utf8_character_bytes(const char* p, const char* end) noexcept {
  const auto byte = [p](std::ptrdiff_t i) { return static_cast<unsigned>(static_cast<unsigned char>(p[i])); };
  const auto continues = [&](std::ptrdiff_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const std::ptrdiff_t left = end - p;
  const unsigned first = byte(0);
  if (first < 0xE0) return first >= 0xC2 && left > 1 && continues(1) ? 2 : 0;
  if (first < 0xF0) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    // Below E0 A0 shorter forms exist, above ED 9F lie the surrogates.
    return (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ? 0 : 3;
  }
  if (first > 0xF4 || left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  // Below F0 90 shorter forms exist, above F4 8F lies what is beyond U+10FFFF.
  return (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F) ? 0 : 4;
}

}  // namespace detail

SOCKETIO_DECL bool Utf8Validator::feed(std::string_view piece) noexcept {
  std::size_t i = 0;
  while (!failed_ && i < piece.size()) {
    if (missing_ == 0) i += detail::ascii_prefix_bytes(piece.substr(i));
    if (i < piece.size()) feed(static_cast<unsigned char>(piece[i++]));
  }
  return !failed_;
}

SOCKETIO_DECL bool Utf8Validator::feed(unsigned char byte) noexcept {
  if (failed_) return false;
  if (missing_ == 0) {
    begin_character(byte);
  } else if (byte < lowest_ || byte > highest_) {
    failed_ = true;
  } else {
    --missing_;
    lowest_ = 0x80;
    highest_ = 0xBF;
  }
  return !failed_;
}

SOCKETIO_DECL void Utf8Validator::begin_character(unsigned char byte) noexcept {
  if (byte < 0x80) return;
  lowest_ = 0x80;
  highest_ = 0xBF;
  if (byte >= 0xC2 && byte <= 0xDF) {
    missing_ = 1;
  } else if (byte >= 0xE0 && byte <= 0xEF) {
    missing_ = 2;
    if (byte == 0xE0) lowest_ = 0xA0;   // shorter forms exist
    if (byte == 0xED) highest_ = 0x9F;  // surrogates
  } else if (byte >= 0xF0 && byte <= 0xF4) {
    missing_ = 3;
    if (byte == 0xF0) lowest_ = 0x90;   // shorter forms exist
    if (byte == 0xF4) highest_ = 0x8F;  // beyond U+10FFFF
  } else {
    failed_ = true;
  }
}

SOCKETIO_DECL bool is_valid_utf8(std::string_view text) noexcept {
  if (detail::is_ascii(text)) return true;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    if (static_cast<unsigned char>(*p) < 0x80) {
      p += detail::ascii_prefix_bytes({p, static_cast<std::size_t>(end - p)});
    } else {
      const std::size_t bytes = detail::utf8_character_bytes(p, end);
      if (bytes == 0) return false;
      p += bytes;
    }
  }
  return true;
}

namespace detail {

/// The size of the part at the start of `text`, which begins no valid character, that one U+FFFD stands for.
inline std::size_t invalid_utf8_bytes(std::string_view text) noexcept {
  Utf8Validator validator;
  std::size_t i = 0;
  while (i < text.size() && validator.feed(static_cast<unsigned char>(text[i]))) ++i;
  // The byte that broke a character may begin the next one; one that can begin nothing is consumed alone.
  return i == 0 ? 1 : i;
}

}  // namespace detail

SOCKETIO_DECL std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t bytes = detail::ascii_prefix_bytes(text);
    if (bytes == 0) bytes = detail::utf8_character_bytes(text.data(), text.data() + text.size());
    if (bytes != 0) {
      out.append(text.substr(0, bytes));
    } else {
      bytes = detail::invalid_utf8_bytes(text);
      out.append(detail::utf8_replacement);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace socketio
