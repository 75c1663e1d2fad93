// SPDX-License-Identifier: MIT
// Reports functions of the program that keep a thread of the server from everything else. Core layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace socketio {

/// One call of a function of the program that takes longer than ServerOptions::blocked_call_limit: passed to the hook
/// of `Server::on_blocked_call`.
struct BlockedCall {
  /// Of the function: a handler of an event, of connections, of a room; a middleware, a timer, or the callback of an
  /// acknowledgement.
  enum class Kind : std::uint8_t { event, connection, room, middleware, timer, acknowledgement };

  Kind kind = Kind::event;
  std::string nsp;                       // namespace
  std::string socket_id;                 // empty where no socket is concerned
  std::string event;                     // "disconnect" and "join-room" are events too; empty where none is concerned
  std::size_t thread = 0;                // that cannot do anything else; 0: the one that calls `run`
  std::chrono::milliseconds duration{};  // until now, without functions inside of it that are reported themselves
  bool has_ended = false;                // false: it still runs; another report follows when it has ended

  /// One line for a log: `event "sum" of socket 4BpK... in / has blocked thread 0 for 120 ms and goes on`.
  SOCKETIO_DECL std::string message() const;
};

using BlockedCallHook = std::function<void(const BlockedCall&)>;

namespace detail {

class WatchedCall;

/// Looks at the calls of the program's functions on all threads of a server, from a thread of its own.
///
/// @par Thread safety  Any thread, except `start` and `stop`: one thread at a time.
/// @par Cost           A call takes a lock twice, which nothing but the watcher contends for, and the time twice: about
///                     0.2 microseconds.
class LoopWatcher {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param limit    positive
  /// @param threads  of the server
  SOCKETIO_DECL LoopWatcher(std::chrono::milliseconds limit, std::size_t threads);
  LoopWatcher(const LoopWatcher&) = delete;
  LoopWatcher& operator=(const LoopWatcher&) = delete;
  SOCKETIO_DECL ~LoopWatcher();

  /// Null: reports are written to std::cerr.
  SOCKETIO_DECL void set_hook(BlockedCallHook hook);

  /// Starts the watcher's thread, unless it runs.
  ///
  /// @throws std::system_error  if the thread cannot be started
  SOCKETIO_DECL void start();

  /// Waits for the watcher's thread, and for the hook if that runs.
  SOCKETIO_DECL void stop();

  /// How many calls have been reported.
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  friend class WatchedCall;

  /// The calls that one thread of the server is in, the innermost first.
  struct Calls {
    std::mutex mutex;
    WatchedCall* innermost = nullptr;
  };

  void run();
  void look(std::vector<BlockedCall>& found);
  void tell(const BlockedCall& call) const noexcept;
  void add_ended(BlockedCall call);

  const Clock::duration limit_;
  const std::unique_ptr<Calls[]> calls_;
  const std::size_t threads_;
  std::atomic<std::uint64_t> count_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<const BlockedCallHook> hook_;
  std::vector<BlockedCall> ended_;  // to be reported
  bool is_stopping_ = false;
  std::thread thread_;
};

/// One call of a function of the program, for as long as this object exists.
///
/// @par Thread safety  The thread of the shard only.
/// @par Lifetime       A local variable: objects of one thread end in the reverse order of their beginnings.
class WatchedCall {
 public:
  WatchedCall() noexcept = default;
  WatchedCall(const WatchedCall&) = delete;
  WatchedCall& operator=(const WatchedCall&) = delete;
  ~WatchedCall() {
    if (record_) end();
  }

  /// Begins the call.
  ///
  /// @param thread     index of the shard
  /// @param nsp        must outlive this object, as `socket_id`
  /// @param event      is copied: a middleware may change it
  SOCKETIO_DECL void begin(LoopWatcher& watcher, std::size_t thread, BlockedCall::Kind kind, std::string_view nsp,
                           std::string_view socket_id, std::string_view event);

 private:
  friend class LoopWatcher;

  struct Record {
    LoopWatcher& watcher;
    std::size_t thread;
    BlockedCall::Kind kind;
    std::string_view nsp;
    std::string_view socket_id;
    std::string event;
    WatchedCall* outer = nullptr;            // what this one was called from
    LoopWatcher::Clock::time_point start{};  // moved by what calls inside of it have been reported with
    bool is_reported = false;

    BlockedCall describe(LoopWatcher::Clock::duration duration, bool has_ended) const;
  };

  SOCKETIO_DECL void end() noexcept;

  std::optional<Record> record_;
};

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/loop_watch.ipp>
#endif
