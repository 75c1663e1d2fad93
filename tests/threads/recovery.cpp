// SPDX-License-Identifier: MIT
// Connection state recovery on several threads: clients come back on another thread than they left.

#include "running_server.hpp"
#include "visitor.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
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

TEST_CASE("a client that was cut comes back on any thread, with what it missed", "[threads]") {
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

TEST_CASE("clients on all threads get what can be recovered in one order", "[threads]") {
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
        while (message == R"(42["nothing"])") message = visitors[i]->next();  // volatile: no part of the sequence
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

TEST_CASE("nothing is lost and nothing comes twice while threads send and clients are cut", "[threads][hostile]") {
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
      if (sent < taken + 200)  // not so far ahead that the log forgets what is missing
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
