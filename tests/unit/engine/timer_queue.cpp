// SPDX-License-Identifier: MIT
#include <socketio/engine/timer_queue.hpp>
// Timers that fire in order, move, cancel and destroy each other.
#include <tests/support/catch.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <vector>

using socketio::Timer;
using socketio::TimerQueue;
using namespace std::chrono_literals;

namespace {

using Time = TimerQueue::Clock::time_point;

constexpr Time at(int milliseconds) { return Time(std::chrono::milliseconds(milliseconds)); }

struct TimerFixture {
  std::vector<Time> wakes;
  TimerQueue queue{[this](Time deadline) { wakes.push_back(deadline); }};
  std::vector<int> fired;
};

struct Alarm {
  Alarm(TimerFixture& owner, int name) : fixture(owner), number(name) {}
  TimerFixture& fixture;
  int number;
  std::function<void()> then;
  Timer timer{[](void* self) {
                auto& alarm = *static_cast<Alarm*>(self);
                alarm.fixture.fired.push_back(alarm.number);
                if (alarm.then) std::function<void()>(alarm.then)();
              },
              this};
};

}  // namespace

TEST_CASE("timers fire once, by deadline and then by the order of arming", "[engine][timer]") {
  TimerFixture f;
  Alarm a(f, 1), b(f, 2), c(f, 3), d(f, 4);
  f.queue.arm(a.timer, at(30));
  f.queue.arm(b.timer, at(10));
  f.queue.arm(c.timer, at(10));
  f.queue.arm(d.timer, at(20));
  CHECK(f.wakes == std::vector<Time>{at(30), at(10)});
  CHECK(f.queue.next_deadline() == at(10));
  f.queue.advance(at(9));
  CHECK(f.fired.empty());
  f.queue.advance(at(20));
  CHECK(f.fired == std::vector<int>{2, 3, 4});
  CHECK_FALSE(b.timer.armed());
  CHECK(a.timer.armed());
  CHECK(f.wakes.back() == at(30));
  f.queue.advance(at(100));
  f.queue.advance(at(200));
  CHECK(f.fired == std::vector<int>{2, 3, 4, 1});
  CHECK(f.queue.empty());
  CHECK(f.queue.next_deadline() == Time::max());
}

TEST_CASE("an armed timer moves when it is armed again, and does not fire when cancelled or destroyed",
          "[engine][timer]") {
  TimerFixture f;
  Alarm a(f, 1), b(f, 2);
  f.queue.arm(a.timer, at(10));
  f.queue.arm(a.timer, at(30));
  CHECK(f.queue.size() == 1);
  f.queue.arm(b.timer, at(20));
  f.queue.cancel(b.timer);
  f.queue.cancel(b.timer);
  {
    Alarm c(f, 3);
    f.queue.arm(c.timer, at(5));
  }
  CHECK(f.queue.size() == 1);
  f.queue.advance(at(20));
  CHECK(f.fired.empty());
  f.queue.advance(at(30));
  CHECK(f.fired == std::vector<int>{1});
}

TEST_CASE("a timer that re-arms itself in the past waits for the next call", "[engine][timer]") {
  TimerFixture f;
  Alarm a(f, 1);
  a.then = [&] { f.queue.arm(a.timer, at(0)); };
  f.queue.arm(a.timer, at(10));
  f.queue.advance(at(10));
  CHECK(f.fired.size() == 1);
  CHECK(f.wakes.back() == at(0));
  f.queue.advance(at(10));
  CHECK(f.fired.size() == 2);
}

TEST_CASE("callbacks may cancel and destroy other timers and their own", "[engine][timer]") {
  TimerFixture f;
  auto a = std::make_unique<Alarm>(f, 1);
  auto b = std::make_unique<Alarm>(f, 2);
  Alarm c(f, 3);
  a->then = [&] {
    f.queue.cancel(c.timer);
    b.reset();
    a.reset();
  };
  f.queue.arm(a->timer, at(10));
  f.queue.arm(b->timer, at(10));
  f.queue.arm(c.timer, at(10));
  f.queue.advance(at(10));
  CHECK(f.fired == std::vector<int>{1});
  CHECK(f.queue.empty());
}

TEST_CASE("a timer may outlive its queue", "[engine][timer]") {
  auto f = std::make_unique<TimerFixture>();
  auto a = std::make_unique<Alarm>(*f, 1);
  f->queue.arm(a->timer, at(10));
  f.reset();
  CHECK_FALSE(a->timer.armed());
}

TEST_CASE("a thousand timers armed, moved and cancelled at random fire in order", "[engine][timer]") {
  TimerFixture f;
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<int> deadlines(1000, -1);
  for (int i = 0; i < 1000; ++i) alarms.push_back(std::make_unique<Alarm>(f, i));
  for (int round = 0; round < 5000; ++round) {
    const auto i = random() % alarms.size();
    if (random() % 4 == 0) {
      f.queue.cancel(alarms[i]->timer);
      deadlines[i] = -1;
    } else {
      deadlines[i] = static_cast<int>(random() % 100'000);
      f.queue.arm(alarms[i]->timer, at(deadlines[i]));
    }
  }
  const auto armed = std::count_if(deadlines.begin(), deadlines.end(), [](int deadline) { return deadline >= 0; });
  CHECK(f.queue.size() == static_cast<std::size_t>(armed));
  for (int now = 0; now <= 100'000; now += 997) f.queue.advance(at(now));
  f.queue.advance(at(100'000));
  REQUIRE(f.fired.size() == static_cast<std::size_t>(armed));
  CHECK(std::is_sorted(f.fired.begin(), f.fired.end(), [&](int a, int b) {
    return deadlines[static_cast<std::size_t>(a)] < deadlines[static_cast<std::size_t>(b)];
  }));
}
