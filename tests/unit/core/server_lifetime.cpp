// SPDX-License-Identifier: MIT
// Destroying a server frees its handlers.
#include <socketio/server.hpp>

#include <socketio/default_config.hpp>
#include <socketio/transport/memory.hpp>

#include <tests/support/catch.hpp>

#include <memory>

namespace {

struct InMemory : socketio::DefaultConfig {
  using Transport = socketio::MemoryTransport;
};

}  // namespace

TEST_CASE("handlers that hold their own namespace are destroyed with the server", "[core][server]") {
  const auto captured = std::make_shared<int>();
  {
    socketio::BasicServer<InMemory> io;
    const socketio::BasicNamespace<InMemory> nsp = io.of("/n");
    nsp.use([nsp, captured](socketio::BasicSocket<InMemory>) {});
    nsp.on("connect", [nsp, captured](socketio::BasicSocket<InMemory>) {});
    nsp.on("connection", [nsp, captured](socketio::BasicSocket<InMemory>) {});
    REQUIRE(captured.use_count() == 4);
  }
  CHECK(captured.use_count() == 1);
}
