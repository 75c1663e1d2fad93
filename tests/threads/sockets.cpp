// SPDX-License-Identifier: MIT
// Sockets on several threads: where they live, and actions that concern sockets of all threads.

#include "running_server.hpp"
#include "visitor.hpp"

#include <asio/post.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using socketio::test::Running;
using socketio::test::Visitor;

namespace {

using Visitors = std::vector<std::unique_ptr<Visitor>>;

Visitors connect(std::uint16_t port, std::size_t count) {
  Visitors visitors;
  for (std::size_t i = 0; i < count; ++i) visitors.push_back(std::make_unique<Visitor>(port));
  return visitors;
}

std::vector<std::string> ids_of(const std::vector<socketio::Socket>& sockets) {
  std::vector<std::string> ids;
  for (const auto& socket : sockets) ids.push_back(socket.id());
  std::sort(ids.begin(), ids.end());
  return ids;
}
std::vector<std::string> ids_of(const Visitors& visitors) {
  std::vector<std::string> ids;
  for (const auto& visitor : visitors) ids.push_back(visitor->id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("clients are spread over the threads, and each stays on its own", "[threads]") {
  Running server;
  std::mutex mutex;
  std::map<std::thread::id, int> connections;
  std::atomic<int> strays{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    const auto home = std::this_thread::get_id();
    {
      const std::lock_guard lock(mutex);
      ++connections[home];
    }
    socket.on("here", [&strays, home](int x) {
      if (std::this_thread::get_id() != home) ++strays;
      return x;
    });
  });
  server.run();
  CHECK(server.io.thread_count() == server.threads);
  const Visitors visitors = connect(server.port, 4 * server.threads);
  for (const auto& visitor : visitors) CHECK(visitor->ask(R"("here",5)") == "437[5]");
  CHECK(strays == 0);
  const std::lock_guard lock(mutex);
  REQUIRE(connections.size() == server.threads);
  for (const auto& [thread, count] : connections) CHECK(count == 4);
}

TEST_CASE("a broadcast reaches everyone once, from a handler and from outside", "[threads]") {
  Running server;
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("all", [&](int x) { server.io.emit("news", x); });
    socket.on("others", [socket](int x) { socket.broadcast().emit("news", x); });
    socket.on("sync", [] { return true; });
  });
  server.run();
  const Visitors visitors = connect(server.port, 7);
  visitors[2]->send(R"(42["all",1])");
  for (const auto& visitor : visitors) CHECK(visitor->next() == R"(42["news",1])");
  visitors[3]->send(R"(42["others",2])");
  for (const auto& visitor : visitors)
    if (visitor != visitors[3]) CHECK(visitor->next() == R"(42["news",2])");
  server.io.emit("news", 3);
  for (const auto& visitor : visitors) CHECK(visitor->next() == R"(42["news",3])");
  for (const auto& visitor : visitors) CHECK(visitor->ask(R"("sync")") == "437[true]");
}

TEST_CASE("rooms have members on every thread", "[threads]") {
  Running server;
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("join", [socket](std::string room) {
      socket.join(room);
      return true;
    });
    socket.on("tell", [socket](std::string room, std::string except, int x) {
      socket.to(room).except(except).emit("told", x);
      return true;
    });
    socket.on("sync", [] { return true; });
  });
  server.run();
  const Visitors visitors = connect(server.port, 6);
  for (std::size_t i = 0; i < 5; ++i) CHECK(visitors[i]->ask(R"("join","five")") == "437[true]");
  for (std::size_t i = 0; i < 3; ++i) CHECK(visitors[i]->ask(R"("join","three")") == "437[true]");
  CHECK(server.io.room("five").size() == 5);
  CHECK(server.io.room("three").size() == 3);
  const std::vector<std::string> rooms = server.io.of("/").rooms();
  CHECK(std::count(rooms.begin(), rooms.end(), "five") == 1);
  CHECK(rooms.size() == 8);  // one in the room of each socket, and two more

  visitors[5]->send(R"(42["tell","five","three",9])");
  CHECK(visitors[3]->next() == R"(42["told",9])");
  CHECK(visitors[4]->next() == R"(42["told",9])");
  server.io.to("three", "five").emit("once", 1);
  for (std::size_t i = 0; i < 5; ++i) CHECK(visitors[i]->next() == R"(42["once",1])");
  for (const auto& visitor : visitors) CHECK(visitor->ask(R"("sync")") == "437[true]");
}

TEST_CASE("sockets on every thread are fetched, moved and disconnected", "[threads]") {
  Running server;
  std::atomic<int> gone{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("sync", [] { return true; });
    socket.on("disconnect", [&] { ++gone; });
    socket.on("move all", [&] {
      server.io.sockets_join("a", "b");
      server.io.in("b").sockets_leave("a");
      server.io.to("b").except("a").emit("moved");
    });
  });
  server.run();
  const Visitors visitors = connect(server.port, 6);
  CHECK(ids_of(server.io.fetch_sockets()) == ids_of(visitors));
  visitors[1]->send(R"(42["move all"])");
  for (const auto& visitor : visitors) CHECK(visitor->next() == R"(42["moved"])");
  CHECK(ids_of(server.io.in("b").fetch_sockets()) == ids_of(visitors));
  CHECK(server.io.in("a").fetch_sockets().empty());

  // From outside: each step runs on the thread of each socket, in this order.
  server.io.sockets_join("c");
  server.io.in("c").sockets_leave("b");
  server.io.in("c").except(visitors[0]->id).disconnect_sockets();
  for (const auto& visitor : visitors)
    if (visitor != visitors[0]) CHECK(visitor->next() == "41");
  CHECK(visitors[0]->ask(R"("sync")") == "437[true]");
  CHECK(gone == 5);
  CHECK(server.io.sockets().size() == 1);
  CHECK(server.io.room("b").empty());
  server.io.disconnect_sockets(true);
  CHECK(visitors[0]->next() == "41");
  CHECK(visitors[0]->next() == "<closed>");
}

