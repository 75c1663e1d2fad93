// SPDX-License-Identifier: MIT
// expect: a handler of the server is callable with a socketio::Socket
#include <socketio/socketio.hpp>

void listen(socketio::Server& io) {
  io.on("new_namespace", [](socketio::Socket) {});
}
