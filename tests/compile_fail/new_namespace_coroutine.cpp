// SPDX-License-Identifier: MIT
// expect: a "new_namespace" handler cannot be a coroutine
#include <socketio/socketio.hpp>

void watch(socketio::Server& io) {
  io.on("new_namespace", [](socketio::Namespace) -> asio::awaitable<void> { co_return; });
}