TEST_CASE("a broadcast collects the acknowledgements of all threads", "[threads]") {
  Running server;
  std::atomic<std::size_t> called_elsewhere{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("ask all", [&, socket](socketio::Ack<std::size_t, bool> done) {
      const auto asking = std::this_thread::get_id();
      server.io.timeout(10s).emit("question", [&, done, asking](std::error_code error, std::vector<int> answers) {
        if (std::this_thread::get_id() != asking) ++called_elsewhere;
        done(answers.size(), !error);
      });
    });
  });
  server.run();
  const Visitors visitors = connect(server.port, 5);
  visitors[4]->send(R"(421["ask all"])");
  std::vector<std::string> ids;
  for (const auto& visitor : visitors) {
    const std::string question = visitor->next();
    REQUIRE(question.find(R"(["question"])") != std::string::npos);
    const std::string ack = question.substr(2, question.find('[') - 2);
    visitor->send("43" + ack + "[1]");
  }
  CHECK(visitors[4]->next() == "431[5,true]");
  CHECK(called_elsewhere == 0);

  SECTION("from outside, as a future") {
    auto answers = server.io.emit_with_ack<int>("question", asio::use_future);
    int sum = 0;
    for (std::size_t i = 0; i < visitors.size(); ++i) {
      const std::string question = visitors[i]->next();
      visitors[i]->send("43" + question.substr(2, question.find('[') - 2) + '[' + std::to_string(i) + ']');
    }
    for (const int each : answers.get()) sum += each;
    CHECK(sum == 0 + 1 + 2 + 3 + 4);
  }
  SECTION("late answers are missing") {
    std::promise<std::pair<std::error_code, std::vector<int>>> promise;
    server.io.timeout(1ms).emit("question", [&](std::error_code error, std::vector<int> answers) {
      promise.set_value({error, std::move(answers)});
    });
    CHECK(promise.get_future().get().first == socketio::Errc::timed_out);
  }
  SECTION("a broadcast to nobody") {
    CHECK(server.io.to("nowhere").emit_with_ack<int>("question", asio::use_future).get().empty());
  }
  SECTION("a client disconnects instead of answering") {
    auto answers = server.io.emit_with_ack<int>("question", asio::use_future);
    for (const auto& visitor : visitors) {
      const std::string question = visitor->next();
      if (visitor == visitors[2])
        visitor->send("41");
      else
        visitor->send("43" + question.substr(2, question.find('[') - 2) + "[1]");
    }
    try {
      answers.get();
      FAIL("one has not answered");
    } catch (const std::system_error& error) {
      CHECK(error.code() == socketio::Errc::disconnected);
    }
  }
}

TEST_CASE("a socket of another thread may be asked, and its callback runs on its own thread", "[threads]") {
  Running server;
  std::mutex mutex;
  std::vector<socketio::Socket> sockets;
  server.io.on("connection", [&](socketio::Socket socket) {
    const std::lock_guard lock(mutex);
    sockets.push_back(socket);
    socket.on("ask", [&](std::size_t whom, socketio::Ack<std::string> done) {
      const std::lock_guard held(mutex);
      sockets[whom].emit("question", [done](std::string answer) { done(answer); });
    });
  });
  server.run();
  const Visitors visitors = connect(server.port, 3);
  visitors[0]->send(R"(421["ask",2])");
  const std::string question = visitors[2]->next();
  visitors[2]->send("43" + question.substr(2, question.find('[') - 2) + R"(["yes"])");
  CHECK(visitors[0]->next() == R"(431["yes"])");
}

TEST_CASE("a once handler runs once on all threads together", "[threads]") {
  Running server;
  std::atomic<int> calls{0};
  std::atomic<int> all{0};
  server.io.once("connection", [&](socketio::Socket) { ++calls; });
  server.io.on("connection", [&](socketio::Socket) { ++all; });
  server.run();
  const Visitors visitors = connect(server.port, 9);
  CHECK(all == 9);
  CHECK(calls == 1);
}

TEST_CASE("room events come once, whichever threads the members live on", "[threads]") {
  Running server;
  std::mutex mutex;
  std::map<std::string, int> told;
  const auto count = [&](const std::string& what) {
    return [&, what](const std::string& room) {
      const std::lock_guard lock(mutex);
      if (room == "lobby") ++told[what];
    };
  };
  for (const char* const event : {"create-room", "delete-room"}) server.io.of("/").adapter().on(event, count(event));
  for (const char* const event : {"join-room", "leave-room"})
    server.io.of("/").adapter().on(event, [&, event](const std::string& room, const std::string& id) {
      const std::lock_guard lock(mutex);
      if (room == "lobby" && !id.empty()) ++told[event];
    });
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("join", [socket] {
      socket.join("lobby");
      return true;
    });
    socket.on("leave", [socket] {
      socket.leave("lobby");
      return true;
    });
  });
  server.run();
  const Visitors visitors = connect(server.port, 6);
  for (const auto& visitor : visitors) CHECK(visitor->ask(R"("join")") == "437[true]");
  {
    const std::lock_guard lock(mutex);
    CHECK(told == std::map<std::string, int>{{"create-room", 1}, {"join-room", 6}});
  }
  for (const auto& visitor : visitors) CHECK(visitor->ask(R"("leave")") == "437[true]");
  const std::lock_guard lock(mutex);
  CHECK(told ==
        std::map<std::string, int>{{"create-room", 1}, {"join-room", 6}, {"leave-room", 6}, {"delete-room", 1}});
}
