// SPDX-License-Identifier: MIT
// expect: they go by their Event objects and not by name
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

struct Config : socketio::DefaultConfig {
  using ServerSideEvents = socketio::Events<sum>;
};

void listen(socketio::BasicServer<Config>& io) {
  io.on_server_side("sum", [](int a, int b) { return a + b; });
}
