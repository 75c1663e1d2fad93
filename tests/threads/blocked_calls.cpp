// SPDX-License-Identifier: MIT
// Functions of the program that block a thread of the server are reported, while they do and when they have ended.

#include "running_server.hpp"
#include "visitor.hpp"

#include <socketio/socketio.hpp>
#include <tests/support/catch.hpp>

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace socketio::test;
using socketio::BlockedCall;
using Kind = BlockedCall::Kind;

namespace {

/// What the hook of a server has been told.
class Reports {
 public:
  void add(const BlockedCall& call) {
    {
      const std::lock_guard lock(mutex_);
      all_.push_back(call);
    }
    added_.notify_all();
  }

  /// The report of a function, as soon as there is one. With this a handler blocks its thread until it is reported.
  BlockedCall wait_for(Kind kind, const std::string& event, bool has_ended, const std::string& socket_id = {}) {
    std::unique_lock lock(mutex_);
    std::optional<BlockedCall> found;
    added_.wait(lock, [&] {
      for (const BlockedCall& call : all_)
        if (call.kind == kind && call.event == event && call.has_ended == has_ended &&
            (socket_id.empty() || call.socket_id == socket_id))
          found = call;
      return found.has_value();
    });
    return *found;
  }
  void block(Kind kind, const std::string& event) { wait_for(kind, event, false); }

  std::vector<BlockedCall> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::vector<BlockedCall> all_;
};

/// A server that reports what blocks it for a millisecond; slow machines may block functions that are not meant to.
struct Watched {
  Watched() {
    server.io.on_blocked_call([this](const BlockedCall& call) { reports.add(call); });
  }

  Reports reports;
  Running<> server{{.blocked_call_limit = 1ms}};
};

}  // namespace

TEST_CASE("a handler that blocks its thread is reported while it blocks, and when it has ended", "[threads][watch]") {
  Watched test;
  std::atomic<int> on_the_loop{0};
  test.server.io.of("/n").on("connection", [&](socketio::Socket socket) {
    socket.on("block", [&](socketio::Ack<> ack) {
      const auto mine = std::this_thread::get_id();
      test.server.io.on_blocked_call([&, mine](const BlockedCall& call) {
        if (std::this_thread::get_id() == mine) ++on_the_loop;
        test.reports.add(call);
      });
      test.reports.block(Kind::event, "block");
      ack();
    });
  });
  test.server.run();
  Visitor visitor(test.server.port, "/n,");
  visitor.send("42/n,7[\"block\"]");
  CHECK(visitor.next() == "43/n,7[]");
  const BlockedCall begun = test.reports.wait_for(Kind::event, "block", false);
  const BlockedCall ended = test.reports.wait_for(Kind::event, "block", true);
  CHECK(begun.nsp == "/n");
  CHECK(begun.socket_id == visitor.id);
  CHECK(begun.thread < Running<>::threads);
  CHECK(begun.duration >= 1ms);
  CHECK(ended.nsp == "/n");
  CHECK(ended.socket_id == visitor.id);
  CHECK(ended.thread == begun.thread);
  CHECK(ended.duration >= begun.duration);
  CHECK(test.server.io.blocked_calls() >= 1);
  CHECK(on_the_loop == 0);
}

TEST_CASE("every kind of function is watched", "[threads][watch]") {
  Watched test;
  Reports& reports = test.reports;
  auto& io = test.server.io;
  io.use([&](socketio::Socket) { reports.block(Kind::middleware, ""); });
  io.of("/").adapter().on("join-room", [&](const std::string& room, const std::string&) {
    if (room == "lobby") reports.block(Kind::room, "join-room");
  });
  io.on("connection", [&](socketio::Socket socket) {
    reports.block(Kind::connection, "connection");
    socket.use([&](socketio::IncomingEvent& event) {
      if (event.name() == "old name") {
        event.set("a new name that is longer than the old one", {});
        reports.block(Kind::middleware, "old name");
      }
    });
    socket.on_any([&](std::string_view event, const socketio::Args&) {
      if (event == "any") reports.block(Kind::event, "any");
    });
    socket.on("join", [socket](socketio::Ack<> ack) {
      socket.join("lobby");
      ack();
    });
    socket.on("time", [&, socket](socketio::Ack<> ack) {
      socket.set_timeout(0ms, [&, ack] {
        reports.block(Kind::timer, "");
        ack();
      });
    });
    socket.on("coroutine", [&](socketio::Ack<> ack) -> asio::awaitable<void> {
      reports.block(Kind::event, "coroutine");
      ack();
      co_return;
    });
    socket.on("ask me", [&, socket] {
      socket.emit("question", [&](std::error_code) { reports.block(Kind::acknowledgement, ""); });
    });
    socket.on("throw", [&] {
      reports.block(Kind::event, "throw");
      throw std::runtime_error("after a long time");
    });
    socket.on("disconnect", [&] { reports.block(Kind::event, "disconnect"); });
  });
  io.on_error([](const socketio::ErrorReport&) {});
  test.server.run();
  {
    Visitor visitor(test.server.port);
    visitor.send(R"(42["old name"])");
    visitor.send(R"(42["any"])");
    CHECK(visitor.ask("\"join\"") == "437[]");
    CHECK(visitor.ask("\"time\"") == "437[]");
    CHECK(visitor.ask("\"coroutine\"") == "437[]");
    visitor.send(R"(42["ask me"])");
    CHECK(visitor.next() == R"(420["question"])");
    visitor.send("430[]");
    visitor.send(R"(42["throw"])");
    reports.wait_for(Kind::acknowledgement, "", true, visitor.id);
    reports.wait_for(Kind::event, "throw", true, visitor.id);
    reports.wait_for(Kind::room, "join-room", true, visitor.id);
    reports.wait_for(Kind::timer, "", true, visitor.id);
    reports.wait_for(Kind::middleware, "", true);
    reports.wait_for(Kind::middleware, "old name", true, visitor.id);
    reports.wait_for(Kind::connection, "connection", true, visitor.id);
  }
  reports.wait_for(Kind::event, "disconnect", true);
  CHECK(io.blocked_calls() >= 10);
}

