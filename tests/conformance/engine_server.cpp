// SPDX-License-Identifier: MIT
// The Engine.IO server that the public test suite of the Engine.IO protocol needs: it echoes every message.

#include <tests/support/test_transport.hpp>

#include <socketio/engine/engine_server.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace {

class Echo final : public socketio::SessionListener {
 public:
  void on_message(socketio::Session& session, bool is_binary, std::span<char> data) override {
    const std::string_view payload(data.data(), data.size());
    session.send(is_binary ? socketio::Message::binary(socketio::Binary(std::string(payload)))
                           : socketio::Message::text(payload));
  }
  void on_close(socketio::Session&, socketio::CloseReason, std::string_view) override {}
  bool observes_packets() const override { return false; }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const int port = argc > 1 ? std::atoi(argv[1]) : 3000;

  asio::io_context context(1);
  socketio::test::TestTransport transport(context, socketio::test::on_tcp());
  socketio::BasicEngineServer server(transport, {.ping_interval = 300ms,
                                                 .ping_timeout = 200ms,
                                                 .max_http_buffer_size = 1'000'000,
                                                 .cors = socketio::CorsOptions{}});
  server.engine().on_connection(
      [](std::shared_ptr<socketio::Session> session) { session->set_listener(std::make_shared<Echo>()); });

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code, int) { server.close(); });

  std::cout << "listening on " << server.listen(static_cast<std::uint16_t>(port)) << std::endl;
  context.run();
}
