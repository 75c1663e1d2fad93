// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/base64.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/base64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Stands for a character of neither alphabet.
inline constexpr std::uint8_t base64_invalid = 0xFF;

/// The six bits each character stands for; `-` and `_` of the URL-safe alphabet stand beside `+` and `/`.
inline constexpr std::array<std::uint8_t, 256> base64_values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(base64_invalid);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
    table[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  table[static_cast<unsigned char>('-')] = 62;
  table[static_cast<unsigned char>('_')] = 63;
  return table;
}();

}  // namespace detail

SOCKETIO_DECL void base64_encode(std::span<const std::byte> bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const auto digit = [](std::uint32_t bits) { return detail::base64_alphabet[bits & 0x3Fu]; };
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };

  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
    *to++ = digit(group >> 18);
    *to++ = digit(group >> 12);
    *to++ = digit(group >> 6);
    *to++ = digit(group);
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  const std::uint32_t group = (byte(i) << 16) | (left == 2 ? byte(i + 1) << 8 : 0u);
  *to++ = digit(group >> 18);
  *to++ = digit(group >> 12);
  *to++ = left == 2 ? digit(group >> 6) : '=';
  *to++ = '=';
}

SOCKETIO_DECL void base64_decode(std::string_view text, std::string& out) {
  // Padding is counted out first, so that the size is right at once for all text but the unusual.
  if (text.size() % 4 == 0 && !text.empty()) {
    if (text.back() == '=') text.remove_suffix(1);
    if (text.back() == '=') text.remove_suffix(1);
  }
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 + text.size() % 4 * 3 / 4);
  char* to = out.data() + start;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto value = [](char c) -> std::uint32_t { return detail::base64_values[static_cast<unsigned char>(c)]; };

  std::uint32_t group = 0;
  unsigned digits = 0;  // in `group`
  while (true) {
    // Whole groups without foreign characters, which is all of the text as a rule.
    for (; digits == 0 && end - at >= 4; at += 4) {
      const std::uint32_t a = value(at[0]), b = value(at[1]), c = value(at[2]), d = value(at[3]);
      if ((a | b | c | d) > 0x3F) break;
      const std::uint32_t whole = (a << 18) | (b << 12) | (c << 6) | d;
      *to++ = static_cast<char>(whole >> 16);
      *to++ = static_cast<char>(whole >> 8);
      *to++ = static_cast<char>(whole);
    }
    if (at == end || *at == '=') break;
    const std::uint32_t digit = value(*at++);
    if (digit == detail::base64_invalid) continue;
    group = (group << 6) | digit;
    if (++digits < 4) continue;
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
    digits = 0;
  }
  group <<= 6 * (4 - digits);
  if (digits >= 2) *to++ = static_cast<char>(group >> 16);
  if (digits == 3) *to++ = static_cast<char>(group >> 8);
  const auto size = static_cast<std::size_t>(to - out.data());
  if (size != out.size()) out.resize(size);
}

}  // namespace socketio
