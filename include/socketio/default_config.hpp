// SPDX-License-Identifier: MIT
// What a server is made of unless the program says otherwise.
#pragma once

#include <socketio/core/event.hpp>
#include <socketio/fwd.hpp>
#include <socketio/protocol/json_parser.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/transport/asio.hpp>

namespace socketio {

/// The configuration behind `Server`, `Namespace`, `Room` and `Socket`.
///
/// A program that wants something else derives from it and names its own types:
/// @code
/// struct MyConfig : socketio::DefaultConfig {
///   using SocketData = Player;  // the type of socket.data()
/// };
/// using MyServer = socketio::BasicServer<MyConfig>;
/// @endcode
struct DefaultConfig {
  using Transport = AsioTransport;
  using Parser = JsonParser;
  using SocketData = Value;

  /// The events that clients may send, those that they are sent, and those that servers send each other, as
  /// Events<...>; see Event.
  using ListenEvents = AnyEvents;
  using EmitEvents = AnyEvents;
  using ServerSideEvents = AnyEvents;
};

}  // namespace socketio
