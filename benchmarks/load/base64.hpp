// SPDX-License-Identifier: MIT
// Base64, the encoding of binary messages over long-polling.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes` to `text`, padded.
inline void append_base64(std::string& text, std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t at = text.size();
  text.resize(at + (bytes.size() + 2) / 3 * 4, '=');
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text[at++] = base64_digits[group >> 18];
    text[at++] = base64_digits[group >> 12 & 63];
    text[at++] = base64_digits[group >> 6 & 63];
    text[at++] = base64_digits[group & 63];
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return;
  const std::uint32_t group = byte(i) << 16 | (rest == 2 ? byte(i + 1) << 8 : 0);
  text[at++] = base64_digits[group >> 18];
  text[at++] = base64_digits[group >> 12 & 63];
  if (rest == 2) text[at++] = base64_digits[group >> 6 & 63];
}

/// The bytes of whole groups of four digits without padding; empty if `text` is not of this form.
inline std::string read_base64(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 4 <= text.size(); i += 4) {
    std::uint32_t group = 0;
    for (const char c : text.substr(i, 4)) {
      const std::size_t digit = base64_digits.find(c);
      if (digit == std::string_view::npos) return {};
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 255u);
  }
  return bytes;
}

/// The number of bytes in padded base64 of that form.
inline std::size_t base64_size(std::string_view text) {
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return text.size() / 4 * 3 - padding;
}

}  // namespace bench
