// SPDX-License-Identifier: MIT
// expect: a time has a unit: write std::chrono::milliseconds(1000), or 1000ms or 1s
#include <socketio/socketio.hpp>

void wait(const socketio::Socket& socket) {
  socket.set_timeout(1000, [] {});
}
