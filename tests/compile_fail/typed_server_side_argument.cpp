// SPDX-License-Identifier: MIT
// expect: an argument of this typed event has the wrong type
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: argument = 2; Expected = int;
// clang names: int (int, int)>, 2UL, int,
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

struct Config : socketio::DefaultConfig {
  using ServerSideEvents = socketio::Events<sum>;
};

void send(const socketio::BasicServer<Config>& io) { io.server_side_emit(sum, 1, "2"); }
