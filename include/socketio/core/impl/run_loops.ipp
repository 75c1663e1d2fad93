// SPDX-License-Identifier: MIT
// Bodies of run_loops.hpp. Core layer.
#pragma once

#include <socketio/core/run_loops.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace socketio::detail {

/// An event loop of the server's, for one thread.
class OwnLoop final : public asio::io_context {
 public:
  OwnLoop() : asio::io_context(1) {}
  using asio::execution_context::shutdown;
};

/// One call of EventLoops::run with several loops.
///
/// Every loop has a work guard, so that it does not stop by itself: one that has stopped was stopped by the program,
/// and then all are. That a loop is out of work is found out by letting go of the guard for a moment.
class LoopRun {
 public:
  LoopRun(const std::vector<asio::io_context*>& loops, const std::function<bool()>& is_open)
      : loops_(loops),
        is_open_(is_open),
        guards_(loops.size()),
        idle_since_(loops.size()),
        is_waiting_(loops.size()),
        wake_ups_(std::make_shared<Counts>(loops.size())) {}

  void run() {
    for (std::size_t i = 0; i < loops_.size(); ++i) guards_[i].emplace(loops_[i]->get_executor());
    std::vector<std::thread> threads;
    try {
      for (std::size_t i = 1; i < loops_.size(); ++i) threads.emplace_back([this, i] { run_one(i); });
      run_one(0);
    } catch (...) {
      fail();
    }
    for (std::thread& thread : threads) thread.join();
    *is_running_ = false;
    guards_.clear();
    if (failure_) std::rethrow_exception(failure_);
  }

  /// Makes every loop look again whether the server is open.
  void interrupt() {
    for (asio::io_context* const loop : loops_)
      asio::post(*loop, [is_running = is_running_] {
        if (*is_running) throw Interruption();
      });
  }

 private:
  using Counts = std::vector<std::size_t>;
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;

  /// Leaves a loop without stopping it: that would hide a stop by the program.
  struct Interruption {};

  void run_one(std::size_t index) {
    try {
      while (go_on(index)) {
      }
    } catch (...) {
      fail();
    }
    const std::lock_guard lock(mutex_);
    wake_waiting();
  }

  bool go_on(std::size_t index) {
    if (!is_open_()) return look_for_work(index);
    {
      const std::lock_guard lock(mutex_);
      idle_since_[index].reset();
    }
    static_cast<void>(handle(index, [](asio::io_context& loop) { return loop.run(); }));
    return !was_stopped(index);
  }

  /// Does what there is to do, and waits for more; false once all loops are out of work: once each has found nothing to
  /// do since any of them did something.
  bool look_for_work(std::size_t index) {
    const bool has_worked = handle(index, [](asio::io_context& loop) { return loop.poll(); });
    if (was_stopped(index)) return false;
    {
      const std::lock_guard lock(mutex_);
      if (is_over_) return false;
      if (has_worked) ++progress_;
      idle_since_[index].reset();
      if (has_worked) return true;
      if (!has_work(index)) {
        idle_since_[index] = progress_;
        is_over_ = std::all_of(idle_since_.begin(), idle_since_.end(),
                               [this](const auto& since) { return since == progress_; });
        if (is_over_) return false;
        wake_waiting();  // they have not looked since the last of them did something
      }
      is_waiting_[index] = true;
    }
    const bool has_come = handle(index, [](asio::io_context& loop) { return loop.run_one(); });
    const std::lock_guard lock(mutex_);
    is_waiting_[index] = false;
    if (has_come) ++progress_;
    return true;
  }

  /// @return  whether the loop has done anything but wake up
  template <class Run>
  bool handle(std::size_t index, const Run& run) {
    std::size_t handled = 0;
    try {
      handled = run(*loops_[index]);
    } catch (const Interruption&) {
      return true;
    }
    return handled > std::exchange((*wake_ups_)[index], 0);
  }

  /// Whether the program has stopped this loop; then all are stopped.
  bool was_stopped(std::size_t index) {
    if (!loops_[index]->stopped()) return false;
    stop();
    return true;
  }

  /// Whether anything but the guard keeps a loop that has just found nothing to do. A stop by another thread in this
  /// very moment is taken for the end of the work.
  bool has_work(std::size_t index) {
    asio::io_context& loop = *loops_[index];
    guards_[index].reset();
    const bool is_out_of_work = loop.stopped();
    if (is_out_of_work) loop.restart();
    guards_[index].emplace(loop.get_executor());
    return !is_out_of_work;
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
  const std::function<bool()>& is_open_;
  std::vector<std::optional<Guard>> guards_;  // each is its thread's
  std::mutex mutex_;
  std::uint64_t progress_ = 0;                            // grows whenever a loop has done something
  std::vector<std::optional<std::uint64_t>> idle_since_;  // the progress at which each last had nothing to do
  std::vector<char> is_waiting_;                          // for work, or to be woken
  // Wake-ups handled since each loop last ran; each is its thread's. Shared: a wake-up that comes too late stays in its
  // loop until the next run. So is what tells a late interruption that it is one.
  std::shared_ptr<Counts> wake_ups_;
  std::shared_ptr<std::atomic<bool>> is_running_ = std::make_shared<std::atomic<bool>>(true);
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

SOCKETIO_DECL void EventLoops::run(const std::function<bool()>& is_open) {
  for (asio::io_context* const context : contexts_) context->restart();
  if (contexts_.size() == 1) {
    contexts_.front()->run();
    return;
  }
  LoopRun run(contexts_, is_open);
  current_ = &run;
  const std::unique_ptr<LoopRun*, void (*)(LoopRun**)> forgets(&current_,
                                                               [](LoopRun** current) { *current = nullptr; });
  run.run();
}

SOCKETIO_DECL void EventLoops::handle_closed() {
  if (current_) current_->interrupt();
}

SOCKETIO_DECL void EventLoops::stop() {
  for (const auto& loop : own_) loop->stop();
}

SOCKETIO_DECL void EventLoops::shutdown() {
  for (const auto& loop : own_) loop->shutdown();
}

}  // namespace socketio::detail
