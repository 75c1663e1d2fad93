// SPDX-License-Identifier: MIT
// The end of a server in order: what clients have sent is handled and answered, new clients are refused, and the
// deadline holds.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace socketio;
using namespace socketio::test;

using Lines = std::vector<std::string>;

namespace {

/// Runs the server, including timers that are due, until the condition holds.
bool comes_true(Harness& harness, const std::function<bool()>& condition) {
  harness.wait(0ms);
  return harness.until(condition);
}

/// Lets coroutines wait until a test lets them go on.
class Barrier {
 public:
  explicit Barrier(const asio::any_io_executor& executor)
      : timer_(executor, std::chrono::steady_clock::time_point::max()) {}
  asio::awaitable<void> pass() {
    try {
      co_await timer_.async_wait(asio::use_awaitable);
    } catch (const std::system_error&) {
    }
  }
  void open() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

/// Shuts down with a long deadline, and notes the end.
struct Ending {
  explicit Ending(Harness& harness, std::chrono::milliseconds deadline = 60s) {
    harness.io.shutdown(deadline, [this](std::error_code with) {
      is_over = true;
      error = with;
    });
  }
  bool is_over = false;
  std::error_code error;
};

const std::string polling_session = std::string(polling_target) + "&sid=";

/// A polling client in the main namespace. @return its session id
std::string open_polling(Harness& harness) {
  auto opened = harness.get(polling_target);
  REQUIRE(harness.until([&] { return opened.done(); }));
  const std::string sid = sid_in(opened.body());
  auto joined = harness.post(polling_session + sid, "40");
  REQUIRE(harness.until([&] { return joined.done(); }));
  auto reply = harness.get(polling_session + sid);
  REQUIRE(harness.until([&] { return reply.done(); }));
  REQUIRE(reply.body().substr(0, 2) == "40");
  return sid;
}

}  // namespace

TEST_CASE("a shutdown ends idle clients without a DISCONNECT packet, so that they come back", "[behaviour][shutdown]") {
  Harness harness;
  Lines log;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&](DisconnectReason reason) { log.emplace_back(to_string(reason)); });
  });
  auto client = open_socket(harness);
  const std::string sid = open_polling(harness);
  auto poll = harness.get(polling_session + sid);
  harness.pump();
  const Ending ending(harness);
  CHECK(harness.io.is_shutting_down());
  CHECK(log.empty());  // never inside the call
  REQUIRE(harness.until([&] { return client.closed() && poll.done(); }));
  client.close();
  CHECK(poll.body() == "1");
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
  CHECK_FALSE(ending.error);
  CHECK(log == Lines{"server shutting down", "server shutting down"});
  CHECK_FALSE(harness.io.is_shutting_down());
}

TEST_CASE("a shutdown waits for the handlers that run, and sends their answers", "[behaviour][shutdown]") {
  Harness harness;
  Lines log;
  std::optional<Ack<std::string>> kept;
  Barrier barrier(harness.io.get_executor());
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("coroutine", [&]() -> asio::awaitable<std::string> {
      co_await barrier.pass();
      co_return "late";
    });
    socket.on("kept", [&](Ack<std::string> ack) { kept = ack; });
    socket.on("silent", [&]() -> asio::awaitable<void> {
      co_await barrier.pass();
      log.emplace_back("silent");
    });
    socket.on("event", [&] { log.emplace_back("event"); });
  });
  auto waiting = open_socket(harness);
  auto other = open_socket(harness);
  std::string what;
  SECTION("a coroutine") { what = "coroutine"; }
  SECTION("an Ack that is kept") { what = "kept"; }
  SECTION("a coroutine whose client asks for no answer") { what = "silent"; }
  waiting.text((what == "silent" ? "42" : "427") + ("[\"" + what + "\"]"));
  harness.pump();
  const Ending ending(harness);
  REQUIRE(harness.until([&] { return other.closed(); }));  // to it nothing is owed
  CHECK(harness.io.sockets().size() == 1);
  other.close();
  waiting.text(R"(428["event"])");
  harness.pump();
  CHECK(log.empty());  // no new event is handled
  CHECK(harness.io.sockets().size() == 1);
  barrier.open();
  if (kept) (*kept)("late");
  if (what == "silent") {
    CHECK(harness.until([&] { return !log.empty(); }));
  } else {
    CHECK(waiting.next() == R"(437["late"])");
  }
  CHECK(harness.until([&] { return waiting.closed(); }));
  waiting.close();
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
  CHECK_FALSE(ending.error);
}

