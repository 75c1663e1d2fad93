// SPDX-License-Identifier: MIT
// The threads that own a server's sockets, as everything of the core reaches them; they may outlive it. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/core/loop_watch.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/scheduler.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace socketio::detail {

/// The user's error hook, one for all shards of a server.
///
/// @par Thread safety  Any thread.
class ErrorSink {
 public:
  SOCKETIO_DECL void set(ErrorHook hook);

  /// Null if there is none. Kept while it runs: it may set another one.
  SOCKETIO_DECL std::shared_ptr<const ErrorHook> get() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ErrorHook> hook_;
};

/// The executor of an event loop, erased. Not a template: erasing one takes a compiler a third of a second.
SOCKETIO_DECL asio::any_io_executor any_executor(const asio::io_context::executor_type& executor);

/// The names of events that sockets listen to, each once, for as long as one does.
class EventNames {
 public:
  /// The name at an address of its own, until `release` has been called as often as `keep`.
  SOCKETIO_DECL const std::string* keep(std::string_view name);
  SOCKETIO_DECL void release(const std::string* name) noexcept;

 private:
  std::unordered_map<std::string, std::size_t> counts_;
};

/// The way to one owner's thread, and to the error hook.
///
/// Handles of users may be kept longer than the server: they reach its thread through this object, which then drops
/// what it is asked to do, and what it was asked before and has not done yet.
///
/// @par Thread safety  `dispatch`, `post`, `owns_this_thread`, `is_open`, `report`: any thread, but not while another
///                     thread runs `close`. The rest: the owner's thread.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  /// @param watcher  null: calls of the program's functions are not watched
  Shard(Scheduler& scheduler, asio::any_io_executor executor, std::shared_ptr<ErrorSink> errors, std::size_t index,
        std::shared_ptr<LoopWatcher> watcher = nullptr)
      : scheduler_(&scheduler),
        executor_(std::move(executor)),
        errors_(std::move(errors)),
        index_(index),
        watcher_(std::move(watcher)) {}

  /// Among the shards of the server.
  std::size_t index() const noexcept { return index_; }

  /// Runs `task` now on the owner's thread, or later when called on another; drops it when the server is gone.
  template <class F>
  void dispatch(F&& task) {
    if (owns_this_thread())
      task();
    else
      post(std::forward<F>(task));
  }
  template <class F>
  void post(F&& task) {
    Scheduler* const scheduler = scheduler_.load(std::memory_order_acquire);
    if (!scheduler) return;
    scheduler->post([self = shared_from_this(), task = std::decay_t<F>(std::forward<F>(task))]() mutable {
      if (self->is_open()) task();
    });
  }
  bool owns_this_thread() const {
    const Scheduler* scheduler = scheduler_.load(std::memory_order_acquire);
    return scheduler && scheduler->running_in_this_thread();
  }
  bool is_open() const noexcept { return scheduler_.load(std::memory_order_acquire) != nullptr; }

  /// Guards the lists of handlers of this shard's sockets, which other threads may look at. One for all of them: a
  /// mutex of its own would cost every idle socket 40 bytes. Nothing of the user's is called under it.
  std::mutex& handlers_mutex() noexcept { return handlers_mutex_; }

  /// Under that mutex.
  EventNames& event_names() noexcept { return event_names_; }

  /// Owner's thread, while open.
  Scheduler& scheduler() const noexcept { return *scheduler_.load(std::memory_order_relaxed); }
  const asio::any_io_executor& executor() const noexcept { return executor_; }

  // Coroutines that run for this shard. Any thread.
  void begin_work() noexcept { work_.fetch_add(1, std::memory_order_relaxed); }
  SOCKETIO_DECL void end_work() noexcept;

  /// Calls `done` in a later turn, when no coroutine runs. Owner's thread.
  SOCKETIO_DECL void when_idle(UniqueFunction<void()> done);

  /// Whether connections are to end as soon as nothing is owed to their clients. Any thread; the owner's sets it.
  bool is_draining() const noexcept { return is_draining_; }
  void set_draining(bool draining) noexcept { is_draining_ = draining; }

  /// Whether the calls of the program's functions on this thread are watched.
  bool is_watched() const noexcept { return watcher_ != nullptr; }

  /// Begins a call, if `is_watched`: see WatchedCall.
  void watch(WatchedCall& call, BlockedCall::Kind kind, std::string_view nsp, std::string_view socket_id,
             std::string_view event) const {
    call.begin(*watcher_, index_, kind, nsp, socket_id, event);
  }

  /// The server is going: nothing reaches its thread from now on.
  SOCKETIO_DECL void close() noexcept;

  /// Hands an error to the user's hook. Without a hook, exceptions of users' handlers are written to std::cerr: they
  /// would vanish otherwise. Mistakes of peers are not: they could fill the log.
  SOCKETIO_DECL void report(const ErrorReport& report) const noexcept;

  /// Reports the exception that is being handled.
  SOCKETIO_DECL void report_current_exception(std::string_view nsp, std::string_view socket_id,
                                              std::string_view event) const noexcept;

  /// Writes an error to std::cerr if there is no hook.
  SOCKETIO_DECL void warn_without_hook(const ErrorReport& report) const;

 private:
  std::atomic<Scheduler*> scheduler_;
  asio::any_io_executor executor_;
  std::shared_ptr<ErrorSink> errors_;
  std::size_t index_;
  std::shared_ptr<LoopWatcher> watcher_;
  std::mutex handlers_mutex_;
  EventNames event_names_;
  std::atomic<std::size_t> work_{0};
  std::atomic<bool> is_draining_{false};
  std::atomic<bool> is_idle_awaited_{false};
  UniqueFunction<void()> when_idle_;

  void tell_if_idle();
};

/// The shards of one server, in the order of their indices; most servers have one.
///
/// @par Thread safety  Immutable; as each Shard.
class ShardGroup {
 public:
  explicit ShardGroup(std::vector<std::shared_ptr<Shard>> shards) : shards_(std::move(shards)) {}

  std::size_t size() const noexcept { return shards_.size(); }
  const std::shared_ptr<Shard>& operator[](std::size_t index) const noexcept { return shards_[index]; }
  auto begin() const noexcept { return shards_.begin(); }
  auto end() const noexcept { return shards_.end(); }

  /// That of what is no single socket's business.
  const std::shared_ptr<Shard>& home() const noexcept { return shards_.front(); }

  /// That of the calling thread; elsewhere `home`.
  const std::shared_ptr<Shard>& here() const noexcept {
    for (const auto& shard : shards_)
      if (shard->owns_this_thread()) return shard;
    return home();
  }

 private:
  std::vector<std::shared_ptr<Shard>> shards_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/shard.ipp>
#endif
