// SPDX-License-Identifier: MIT
// Bodies of run_loops.hpp. Core layer.
#pragma once

#include <socketio/core/run_loops.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace socketio::detail {

/// An event loop of the server's, for one thread.
class OwnLoop final : public asio::io_context {
 public:
  OwnLoop() : asio::io_context(1) {}
  using asio::execution_context::shutdown;
};

/// One call of EventLoops::run with several loops.
class LoopRun {
 public:
  LoopRun(const std::vector<asio::io_context*>& loops, const std::function<bool()>& was_stopped)
      : loops_(loops),
        was_stopped_(was_stopped),
        idle_since_(loops.size()),
        is_waiting_(loops.size()),
        wake_ups_(std::make_shared<Counts>(loops.size())) {}

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
  using Counts = std::vector<std::size_t>;

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

  /// Runs a loop until all loops are out of work: until each has found nothing to do since any of them did something.
  void run_to_the_end(std::size_t index) {
    std::unique_lock lock(mutex_);
    ++progress_;
    while (!is_over_) {
      const std::uint64_t before = progress_;
      idle_since_[index].reset();
      if (run_unlocked(index, lock, [](asio::io_context& loop) { return loop.run(); })) continue;
      idle_since_[index] = before;
      if (is_over_ || before != progress_) continue;
      if (std::all_of(idle_since_.begin(), idle_since_.end(),
                      [this](const auto& since) { return since == progress_; })) {
        is_over_ = true;
        break;
      }
      wake_waiting();  // they have not looked since the last of them did something
      const auto guard = asio::make_work_guard(*loops_[index]);
      is_waiting_[index] = true;
      run_unlocked(index, lock, [](asio::io_context& loop) { return loop.run_one(); });
      is_waiting_[index] = false;
    }
    wake_waiting();
  }

  /// @return whether the loop has done anything but wake up
  template <class Run>
  bool run_unlocked(std::size_t index, std::unique_lock<std::mutex>& lock, const Run& run) {
    loops_[index]->restart();  // under the lock: or it might undo a stop
    lock.unlock();
    const std::size_t handled = run(*loops_[index]);
    lock.lock();
    const bool has_worked = handled > std::exchange((*wake_ups_)[index], 0);
    if (has_worked) ++progress_;
    return has_worked;
  }

  void wake_waiting() {
    for (std::size_t i = 0; i < loops_.size(); ++i)
      if (is_waiting_[i] && (is_over_ || idle_since_[i] != progress_))
        asio::post(*loops_[i], [counts = wake_ups_, i] { ++(*counts)[i]; });
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    for (asio::io_context* const loop : loops_) loop->stop();
  }
  void fail() {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    stop();
  }

  const std::vector<asio::io_context*>& loops_;
  const std::function<bool()>& was_stopped_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::mutex mutex_;
  std::uint64_t progress_ = 0;                            // grows whenever a loop has done something
  std::vector<std::optional<std::uint64_t>> idle_since_;  // the progress at which each last had nothing to do
  std::vector<char> is_waiting_;                          // for work, or to be woken
  // Wake-ups handled since each loop last ran; each is its thread's. Shared: a wake-up that comes too late stays in its
  // loop until the next run.
  std::shared_ptr<Counts> wake_ups_;
  bool is_over_ = false;
  std::exception_ptr failure_;
};

SOCKETIO_DECL EventLoops::EventLoops(asio::io_context* programs, std::size_t count) {
  if (programs) contexts_.push_back(programs);
  while (contexts_.size() < count) {
    own_.push_back(std::make_unique<OwnLoop>());
    contexts_.push_back(own_.back().get());
  }
}

SOCKETIO_DECL EventLoops::~EventLoops() = default;

SOCKETIO_DECL void EventLoops::run(const std::function<bool()>& was_stopped) {
  for (asio::io_context* const context : contexts_) context->restart();
  if (contexts_.size() == 1)
    contexts_.front()->run();
  else
    LoopRun(contexts_, was_stopped).run();
}

SOCKETIO_DECL void EventLoops::stop() {
  for (const auto& loop : own_) loop->stop();
}

SOCKETIO_DECL void EventLoops::shutdown() {
  for (const auto& loop : own_) loop->shutdown();
}

}  // namespace socketio::detail
