// SPDX-License-Identifier: MIT
// The engine's scheduler over an asio::io_context: one steady_timer for all timers of the shard. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/scheduler.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <optional>

namespace socketio {

/// Time and tasks of the thread that runs an `asio::io_context`.
///
/// @par Thread safety  As Scheduler.
/// @par Lifetime       Must be destroyed before the io_context. Tasks posted and not yet run outlive it.
class AsioScheduler final : public Scheduler {
 public:
  explicit AsioScheduler(asio::io_context& context);
  SOCKETIO_DECL ~AsioScheduler() override;

  SOCKETIO_DECL Clock::time_point now() const override;
  SOCKETIO_DECL void post(Task task) override;
  SOCKETIO_DECL bool running_in_this_thread() const override;

  asio::io_context& context() noexcept { return context_; }

  /// Whether the scheduler cancels the operating system's timer as soon as no timer is armed, so that the io_context
  /// can run out of work. While something else keeps the io_context busy, it is cheaper to let that timer expire in
  /// vain.
  void release_when_idle(bool release);

  /// Takes the time from the program instead of the operating system, for tests that do not wait: it stands still at
  /// `now` until the next call. From the first call on timers only fire inside `timers().advance(now)`.
  void set_clock(Clock::time_point now) noexcept { clock_ = now; }

 private:
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>;

  SOCKETIO_DECL void wake_at(Clock::time_point deadline) override;
  void expire();

  asio::io_context& context_;
  Timer timer_;
  std::shared_ptr<AsioScheduler*> self_;  // outlives this object in the timer's handler
  Clock::time_point waiting_until_ = Clock::time_point::max();
  std::optional<Clock::time_point> clock_;  // in place of the operating system's
  bool release_when_idle_ = true;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_scheduler.ipp>
#endif
