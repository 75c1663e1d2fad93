// SPDX-License-Identifier: MIT
// expect: socketio::Ack must be the last parameter of a handler
#include <socketio/socketio.hpp>

void listen(const socketio::Socket& socket) {
  socket.on("event", [](socketio::Ack<int> ack, int x) { ack(x); });
}
