// SPDX-License-Identifier: MIT
// expect: a handler takes its arguments by value or by reference to const
#include <socketio/socketio.hpp>

#include <string>

void listen(const socketio::Socket& socket) {
  socket.on("event", [](std::string& text) { text.clear(); });
}
