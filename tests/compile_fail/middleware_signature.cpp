// SPDX-License-Identifier: MIT
// expect: a middleware is callable as f(Socket, Next)
#include <socketio/socketio.hpp>

void guard(socketio::Server& io) {
  io.use([](int) {});
}
