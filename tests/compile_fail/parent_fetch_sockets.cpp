// SPDX-License-Identifier: MIT
// expect: a parent namespace does not know the sockets of other servers
#include <socketio/socketio.hpp>

void fetch(socketio::ParentNamespace parent) {
  parent.fetch_sockets([](std::error_code, std::vector<socketio::RemoteSocket>) {});
}
