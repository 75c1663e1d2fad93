// SPDX-License-Identifier: MIT
// A server on threads of its own, for as long as a test lasts.
#pragma once

#include <socketio/socketio.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

namespace socketio::test {

/// Listens at once; `run` begins when the handlers are there.
template <class Server = socketio::Server>
class Running {
 public:
  explicit Running(ServerOptions options = {}, AsioTransportOptions transport = {})
      : io(on_threads(std::move(options)), quick(transport)), port(io.listen(0, "127.0.0.1")) {}
  ~Running() { stop(); }

  Server io;
  std::uint16_t port;

  void run() {
    thread_.emplace([this] { io.run(); });
  }

  /// Closes the server and waits for its threads.
  void stop() {
    if (!thread_) return;
    io.close();
    thread_->join();
    thread_.reset();
  }

  static constexpr std::size_t threads = 3;

 private:
  static ServerOptions on_threads(ServerOptions options) {
    if (options.threads == 1) options.threads = threads;
    return options;
  }
  static AsioTransportOptions quick(AsioTransportOptions options) {
    options.shutdown_timeout = std::chrono::milliseconds(10);  // these clients answer no close frame
    return options;
  }

  std::optional<std::thread> thread_;
};

}  // namespace socketio::test
