// SPDX-License-Identifier: MIT
// expect: a callback for acknowledgements takes the std::error_code first: [](std::error_code error, int result) { ...
// }
#include <socketio/socketio.hpp>

void ask(const socketio::Socket& socket) {
  socket.timeout(std::chrono::seconds(1)).emit("question", [](int, std::error_code) {});
}
