// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_scheduler.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_scheduler.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <system_error>
#include <utility>

namespace socketio {

SOCKETIO_DECL AsioScheduler::AsioScheduler(asio::io_context& context)
    : context_(context), timer_(context), self_(new AsioScheduler*(this)) {}

SOCKETIO_DECL AsioScheduler::~AsioScheduler() { *self_ = nullptr; }

SOCKETIO_DECL Scheduler::Clock::time_point AsioScheduler::now() const { return clock_ ? *clock_ : Clock::now(); }

SOCKETIO_DECL void AsioScheduler::post(Task task) { asio::post(context_, std::move(task)); }

SOCKETIO_DECL bool AsioScheduler::running_in_this_thread() const {
  return context_.get_executor().running_in_this_thread();
}

SOCKETIO_DECL void AsioScheduler::release_when_idle(bool release) {
  release_when_idle_ = release;
  if (release && timers().empty()) wake_at(Clock::time_point::max());
}

SOCKETIO_DECL void AsioScheduler::wake_at(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) {
    if (!release_when_idle_) return;
    waiting_until_ = deadline;
    timer_.cancel();
    return;
  }
  if (clock_ || waiting_until_ <= deadline) return;
  waiting_until_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([self = self_](const std::error_code& error) {
    if (!error && *self) (*self)->expire();
  });
}

SOCKETIO_DECL void AsioScheduler::expire() {
  waiting_until_ = Clock::time_point::max();
  timers().advance(now());
}

}  // namespace socketio
