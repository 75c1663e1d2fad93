// SPDX-License-Identifier: MIT
// Connection state recovery on several threads: clients return on another thread.

#include "running_server.hpp"
#include "visitor.hpp"

#include <asio/post.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using socketio::test::Running;
using socketio::test::Visitor;

namespace {

socketio::ServerOptions recovering() {
  socketio::ServerOptions options;
  options.connection_state_recovery.emplace();
  return options;
}

/// The last argument of a message, an offset.
std::string offset_in(std::string_view message) {
  const std::size_t end = message.rfind('"');
  const std::size_t begin = message.rfind('"', end - 1) + 1;
  return std::string(message.substr(begin, end - begin));
}

/// The number in `42["tick",<number>,"<offset>"]`.
int number_in(std::string_view message) {
  const std::string_view head = R"(42["tick",)";
  REQUIRE(message.substr(0, head.size()) == head);
  return std::stoi(std::string(message.substr(head.size())));
}

std::string auth_of(const Visitor& visitor, const std::string& offset) {
  return R"({"pid":")" + visitor.pid + R"(","offset":")" + offset + "\"}";
}

}  // namespace

TEST_CASE("a client recovers on any thread, with the events that it missed", "[threads]") {
  Running server(recovering());
  std::atomic<int> recovered{0};
  std::atomic<int> gone{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    if (socket.recovered()) ++recovered;
    socket.on("join", [socket](std::string room) {
      socket.join(room);
      return true;
    });
    socket.on("rooms", [socket] { return socket.rooms().size(); });
    socket.on("disconnect", [&] { ++gone; });
  });
  server.run();
  Visitor watcher(server.port);
  auto visitor = std::make_unique<Visitor>(server.port);
  CHECK(visitor->ask(R"("join","room")") == "437[true]");
  server.io.to("room").emit("tick", 0);
  std::string offset = offset_in(visitor->next());
  for (int round = 1; round <= 7; ++round) {
    const std::string id = visitor->id;
    const std::string auth = auth_of(*visitor, offset);
    visitor.reset();
    while (gone < round) std::this_thread::yield();
    server.io.to("room").emit("tick", round);
    server.io.to("nowhere").emit("tick", -1);
    server.io.emit("tick", 100 + round);
    CHECK(number_in(watcher.next()) == 100 + round);  // by then all threads have it

    visitor = std::make_unique<Visitor>(server.port, auth);
    CHECK(number_in(visitor->missed) == round);
    offset = offset_in(visitor->next());
    const std::string answer = visitor->next();
    visitor->id = socketio::test::text_after(answer, "sid");
    visitor->pid = socketio::test::text_after(answer, "pid");
    CHECK(visitor->id == id);
    CHECK(visitor->ask(R"("rooms")") == "437[2]");
  }
  CHECK(recovered == 7);
}

TEST_CASE("clients on all threads get recoverable events in one order", "[threads]") {
  Running server(recovering());
  server.io.on("connection",
               [&](socketio::Socket socket) { socket.on("tick", [&](int x) { server.io.emit("tick", x); }); });
  server.run();
  constexpr std::size_t senders = 4;
  constexpr std::size_t ticks = 200;
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (std::size_t i = 0; i < senders; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
  std::vector<std::vector<int>> heard(senders);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < senders; ++i)
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < ticks; ++n) visitors[i]->send("42[\"tick\"," + std::to_string(i * ticks + n) + "]");
      for (std::size_t n = 0; n < senders * ticks; ++n) {
        std::string message = visitors[i]->next();
        while (message == R"(42["nothing"])") message = visitors[i]->next();  // volatile: not part of the sequence
        heard[i].push_back(std::stoi(message.substr(message.find(',') + 1)));
      }
    });
  std::thread outside([&] {
    for (std::size_t n = 0; n < ticks; ++n) server.io.volatile_().emit("nothing");
  });
  for (std::thread& thread : threads) thread.join();
  outside.join();
  for (std::size_t i = 1; i < senders; ++i) CHECK(heard[i] == heard[0]);
}

