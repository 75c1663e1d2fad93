// SPDX-License-Identifier: MIT
// The Socket.IO server that the public test suite of the Socket.IO protocol asks for.

#include <socketio/socketio.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const int port = argc > 1 ? std::atoi(argv[1]) : 3000;

  socketio::Server io({.connect_timeout = 1000ms,
                       .ping_interval = 300ms,
                       .ping_timeout = 200ms,
                       .max_http_buffer_size = 1'000'000,
                       .cors = socketio::CorsOptions{}});

  io.on("connection", [](socketio::Socket socket) {
    socket.emit("auth", socket.handshake().auth);

    socket.on("message", [socket](socketio::Args args) { socket.emit("message-back", args); });
    socket.on("message-with-ack", [](socketio::Args args) { return args; });
  });

  io.of("/custom").on("connection", [](socketio::Socket socket) { socket.emit("auth", socket.handshake().auth); });

  std::cout << "listening on " << io.listen(static_cast<std::uint16_t>(port)) << std::endl;
  io.run();
}
