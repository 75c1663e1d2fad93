// SPDX-License-Identifier: MIT
// expect: this typed event has another number of arguments
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: expected = 2; long unsigned int given = 1
// clang names: int (int, int)>, 2UL, 1UL>
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

void send(const socketio::Socket& socket) { socket.emit(sum, 1); }