TEST_CASE("no event is lost and none arrives twice while threads send and connections break", "[threads][hostile]") {
  Running server(recovering());
  std::atomic<int> recovered{0};
  std::atomic<int> gone{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    if (socket.recovered()) ++recovered;
    socket.on("disconnect", [&] { ++gone; });
  });
  server.run();
  constexpr int rounds = 25;
  std::atomic<bool> stop{false};
  std::atomic<int> taken{0};
  auto visitor = std::make_unique<Visitor>(server.port);
  std::thread sender([&] {
    for (int sent = 0; !stop;) {
      if (sent < taken + 200)  // not so far ahead that the log drops missed events
        server.io.emit("tick", sent++);
      else
        std::this_thread::yield();
    }
  });
  std::string offset;
  const auto take = [&](const std::string& message) {
    REQUIRE(number_in(message) == taken);
    ++taken;
    offset = offset_in(message);
  };
  for (int round = 1; round <= rounds; ++round) {
    for (int n = 0; n < 20; ++n) take(visitor->next());
    const std::string auth = auth_of(*visitor, offset);
    visitor.reset();
    while (gone < round) std::this_thread::yield();
    visitor = std::make_unique<Visitor>(server.port, auth);
    std::string message = visitor->missed;
    if (visitor->id.empty())
      for (; message.substr(0, 3) != "40{"; message = visitor->next()) take(message);
    if (visitor->id.empty()) {
      visitor->id = socketio::test::text_after(message, "sid");
      visitor->pid = socketio::test::text_after(message, "pid");
    }
    REQUIRE(recovered == round);
  }
  stop = true;
  sender.join();
}

TEST_CASE("the actions of one thread keep their order, whatever the threads of the sockets do meanwhile", "[threads]") {
  const bool is_recovering = GENERATE(true, false);
  Running server(is_recovering ? recovering() : socketio::ServerOptions());
  std::atomic<int> named{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("name", [&](std::string) { return ++named; });
    socket.on("emit", [&] { server.io.emit("z"); });
  });
  server.run();
  Visitor first(server.port);
  Visitor second(server.port);
  const socketio::Socket other = server.io.find_socket(second.id).value();
  const auto next_event = [&] {
    const std::string message = second.next();
    return message.substr(0, message.find('"', 4) + 1);  // without the offset
  };
  using socketio::test::Held;

  SECTION("an emit to a socket, then a broadcast") {
    Held held(other.get_executor());
    other.emit("x");
    server.io.emit("y");
    other.volatile_().emit("v");
    server.io.emit("w");
    held.let_go();
    CHECK(next_event() == R"(42["x")");
    CHECK(next_event() == R"(42["y")");
    const std::string either = next_event();  // a volatile one may be dropped
    if (either == R"(42["v")") CHECK(next_event() == R"(42["w")");
  }
  SECTION("a broadcast, then a disconnection of everyone") {
    Held held(server.io.context().get_executor());
    server.io.emit("bye");
    server.io.disconnect_sockets();
    CHECK(next_event() == R"(42["bye")");
    CHECK(second.next() == "41");
  }
  SECTION("a join, then an event to the room, while the thread of the socket sends too") {
    Held held(other.get_executor());
    asio::post(other.get_executor(), [&] { server.io.emit("z"); });
    other.join("room");
    server.io.to("room").emit("y");
    server.io.sockets_leave("room");
    server.io.to("room").emit("not to be seen");
    server.io.emit("end");
    held.let_go();
    std::vector<std::string> events{next_event(), next_event(), next_event()};
    std::erase(events, R"(42["z")");  // from another thread, at a random time
    CHECK(events == std::vector<std::string>{R"(42["y")", R"(42["end")"});
  }
  SECTION("an emit with acknowledgement, then an event") {
    Held held(other.get_executor());
    other.emit("question", [](int) {});
    server.io.emit("y");
    held.let_go();
    CHECK(second.next().find(R"(["question"])") != std::string::npos);
    CHECK(next_event() == R"(42["y")");
  }
}

TEST_CASE("the handlers of a socket have ended before its client recovers on another thread", "[threads]") {
  Running server(recovering());
  std::atomic<bool> is_in_handler{false};
  std::atomic<int> overlaps{0};
  std::atomic<int> recovered{0};
  std::atomic<int> connections{0};
  std::promise<void> go_on;
  std::promise<void> begun;
  server.io.on("connection", [&](socketio::Socket socket) {
    if (is_in_handler && socket.recovered()) ++overlaps;
    if (socket.recovered()) return static_cast<void>(++recovered);
    if (connections++ != 1) return;
    socket.on("disconnect", [&, socket] {
      is_in_handler = true;
      begun.set_value();
      go_on.get_future().wait();
      socket.data() = "changed at the end";
      is_in_handler = false;
    });
  });
  server.run();
  Visitor elsewhere(server.port);  // on the first thread, which accepts connections and must not block
  auto visitor = std::make_unique<Visitor>(server.port);
  server.io.emit("tick", 0);
  const std::string auth = auth_of(*visitor, offset_in(visitor->next()));
  visitor.reset();
  begun.get_future().wait();
  {
    Visitor early(server.port, auth);  // on another thread: the session is not kept yet
    CHECK(recovered == 0);
    go_on.set_value();
  }
  CHECK(overlaps == 0);
  // Both have disconnected, on two threads and in no order.
  while (server.io.of("/").adapter().recovery_usage().sessions != 2) std::this_thread::yield();
  Visitor back(server.port, auth);
  while (recovered == 0) std::this_thread::yield();
  CHECK_FALSE(is_in_handler);
}
