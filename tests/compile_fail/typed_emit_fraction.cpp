// SPDX-License-Identifier: MIT
// expect: an argument of this typed event has the wrong type
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: argument = 1; Expected = int; Given = const double&
// clang names: int (int, int)>, 1UL, int, const double &>
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

void send(const socketio::Socket& socket) { socket.emit(sum, 1.5, 2); }
