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

SOCKETIO_DECL bool base64_decode(std::string_view text, std::string& out) {
  if (text.size() % 4 == 0 && !text.empty()) {
    if (text.back() == '=') text.remove_suffix(1);
    if (text.back() == '=') text.remove_suffix(1);
  }
  const std::size_t left = text.size() % 4;
  if (left == 1) return false;

  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 + (left == 0 ? 0 : left - 1));
  char* to = out.data() + start;
  const auto value = [&](std::size_t i) -> std::uint32_t {
    return detail::base64_values[static_cast<unsigned char>(text[i])];
  };

  // Values are below 64, so one test of the collected high bits tells whether any character was invalid.
  std::uint32_t seen = 0;
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    seen |= a | b | c | d;
    const std::uint32_t group = (a << 18) | (b << 12) | (c << 6) | d;
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
  }
  if (left != 0) {
    const std::uint32_t a = value(i), b = value(i + 1), c = left == 3 ? value(i + 2) : 0u;
    seen |= a | b | c;
    const std::uint32_t group = (a << 18) | (b << 12) | (c << 6);
    *to++ = static_cast<char>(group >> 16);
    if (left == 3) *to++ = static_cast<char>(group >> 8);
  }
  if (seen > 0x3F) {
    out.resize(start);
    return false;
  }
  return true;
}

}  // namespace socketio
