// SPDX-License-Identifier: MIT
// expect: a listener to rooms is callable as f(const std::string& room)
#include <socketio/socketio.hpp>

void listen(socketio::Server& io) {
  io.of("/").adapter().on("create-room", [](socketio::Socket) {});
}
