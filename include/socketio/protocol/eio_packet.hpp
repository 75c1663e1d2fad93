// SPDX-License-Identifier: MIT
// Engine.IO v4 packets: one type character and data. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace socketio {

/// @par Specification  Engine.IO protocol, revision 4, "Packet types".
enum class EioPacketType : std::uint8_t { open = 0, close = 1, ping = 2, pong = 3, message = 4, upgrade = 5, noop = 6 };

constexpr char to_char(EioPacketType type) noexcept { return static_cast<char>('0' + static_cast<int>(type)); }

/// A decoded packet; `data` points into the text it was decoded from.
struct EioPacketView {
  EioPacketType type = EioPacketType::noop;

  /// Whether this is a binary message in its text form ("b..."); `data` is then still base64.
  bool is_binary = false;

  /// Whether anything follows the type: a packet of one character has no data, which is not the same as empty data.
  bool has_data = false;

  std::string_view data;
};

/// Decodes a packet in text form: a WebSocket text message, or one record of a polling payload.
///
/// @return  nothing if `text` is empty or begins with a character that names no packet type.
/// @par Untrusted input  `text` comes from the peer; `data` of a binary message may have characters that base64 does
/// not have.
/// @par Specification    Engine.IO protocol, revision 4, "Packet encoding".
[[nodiscard]] constexpr std::optional<EioPacketView> decode_eio_packet(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const char first = text.front();
  text.remove_prefix(1);
  if (first == 'b') return EioPacketView{EioPacketType::message, true, true, text};
  if (first < '0' || first > '6') return std::nullopt;
  return EioPacketView{static_cast<EioPacketType>(first - '0'), false, !text.empty(), text};
}

}  // namespace socketio
