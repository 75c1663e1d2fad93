// SPDX-License-Identifier: MIT
// Frames as a WebSocket client sends them, and a reader of a server's frames: for tests of servers.
#pragma once

#include <socketio/transport/websocket_parser.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace socketio::test {

enum class Opcode : unsigned { continuation = 0x0, text = 0x1, binary = 0x2, close = 0x8, ping = 0x9, pong = 0xA };

struct FrameOptions {
  bool fin = true;
  bool masked = true;
  unsigned reserved_bits = 0;              // the three bits below FIN, at their place in the byte
  std::optional<unsigned> length_bytes{};  // 0, 2 or 8: the bytes of the length; the shortest form by default
};

inline std::string client_frame(Opcode opcode, std::string_view payload, FrameOptions options = {}) {
  std::string frame;
  frame += static_cast<char>((options.fin ? 0x80u : 0u) | options.reserved_bits | static_cast<unsigned>(opcode));
  const unsigned mask_bit = options.masked ? 0x80u : 0u;
  const std::size_t size = payload.size();
  const unsigned length_bytes = options.length_bytes.value_or(size < 126 ? 0 : size <= 0xFFFF ? 2 : 8);
  if (length_bytes == 0)
    frame += static_cast<char>(mask_bit | size);
  else
    frame += static_cast<char>(mask_bit | (length_bytes == 2 ? 126u : 127u));
  for (unsigned i = length_bytes; i > 0; --i) frame += static_cast<char>(std::uint64_t{size} >> (8 * (i - 1)));
  std::string body(payload);
  if (options.masked) {
    const std::array<char, 4> key{'\x37', '\xfa', '\x21', '\x3d'};
    frame.append(key.data(), key.size());
    websocket_mask(body, key);
  }
  return frame += body;
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return payload += reason;
}

struct ServerFrame {
  Opcode opcode;
  std::string payload;

  unsigned close_code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 | static_cast<unsigned char>(payload[1]);
  }
};

/// Takes one complete frame of a server off the front of `bytes`.
inline std::optional<ServerFrame> take_server_frame(std::string& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(bytes[i])}; };
  std::size_t header = 2;
  std::uint64_t size = byte(1) & 0x7F;
  if (size >= 126) {
    header += size == 126 ? 2 : 8;
    if (bytes.size() < header) return std::nullopt;
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
  }
  if (bytes.size() - header < size) return std::nullopt;
  ServerFrame frame{static_cast<Opcode>(byte(0) & 0x0F), bytes.substr(header, static_cast<std::size_t>(size))};
  bytes.erase(0, header + static_cast<std::size_t>(size));
  return frame;
}

}  // namespace socketio::test
