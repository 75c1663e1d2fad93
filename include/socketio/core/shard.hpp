// SPDX-License-Identifier: MIT
// The threads that own a server's sockets, as everything of the core reaches them; they may outlive it. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/engine/scheduler.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <iostream>
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
  void set(ErrorHook hook) {
    auto shared = hook ? std::make_shared<const ErrorHook>(std::move(hook)) : nullptr;
    const std::lock_guard lock(mutex_);
    hook_.swap(shared);  // what was there is destroyed after the lock
  }

  /// Null if there is none. Kept while it runs: it may set another one.
  std::shared_ptr<const ErrorHook> get() const {
    const std::lock_guard lock(mutex_);
    return hook_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ErrorHook> hook_;
};

/// The names of events that sockets listen to, each once, for as long as one does.
class EventNames {
 public:
  /// The name at an address of its own, until `release` has been called as often as `keep`.
  const std::string* keep(std::string_view name) {
    const auto entry = counts_.try_emplace(std::string(name), 0).first;
    ++entry->second;
    return &entry->first;
  }
  void release(const std::string* name) noexcept {
    const auto entry = counts_.find(*name);
    if (--entry->second == 0) counts_.erase(entry);
  }

 private:
  std::unordered_map<std::string, std::size_t> counts_;
};

/// The way to one owner's thread, and to the error hook.
///
/// Handles of users may be kept longer than the server: they reach its thread through this object, which then drops
/// what it is asked to do, and what it was asked before and has not done yet.
///
/// @par Thread safety  `dispatch`, `post`, `owns_this_thread`, `is_open`, `report` from any thread, but not while
/// `close`
///                     runs on another; the rest on the owner's.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(Scheduler& scheduler, asio::any_io_executor executor, std::shared_ptr<ErrorSink> errors, std::size_t index)
      : scheduler_(&scheduler), executor_(std::move(executor)), errors_(std::move(errors)), index_(index) {}

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

  /// The server is going: nothing reaches its thread from now on.
  void close() noexcept {
    scheduler_.store(nullptr, std::memory_order_release);
    executor_ = {};
    errors_->set(nullptr);
  }

  bool has_error_hook() const { return errors_->get() != nullptr; }

  /// Hands an error to the user's hook. Without one, what a user's handler threw is written to std::cerr: it would
  /// otherwise vanish. What peers do wrong is not: they could fill the log.
  void report(const ErrorReport& report) const noexcept {
    try {
      if (const auto hook = errors_->get())
        (*hook)(report);
      else if (report.exception)
        std::cerr << "socketio: " << report.message() << std::endl;
    } catch (...) {
      // A hook that throws has nowhere to report to.
    }
  }

  /// Reports the exception that is being handled.
  void report_current_exception(std::string_view nsp, std::string_view socket_id,
                                std::string_view event) const noexcept {
    try {
      ErrorReport report{make_error_code(Errc::handler_failed),
                         "handler threw",
                         std::string(nsp),
                         std::string(socket_id),
                         std::string(event),
                         std::current_exception()};
      try {
        throw;
      } catch (const std::exception& error) {
        report.detail += std::string(": ") + error.what();
      } catch (...) {
        report.detail += " something that is not a std::exception";
      }
      this->report(report);
    } catch (...) {
      // Out of memory while describing an error: the server goes on without the report.
    }
  }

 private:
  std::atomic<Scheduler*> scheduler_;
  asio::any_io_executor executor_;
  std::shared_ptr<ErrorSink> errors_;
  std::size_t index_;
  std::mutex handlers_mutex_;
  EventNames event_names_;
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
