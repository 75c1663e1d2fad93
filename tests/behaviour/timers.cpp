// SPDX-License-Identifier: MIT
// Timers of sockets, namespaces and servers: when they call their functions, and what ends them.

#include "../support/client.hpp"

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// A server with one client, and a clock that the test moves.
struct Timed {
  Timed() {
    harness.io.on_error([this](const ErrorReport& report) { reports.push_back(report); });
    harness.io.on("connection", [this](TestSocket connected) { socket = connected; });
    client.emplace(open_socket(harness));
    REQUIRE(socket);
  }

  Harness harness{on_memory, {.ping_interval = 10h}};
  std::vector<ErrorReport> reports;
  std::optional<TestSocket> socket;
  std::optional<Harness::WebSocket> client;
};

struct Clock {
  void tick() { ++ticks; }
  int ticks = 0;
};

}  // namespace

TEST_CASE("a timeout calls its function once, when its time has come", "[behaviour][timers][memory]") {
  Timed test;
  std::string log;
  test.socket->set_timeout(200ms, [&] { log += "late "; });
  const TimerHandle timer = test.socket->set_timeout(100ms, [&] { log += "soon "; });
  CHECK(timer.is_active());
  test.harness.wait(99ms);
  CHECK(log.empty());
  test.harness.wait(1ms);
  CHECK(log == "soon ");
  CHECK_FALSE(timer.is_active());
  test.harness.wait(1h);
  CHECK(log == "soon late ");
}

TEST_CASE("a timeout of nothing calls its function in a later turn", "[behaviour][timers][memory]") {
  Timed test;
  std::string log;
  asio::post(test.harness.io.get_executor(), [&] {
    test.socket->set_timeout(0ms, [&] { log += "second "; });
    test.socket->set_timeout(-5s, [&] { log += "third "; });
    log += "first ";
  });
  test.harness.wait(1ms);
  CHECK(log == "first second third ");
}

TEST_CASE("an interval calls its function again and again, at even distances", "[behaviour][timers][memory]") {
  Timed test;
  int calls = 0;
  const TimerHandle timer = test.socket->set_interval(100ms, [&] { ++calls; });
  for (int i = 1; i <= 5; ++i) {
    test.harness.wait(99ms);
    CHECK(calls == i - 1);
    test.harness.wait(1ms);
    CHECK(calls == i);
  }
  CHECK(timer.is_active());
  timer.cancel();
  CHECK_FALSE(timer.is_active());
  test.harness.wait(1h);
  CHECK(calls == 5);
}

TEST_CASE("a cancelled timer never calls its function, and lets go of what that has captured",
          "[behaviour][timers][memory]") {
  Timed test;
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> alive = token;
  int calls = 0;
  const TimerHandle timer = test.socket->set_timeout(10ms, [&calls, token = std::move(token)] { ++calls; });
  const TimerHandle copy = timer;
  CHECK_FALSE(alive.expired());
  copy.cancel();
  copy.cancel();
  test.harness.pump();
  CHECK(alive.expired());
  test.harness.wait(1h);
  CHECK(calls == 0);
  TimerHandle().cancel();
  CHECK_FALSE(TimerHandle().is_active());
}

TEST_CASE("a function may cancel its own timer and others", "[behaviour][timers][memory]") {
  Timed test;
  int calls = 0, others = 0;
  const TimerHandle other = test.socket->set_interval(10ms, [&] { ++others; });
  test.socket->set_interval(10ms, [&](TimerHandle timer) {
    if (++calls < 3) return;
    timer.cancel();
    other.cancel();
    CHECK_FALSE(timer.is_active());
  });
  test.harness.wait(10ms);
  test.harness.wait(10ms);
  test.harness.wait(10ms);
  test.harness.wait(1h);
  CHECK(calls == 3);
  CHECK(others == 3);
}

