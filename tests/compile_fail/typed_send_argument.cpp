// SPDX-License-Identifier: MIT
// expect: an argument of this typed event has the wrong type
// names: Event = socketio::Event<socketio::FixedString<8>{"message"}, void(int)>
// names: argument = 1; Expected = int;
// clang names: void (int)>, 1UL, int,
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"message", void(int)> message;

struct Config : socketio::DefaultConfig {
  using EmitEvents = socketio::Events<message>;
};

void send(const socketio::BasicSocket<Config>& socket) { socket.send("text"); }