TEST_CASE("a shutdown does not wait for an answer that a handler has given up", "[behaviour][shutdown]") {
  Harness harness;
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("kept", [&](Ack<std::string> ack) { kept = ack; }); });
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  harness.pump();
  REQUIRE(kept);
  const Ending ending(harness);
  harness.pump();
  CHECK(harness.io.sockets().size() == 1);
  SECTION("it forgets it") { kept.reset(); }
  SECTION("the client has gone") { client.close(); }
  CHECK(harness.until([&] { return client.closed(); }));
  client.close();
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
  CHECK_FALSE(ending.error);
}

TEST_CASE("the coroutines of clients that have gone are waited for, too", "[behaviour][shutdown]") {
  Harness harness;
  bool is_saved = false;
  Barrier barrier(harness.io.get_executor());
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&]() -> asio::awaitable<void> {
      co_await barrier.pass();
      is_saved = true;
    });
  });
  auto client = open_socket(harness);
  const Ending ending(harness);
  REQUIRE(harness.until([&] { return client.closed(); }));
  client.close();
  harness.pump();
  CHECK_FALSE(ending.is_over);
  barrier.open();
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
  CHECK(is_saved);
  CHECK_FALSE(ending.error);
}

TEST_CASE("a coroutine of a connection handler, which runs as long as its client is there, does not hold a shutdown up",
          "[behaviour][shutdown]") {
  Harness harness;
  Barrier barrier(harness.io.get_executor());
  harness.io.on("connection", [&](TestSocket socket) -> asio::awaitable<void> {
    socket.on("disconnect", [&] { barrier.open(); });
    while (socket.connected()) co_await barrier.pass();
  });
  auto client = open_socket(harness);
  const Ending ending(harness);
  CHECK(harness.until([&] { return client.closed(); }));
  client.close();
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
  CHECK_FALSE(ending.error);
}

TEST_CASE("a handler may shut its server down, and its client still gets its answer", "[behaviour][shutdown]") {
  Harness harness;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("stop", [&] {
      harness.io.shutdown(60s);
      return "stopping";
    });
  });
  auto client = open_socket(harness);
  client.text(R"(421["stop"])");
  CHECK(client.next() == R"(431["stopping"])");
  CHECK(harness.until([&] { return client.closed(); }));
}

TEST_CASE("a client that polls gets its answers first, and the end with its next poll", "[behaviour][shutdown]") {
  Harness harness;
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("kept", [&](Ack<std::string> ack) { kept = ack; }); });
  const std::string sid = open_polling(harness);
  auto post = harness.post(polling_session + sid, R"(427["kept"])");
  REQUIRE(harness.until([&] { return post.done(); }));
  const Ending ending(harness);
  harness.pump();
  CHECK_FALSE(ending.is_over);
  (*kept)("late");
  harness.pump();
  auto poll = harness.get(polling_session + sid);
  REQUIRE(harness.until([&] { return poll.done(); }));
  CHECK(poll.body() == R"(437["late"])");
  // Clients that get both in one response forget the answer: they look at the end first.
  auto last = harness.get(polling_session + sid);
  REQUIRE(harness.until([&] { return last.done(); }));
  CHECK(last.body().back() == '1');
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
  CHECK_FALSE(ending.error);
}

