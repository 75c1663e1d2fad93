// SPDX-License-Identifier: MIT
// UTF-8: whether bytes are text, at once or piece by piece, and how to make them text. Protocol layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

/// The number of ASCII characters at the start of `text`.
inline std::size_t ascii_prefix_bytes(std::string_view text) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080'8080'8080'8080u) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Utf8Character {
  std::size_t bytes;  // of the character; if it is not valid, of the maximal part that stands for one U+FFFD
  bool valid;
};

/// Examines the character at `at`, which is inside `text` and not ASCII.
inline Utf8Character utf8_character(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned { return static_cast<unsigned char>(text[at + i]); };
  const auto within = [&](std::size_t i, unsigned lowest, unsigned highest) {
    return at + i < text.size() && byte(i) >= lowest && byte(i) <= highest;
  };
  const unsigned first = byte(0);
  if (first < 0xC2 || first > 0xF4) return {1, false};
  if (first < 0xE0) return within(1, 0x80, 0xBF) ? Utf8Character{2, true} : Utf8Character{1, false};
  // Shorter forms exist below A0 and 90; above 9F lie surrogates, above 8F what is beyond U+10FFFF.
  const unsigned lowest = first == 0xE0 ? 0xA0u : first == 0xF0 ? 0x90u : 0x80u;
  const unsigned highest = first == 0xED ? 0x9Fu : first == 0xF4 ? 0x8Fu : 0xBFu;
  if (!within(1, lowest, highest)) return {1, false};
  if (!within(2, 0x80, 0xBF)) return {2, false};
  if (first < 0xF0) return {3, true};
  return within(3, 0x80, 0xBF) ? Utf8Character{4, true} : Utf8Character{3, false};
}

}  // namespace detail

/// Decides whether text that arrives in pieces is UTF-8, wherever it is cut.
///
/// Fails at the first byte after which no continuation could be valid, so that a peer is refused before the rest of
/// its message is received.
///
/// @par Specification  Unicode, table 3-7 "Well-Formed UTF-8 Byte Sequences"; RFC 6455 section 8.1.
class Utf8Validator {
 public:
  /// @return  false as soon as what was fed is not the beginning of any valid text; then and until `reset`.
  bool feed(std::string_view piece) noexcept {
    std::size_t i = 0;
    while (!failed_ && i < piece.size()) {
      if (missing_ == 0) i += detail::ascii_prefix_bytes(piece.substr(i));
      if (i < piece.size()) feed(static_cast<unsigned char>(piece[i++]));
    }
    return !failed_;
  }

  /// Whether what was fed since the last `reset` is valid and does not end inside a character.
  bool complete() const noexcept { return !failed_ && missing_ == 0; }

  void reset() noexcept { *this = Utf8Validator(); }

  /// As `feed`, for one byte.
  bool feed(unsigned char byte) noexcept {
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

 private:
  void begin_character(unsigned char byte) noexcept {
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

  std::uint8_t missing_ = 0;  // bytes until the current character is whole
  std::uint8_t lowest_ = 0x80;
  std::uint8_t highest_ = 0xBF;
  bool failed_ = false;
};

/// Whether `text` is valid UTF-8 (no surrogates, no overlong forms, nothing beyond U+10FFFF).
[[nodiscard]] inline bool is_valid_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      i += detail::ascii_prefix_bytes(text.substr(i));
    } else {
      const detail::Utf8Character character = detail::utf8_character(text, i);
      if (!character.valid) return false;
      i += character.bytes;
    }
  }
  return true;
}

/// `text` with U+FFFD in place of each maximal part that is not UTF-8, as TextDecoder and Node.js decode.
///
/// @par Specification  WHATWG Encoding, "UTF-8 decoder"; Unicode, "U+FFFD Substitution of Maximal Subparts".
[[nodiscard]] inline std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      const std::size_t ascii = detail::ascii_prefix_bytes(text.substr(i));
      out.append(text.substr(i, ascii));
      i += ascii;
    } else {
      const detail::Utf8Character character = detail::utf8_character(text, i);
      out.append(character.valid ? text.substr(i, character.bytes) : detail::utf8_replacement);
      i += character.bytes;
    }
  }
  return out;
}

}  // namespace socketio
