// SPDX-License-Identifier: MIT
// expect: they go by their Event objects and not by name
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;
inline constexpr socketio::Event<"other", void()> other;

struct Config : socketio::DefaultConfig {
  using ListenEvents = socketio::Events<sum>;
};

void listen(const socketio::BasicSocket<Config>& socket) {
  socket.on("sum", [](int a, int b) { return a + b; });
}
