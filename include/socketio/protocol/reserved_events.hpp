// SPDX-License-Identifier: MIT
// The event names that belong to the library, in both directions. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <array>
#include <string_view>

namespace socketio {

/// Names that neither side may emit; a packet with one of them is malformed.
inline constexpr std::array<std::string_view, 6> reserved_events{"connect",       "connect_error", "disconnect",
                                                                 "disconnecting", "newListener",   "removeListener"};

[[nodiscard]] constexpr bool is_reserved_event(std::string_view name) noexcept {
  if (name.size() < 7) return false;  // as most names of events are
  for (const std::string_view reserved : reserved_events) {
    if (name == reserved) return true;
  }
  return false;
}

}  // namespace socketio
