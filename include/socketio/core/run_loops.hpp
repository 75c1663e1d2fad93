// SPDX-License-Identifier: MIT
// Runs the event loops of a server's threads, from their common beginning to their common end. Core layer.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace socketio::detail {

/// An event loop that can drop what is queued in it before it is destroyed: tasks of one loop may hold executors and
/// coroutines of another.
class OwnLoop final : public asio::io_context {
 public:
  OwnLoop() : asio::io_context(1) {}  // one thread runs it
  using asio::execution_context::shutdown;
};

/// Runs each loop on a thread of its own, the first one on the calling thread.
///
/// As long as the first has something to do, the others are kept, however little they have. Then they end together:
/// when each has found nothing to do since any of them did something, for what one does may be work for another.
class LoopRun {
 public:
  /// @param was_stopped  asked when the first loop has ended: whether it was told to, so that all others are to stop
  LoopRun(const std::vector<asio::io_context*>& loops, std::function<bool()> was_stopped)
      : loops_(loops), was_stopped_(std::move(was_stopped)), idle_since_(loops.size()) {}

  /// @throws  what leaves one of the loops, and std::system_error if a thread cannot be started; the loops are stopped
  /// then
  void run() {
    std::vector<std::thread> threads;
    try {
      for (std::size_t i = 1; i < loops_.size(); ++i) {
        guards_.push_back(asio::make_work_guard(*loops_[i]));
        threads.emplace_back([this, i] { run_one(i); });
      }
      run_one(0);
    } catch (...) {
      fail();
    }
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void run_one(std::size_t index) {
    try {
      loops_[index]->run();
      if (index == 0) {
        if (was_stopped_()) stop();
        guards_.clear();
      }
      run_to_the_end(index);
    } catch (...) {
      fail();
    }
  }

  void run_to_the_end(std::size_t index) {
    std::unique_lock lock(mutex_);
    ++progress_;
    while (!is_over_) {
      const std::uint64_t before = progress_;
      idle_since_[index].reset();
      loops_[index]->restart();  // under the lock: or it might undo a stop
      lock.unlock();
      const std::size_t handled = loops_[index]->run();
      lock.lock();
      if (handled != 0) {
        ++progress_;
        continue;
      }
      idle_since_[index] = before;
      is_over_ = is_over_ || std::all_of(idle_since_.begin(), idle_since_.end(),
                                         [this](const auto& since) { return since == progress_; });
      // Another thread may give this one something to do.
      if (!is_over_) changed_.wait_for(lock, look_again);
    }
    changed_.notify_all();
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    for (asio::io_context* const loop : loops_) loop->stop();
    changed_.notify_all();
  }
  void fail() {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    stop();
  }

  static constexpr std::chrono::milliseconds look_again{2};

  const std::vector<asio::io_context*>& loops_;
  std::function<bool()> was_stopped_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t progress_ = 0;                            // grows whenever a loop has done something
  std::vector<std::optional<std::uint64_t>> idle_since_;  // the progress at which each last had nothing to do
  bool is_over_ = false;
  std::exception_ptr failure_;
};

}  // namespace socketio::detail
