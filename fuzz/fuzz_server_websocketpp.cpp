// SPDX-License-Identifier: MIT
// A whole server whose WebSockets are those of WebSocket++, over plain connections; fuzz/server_world.hpp has the laws.
#include <socketio/default_config.hpp>
#include <socketio/transport/websocketpp_protocol.hpp>

#include <fuzz/server_world.hpp>

#include <memory>

namespace {

struct WebsocketppWebSockets {
  static std::unique_ptr<socketio::detail::WebSocketProtocolFactory> make() {
    return std::make_unique<socketio::detail::WebsocketppFactory>();
  }
};

struct Kind {
  struct Config : socketio::DefaultConfig {
    using Transport = fuzz::StreamTransport<fuzz::PlainConnections, WebsocketppWebSockets>;
  };
  using Client = fuzz::PlainClient;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run_server<Kind>(data, size);
}
