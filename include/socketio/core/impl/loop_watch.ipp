// SPDX-License-Identifier: MIT
// Bodies of loop_watch.hpp. Core layer.
#pragma once

#include <socketio/core/loop_watch.hpp>

#include <algorithm>
#include <iostream>
#include <utility>

namespace socketio {

SOCKETIO_DECL std::string BlockedCall::message() const {
  static constexpr const char* kinds[] = {"handler of", "handler of", "listener to", "middleware", "timer", "callback"};
  std::string text = kinds[static_cast<std::size_t>(kind)];
  if (!event.empty()) text += " \"" + event + '"';
  if (!socket_id.empty()) text += " of socket " + socket_id;
  text += " in " + nsp + (has_ended ? " blocked thread " : " has blocked thread ") + std::to_string(thread) + " for " +
          std::to_string(duration.count()) + " ms";
  return has_ended ? text : text + " and goes on";
}

namespace detail {

SOCKETIO_DECL LoopWatcher::LoopWatcher(std::chrono::milliseconds limit, std::size_t threads)
    : limit_(limit), calls_(std::make_unique<Calls[]>(threads)), threads_(threads) {}

SOCKETIO_DECL LoopWatcher::~LoopWatcher() { stop(); }

SOCKETIO_DECL void LoopWatcher::set_hook(BlockedCallHook hook) {
  auto shared = hook ? std::make_shared<const BlockedCallHook>(std::move(hook)) : nullptr;
  const std::lock_guard lock(mutex_);
  hook_.swap(shared);  // the old hook is destroyed after the lock
}

SOCKETIO_DECL void LoopWatcher::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

SOCKETIO_DECL void LoopWatcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

SOCKETIO_DECL void LoopWatcher::run() {
  const Clock::duration pause = std::max<Clock::duration>(limit_ / 2, std::chrono::milliseconds(1));
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    wake_.wait_for(lock, pause, [this] { return is_stopping_ || !ended_.empty(); });
    std::vector<BlockedCall> found = std::exchange(ended_, {});
    lock.unlock();
    look(found);
    for (const BlockedCall& call : found) tell(call);
    lock.lock();
  }
}

SOCKETIO_DECL void LoopWatcher::look(std::vector<BlockedCall>& found) {
  for (std::size_t i = 0; i < threads_; ++i) {
    const std::lock_guard lock(calls_[i].mutex);
    const Clock::time_point now = Clock::now();
    for (WatchedCall* call = calls_[i].innermost; call != nullptr; call = call->record_->outer) {
      WatchedCall::Record& record = *call->record_;
      if (now - record.start < limit_) continue;
      if (!std::exchange(record.is_reported, true)) {
        count_.fetch_add(1, std::memory_order_relaxed);
        found.push_back(record.describe(now - record.start, false));
      }
      break;  // those outside of it wait for this one
    }
  }
}

SOCKETIO_DECL void LoopWatcher::tell(const BlockedCall& call) const noexcept {
  try {
    std::shared_ptr<const BlockedCallHook> hook;
    {
      const std::lock_guard lock(mutex_);
      hook = hook_;
    }
    if (hook)
      (*hook)(call);
    else
      std::cerr << "socketio: " << call.message() << std::endl;
  } catch (...) {
    // A hook that throws has nowhere to report to.
  }
}

SOCKETIO_DECL void LoopWatcher::add_ended(BlockedCall call) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_stopping_) ended_.push_back(std::move(call));
  }
  wake_.notify_one();
}

SOCKETIO_DECL BlockedCall WatchedCall::Record::describe(LoopWatcher::Clock::duration duration, bool has_ended) const {
  return {kind,     std::string(nsp), std::string(socket_id),
          event,    thread,           std::chrono::duration_cast<std::chrono::milliseconds>(duration),
          has_ended};
}

SOCKETIO_DECL void WatchedCall::begin(LoopWatcher& watcher, std::size_t thread, BlockedCall::Kind kind,
                                      std::string_view nsp, std::string_view socket_id, std::string_view event) {
  record_.emplace(Record{watcher, thread, kind, nsp, socket_id, std::string(event)});
  LoopWatcher::Calls& calls = watcher.calls_[thread];
  const std::lock_guard lock(calls.mutex);
  record_->outer = std::exchange(calls.innermost, this);
  record_->start = LoopWatcher::Clock::now();
}

SOCKETIO_DECL void WatchedCall::end() noexcept {
  Record& record = *record_;
  LoopWatcher& watcher = record.watcher;
  LoopWatcher::Clock::duration duration;
  {
    LoopWatcher::Calls& calls = watcher.calls_[record.thread];
    const std::lock_guard lock(calls.mutex);
    calls.innermost = record.outer;
    duration = LoopWatcher::Clock::now() - record.start;
    if (duration < watcher.limit_ && !record.is_reported) return;
    for (WatchedCall* outer = record.outer; outer != nullptr; outer = outer->record_->outer)
      outer->record_->start += duration;
    if (!record.is_reported) watcher.count_.fetch_add(1, std::memory_order_relaxed);
  }
  try {
    watcher.add_ended(record.describe(duration, true));
  } catch (...) {
    // Without memory the report is lost; the call has been counted.
  }
}

}  // namespace detail
}  // namespace socketio
