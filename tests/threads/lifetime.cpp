// SPDX-License-Identifier: MIT
// The life of a server on several threads: its options, its beginning, its end.

#include "running_server.hpp"
#include "visitor.hpp"

#include <socketio/testing/testing.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using socketio::test::Running;
using socketio::test::Visitor;

namespace {

struct OnMemory : socketio::DefaultConfig {
  using Transport = socketio::MemoryTransport;
};

socketio::ServerOptions on_threads(std::size_t threads) {
  socketio::ServerOptions options;
  options.threads = threads;
  return options;
}

}  // namespace

TEST_CASE("the number of threads is checked when the server is made", "[threads]") {
  CHECK(socketio::Server(on_threads(1)).thread_count() == 1);
  CHECK(socketio::Server(on_threads(2)).thread_count() == 2);
  CHECK(socketio::Server(on_threads(0)).thread_count() == std::max(std::thread::hardware_concurrency(), 1u));
  CHECK(on_threads(1024).validate().empty());
  CHECK_THROWS_WITH(socketio::Server(on_threads(1025)), "socketio::ServerOptions: threads must be at most 1024");
  asio::io_context context;
  CHECK_THROWS_WITH(socketio::Server(context, on_threads(2)),
                    "socketio::ServerOptions: threads: a server on an io_context of the program has one");
  CHECK_THROWS_WITH(socketio::BasicServer<OnMemory>(on_threads(2)),
                    "socketio::ServerOptions: threads: this transport runs on one only");
}

TEST_CASE("the test kit takes the options of a server of many threads", "[threads]") {
  socketio::testing::Server io(on_threads(8));
  CHECK(io.thread_count() == 1);
  CHECK(io.connect().connected());
}

TEST_CASE("close ends the clients of all threads, and the server can listen again", "[threads]") {
  Running server;
  std::atomic<int> connections{0};
  std::atomic<int> disconnections{0};
  std::atomic<int> other_reasons{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    ++connections;
    socket.on("disconnect", [&](socketio::DisconnectReason why) {
      ++disconnections;
      if (why != socketio::DisconnectReason::server_shutting_down) ++other_reasons;
    });
    socket.on("close", [&] { server.io.close(); });
  });
  for (int round = 1; round <= 4; ++round) {
    server.run();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 6; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
    visitors[static_cast<std::size_t>(round)]->send(R"(42["close"])");  // from each thread in turn
    for (const auto& visitor : visitors) CHECK(visitor->next() == "<closed>");
    server.stop();
    CHECK(connections == 6 * round);
    CHECK(disconnections == 6 * round);
    CHECK(server.io.engine().clients_count() == 0);
    server.port = server.io.listen(0, "127.0.0.1");
  }
  CHECK(other_reasons == 0);
}

TEST_CASE("a server that nobody has visited can be closed, and run again without listening", "[threads]") {
  Running server;
  server.run();
  server.stop();
  socketio::Server idle(on_threads(3));
  idle.run();  // there is nothing to do
  CHECK(idle.sockets().empty());
}

TEST_CASE("stopping the first event loop stops them all", "[threads]") {
  socketio::Server io(on_threads(3));
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::atomic<int> connections{0};
  io.on("connection", [&](socketio::Socket) { ++connections; });
  std::thread owner([&] { io.run(); });
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 3; ++i) visitors.push_back(std::make_unique<Visitor>(port));
  io.context().stop();
  owner.join();
  CHECK(io.sockets().size() == 3);
  std::thread again([&] { io.run(); });
  for (int i = 0; i < 3; ++i) visitors.push_back(std::make_unique<Visitor>(port));
  CHECK(connections == 6);
  io.context().stop();
  again.join();
}

TEST_CASE("an exception out of what the program has posted ends all loops and leaves run", "[threads][hostile]") {
  Running server;
  std::atomic<int> connections{0};
  server.io.on("connection", [&](socketio::Socket) { ++connections; });
  std::thread visitor([&] {
    Visitor first(server.port);
    asio::post(server.io.context(), [] { throw std::runtime_error("posted"); });
  });
  CHECK_THROWS_WITH(server.io.run(), "posted");
  visitor.join();
  CHECK(connections == 1);
}

TEST_CASE("what handlers throw on any thread goes to one hook", "[threads][hostile]") {
  Running server;
  std::atomic<int> reports{0};
  server.io.on_error([&](const socketio::ErrorReport& report) {
    if (report.detail == "handler threw: on purpose") ++reports;
  });
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("throw", [] { throw std::runtime_error("on purpose"); });
    socket.on("sync", [] { return true; });
  });
  server.run();
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 6; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
  for (const auto& visitor : visitors) {
    visitor->send(R"(42["throw"])");
    CHECK(visitor->ask(R"("sync")") == "437[true]");
  }
  CHECK(reports == 6);
}

TEST_CASE("a server is destroyed with clients on all threads, and its handles outlive it", "[threads][hostile]") {
  std::vector<socketio::Socket> sockets;
  std::vector<std::unique_ptr<Visitor>> visitors;
  {
    socketio::Server io(on_threads(3));
    const std::uint16_t port = io.listen(0, "127.0.0.1");
    std::thread owner([&] { io.run(); });
    for (int i = 0; i < 6; ++i) visitors.push_back(std::make_unique<Visitor>(port));
    sockets = io.fetch_sockets();
    io.context().stop();
    owner.join();
  }
  CHECK(sockets.size() == 6);
  for (const auto& socket : sockets) {
    socket.emit("nobody");
    socket.join("nowhere");
    CHECK(socket.disconnected());
  }
  for (const auto& visitor : visitors) CHECK(visitor->has_ended());
}
