// SPDX-License-Identifier: MIT
// The timers of a shard: one per connection, moved with every pong.
#include <socketio/engine/timer_queue.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <deque>

namespace socketio::benchmarks {
namespace {

using namespace std::chrono_literals;

struct Fired {
  std::size_t count = 0;
};

/// Heartbeats spread over 25 seconds.
class Heartbeats {
 public:
  explicit Heartbeats(std::size_t count) : queue_([](TimerQueue::Clock::time_point) {}) {
    for (std::size_t i = 0; i < count; ++i) {
      Timer& timer = timers_.emplace_back([](void* fired) { ++static_cast<Fired*>(fired)->count; }, &fired_);
      queue_.arm(timer, start_ + std::chrono::nanoseconds(25s) * i / count);
    }
  }

  TimerQueue& queue() noexcept { return queue_; }
  Timer& operator[](std::size_t index) { return timers_[index]; }
  std::size_t size() const noexcept { return timers_.size(); }
  TimerQueue::Clock::time_point start() const noexcept { return start_; }
  std::size_t fired() const noexcept { return fired_.count; }

 private:
  Fired fired_;
  TimerQueue::Clock::time_point start_{1h};
  TimerQueue queue_;
  std::deque<Timer> timers_;  // a timer stays where it is; destroyed before their queue
};

/// A pong arrives: the session's timeout is cancelled, and the time of its next ping is set.
void rearm(benchmark::State& state) {
  Heartbeats heartbeats(static_cast<std::size_t>(state.range(0)));
  auto now = heartbeats.start();
  std::size_t next = 0;
  for (auto _ : state) {
    now += 1us;
    heartbeats.queue().arm(heartbeats[next], now + 50s);
    if (++next == heartbeats.size()) next = 0;
  }
}
BENCHMARK(rearm)->Name("timers/rearm/armed")->Arg(100)->Arg(10'000)->Arg(1'000'000);

/// The earliest timer fires and is armed again.
void fire(benchmark::State& state) {
  Heartbeats heartbeats(static_cast<std::size_t>(state.range(0)));
  std::size_t next = 0;
  for (auto _ : state) {
    heartbeats.queue().advance(heartbeats.queue().next_deadline());
    heartbeats.queue().arm(heartbeats[next], heartbeats.queue().next_deadline() + 25s);
    if (++next == heartbeats.size()) next = 0;
  }
  if (heartbeats.fired() != static_cast<std::size_t>(state.iterations())) state.SkipWithError("timers have not fired");
}
BENCHMARK(fire)->Name("timers/fire/armed")->Arg(100)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace socketio::benchmarks
