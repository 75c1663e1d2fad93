// SPDX-License-Identifier: MIT
// A whole server over TLS: clients inside and outside of a TLS session; fuzz/server_world.hpp has the laws.
#include <fuzz/tls_client.hpp>

#include <socketio/default_config.hpp>

#include <fuzz/server_world.hpp>

namespace {

struct Kind {
  struct Config : socketio::DefaultConfig {
    using Transport = fuzz::StreamTransport<fuzz::TlsConnections>;
  };
  using Client = fuzz::TlsClient;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_ready = [] {
    fuzz::RepeatedRandom::install();
    return fuzz::server_context() != nullptr;
  }();
  fuzz::law(is_ready, "there is a context");
  fuzz::RepeatedRandom::restart();
  return fuzz::run_server<Kind>(data, size);
}
