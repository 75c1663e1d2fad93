// SPDX-License-Identifier: MIT
// The transport of the benchmark server, from its command line: `--transport asio` or `--transport websocketpp`.
#pragma once

#include <socketio/default_config.hpp>
#ifdef SOCKETIO_WITH_WEBSOCKETPP
#include <socketio/transport/websocketpp.hpp>
#endif

#include <stdexcept>
#include <string>

namespace socketio::benchmarks {

#ifdef SOCKETIO_WITH_WEBSOCKETPP
/// The default configuration with another transport.
struct OverWebsocketpp : DefaultConfig {
  using Transport = WebsocketppTransport;
};
#endif

/// Calls `serve` with the Config of the transport of that name.
///
/// @throws std::invalid_argument  if there is no such transport, or not in this program
template <class Serve>
void over_transport(const std::string& name, Serve serve) {
  if (name == "asio") return serve(DefaultConfig{});
#ifdef SOCKETIO_WITH_WEBSOCKETPP
  if (name == "websocketpp") return serve(OverWebsocketpp{});
#else
  if (name == "websocketpp")
    throw std::invalid_argument("this program was built without WebSocket++; install it and configure again");
#endif
  throw std::invalid_argument("--transport takes asio or websocketpp, not " + name);
}

}  // namespace socketio::benchmarks
