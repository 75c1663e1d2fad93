// SPDX-License-Identifier: MIT
// Why the engine refuses a request, in the reference implementation's codes and words. Engine layer.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/protocol/value.hpp>

#include <string_view>

namespace socketio {

/// Why a request was refused; the codes are those that the client gets.
enum class ConnectionErrorCode {
  unknown_transport = 0,
  unknown_sid = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_protocol_version = 5
};

constexpr std::string_view to_string(ConnectionErrorCode code) noexcept {
  switch (code) {
    case ConnectionErrorCode::unknown_transport: return "Transport unknown";
    case ConnectionErrorCode::unknown_sid: return "Session ID unknown";
    case ConnectionErrorCode::bad_handshake_method: return "Bad handshake method";
    case ConnectionErrorCode::bad_request: return "Bad request";
    case ConnectionErrorCode::forbidden: return "Forbidden";
    case ConnectionErrorCode::unsupported_protocol_version: return "Unsupported protocol version";
  }
  return "";
}

/// A refused request, as `Engine::on_connection_error` sees it.
///
/// @par Lifetime  Valid during the call.
struct ConnectionError {
  using Context = Value::Object;

  ConnectionErrorCode code;
  std::string_view message;  // the generic text of the code
  const Context& context;    // details by name: "transport", "sid", "method", "name", "message", ...; all are text but
                             // "protocol" and "previousProtocol", which are numbers
  const HttpRequest& request;
};

}  // namespace socketio