TEST_CASE("what a client posts while it waits for its last answers is accepted and not handled",
          "[behaviour][shutdown]") {
  Harness harness;
  int events = 0;
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("kept", [&](Ack<std::string> ack) { kept = ack; });
    socket.on("event", [&] { ++events; });
  });
  const std::string sid = open_polling(harness);
  auto first = harness.post(polling_session + sid, R"(427["kept"])");
  REQUIRE(harness.until([&] { return first.done(); }));
  const Ending ending(harness);
  harness.pump();
  (*kept)("late");
  harness.pump();
  auto post = harness.post(polling_session + sid, R"(428["event"])");
  REQUIRE(harness.until([&] { return post.done(); }));
  CHECK(post.status() == 200);
  CHECK(events == 0);
  auto poll = harness.get(polling_session + sid);
  REQUIRE(harness.until([&] { return poll.done(); }));
  CHECK(poll.body() == R"(437["late"])");
}

TEST_CASE("a server that shuts down refuses new clients with 503", "[behaviour][shutdown]") {
  Harness harness;
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("kept", [&](Ack<std::string> ack) { kept = ack; }); });
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  harness.pump();
  const Ending ending(harness);
  harness.pump();
  auto refused = harness.get(polling_target);
  REQUIRE(harness.until([&] { return refused.done(); }));
  CHECK(refused.status() == 503);
  (*kept)("done");
  CHECK(client.next() == R"(437["done"])");
}

TEST_CASE("the deadline ends a shutdown, whatever is still going on", "[behaviour][shutdown][memory]") {
  Harness harness(on_memory);
  Lines log;
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("kept", [&](Ack<std::string> ack) { kept = ack; });
    socket.on("disconnect", [&](DisconnectReason reason) { log.emplace_back(to_string(reason)); });
  });
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  harness.pump();
  const Ending ending(harness, 1000ms);
  harness.wait(999ms);
  CHECK_FALSE(client.closed());
  CHECK_FALSE(ending.is_over);
  harness.wait(1ms);
  CHECK(harness.until([&] { return ending.is_over; }));
  CHECK(ending.error == Errc::timed_out);
  CHECK(client.closed());
  CHECK(log == Lines{"server shutting down"});
}

TEST_CASE("of several calls of shutdown the earliest deadline counts, and all complete",
          "[behaviour][shutdown][memory]") {
  Harness harness(on_memory);
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("kept", [&](Ack<std::string> ack) { kept = ack; }); });
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  harness.pump();
  const Ending first(harness, 10s);
  const Ending second(harness, 1s);
  const Ending third(harness, 5s);
  harness.wait(999ms);
  CHECK_FALSE(first.is_over);
  harness.wait(1ms);
  CHECK(harness.until([&] { return first.is_over && second.is_over && third.is_over; }));
}

TEST_CASE("close ends a shutdown", "[behaviour][shutdown]") {
  Harness harness;
  std::optional<Ack<std::string>> kept;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("kept", [&](Ack<std::string> ack) { kept = ack; }); });
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  harness.pump();
  const Ending ending(harness);
  harness.pump();
  harness.io.close();
  CHECK(harness.until([&] { return client.closed(); }));
  client.close();
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
}

TEST_CASE("a server that has shut down listens again, and not before that", "[behaviour][shutdown]") {
  asio::io_context context;
  TestServer io(context, {}, TestTransport::Options{"asio"});
  io.on("connection", [](TestSocket socket) { socket.on("ask", [] { return "answer"; }); });
  for (int round = 0; round < 2; ++round) {
    const std::uint16_t port = io.listen(0, "127.0.0.1");
    auto wire = make_tcp_wire(context, port);
    auto client = wire->open(websocket_target);
    CHECK(client->next().substr(0, 2) == "0{");
    client->text("40");
    CHECK(client->next().substr(0, 2) == "40");
    client->text(R"(421["ask"])");
    CHECK(client->next() == R"(431["answer"])");
    bool is_over = false;
    io.shutdown(60s, [&](std::error_code) { is_over = true; });
    CHECK_THROWS_AS(io.listen(0, "127.0.0.1"), std::logic_error);
    CHECK(wire->until([&] { return client->closed(); }));
    client->close();
    CHECK(wire->until([&] { return is_over; }));
  }
}

