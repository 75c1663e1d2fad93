// SPDX-License-Identifier: MIT
// The thread that owns a server's sockets, as everything of the core reaches it; it may outlive the server. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/engine/scheduler.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace socketio::detail {

/// The way to the owner's thread, and the error hook.
///
/// Handles of users may be kept longer than the server: they reach its thread through this object, which then drops
/// what it is asked to do, and what it was asked before and has not done yet.
///
/// @par Thread safety  `dispatch`, `post`, `owns_this_thread`, `is_open` from any thread, but not while `close` runs on
///                     another; the rest on the owner's.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(Scheduler& scheduler, asio::any_io_executor executor)
      : scheduler_(&scheduler), executor_(std::move(executor)) {}

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

  /// Owner's thread, while open.
  Scheduler& scheduler() const noexcept { return *scheduler_.load(std::memory_order_relaxed); }
  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// The server is going: nothing reaches its thread from now on.
  void close() noexcept {
    scheduler_.store(nullptr, std::memory_order_release);
    executor_ = {};
    hook_ = nullptr;
  }

  void set_error_hook(ErrorHook hook) { hook_ = hook ? std::make_shared<const ErrorHook>(std::move(hook)) : nullptr; }
  bool has_error_hook() const noexcept { return hook_ != nullptr; }

  /// Hands an error to the user's hook. Without one, what a user's handler threw is written to std::cerr: it would
  /// otherwise vanish. What peers do wrong is not: they could fill the log.
  void report(const ErrorReport& report) const noexcept {
    try {
      // Kept while it runs: it may set another one.
      if (const auto hook = hook_)
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
  std::shared_ptr<const ErrorHook> hook_;
  std::mutex handlers_mutex_;
};

}  // namespace socketio::detail
