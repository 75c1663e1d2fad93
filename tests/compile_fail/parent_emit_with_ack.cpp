// SPDX-License-Identifier: MIT
// expect: a parent namespace collects no acknowledgements
#include <socketio/socketio.hpp>

void ask(socketio::ParentNamespace parent) {
  parent.emit_with_ack<int>("question", 1, [](std::error_code, std::vector<int>) {});
}