TEST_CASE("a shutdown completes on a server that has no clients, or never listened", "[behaviour][shutdown]") {
  asio::io_context context;
  TestServer io(context, {}, TestTransport::Options{"asio"});
  int ends = 0;
  const auto count = [&](std::error_code error) { ends += error ? 100 : 1; };
  io.shutdown(60s, count);
  CHECK(ends == 0);
  context.run();
  CHECK(ends == 1);
  context.restart();
  io.listen(0, "127.0.0.1");
  io.shutdown(60s, count);
  context.run();  // nothing of the server is left in the loop, its timers included
  CHECK(ends == 2);
}

TEST_CASE("a shutdown of a destroyed server is dropped", "[behaviour][shutdown][lifetime]") {
  asio::io_context context;
  const auto kept = std::make_shared<int>();
  {
    TestServer io(context, {.shutdown_notice = 60s}, TestTransport::Options{"asio"});
    io.listen(0, "127.0.0.1");
    io.shutdown_on_signals(60s);
    io.shutdown(60s, [kept](std::error_code) { FAIL("nobody is there to be told"); });
    SECTION("at once") {}
    SECTION("after it has begun") { context.poll(); }
  }
  context.restart();
  context.run();
  CHECK(kept.use_count() == 1);
}

TEST_CASE("the health check tells whether the server takes clients", "[behaviour][shutdown][memory]") {
  Harness harness(on_memory, {.shutdown_notice = 5s, .health_path = "/healthz"});
  std::optional<Ack<>> kept;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("kept", [&](Ack<> ack) { kept = ack; }); });
  const auto ask = [&](const std::string& target) {
    auto asked = harness.get(target);
    REQUIRE(harness.until([&] { return asked.done(); }));
    return std::to_string(asked.status()) + ' ' + asked.body();
  };
  CHECK(ask("/healthz") == "200 ok");
  CHECK(ask("/healthz?from=balancer") == "200 ok");
  CHECK(ask("/healthz/more") == "404 ");
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  const Ending ending(harness);
  harness.pump();
  CHECK(ask("/healthz") == "503 draining");
  // During the notice all goes on as before.
  harness.wait(4999ms);
  auto late = open_socket(harness);
  CHECK_FALSE(late.closed());
  harness.wait(1ms);
  CHECK(harness.until([&] { return late.closed(); }));
  CHECK_FALSE(client.closed());
  CHECK(ask("/healthz") == "503 draining");
  (*kept)();
  CHECK(client.next() == "437[]");
  CHECK(comes_true(harness, [&] { return ending.is_over; }));
}

TEST_CASE("a signal shuts the server down, and the next one ends it at once", "[behaviour][shutdown]") {
  Harness harness;
  std::optional<Ack<std::string>> kept;
  bool is_over = false;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("kept", [&](Ack<std::string> ack) { kept = ack; });
    socket.on("disconnect", [&] { is_over = true; });
  });
  auto client = open_socket(harness);
  client.text(R"(427["kept"])");
  harness.pump();
  harness.io.shutdown_on_signals(60s);
  std::raise(SIGTERM);
  REQUIRE(harness.until([&] { return harness.io.is_shutting_down(); }));
  harness.pump();
  CHECK_FALSE(is_over);
  std::raise(SIGINT);
  CHECK(harness.until([&] { return is_over; }));
  CHECK(comes_true(harness, [&] { return !harness.io.is_shutting_down(); }));
  CHECK(std::signal(SIGTERM, SIG_DFL) == SIG_DFL);  // the server watches it no more
}

TEST_CASE("a server that has closed watches no signals", "[behaviour][shutdown]") {
  asio::io_context context;
  TestServer io(context, {}, TestTransport::Options{"asio"});
  io.listen(0, "127.0.0.1");
  io.shutdown_on_signals();
  io.close();
  context.run();  // which would not return if it did
  CHECK(std::signal(SIGTERM, SIG_DFL) == SIG_DFL);
}
