// SPDX-License-Identifier: MIT
// The thread that owns a server's sockets, as everything of the core reaches it; it may outlive the server. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/engine/scheduler.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::detail {

/// The way to the owner's thread, and the error hook.
///
/// Handles of users may be kept longer than the server: they reach its thread through this object, which then drops
/// what it is asked to do.
///
/// @par Thread safety  `dispatch`, `post`, `owns_this_thread`, `is_open` from any thread; the rest on the owner's.
class Shard {
 public:
  Shard(Scheduler& scheduler, asio::any_io_executor executor)
      : scheduler_(&scheduler), executor_(std::move(executor)) {}

  /// Runs `task` now on the owner's thread, or later when called on another; drops it when the server is gone.
  template <class F>
  void dispatch(F&& task) {
    if (Scheduler* scheduler = scheduler_.load(std::memory_order_acquire)) scheduler->dispatch(std::forward<F>(task));
  }
  template <class F>
  void post(F&& task) {
    if (Scheduler* scheduler = scheduler_.load(std::memory_order_acquire)) scheduler->post(std::forward<F>(task));
  }
  bool owns_this_thread() const {
    const Scheduler* scheduler = scheduler_.load(std::memory_order_acquire);
    return scheduler && scheduler->running_in_this_thread();
  }
  bool is_open() const noexcept { return scheduler_.load(std::memory_order_acquire) != nullptr; }

  /// Owner's thread, while open.
  Scheduler& scheduler() const noexcept { return *scheduler_.load(std::memory_order_relaxed); }
  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// The server is going: nothing reaches its thread from now on.
  void close() noexcept {
    scheduler_.store(nullptr, std::memory_order_release);
    executor_ = {};
    hook_ = nullptr;
  }

  void set_error_hook(ErrorHook hook) { hook_ = std::move(hook); }
  bool has_error_hook() const noexcept { return static_cast<bool>(hook_); }

  /// Hands an error to the user's hook. Without one, what a user's handler threw is written to std::cerr: it would
  /// otherwise vanish. What peers do wrong is not: they could fill the log.
  void report(const ErrorReport& report) const noexcept {
    try {
      if (hook_)
        hook_(report);
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
  ErrorHook hook_;
};

}  // namespace socketio::detail
