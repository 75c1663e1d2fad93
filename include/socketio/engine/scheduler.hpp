// SPDX-License-Identifier: MIT
// What the engine asks of the thread it lives on: the time, timers, and a way to run something later. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>

#include <chrono>
#include <utility>

namespace socketio {

/// The longest time that anything is asked to wait: what a clock can add, twice over.
inline constexpr std::chrono::milliseconds longest_delay = std::chrono::hours(24 * 365 * 50);

/// The one thread that owns a set of connections (a shard), as the engine and the core see it.
///
/// Transports provide it: over an `asio::io_context`, or with a clock moved by hand for tests. All of the engine's
/// and the core's state is touched on the owner's thread only.
///
/// @par Thread safety  `now`, `post` and `running_in_this_thread` from any thread; the rest from the owner's thread.
class Scheduler {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = detail::UniqueFunction<void()>;

  SOCKETIO_DECL virtual ~Scheduler();

  /// The time as of this turn of the loop.
  virtual Clock::time_point now() const = 0;

  /// Runs `task` on the owner's thread in a later turn, never inside this call; tasks of one thread keep their order.
  virtual void post(Task task) = 0;

  /// Whether the caller is on the owner's thread.
  virtual bool running_in_this_thread() const = 0;

  /// Runs `task` now when called on the owner's thread, otherwise posts it.
  template <class F>
  void dispatch(F&& task) {
    if (running_in_this_thread())
      task();
    else
      post(Task(std::forward<F>(task)));
  }

  /// The timers of this shard. The scheduler calls `timers().advance(now)` no later than the next deadline is due.
  TimerQueue& timers() noexcept { return timers_; }

  void arm(Timer& timer, Clock::duration delay);
  void cancel(Timer& timer);

 protected:
  Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Called when the earliest deadline moves forward: `timers().advance()` must be called at `deadline`.
  virtual void wake_at(Clock::time_point deadline) = 0;

 private:
  TimerQueue timers_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/scheduler.ipp>
#endif
