// SPDX-License-Identifier: MIT
// expect: servers and namespaces have the events
#include <socketio/socketio.hpp>

void listen(socketio::Server& io) {
  io.on("x", [](auto) {});
}
