// SPDX-License-Identifier: MIT
// The orderly end of a server, and the signals that begin it. Core layer.
#pragma once

#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace socketio::detail {

class ServerState;

/// One shutdown, from ServerState::shut_down to its completion.
///
/// First the health check says so (ServerOptions::shutdown_notice). Then the server accepts no more clients, handles no
/// more events, and each connection ends as soon as nothing is owed to its client. In the end, or at the deadline, the
/// server closes.
///
/// @par Thread safety  The first shard's thread only.
class Shutdown {
 public:
  /// @param in_time  whether all had ended before the deadline
  using Done = UniqueFunction<void(bool in_time)>;

  explicit Shutdown(ServerState& server);
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  /// Begins; of several calls the earliest deadline counts.
  void wait(std::chrono::milliseconds deadline, Done done);

  /// The deadline is now.
  void cut_short();

 private:
  enum class Stage { none, notice, draining, closing, cut, over };

  void begin();
  void drain();
  void handle_drained();
  void close(bool in_time);
  void complete(bool in_time);

  ServerState& server_;
  Stage stage_ = Stage::none;
  std::size_t undrained_ = 0;  // shards
  std::vector<Done> waiting_;
  TimerQueue::Clock::time_point deadline_ = TimerQueue::Clock::time_point::max();
  Timer notice_timer_;
  Timer deadline_timer_;
};

/// Shuts a server down at a signal; at the next one, at once.
///
/// @par Thread safety  The first shard's thread, or while no loop runs.
class SignalWatch {
 public:
  virtual ~SignalWatch() = default;

  /// From now on the signals do what they do by default.
  virtual void end() = 0;

  /// @throws std::system_error  if the operating system has no such signal
  SOCKETIO_DECL static std::shared_ptr<SignalWatch> make(const std::shared_ptr<ServerState>& server,
                                                         std::chrono::milliseconds deadline,
                                                         const std::vector<int>& numbers);
};

}  // namespace socketio::detail
