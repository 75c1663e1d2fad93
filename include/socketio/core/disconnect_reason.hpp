// SPDX-License-Identifier: MIT
// Why a socket left its namespace, with the words of the reference implementation. Core layer.
#pragma once

#include <socketio/engine/close_reason.hpp>
#include <socketio/protocol/convert.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace socketio {

/// What the `disconnecting` and `disconnect` events tell.
///
/// @par Specification  The reasons of socket.io 4, "Server API", disconnect event.
enum class DisconnectReason {
  client_namespace_disconnect,  // the client called disconnect()
  server_namespace_disconnect,  // disconnect() was called on the server
  server_shutting_down,         // close() was called on the server
  ping_timeout,                 // the client did not answer a ping in time
  transport_close,              // the connection was closed, by the client or by the network
  transport_error,              // the connection failed, or the client broke its rules
  parse_error,                  // the client sent an Engine.IO packet that cannot be decoded
  forced_close,                 // the server closed the connection because of what the client sent
  forced_server_close,          // the same, while the closing still waits for the client's next request
  rate_limited  // the client sent events faster than ServerOptions::rate_limits allow; Node.js has no such reason
};

namespace detail {
inline constexpr std::array<std::pair<DisconnectReason, std::string_view>, 10> disconnect_reasons{{
    {DisconnectReason::client_namespace_disconnect, "client namespace disconnect"},
    {DisconnectReason::server_namespace_disconnect, "server namespace disconnect"},
    {DisconnectReason::server_shutting_down, "server shutting down"},
    {DisconnectReason::ping_timeout, "ping timeout"},
    {DisconnectReason::transport_close, "transport close"},
    {DisconnectReason::transport_error, "transport error"},
    {DisconnectReason::parse_error, "parse error"},
    {DisconnectReason::forced_close, "forced close"},
    {DisconnectReason::forced_server_close, "forced server close"},
    {DisconnectReason::rate_limited, "rate limited"},
}};
}  // namespace detail

constexpr std::string_view to_string(DisconnectReason reason) noexcept {
  for (const auto& [value, text] : detail::disconnect_reasons)
    if (value == reason) return text;
  return "";
}

constexpr DisconnectReason to_disconnect_reason(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::transport_error: return DisconnectReason::transport_error;
    case CloseReason::transport_close: return DisconnectReason::transport_close;
    case CloseReason::forced_close: return DisconnectReason::forced_close;
    case CloseReason::ping_timeout: return DisconnectReason::ping_timeout;
    case CloseReason::parse_error: return DisconnectReason::parse_error;
  }
  return DisconnectReason::transport_error;
}

/// Whether a client that was disconnected for this reason may come back as who it was.
constexpr bool is_recoverable(DisconnectReason reason) noexcept {
  return reason != DisconnectReason::client_namespace_disconnect &&
         reason != DisconnectReason::server_namespace_disconnect && reason != DisconnectReason::parse_error &&
         reason != DisconnectReason::rate_limited;
}

/// Reasons travel as their text, so that a handler may take the enumerator or a string.
template <>
struct Converter<DisconnectReason> {
  static constexpr std::string_view name = "disconnect reason";

  template <class Writer>
  static void write(Writer& writer, DisconnectReason value) {
    writer.string(to_string(value));
  }
  static bool read(ValueView view, DisconnectReason& out, ConvertError& error) {
    std::string_view wanted;
    if (!Converter<std::string_view>::read(view, wanted, error)) return false;
    for (const auto& [value, text] : detail::disconnect_reasons) {
      if (text == wanted) {
        out = value;
        return true;
      }
    }
    error.expected = name;
    error.found = "string";
    return false;
  }
};

}  // namespace socketio
