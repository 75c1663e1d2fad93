// SPDX-License-Identifier: MIT
// expect: an argument of this typed event has the wrong type
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: argument = 1; Expected = int;
// clang names: int (int, int)>, 1UL, int,
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

void send(socketio::Server& io) { io.to("room").emit(sum, true, 2); }
