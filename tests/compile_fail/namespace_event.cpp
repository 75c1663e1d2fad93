// SPDX-License-Identifier: MIT
// expect: servers and namespaces have the events
#include <socketio/socketio.hpp>

void listen(socketio::Namespace nsp) {
  nsp.once("chat message", [](socketio::Socket) {});
}
