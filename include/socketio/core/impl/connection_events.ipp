// SPDX-License-Identifier: MIT
// Bodies of connection_events.hpp. Core layer.
#pragma once

#include <socketio/core/connection_events.hpp>

#include <stdexcept>

namespace socketio::detail {

SOCKETIO_DECL ConnectEvent to_connect_event(std::string_view event) {
  if (event == "connect") return ConnectEvent::connect;
  if (event == "connection") return ConnectEvent::connection;
  throw std::invalid_argument("\"" + std::string(event) +
                              "\" is not an event of a namespace; listen to a client's events "
                              "with socket.on(...) inside on(\"connection\", ...)");
}

}  // namespace socketio::detail
