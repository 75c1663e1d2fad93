// SPDX-License-Identifier: MIT
// Servers of a cluster, each on threads of its own.

#include "running_server.hpp"
#include "visitor.hpp"

#include <socketio/core/memory_cluster.hpp>

#include <asio/use_future.hpp>

#include <atomic>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using socketio::test::Running;
using socketio::test::Visitor;

namespace {

socketio::ServerOptions options_with(const socketio::MemoryCluster& cluster) {
  socketio::ServerOptions options;
  options.adapter = cluster.adapter();
  return options;
}

/// Waits until all servers of a cluster of this size know each other.
void meet(std::vector<Running<>*> servers) {
  for (Running<>* const server : servers) {
    server->io.on_server_side("met", [] { return 1; });
    server->run();
  }
  for (Running<>* const server : servers)
    while (server->io.server_side_emit_with_ack<void>("met", asio::use_future).get() + 1 < servers.size())
      std::this_thread::yield();
}

}  // namespace

TEST_CASE("the events of each thread of one server reach the clients of another in order", "[threads]") {
  const socketio::MemoryCluster cluster;
  Running a(options_with(cluster));
  Running b(options_with(cluster));
  for (auto* const server : {&a, &b})
    server->io.on("connection", [](socketio::Socket socket) { socket.on("ask", [] { return 1; }); });
  meet({&a, &b});
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 4; ++i) visitors.push_back(std::make_unique<Visitor>(i % 2 == 0 ? a.port : b.port));

  constexpr int senders = 3;
  constexpr int each = 50;
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender)
    threads.emplace_back([&, sender] {
      auto& io = sender % 2 == 0 ? a.io : b.io;
      for (int n = 0; n < each; ++n) io.emit("count", sender, n);
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& visitor : visitors) {
    int next[senders] = {};
    for (int i = 0; i < senders * each; ++i) {
      const std::string message = visitor->next();
      const std::size_t at = std::string(R"(42["count",)").size();
      const int sender = message.at(at) - '0';
      REQUIRE(message == R"(42["count",)" + std::to_string(sender) + ',' + std::to_string(next[sender]++) + ']');
    }
    for (const int count : next) CHECK(count == each);
  }
}

TEST_CASE("clients on all threads of all servers are fetched, asked and moved to rooms", "[threads]") {
  const socketio::MemoryCluster cluster;
  Running a(options_with(cluster));
  Running b(options_with(cluster));
  for (auto* const server : {&a, &b})
    server->io.on("connection", [](socketio::Socket socket) { socket.data() = socketio::Value(socket.id()); });
  meet({&a, &b});
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 8; ++i) visitors.push_back(std::make_unique<Visitor>(i % 2 == 0 ? a.port : b.port));

  for (const auto& socket : a.io.fetch_sockets(asio::use_future).get()) {
    CHECK(socket.data().as_string() == socket.id());
    CHECK(socket.rooms() == std::vector<std::string>{socket.id()});
    socket.join("r");
  }
  CHECK(a.io.in("r").fetch_sockets(asio::use_future).get().size() == 8);
  CHECK(b.io.in("r").fetch_sockets(asio::use_future).get().size() == 8);

  auto answers = b.io.to("r").emit_with_ack<int>("number", asio::use_future);
  for (const auto& visitor : visitors) {
    const std::string question = visitor->next();
    const std::size_t bracket = question.find('[');
    visitor->send("43" + question.substr(2, bracket - 2) + "[1]");
  }
  CHECK(answers.get() == std::vector<int>(8, 1));
  a.io.disconnect_sockets();
  for (const auto& visitor : visitors) CHECK(visitor->next() == "41");
}

TEST_CASE("servers join and leave a cluster while others send and request answers", "[threads]") {
  const socketio::MemoryCluster cluster;
  Running steady(options_with(cluster));
  steady.io.on_server_side("sum", [](int x, int y) { return x + y; });
  steady.run();
  Visitor visitor(steady.port);
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      while (!stop) {
        steady.io.emit("tick", i);
        static_cast<void>(steady.io.fetch_sockets([](std::error_code, const auto&) {}));
        // A server that leaves meanwhile is an error here, and ends the wait.
        std::promise<std::error_code> ended;
        steady.io.server_side_emit("sum", i, 1,
                                   [&](std::error_code error, const std::vector<int>&) { ended.set_value(error); });
        if (ended.get_future().get() != socketio::Errc::timed_out) ++asked;
      }
    });
  std::thread reader([&] {
    while (visitor.next() != R"(42["end"])") {
    }
  });
  for (int round = 0; round < 10; ++round) {
    Running guest(options_with(cluster));
    guest.io.on_server_side("sum", [](int x, int y) { return x + y; });
    guest.run();
    Visitor client(guest.port);
    while (client.next().substr(0, 11) != R"(42["tick",0)" && !stop) {
    }
    guest.io.emit("hello");
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  steady.io.emit("end");
  reader.join();
  CHECK(asked > 0);
}
