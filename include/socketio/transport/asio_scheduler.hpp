// SPDX-License-Identifier: MIT
// The engine's scheduler over an asio::io_context: one steady_timer for all timers of the shard. Transport layer.
#pragma once

#include <socketio/engine/scheduler.hpp>

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace socketio {

/// Time and tasks of the thread that runs an `asio::io_context`.
///
/// @par Thread safety  As Scheduler.
/// @par Lifetime       Must be destroyed before the io_context. Tasks posted and not yet run outlive it.
class AsioScheduler final : public Scheduler {
 public:
  explicit AsioScheduler(asio::io_context& context)
      : context_(context), timer_(context), self_(std::make_shared<AsioScheduler*>(this)) {}
  ~AsioScheduler() override { *self_ = nullptr; }

  Clock::time_point now() const override { return Clock::now(); }

  void post(Task task) override { asio::post(context_, std::move(task)); }

  bool running_in_this_thread() const override { return context_.get_executor().running_in_this_thread(); }

  asio::io_context& context() noexcept { return context_; }

  /// Whether the operating system's timer is given up as soon as no timer is armed, so that the io_context can run out
  /// of work. While something else keeps it busy, waiting for nothing is cheaper than cancelling time and again.
  void release_when_idle(bool release) {
    release_when_idle_ = release;
    if (release && timers().empty()) wake_at(Clock::time_point::max());
  }

 private:
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>;

  void wake_at(Clock::time_point deadline) override {
    if (deadline == Clock::time_point::max()) {
      if (!release_when_idle_) return;
      waiting_until_ = deadline;
      timer_.cancel();
      return;
    }
    if (waiting_until_ <= deadline) return;
    waiting_until_ = deadline;
    timer_.expires_at(deadline);
    timer_.async_wait([self = self_](const std::error_code& error) {
      if (!error && *self) (*self)->expire();
    });
  }

  void expire() {
    waiting_until_ = Clock::time_point::max();
    timers().advance(now());
  }

  asio::io_context& context_;
  Timer timer_;
  std::shared_ptr<AsioScheduler*> self_;  // outlives this object in the timer's handler
  Clock::time_point waiting_until_ = Clock::time_point::max();
  bool release_when_idle_ = true;
};

}  // namespace socketio
