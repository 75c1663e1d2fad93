// SPDX-License-Identifier: MIT
// A server over the memory transport with simple clients, for benchmarks of everything but the network.
#pragma once

#include <socketio/testing/server.hpp>
#include <socketio/transport/memory.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace socketio::benchmarks {

using Config = testing::ConfigOf<>;

/// Listens; its clock stands still.
class MemoryServer : public BasicServer<Config> {
 public:
  explicit MemoryServer(ServerOptions options = {}) : BasicServer<Config>(std::move(options)) { listen(0); }
};

/// Opens a WebSocket session and joins the main namespace.
inline MemoryWebSocketClientPtr connect(MemoryServer& io) {
  MemoryWebSocketClientPtr client = io.transport().connect_websocket("/socket.io/?EIO=4&transport=websocket");
  client->send_text("40");
  io.transport().run_until_idle();
  if (client->received.size() < 2 || !client->received[1].payload.starts_with("40{"))
    throw std::runtime_error("a client was refused");
  client->received.clear();
  return client;
}

/// Many clients that only count.
class MemoryClients {
 public:
  MemoryClients(MemoryServer& io, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) clients_.push_back(connect(io));
  }

  MemoryWebSocketClient& operator[](std::size_t index) const { return *clients_[index]; }

  /// Drops the messages that have arrived. @return their number
  std::size_t take_received() {
    std::size_t count = 0;
    for (const MemoryWebSocketClientPtr& client : clients_) {
      count += client->received.size();
      client->received.clear();
    }
    return count;
  }

 private:
  std::vector<MemoryWebSocketClientPtr> clients_;
};

}  // namespace socketio::benchmarks
