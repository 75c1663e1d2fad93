// SPDX-License-Identifier: MIT
// The second transport: WebSocket++ speaks RFC 6455, over the streams and the HTTP of the first. Transport layer.
//
// Link the CMake target socketio::websocketpp: the transport needs the headers of WebSocket++ 0.8.2 and, for C++20 with
// GCC, corrected copies of a few of them.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio.hpp>

#include <asio/io_context.hpp>

#include <span>

namespace socketio {

/// Serves HTTP as AsioTransport does, and WebSockets with WebSocket++.
///
/// Options, limits, timeouts, thread safety, lifetime and errors are those of AsioTransport; docs/transports.md lists
/// where peers can tell the two apart.
///
/// @code
/// struct MyConfig : socketio::DefaultConfig {
///   using Transport = socketio::WebsocketppTransport;
/// };
/// socketio::BasicServer<MyConfig> io;
/// @endcode
class WebsocketppTransport : private AsioTransport {
 public:
  using AsioTransport::executor_type;
  using AsioTransport::Options;

  explicit WebsocketppTransport(asio::io_context& context, Options options = {});

  static void link(std::span<WebsocketppTransport* const> transports);

  using AsioTransport::close;
  using AsioTransport::connection_count;
  using AsioTransport::get_executor;
  using AsioTransport::listen;
  using AsioTransport::listening_sockets;
  using AsioTransport::on_exchange;
  using AsioTransport::scheduler;
  using AsioTransport::stop_listening;
  using AsioTransport::terminate;
  using AsioTransport::when_empty;
};

static_assert(ShardedTransport<WebsocketppTransport>);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/websocketpp.ipp>
#endif
