// SPDX-License-Identifier: MIT
// The other translation unit.
#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/socketio.hpp>
#include <socketio/testing/testing.hpp>

#include <cstdint>
#include <string>

std::uint16_t listen_on_a_free_port(socketio::Server& io) {
  io.of("/other").on("connection", [](socketio::Socket socket) {
    socket.on("echo", [](std::string text) { return text; });
    socket.emit("hello");
  });
  return io.listen(0, "127.0.0.1");
}
