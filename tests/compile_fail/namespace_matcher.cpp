// SPDX-License-Identifier: MIT
// expect: a function that accepts namespaces is callable as f(const std::string& name, const Value& auth)
#include <socketio/socketio.hpp>

void open_namespaces(socketio::Server& io) {
  io.of([](const std::string&) { return true; });
}
