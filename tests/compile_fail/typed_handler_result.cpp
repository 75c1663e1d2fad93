// SPDX-License-Identifier: MIT
// expect: this handler does not return what acknowledges the typed event
// names: Event = socketio::Event<socketio::FixedString<4>{"sum"}, int(int, int)>
// names: Expected = int; Given = std::__cxx11::basic_string<char>
// clang names: int (int, int)>, int, std::basic_string<char>>
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;

void listen(const socketio::Socket& socket) {
  socket.on(sum, [](int, int) { return std::string(); });
}