TEST_CASE("what a middleware calls is not counted as the middleware's time", "[threads][watch]") {
  Watched test;
  test.server.io.on("connection", [&](socketio::Socket socket) {
    socket.use([&](socketio::IncomingEvent&, socketio::Next next) { next(); });
    for (const std::string name : {"first", "second"})
      socket.on(name, [&, name](socketio::Ack<> ack) {
        test.reports.block(Kind::event, name);
        ack();
      });
  });
  test.server.run();
  Visitor visitor(test.server.port);
  CHECK(visitor.ask("\"first\"") == "437[]");
  const BlockedCall handler = test.reports.wait_for(Kind::event, "first", true);
  CHECK(visitor.ask("\"second\"") == "437[]");  // whatever the first one is reported with has been reported by now
  for (const BlockedCall& call : test.reports.all())
    if (call.kind == Kind::middleware && call.event == "first") CHECK(call.duration < handler.duration);
}

TEST_CASE("functions within the limit are not reported", "[threads][watch]") {
  Running<> server({.blocked_call_limit = 24h});
  std::atomic<int> reported{0};
  server.io.on_blocked_call([&](const BlockedCall&) { ++reported; });
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("echo", [](int number) { return number; });
    socket.on("disconnect", [] {});
  });
  server.run();
  for (int i = 0; i < 5; ++i) CHECK(Visitor(server.port).ask("\"echo\",1") == "437[1]");
  server.stop();
  CHECK(server.io.blocked_calls() == 0);
  CHECK(reported == 0);
}

TEST_CASE("a hook that throws or waits does not end the watch", "[threads][watch]") {
  Watched test;
  std::promise<void> may_go_on;
  std::atomic<bool> has_thrown{false};
  test.server.io.on_blocked_call(
      [&, held = std::make_shared<std::future<void>>(may_go_on.get_future())](const BlockedCall& call) {
        if (call.event == "first" && !call.has_ended) {
          held->wait();
          has_thrown = true;
          throw std::runtime_error("from the hook");
        }
        test.reports.add(call);
      });
  test.server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("first", [&](socketio::Ack<> ack) {
      while (test.server.io.blocked_calls() == 0) std::this_thread::yield();
      may_go_on.set_value();
      ack();
    });
    socket.on("second", [&](socketio::Ack<> ack) {
      test.reports.block(Kind::event, "second");
      ack();
    });
  });
  test.server.run();
  Visitor visitor(test.server.port);
  CHECK(visitor.ask("\"first\"") == "437[]");
  CHECK(visitor.ask("\"second\"") == "437[]");
  test.reports.wait_for(Kind::event, "second", true);
}

TEST_CASE("a server with a watcher may be destroyed while functions block its program", "[threads][watch]") {
  for (int i = 0; i < 3; ++i) {
    asio::io_context context;
    socketio::Server io(context, {.blocked_call_limit = 1ms});
    std::atomic<int> reports{0};
    io.on_blocked_call([&](const BlockedCall&) { ++reports; });
    io.listen(0, "127.0.0.1");
    io.set_timeout(0ms, [&] {
      while (io.blocked_calls() == 0) std::this_thread::yield();
      io.close();
    });
    context.run();
    CHECK(io.blocked_calls() >= 1);
  }
}

TEST_CASE("a report of a blocked call is one line", "[threads][watch]") {
  const BlockedCall event{Kind::event, "/n", "id", "sum", 2, 120ms, false};
  CHECK(event.message() == R"(handler of "sum" of socket id in /n has blocked thread 2 for 120 ms and goes on)");
  const BlockedCall timer{Kind::timer, "/", {}, {}, 0, 7ms, true};
  CHECK(timer.message() == "timer in / blocked thread 0 for 7 ms");
}
