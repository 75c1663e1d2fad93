// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/timer_queue.hpp>. Engine layer.
#pragma once

#include <socketio/engine/timer_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace socketio {

SOCKETIO_DECL Timer::~Timer() {
  if (queue_) queue_->cancel(*this);
}

SOCKETIO_DECL TimerQueue::TimerQueue(WakeAt wake_at) : wake_at_(std::move(wake_at)) {}

SOCKETIO_DECL TimerQueue::~TimerQueue() {
  for (Entry& entry : heap_) entry.timer->queue_ = nullptr;
}

SOCKETIO_DECL void TimerQueue::arm(Timer& timer, Clock::time_point deadline) {
  cancel(timer);
  timer.queue_ = this;
  heap_.push_back({deadline, ++sequence_, &timer});
  sift_up(heap_.size() - 1);
  if (timer.index_ == 0 && deadline < wake_deadline_) {
    wake_deadline_ = deadline;
    wake_at_(deadline);
  }
}

SOCKETIO_DECL void TimerQueue::cancel(Timer& timer) noexcept {
  if (!timer.queue_) return;
  const std::size_t hole = timer.index_;
  timer.queue_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (heap_.empty() && wake_deadline_ != Clock::time_point::max()) {
    wake_deadline_ = Clock::time_point::max();
    wake_at_(wake_deadline_);
  }
  if (last.timer == &timer) return;
  place(hole, last);
  sift_up(hole);
  sift_down(last.timer->index_);
}

SOCKETIO_DECL void TimerQueue::advance(Clock::time_point now) {
  const std::uint64_t last_due = sequence_;
  wake_deadline_ = Clock::time_point::max();
  while (!heap_.empty() && heap_.front().deadline <= now && heap_.front().sequence <= last_due) {
    Timer& timer = *heap_.front().timer;
    cancel(timer);
    timer.fire_(timer.context_);
  }
  if (!heap_.empty() && heap_.front().deadline < wake_deadline_) {
    wake_deadline_ = heap_.front().deadline;
    wake_at_(wake_deadline_);
  }
}

SOCKETIO_DECL void TimerQueue::place(std::size_t at, const Entry& entry) noexcept {
  heap_[at] = entry;
  entry.timer->index_ = at;
}

SOCKETIO_DECL void TimerQueue::sift_up(std::size_t at) noexcept {
  const Entry entry = heap_[at];
  for (; at > 0 && entry.before(heap_[(at - 1) / 2]); at = (at - 1) / 2) place(at, heap_[(at - 1) / 2]);
  place(at, entry);
}

SOCKETIO_DECL void TimerQueue::sift_down(std::size_t at) noexcept {
  const Entry entry = heap_[at];
  for (std::size_t child; (child = 2 * at + 1) < heap_.size(); at = child) {
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(at, heap_[child]);
  }
  place(at, entry);
}

}  // namespace socketio
