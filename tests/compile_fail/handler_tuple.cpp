// SPDX-License-Identifier: MIT
// expect: a std::tuple would answer with one array. To answer with several values, take a socketio::Ack<A, B> as the
// last parameter and call it: ack(a, b).
#include <socketio/socketio.hpp>

void listen(const socketio::Socket& socket) {
  socket.on("divide", [](int a, int b) { return std::tuple(a / b, a % b); });
}
