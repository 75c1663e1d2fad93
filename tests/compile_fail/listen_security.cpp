// SPDX-License-Identifier: MIT
// expect: listen takes a port and an address, or a port, a socketio::Tls and an address
#include <socketio/socketio.hpp>
#include <socketio/transport/memory.hpp>

struct Security {};

struct Config : socketio::DefaultConfig {
  using Transport = socketio::MemoryTransport;
};

void listen(socketio::BasicServer<Config>& io) { io.listen(443, Security()); }
