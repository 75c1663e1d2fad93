// SPDX-License-Identifier: MIT
// expect: a callback for acknowledgements takes the std::error_code first: [](std::error_code error, int result) { ...
// }
#include <socketio/socketio.hpp>

void ask(const socketio::Socket& socket) {
  socket.emit_with_ack<int>("question", [](int, std::error_code) {});
}
