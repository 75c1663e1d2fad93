// SPDX-License-Identifier: MIT
// A whole server over plain connections; fuzz/server_world.hpp has the laws.
#include <socketio/default_config.hpp>

#include <fuzz/server_world.hpp>

namespace {

struct Kind {
  struct Config : socketio::DefaultConfig {
    using Transport = fuzz::StreamTransport<fuzz::PlainConnections>;
  };
  using Client = fuzz::PlainClient;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run_server<Kind>(data, size);
}
