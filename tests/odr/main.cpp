// SPDX-License-Identifier: MIT
// One of two translation units that use the whole library: a definition that is not inline would not link.
#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/socketio.hpp>
#include <socketio/testing/testing.hpp>

#include <cstdint>

std::uint16_t listen_on_a_free_port(socketio::Server& io);

int main() {
  socketio::Server io;
  io.on("connection", [&](socketio::Socket socket) { socket.emit("hello", io.sockets().size()); });
  const std::uint16_t port = listen_on_a_free_port(io);
  io.close();
  io.run();
  return port == 0 ? 1 : 0;
}
