// SPDX-License-Identifier: MIT
// One event to 500 sockets through the core and the engine; the memory transport copies it to each.
#include <benchmark/benchmark.h>
#include <benchmarks/support/memory_clients.hpp>

#include <cstdint>
#include <string>

namespace socketio::benchmarks {
namespace {

constexpr std::size_t client_count = 500;

void broadcast(benchmark::State& state) {
  MemoryServer io;
  MemoryClients clients(io, client_count);
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    io.emit("news", payload);
    io.transport().run_until_idle();
    if (clients.take_received() != client_count) return state.SkipWithError("messages are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(client_count));
}
BENCHMARK(broadcast)->Name("broadcast/to_500/bytes")->Arg(32)->Arg(1024);

}  // namespace
}  // namespace socketio::benchmarks
