// SPDX-License-Identifier: MIT
// Bodies of timed_calls.hpp. Core layer.
#pragma once

#include <socketio/core/timed_calls.hpp>

#include <algorithm>
#include <exception>

namespace socketio {

SOCKETIO_DECL void TimerHandle::cancel() const {
  if (const auto call = call_.lock()) call->cancel();
}

SOCKETIO_DECL bool TimerHandle::is_active() const {
  const auto call = call_.lock();
  return call && call->is_active();
}

namespace detail {

SOCKETIO_DECL TimedCall::TimedCall(std::shared_ptr<Shard> shard, std::chrono::milliseconds delay, bool repeats,
                                   Task task)
    : shard_(std::move(shard)),
      delay_(std::clamp(delay, std::chrono::milliseconds(repeats ? 1 : 0), longest_delay)),
      repeats_(repeats),
      task_(std::move(task)) {}

SOCKETIO_DECL TimedCallPtr make_timed_call(std::shared_ptr<Shard> shard, std::chrono::milliseconds delay, bool repeats,
                                           TimedCall::Task task) {
  return std::make_shared<TimedCall>(std::move(shard), delay, repeats, std::move(task));
}

SOCKETIO_DECL void TimedCall::cancel() {
  if (is_active_.exchange(false)) shard_->dispatch([self = shared_from_this()] { self->end(); });
}

SOCKETIO_DECL void TimedCall::begin(TimedCalls& owner, std::shared_ptr<const OperationPlace> place) {
  owner_ = &owner;
  place_ = std::move(place);
  deadline_ = shard_->scheduler().now() + delay_;
  timer_.emplace(&TimedCall::fire, this);
  arm();
}

SOCKETIO_DECL void TimedCall::arm() { shard_->scheduler().timers().arm(*timer_, deadline_); }

SOCKETIO_DECL void TimedCall::fire(void* self) { static_cast<TimedCall*>(self)->call(); }

SOCKETIO_DECL void TimedCall::call() {
  const auto self = shared_from_this();
  if (!is_active()) return;  // cancelled on another thread, whose task comes next
  if (!repeats_) is_active_.store(false);
  is_running_ = true;
  try {
    WatchedCall watched;
    if (shard_->is_watched()) shard_->watch(watched, BlockedCall::Kind::timer, place_->nsp, place_->socket_id, {});
    task_.function(self);
  } catch (...) {
    report_current_exception();
    return finish_here();
  }
  if (task_.kind == Kind::function) finish_here();
}

SOCKETIO_DECL void TimedCall::start(asio::awaitable<void> coroutine) { spawn(*shard_, std::move(coroutine)); }

SOCKETIO_DECL void TimedCall::report_current_exception() const { place_->report_exception(std::current_exception()); }

SOCKETIO_DECL void TimedCall::finish() {
  shard_->dispatch([self = shared_from_this()] { self->finish_here(); });
}

SOCKETIO_DECL void TimedCall::finish_here() {
  is_running_ = false;
  if (!owner_ || !is_active()) return end();
  // The times that the call has taken up are left out.
  const auto late = shard_->scheduler().now() - deadline_;
  deadline_ += delay_ * (late / delay_ + 1);
  arm();
}

SOCKETIO_DECL void TimedCall::end() {
  is_active_.store(false);
  timer_.reset();
  if (TimedCalls* const owner = std::exchange(owner_, nullptr)) owner->remove(*this);
  if (is_running_) return;
  const Function released = std::move(task_.function);  // what it captured may use this object
}

SOCKETIO_DECL TimedCalls::TimedCalls(OperationPlace place)
    : place_(std::make_shared<const OperationPlace>(std::move(place))) {}

SOCKETIO_DECL TimedCalls::~TimedCalls() { end_all(); }

SOCKETIO_DECL void TimedCalls::add(const TimedCallPtr& call) {
  if (!call->is_active()) return;
  call->position_ = calls_.size();
  calls_.push_back(call);
  call->begin(*this, place_);
}

SOCKETIO_DECL void TimedCalls::remove(TimedCall& call) {
  const TimedCallPtr removed = std::exchange(calls_[call.position_], std::move(calls_.back()));
  calls_.pop_back();
  if (call.position_ < calls_.size()) calls_[call.position_]->position_ = call.position_;
  if (calls_.empty()) calls_.shrink_to_fit();
}

SOCKETIO_DECL void TimedCalls::end_all() {
  const std::vector<TimedCallPtr> all = std::exchange(calls_, {});
  for (const TimedCallPtr& call : all) call->owner_ = nullptr;
  for (const TimedCallPtr& call : all) call->end();
}

}  // namespace detail
}  // namespace socketio
