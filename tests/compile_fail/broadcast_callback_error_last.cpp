// SPDX-License-Identifier: MIT
// expect: a callback for acknowledgements takes the std::error_code first: [](std::error_code error, int result) { ...
// }
#include <socketio/socketio.hpp>

void ask(socketio::Server& io) {
  io.emit("question", [](std::vector<int>, std::error_code) {});
}
