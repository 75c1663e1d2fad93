// SPDX-License-Identifier: MIT
// expect: this handler parameter cannot be converted from what a client sends
#include <socketio/socketio.hpp>

#include <thread>

void listen(const socketio::Socket& socket) {
  socket.on("event", [](std::thread&&) {});
}
