// SPDX-License-Identifier: MIT
// expect: a catch-all handler takes the name of the event
#include <socketio/socketio.hpp>

void listen(const socketio::Socket& socket) {
  socket.on_any([](const socketio::Args&) {});
}
