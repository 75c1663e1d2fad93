// SPDX-License-Identifier: MIT
// Namespaces on several threads: the first client makes them, they are set up before a client joins, and removed when
// empty.

#include "running_server.hpp"
#include "visitor.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <string>
#include <thread>
#include <vector>

using socketio::test::Running;
using socketio::test::Visitor;

namespace {

/// Connects to a namespace and disconnects. Returns the server's answer to the CONNECT.
std::string visit(std::uint16_t port, const std::string& nsp) {
  Visitor visitor(port, nsp + ",");
  return visitor.id.empty() ? visitor.missed : "welcome";
}

}  // namespace

TEST_CASE("a namespace that many clients ask for at once is made once and set up before the first one joins",
          "[threads]") {
  Running server;
  std::mutex mutex;
  std::map<std::string, int> made;
  std::atomic<int> early{0};
  std::atomic<int> connections{0};
  server.io.on("new_namespace", [&](socketio::Namespace nsp) {
    nsp.use([&](socketio::Socket socket) {
      const std::lock_guard lock(mutex);
      if (made[socket.nsp().name()] != 1) ++early;
    });
    std::this_thread::yield();
    const std::lock_guard lock(mutex);
    ++made[nsp.name()];
  });
  server.io.of(std::regex("^/room-[0-9]+$")).on("connection", [&](socketio::Socket) { ++connections; });
  server.run();
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n)
        if (visit(server.port, "/room-" + std::to_string(n)) != "welcome") ++refused;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == 0);
  CHECK(early == 0);
  CHECK(connections == 40);
  const std::lock_guard lock(mutex);
  CHECK(made.size() == 10);
  for (const auto& [name, count] : made) CHECK(count == 1);
}

TEST_CASE("a function given to of may be called on all threads at once", "[threads]") {
  Running server;
  std::atomic<int> asked{0};
  server.io.of([&](const std::string& name, const socketio::Value&) {
    ++asked;
    return name != "/no";
  });
  server.run();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      if (visit(server.port, "/no") != R"(44/no,{"message":"Invalid namespace"})") ++wrong;
      if (visit(server.port, "/yes-" + std::to_string(i)) != "welcome") ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(asked >= 8);
}

TEST_CASE("empty namespaces are removed, whichever threads their last clients leave", "[threads]") {
  socketio::ServerOptions options;
  options.cleanup_empty_child_namespaces = true;
  Running server(std::move(options));
  std::atomic<int> connections{0};
  const socketio::ParentNamespace parent = server.io.of(std::regex("^/temporary$"));
  parent.on("connection", [&](socketio::Socket) { ++connections; });
  server.run();
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n)
        if (visit(server.port, "/temporary") != "welcome") ++refused;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == 0);
  CHECK(connections == 100);
  while (!parent.children().empty()) std::this_thread::yield();
  CHECK(server.io.of("/").sockets().empty());
}

TEST_CASE("middleware may pass a client on from any thread", "[threads]") {
  Running server;
  std::vector<std::thread> later;
  std::mutex mutex;
  server.io.use([&](socketio::Socket, socketio::Next next) {
    const std::lock_guard lock(mutex);
    later.emplace_back([next] { next(); });
  });
  std::atomic<int> connections{0};
  server.io.on("connection", [&](socketio::Socket) { ++connections; });
  server.run();
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 6; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
  CHECK(connections == 6);
  server.stop();
  for (std::thread& thread : later) thread.join();
}