TEST_CASE("the function of a timer that cancels itself lives until it returns", "[behaviour][timers][memory]") {
  Timed test;
  std::weak_ptr<int> alive;
  bool was_alive = false;
  auto token = std::make_shared<int>();
  alive = token;
  test.socket->set_interval(10ms, [&, token = std::move(token)](const TimerHandle& timer) {
    timer.cancel();
    was_alive = !alive.expired();
  });
  test.harness.wait(10ms);
  CHECK(was_alive);
  CHECK(alive.expired());
}

TEST_CASE("the timers of a socket end when it disconnects", "[behaviour][timers][memory]") {
  Timed test;
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> alive = token;
  int calls = 0;
  const TimerHandle timer =
      test.socket->set_interval(10ms, [&calls, token = std::move(token), socket = *test.socket] { ++calls; });
  SECTION("because the client leaves") { test.client->text("41"); }
  SECTION("because the connection is cut") { test.client->abort(); }
  SECTION("because the server wants it") { test.socket->disconnect(); }
  SECTION("because the server closes") { test.harness.io.close(); }
  REQUIRE(test.harness.until([&] { return test.socket->disconnected(); }));
  CHECK_FALSE(timer.is_active());
  CHECK(alive.expired());
  const TimerHandle late = test.socket->set_timeout(0ms, [&] { ++calls; });
  CHECK_FALSE(late.is_active());
  test.harness.wait(1h);
  CHECK(calls == 0);
}

TEST_CASE("a timer may disconnect its own socket", "[behaviour][timers][memory]") {
  Timed test;
  int calls = 0;
  test.socket->set_interval(10ms, [&, socket = *test.socket] {
    ++calls;
    socket.disconnect();
  });
  test.harness.wait(10ms);
  CHECK(test.socket->disconnected());
  test.harness.wait(1h);
  CHECK(calls == 1);
}

TEST_CASE("the timers of a client that a middleware refuses end", "[behaviour][timers][memory]") {
  Harness harness(on_memory);
  int calls = 0;
  std::optional<Next> waiting;
  harness.io.use([&](TestSocket socket, Next next) {
    socket.set_timeout(10ms, [&] { ++calls; });
    socket.set_timeout(20ms, [&] { ++calls; });
    waiting = next;
  });
  auto client = open_engine(harness);
  client.text("40");
  REQUIRE(harness.until([&] { return waiting.has_value(); }));
  harness.wait(10ms);
  CHECK(calls == 1);
  (*waiting)(ConnectError("no"));
  harness.wait(1h);
  CHECK(calls == 1);
}

TEST_CASE("timers of namespaces and of the server run without clients", "[behaviour][timers][memory]") {
  Harness harness(on_memory);
  std::string log;
  harness.io.set_interval(100ms, [&] { log += "server "; });
  harness.io.of("/n").set_timeout(150ms, [&] { log += "/n "; });
  harness.wait(100ms);
  harness.wait(50ms);
  harness.wait(50ms);
  CHECK(log == "server /n server ");
}

TEST_CASE("the timers of a server end when it closes, and a closed server starts none", "[behaviour][timers][memory]") {
  Harness harness(on_memory);
  int calls = 0;
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> alive = token;
  const TimerHandle timer = harness.io.set_interval(10ms, [&calls, token = std::move(token)] { ++calls; });
  const TimerHandle other = harness.io.of("/n").set_timeout(10ms, [&] { ++calls; });
  harness.io.close();
  CHECK_FALSE(timer.is_active());
  CHECK_FALSE(other.is_active());
  CHECK(alive.expired());
  harness.io.set_timeout(10ms, [&] { ++calls; });
  harness.wait(1h);
  CHECK(calls == 0);
  harness.io.listen(0);
  harness.io.set_timeout(10ms, [&] { ++calls; });
  harness.wait(10ms);
  CHECK(calls == 1);
}

TEST_CASE("the timers of a child end when the empty child is removed", "[behaviour][timers][memory]") {
  Harness harness(on_memory, {.cleanup_empty_child_namespaces = true});
  harness.io.of([](const std::string&, const Value&) { return true; });
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> alive = token;
  std::optional<TimerHandle> timer;
  auto client = open_engine(harness);
  join(client, "/child");
  const TestNamespace child = harness.io.of("/child");
  timer = child.set_interval(10h, [child, token = std::move(token)] {});
  CHECK(timer->is_active());
  client.text("41/child,");
  REQUIRE(harness.until([&] { return !timer->is_active(); }));
  CHECK(alive.expired());
}

