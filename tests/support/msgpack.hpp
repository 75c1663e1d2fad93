// SPDX-License-Identifier: MIT
// Bytes as hexadecimal text and back, and msgpack assembled by hand.
#pragma once

#include <socketio/protocol/msgpack_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace test {

/// "93 01 c0" as bytes; spaces are ignored.
inline std::string bytes(std::string_view hex) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  std::size_t nibbles = 0;
  for (const char c : hex) {
    if (c == ' ') continue;
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) throw std::invalid_argument("not hexadecimal: " + std::string(hex));
    if (nibbles++ % 2 == 0)
      result.push_back(static_cast<char>(digit << 4));
    else
      result.back() = static_cast<char>(static_cast<unsigned char>(result.back()) | digit);
  }
  return result;
}

inline std::string hex(std::string_view data) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    result += digits[byte >> 4];
    result += digits[byte & 0xF];
  }
  return result;
}

/// The writer's output for one value, in hexadecimal.
template <class Write>
std::string msgpack_hex(Write&& write) {
  std::string out;
  socketio::MsgpackWriter writer(out);
  std::forward<Write>(write)(writer);
  return hex(out);
}

/// A key or a short string.
inline std::string msgpack_text(std::string_view text) {
  std::string out;
  socketio::MsgpackWriter(out).string(text);
  return out;
}

/// A packet with `data`, which is msgpack, after the other members: {type, nsp: "/", data}.
inline std::string msgpack_packet(int type, std::string_view data) {
  std::string packet = bytes(data.empty() ? "82" : "83") + msgpack_text("type");
  packet += static_cast<char>(type);
  packet += msgpack_text("nsp") + msgpack_text("/");
  if (!data.empty()) packet += msgpack_text("data") + std::string(data);
  return packet;
}

}  // namespace test
