// SPDX-License-Identifier: MIT
// expect: what a handler returns answers the client's acknowledgement, so it must be void or a type that can be sent
#include <socketio/socketio.hpp>

#include <thread>

void listen(const socketio::Socket& socket) {
  socket.on("event", [](int) { return std::thread(); });
}
