// SPDX-License-Identifier: MIT
// expect: the last argument is no acknowledgement callback of this typed event
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: Expected = int;
// clang names: int (int, int)>, int, (lambda
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

void send(const socketio::Socket& socket) {
  socket.emit(sum, 1, 2, [](std::string) {});
}
