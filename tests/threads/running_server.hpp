// SPDX-License-Identifier: MIT
// A server on threads of its own, for the duration of a test.
#pragma once

#include <socketio/socketio.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <thread>
#include <utility>

// Compiled once, in server.cpp: otherwise every file would compile them again.
extern template class socketio::BasicServer<socketio::DefaultConfig>;
extern template class socketio::BasicSocket<socketio::DefaultConfig>;

namespace socketio::test {

/// Listens at once; `run` begins when the handlers are registered.
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

/// Blocks the thread of an executor until it is released.
class Held {
 public:
  explicit Held(const asio::any_io_executor& executor) {
    std::promise<void> begun;
    auto has_begun = begun.get_future();
    asio::post(executor, [begun = std::move(begun), until = release_.get_future()]() mutable {
      begun.set_value();
      until.wait();
    });
    has_begun.wait();
  }
  ~Held() { let_go(); }

  void let_go() {
    if (!std::exchange(is_released_, true)) release_.set_value();
  }

 private:
  std::promise<void> release_;
  bool is_released_ = false;
};

}  // namespace socketio::test
