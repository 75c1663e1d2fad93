// SPDX-License-Identifier: MIT
// The Socket.IO server that the public test suite of the Socket.IO protocol needs.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/socketio.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>

using namespace std::chrono_literals;

namespace {

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

/// The suite waits first for the CONNECT reply and then for this event. It would lose the event if both arrived in one
/// read of its socket, and they do: everything sent in one turn of the loop leaves in one write.
asio::awaitable<void> emit_auth(Socket socket) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
  co_await timer.async_wait(asio::use_awaitable);
  socket.emit("auth", socket.handshake().auth);
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 3000;

  Server io({.connect_timeout = 1000ms,
             .ping_interval = 300ms,
             .ping_timeout = 200ms,
             .max_http_buffer_size = 1'000'000,
             .cors = socketio::CorsOptions{}},
            socketio::test::on_tcp());

  io.on("connection", [](Socket socket) {
    socket.on("message", [socket](socketio::Args args) { socket.emit("message-back", args); });
    socket.on("message-with-ack", [](socketio::Args args) { return args; });
    return emit_auth(socket);
  });
  io.of("/custom").on("connection", emit_auth);

  std::cout << "listening on " << io.listen(static_cast<std::uint16_t>(port)) << std::endl;
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
