// SPDX-License-Identifier: MIT
// expect: a parameter of this handler does not take what the typed event brings
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: argument = 2; Expected = int;
// clang names: int (int, int)>, 2UL, int,
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

void listen(const socketio::Socket& socket) {
  socket.on(sum, [](int a, std::string) { return a; });
}