TEST_CASE("functions are destroyed with the server, without a call", "[behaviour][timers][memory]") {
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> alive = token;
  int calls = 0;
  std::vector<TimerHandle> timers;
  {
    Timed test;
    timers.push_back(test.harness.io.set_timeout(0ms, [&calls, token, nsp = test.harness.io.of("/")] { ++calls; }));
    timers.push_back(test.socket->set_interval(1ms, [&calls, token, socket = *test.socket] { ++calls; }));
    token.reset();
  }
  CHECK(alive.expired());
  CHECK(calls == 0);
  for (const TimerHandle& timer : timers) {
    CHECK_FALSE(timer.is_active());
    timer.cancel();
  }
}

TEST_CASE("what a timer's function throws is reported, and an interval goes on", "[behaviour][timers][memory]") {
  Timed test;
  int calls = 0;
  test.socket->set_interval(10ms, [&] {
    ++calls;
    throw std::runtime_error("broken");
  });
  test.harness.wait(10ms);
  test.harness.wait(10ms);
  CHECK(calls == 2);
  REQUIRE(test.reports.size() == 2);
  CHECK(test.reports[0].code == Errc::handler_failed);
  CHECK(test.reports[0].detail == "handler threw: broken");
  CHECK(test.reports[0].nsp == "/");
  CHECK(test.reports[0].socket_id == test.socket->id());
  test.harness.io.of("/n").set_timeout(10ms, []() -> asio::awaitable<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    throw std::runtime_error("in a coroutine");
  });
  test.socket->disconnect();
  test.harness.wait(10ms);
  REQUIRE(test.reports.size() == 3);
  CHECK(test.reports[2].detail == "handler threw: in a coroutine");
  CHECK(test.reports[2].nsp == "/n");
  CHECK(test.reports[2].socket_id.empty());
}

TEST_CASE("the calls of an interval that takes long do not pile up", "[behaviour][timers][memory]") {
  Timed test;
  SECTION("a function that blocks while its clock goes on") {
    int calls = 0;
    MemoryTransport& transport = *test.harness.io.transport().memory();
    test.socket->set_interval(10ms, [&] {
      if (++calls == 1) transport.advance(85ms);
    });
    test.harness.wait(10ms);  // it ends at 95 ms, and the clock goes on from 10
    CHECK(calls == 1);
    test.harness.wait(89ms);
    CHECK(calls == 1);
    test.harness.wait(1ms);
    CHECK(calls == 2);
  }
  SECTION("a coroutine that waits") {
    int begun = 0;
    Next::Done resume;
    test.socket->set_interval(10ms, [&]() -> asio::awaitable<void> {
      ++begun;
      static_cast<void>(co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(int)>(
          [&](auto handler) {
            resume = [handler = std::move(handler)](const Next::Result&) mutable { std::move(handler)(0); };
          },
          asio::use_awaitable));
    });
    test.harness.wait(10ms);
    test.harness.wait(85ms);
    CHECK(begun == 1);
    REQUIRE(resume);
    asio::post(test.harness.io.get_executor(), [&] { Next::Done(std::move(resume))(std::nullopt); });
    test.harness.pump();
    CHECK(begun == 1);
    test.harness.wait(5ms);
    CHECK(begun == 2);
    test.socket->disconnect();
    test.harness.pump();
    asio::post(test.harness.io.get_executor(), [&] { Next::Done(std::move(resume))(std::nullopt); });
    test.harness.wait(1h);
    CHECK(begun == 2);
  }
}

