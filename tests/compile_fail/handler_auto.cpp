// SPDX-License-Identifier: MIT
// expect: `auto` parameters do not say what to convert to
#include <socketio/socketio.hpp>

void listen(const socketio::Socket& socket) {
  socket.on("event", [](auto argument) { static_cast<void>(argument); });
}
