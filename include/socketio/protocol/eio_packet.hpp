// SPDX-License-Identifier: MIT
// Engine.IO v4 packets: one type character and data. Protocol layer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace socketio {

/// @par Specification  Engine.IO protocol, revision 4, "Packet types".
enum class EioPacketType : std::uint8_t { open = 0, close = 1, ping = 2, pong = 3, message = 4, upgrade = 5, noop = 6 };

constexpr char to_char(EioPacketType type) noexcept { return static_cast<char>('0' + static_cast<int>(type)); }

}  // namespace socketio
