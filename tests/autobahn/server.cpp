// SPDX-License-Identifier: MIT
// What the Autobahn test suite talks to: a transport that echoes every WebSocket message, without Engine.IO.
//
//   autobahn_server asio|websocketpp plain|deflate

#include <socketio/engine/message.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio.hpp>
#ifdef SOCKETIO_WITH_WEBSOCKETPP
#include <socketio/transport/websocketpp.hpp>
#endif

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

/// Holds the WebSocket that it listens to until that has ended.
class Echo final : public socketio::WebSocketListener {
 public:
  explicit Echo(std::shared_ptr<socketio::WebSocket> websocket) : websocket_(std::move(websocket)) {}

  void on_message(bool is_binary, std::span<char> payload) override {
    const std::string_view text(payload.data(), payload.size());
    websocket_->send(is_binary ? socketio::Message::binary(socketio::Binary(std::string(text)))
                               : socketio::Message::raw_text(text));
  }
  void on_drain() override {}
  void on_close(const socketio::WebSocketClose&) override { websocket_.reset(); }

 private:
  std::shared_ptr<socketio::WebSocket> websocket_;
};

template <class Transport>
int serve(bool deflates) {
  asio::io_context context(1);
  Transport transport(context);
  const socketio::PerMessageDeflateOptions deflate{.threshold = 0};
  transport.on_exchange([&](const socketio::ExchangePtr& exchange) {
    if (!exchange->is_upgrade()) return exchange->respond({.status = 426});
    socketio::WebSocketLimits limits;
    limits.max_message_bytes = 64 * 1024 * 1024;  // the suite sends messages of 16 MiB,
    limits.max_fragments = 1024 * 1024;           // one of 4 MiB in frames of 64 bytes
    if (deflates) limits.per_message_deflate = &deflate;
    if (const auto websocket = exchange->accept_websocket({}, limits))
      websocket->set_listener(std::make_shared<Echo>(websocket));
  });
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code, int) { transport.close(); });
  std::cout << "listening on " << transport.listen(0, "127.0.0.1") << std::endl;
  context.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view transport = argc == 3 ? argv[1] : "";
  const std::string_view compression = argc == 3 ? argv[2] : "";
  if (compression == "plain" || compression == "deflate") {
    const bool deflates = compression == "deflate";
    if (transport == "asio") return serve<socketio::AsioTransport>(deflates);
#ifdef SOCKETIO_WITH_WEBSOCKETPP
    if (transport == "websocketpp") return serve<socketio::WebsocketppTransport>(deflates);
#endif
  }
  std::cerr << "usage: autobahn_server <transport of this build> plain|deflate\n";
  return 2;
}
