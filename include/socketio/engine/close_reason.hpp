// SPDX-License-Identifier: MIT
// Why an Engine.IO session ended, with the words of the reference implementation. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <string_view>

namespace socketio {

/// @par Specification  The `reason` of the `close` event of engine.io 6.
enum class CloseReason {
  transport_error,  // the peer or the network broke HTTP, WebSocket or Engine.IO; the description says how
  transport_close,  // the peer closed the connection
  forced_close,     // close() was called on this side
  ping_timeout,     // no pong in time
  parse_error       // a packet that cannot be decoded
};

constexpr std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::transport_error: return "transport error";
    case CloseReason::transport_close: return "transport close";
    case CloseReason::forced_close: return "forced close";
    case CloseReason::ping_timeout: return "ping timeout";
    case CloseReason::parse_error: return "parse error";
  }
  return "";
}

}  // namespace socketio
