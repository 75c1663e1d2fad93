// SPDX-License-Identifier: MIT
// Timers and tasks over an io_context, which keep it running only while they are needed.
#include <socketio/transport/asio_scheduler.hpp>
#include <tests/support/catch.hpp>

#include <asio/post.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using socketio::AsioScheduler;
using socketio::Timer;

namespace {

struct Note {
  std::vector<int>* notes;
  int number;
  Timer timer{[](void* self) { static_cast<Note*>(self)->write(); }, this};

  Note(std::vector<int>& where, int what) : notes(&where), number(what) {}
  void write() { notes->push_back(number); }
};

}  // namespace

TEST_CASE("tasks run later and in order, whichever thread posts them", "[transport][asio][scheduler]") {
  asio::io_context context;
  AsioScheduler scheduler(context);
  std::vector<int> order;
  scheduler.post([&] {
    CHECK(scheduler.running_in_this_thread());
    scheduler.post([&] { order.push_back(3); });
    order.push_back(1);
    scheduler.dispatch([&] { order.push_back(2); });
  });
  CHECK(order.empty());
  CHECK_FALSE(scheduler.running_in_this_thread());
  context.run();
  CHECK(order == std::vector<int>{1, 2, 3});

  context.restart();
  std::thread([&] { scheduler.post([&] { order.push_back(4); }); }).join();
  context.run();
  CHECK(order.back() == 4);
}

TEST_CASE("timers fire by deadline, whatever the order in which they were armed", "[transport][asio][scheduler]") {
  asio::io_context context;
  AsioScheduler scheduler(context);
  std::vector<int> order;
  Note late(order, 3), early(order, 1), middle(order, 2), never(order, 4);
  const auto begin = scheduler.now();
  scheduler.arm(late.timer, 6ms);
  scheduler.arm(early.timer, 2ms);
  scheduler.arm(never.timer, 3ms);
  scheduler.arm(middle.timer, 4ms);
  scheduler.cancel(never.timer);
  context.run();
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK(scheduler.now() - begin >= 6ms);
}

TEST_CASE("a timer that was moved back fires once, at its new deadline", "[transport][asio][scheduler]") {
  asio::io_context context;
  AsioScheduler scheduler(context);
  std::vector<int> order;
  Note moved(order, 2), between(order, 1);
  scheduler.arm(moved.timer, 1ms);
  scheduler.arm(between.timer, 3ms);
  scheduler.arm(moved.timer, 5ms);
  context.run();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a timer may arm itself again from its callback", "[transport][asio][scheduler]") {
  asio::io_context context;
  AsioScheduler scheduler(context);
  struct Repeating {
    AsioScheduler& scheduler;
    int left = 3;
    Timer timer{[](void* self) { static_cast<Repeating*>(self)->fire(); }, this};
    explicit Repeating(AsioScheduler& where) : scheduler(where) {}
    void fire() {
      if (--left > 0) scheduler.arm(timer, 1ms);
    }
  } repeating(scheduler);
  scheduler.arm(repeating.timer, 1ms);
  context.run();
  CHECK(repeating.left == 0);
}

TEST_CASE("cancelled timers do not keep the io_context running", "[transport][asio][scheduler]") {
  asio::io_context context;
  AsioScheduler scheduler(context);
  std::vector<int> notes;
  Note first(notes, 1), second(notes, 2);
  scheduler.arm(first.timer, 1h);
  scheduler.arm(second.timer, 2h);
  SECTION("cancelled by hand") {
    scheduler.cancel(first.timer);
    scheduler.cancel(second.timer);
  }
  SECTION("cancelled by a task") {
    scheduler.post([&] {
      scheduler.cancel(second.timer);
      scheduler.cancel(first.timer);
    });
  }
  SECTION("kept while other work keeps it running, then released") {
    scheduler.release_when_idle(false);
    scheduler.cancel(first.timer);
    scheduler.cancel(second.timer);
    scheduler.post([&] { scheduler.release_when_idle(true); });
  }
  context.run();  // would take an hour otherwise
  CHECK(notes.empty());
}

TEST_CASE("a scheduler may be destroyed while its timer is pending", "[transport][asio][scheduler]") {
  asio::io_context context;
  std::optional<AsioScheduler> scheduler(std::in_place, context);
  std::vector<int> notes;
  std::optional<Note> note(std::in_place, notes, 1);
  scheduler->arm(note->timer, 0ms);
  std::this_thread::yield();
  asio::post(context, [&] {
    note.reset();
    scheduler.reset();
  });
  context.run();
  CHECK(notes.empty());
}

TEST_CASE("a clock of the program takes the place of the system's", "[transport][asio][scheduler]") {
  asio::io_context context;
  AsioScheduler scheduler(context);
  const AsioScheduler::Clock::time_point midnight(24h);
  scheduler.set_clock(midnight);
  CHECK(scheduler.now() == midnight);

  std::vector<int> order;
  Note first(order, 1), second(order, 2);
  scheduler.arm(second.timer, 100h);
  scheduler.arm(first.timer, 1ms);
  context.run();  // nothing waits for the system's clock
  CHECK(order.empty());

  scheduler.set_clock(midnight + 1ms);
  scheduler.timers().advance(scheduler.now());
  CHECK(order == std::vector<int>{1});
  scheduler.set_clock(midnight + 100h);
  scheduler.timers().advance(scheduler.now());
  CHECK(order == std::vector<int>{1, 2});
}
