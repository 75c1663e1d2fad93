// SPDX-License-Identifier: MIT
// The beginning of every measured payload: the time and the sender of the emit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

/// 24 hexadecimal digits: the time of the emit in nanoseconds (16) and the index of the sender (8). The number is a
/// multiple of three, so that the stamp is exactly 32 characters in base64.
inline constexpr std::size_t stamp_bytes = 24;

struct Stamp {
  std::uint64_t sent_ns = 0;
  std::uint32_t sender = 0;
};

inline std::array<char, stamp_bytes> write_stamp(Stamp stamp) {
  constexpr const char* digits = "0123456789abcdef";
  std::array<char, stamp_bytes> text;
  for (std::size_t i = 0; i < 16; ++i) text[i] = digits[stamp.sent_ns >> (60 - 4 * i) & 15];
  for (std::size_t i = 0; i < 8; ++i) text[16 + i] = digits[stamp.sender >> (28 - 4 * i) & 15];
  return text;
}

/// Reads a stamp at the beginning of `text`.
///
/// @return false if there is none
inline bool read_stamp(std::string_view text, Stamp& stamp) {
  if (text.size() < stamp_bytes) return false;
  stamp = {};
  for (std::size_t i = 0; i < stamp_bytes; ++i) {
    const char c = text[i];
    const bool letter = c >= 'a' && c <= 'f';
    if (!letter && (c < '0' || c > '9')) return false;
    const auto digit = static_cast<unsigned>(letter ? c - 'a' + 10 : c - '0');
    if (i < 16)
      stamp.sent_ns = stamp.sent_ns << 4 | digit;
    else
      stamp.sender = stamp.sender << 4 | digit;
  }
  return true;
}

}  // namespace bench
