// SPDX-License-Identifier: MIT
// Takes the place of <socketio/default_config.hpp> where the tests compile an example over WebsocketppTransport. So the
// source of the example, which says socketio::Server, is the same.
#pragma once

#include <socketio/core/event.hpp>
#include <socketio/fwd.hpp>
#include <socketio/protocol/json_parser.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/transport/websocketpp.hpp>

namespace socketio {

struct DefaultConfig {
  using Transport = WebsocketppTransport;
  using Parser = JsonParser;
  using SocketData = Value;
  using ListenEvents = AnyEvents;
  using EmitEvents = AnyEvents;
  using ServerSideEvents = AnyEvents;
};

}  // namespace socketio
