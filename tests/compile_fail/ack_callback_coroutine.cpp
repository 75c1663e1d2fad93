// SPDX-License-Identifier: MIT
// expect: an acknowledgement callback cannot be a coroutine
#include <socketio/socketio.hpp>

void ask(const socketio::Socket& socket) {
  socket.emit("question", [](int) -> asio::awaitable<void> { co_return; });
}