TEST_CASE("a coroutine that has begun goes on after the timer is cancelled", "[behaviour][timers][memory]") {
  Timed test;
  std::string log;
  test.socket->set_timeout(10ms, [&](TimerHandle timer) -> asio::awaitable<void> {
    timer.cancel();
    log += "begun ";
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    log += "finished ";
  });
  test.harness.wait(10ms);
  CHECK(log == "begun finished ");
}

TEST_CASE("a timer may call a member function of an object", "[behaviour][timers][memory]") {
  Timed test;
  Clock by_pointer;
  const auto shared = std::make_shared<Clock>();
  test.socket->set_timeout(10ms, &Clock::tick, &by_pointer);
  test.harness.io.set_interval(10ms, &Clock::tick, shared);
  test.harness.wait(10ms);
  test.harness.wait(10ms);
  CHECK(by_pointer.ticks == 1);
  CHECK(shared->ticks == 2);
}

TEST_CASE("timers of any number end in any order and leave nothing behind", "[behaviour][timers][memory]") {
  Timed test;
  const auto token = std::make_shared<int>();
  std::vector<TimerHandle> timers;
  std::size_t calls = 0;
  Scheduler& scheduler = test.harness.io.transport().memory()->scheduler();
  const std::size_t before = scheduler.timers().size();
  for (int i = 0; i < 10'000; ++i)
    timers.push_back(test.socket->set_timeout(std::chrono::milliseconds(1 + i % 100), [&calls, token] { ++calls; }));
  test.harness.pump();
  CHECK(scheduler.timers().size() == before + 10'000);
  for (std::size_t i = 0; i < timers.size(); i += 2) timers[i * 7 % timers.size()].cancel();
  test.harness.pump();
  std::size_t active = 0;
  for (const TimerHandle& timer : timers)
    if (timer.is_active()) ++active;
  CHECK(scheduler.timers().size() == before + active);
  test.harness.wait(100ms);
  CHECK(calls == active);
  CHECK(scheduler.timers().size() == before);
  CHECK(token.use_count() == 1);
  // One after the other, they use the same memory.
  int left = 100'000;
  test.socket->set_interval(1ms, [&](const TimerHandle& timer) {
    for (int i = 0; i < 1000; ++i) test.socket->set_timeout(0ms, [token] {});
    if ((left -= 1000) == 0) timer.cancel();
  });
  while (left > 0) {
    test.harness.wait(1ms);
    CHECK(scheduler.timers().size() <= before + 1001);
  }
  test.harness.wait(1ms);
  CHECK(token.use_count() == 1);
}

TEST_CASE("other threads set and cancel timers, whose functions run on the socket's", "[behaviour][timers]") {
  Harness harness;
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  REQUIRE(harness.until([&] { return socket.has_value(); }));
  std::optional<std::thread::id> on_socket, on_server;
  int cancelled = 0;
  std::thread([&] {
    socket->set_timeout(1ms, [&] { on_socket = std::this_thread::get_id(); });
    harness.io.set_timeout(1ms, [&] { on_server = std::this_thread::get_id(); });
    const TimerHandle timer = socket->set_timeout(0ms, [&] { ++cancelled; });
    timer.cancel();
    CHECK_FALSE(timer.is_active());
  }).join();
  harness.wait(1ms);
  CHECK(harness.until([&] { return on_socket && on_server; }));
  CHECK(on_socket == std::this_thread::get_id());
  CHECK(on_server == std::this_thread::get_id());
  CHECK(cancelled == 0);
}

TEST_CASE("a delay of any length is accepted", "[behaviour][timers][limits][memory]") {
  Timed test;
  int calls = 0;
  const TimerHandle timer = test.socket->set_timeout((std::chrono::milliseconds::max)(), [&] { ++calls; });
  test.socket->set_interval(0ms, [&](const TimerHandle& self) {
    if (++calls == 3) self.cancel();
  });
  for (int i = 0; i < 5; ++i) test.harness.wait(1ms);
  CHECK(calls == 3);
  CHECK(timer.is_active());
  test.socket->set_interval((std::chrono::milliseconds::min)(), [](const TimerHandle& self) { self.cancel(); });
  test.harness.wait(2ms);
}
