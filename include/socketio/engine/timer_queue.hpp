// SPDX-License-Identifier: MIT
// Every timeout of a shard in one heap, driven by one timer of the operating system. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace socketio {

class TimerQueue;

/// A timeout that lives inside the object it belongs to: arming and cancelling it allocates nothing.
///
/// @par Lifetime       Cancels itself when destroyed; must be destroyed before its queue, on the owner's thread.
/// @par Thread safety  Owner's thread only.
class Timer {
 public:
  using Fire = void (*)(void* context);

  Timer(Fire fire, void* context) noexcept : fire_(fire), context_(context) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  bool armed() const noexcept { return queue_ != nullptr; }

 private:
  friend class TimerQueue;

  Fire fire_;
  void* context_;
  TimerQueue* queue_ = nullptr;
  std::size_t index_ = 0;
};

/// A binary heap of timers by deadline; timers of one deadline fire in the order in which they were armed.
///
/// A callback may arm, cancel and destroy any timer, its own included.
///
/// @par Cost           O(log n) to arm and cancel, no allocation but the heap's own growth.
/// @par Thread safety  Owner's thread only.
class TimerQueue {
 public:
  using Clock = std::chrono::steady_clock;
  using WakeAt = detail::UniqueFunction<void(Clock::time_point)>;

  /// @param wake_at  called whenever the earliest deadline becomes earlier, and with time_point::max() when the last
  ///                 timer is cancelled, so that no thread waits for nothing
  explicit TimerQueue(WakeAt wake_at);
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  /// Fires `timer` once at `deadline`; an armed timer is moved to the new deadline.
  void arm(Timer& timer, Clock::time_point deadline);

  void cancel(Timer& timer) noexcept;

  /// Fires what is due at `now`, then asks to be woken for the next deadline, if there is one.
  ///
  /// Timers armed by the callbacks with a deadline that is already due fire in the next call, not in this one.
  void advance(Clock::time_point now);

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  Clock::time_point next_deadline() const noexcept {
    return heap_.empty() ? Clock::time_point::max() : heap_.front().deadline;
  }

 private:
  struct Entry {
    Clock::time_point deadline;
    std::uint64_t sequence;
    Timer* timer;

    bool before(const Entry& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  void place(std::size_t at, const Entry& entry) noexcept;
  void sift_up(std::size_t at) noexcept;
  void sift_down(std::size_t at) noexcept;

  std::vector<Entry> heap_;
  std::uint64_t sequence_ = 0;
  Clock::time_point wake_deadline_ = Clock::time_point::max();
  WakeAt wake_at_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/timer_queue.ipp>
#endif
