// SPDX-License-Identifier: MIT
// The life of a server on several threads: its options, its beginning, its end.

#include "running_server.hpp"
#include "visitor.hpp"

#include <socketio/testing/testing.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
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

TEST_CASE("close completes when the clients of all threads have disconnected", "[threads]") {
  Running server;
  std::atomic<int> disconnections{0};
  std::atomic<int> closed{0};
  std::atomic<bool> was_early{false};
  const auto note = [&](std::error_code error) {
    if (error || disconnections % 6 != 0 || server.io.engine().clients_count() != 0) was_early = true;
    ++closed;
  };
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("disconnect", [&] { ++disconnections; });
    socket.on("close", [&] { server.io.close(note); });
    socket.on("close and wait", [&]() -> asio::awaitable<void> {
      co_await server.io.close(asio::use_awaitable);
      note({});
    });
  });
  for (int round = 1; round <= 5; ++round) {
    server.run();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 6; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
    if (round <= 3) {
      visitors[static_cast<std::size_t>(round)]->send(R"(42["close"])");  // from each thread in turn
    } else if (round == 4) {
      visitors[0]->send(R"(42["close and wait"])");
    } else {
      server.io.close(asio::use_future).get();
      note({});
    }
    for (const auto& visitor : visitors) CHECK(visitor->next() == "<closed>");
    server.stop();
    CHECK(closed == round);
    CHECK(disconnections == 6 * round);
    server.port = server.io.listen(0, "127.0.0.1");
  }
  CHECK_FALSE(was_early);
}

TEST_CASE("a server without clients can be closed, and run again without listening", "[threads]") {
  Running server;
  server.run();
  server.stop();
  socketio::Server idle(on_threads(3));
  idle.run();  // no work is left
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

TEST_CASE("stopping the first event loop of a closed server stops them all, whatever is pending", "[threads]") {
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    socketio::Server io(on_threads(3));
    static_cast<void>(io.listen(0, "127.0.0.1"));
    asio::steady_timer pending(io.context(), std::chrono::hours(1));
    pending.async_wait([](std::error_code) {});
    switch (round % 4) {
      case 0:  // in one task
        asio::post(io.context(), [&] {
          io.close();
          io.context().stop();
        });
        io.run();
        break;
      case 1:  // when all loops have looked for work
        io.close([&](std::error_code) { asio::post(io.context(), [&] { io.context().stop(); }); });
        io.run();
        break;
      case 2: {  // from another thread
        std::thread other;
        asio::post(io.context(), [&] {
          other = std::thread([&] {
            io.close();
            io.context().stop();
          });
        });
        io.run();
        other.join();
        break;
      }
      case 3: {  // from another thread, later
        std::promise<void> closed;
        io.close([&](std::error_code) { closed.set_value(); });
        std::thread other([&] {
          closed.get_future().wait();
          io.context().stop();
        });
        io.run();
        other.join();
        break;
      }
    }
    io.context().restart();
    pending.cancel();
    io.run();  // the rest
  }
}

TEST_CASE("a server that was closed and listens again runs on, and ends with its next close", "[threads]") {
  socketio::Server io(on_threads(3));
  std::uint16_t port = io.listen(0, "127.0.0.1");
  asio::steady_timer pending(io.context(), std::chrono::hours(1));
  pending.async_wait([](std::error_code) {});
  io.on("connection", [](socketio::Socket socket) { socket.on("sync", [] { return true; }); });
  std::thread owner([&] { io.run(); });
  for (int round = 0; round < 3; ++round) {
    CHECK(Visitor(port).ask(R"("sync")") == "437[true]");
    std::promise<std::uint16_t> again;
    io.close([&](std::error_code) { again.set_value(io.listen(0, "127.0.0.1")); });
    port = again.get_future().get();
  }
  io.close();
  asio::post(io.context(), [&] { pending.cancel(); });
  owner.join();
}

TEST_CASE("an exception from a task that the program has posted ends all loops and leaves run", "[threads][hostile]") {
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

TEST_CASE("exceptions from handlers on any thread go to one error hook", "[threads][hostile]") {
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

TEST_CASE("requests to all threads while they end are answered, and run returns", "[threads][hostile]") {
  Running server;
  std::atomic<int> callbacks{0};
  std::atomic<int> completions{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    socket.on("disconnect", [&, socket] {
      server.io.emit("question", [&](std::error_code, const std::vector<int>&) { ++callbacks; });
      asio::co_spawn(
          socket.get_executor(),
          [&]() -> asio::awaitable<void> {
            std::error_code ignored;
            co_await server.io.emit_with_ack<void>("question", asio::redirect_error(asio::use_awaitable, ignored));
            ++completions;
          },
          asio::detached);
    });
  });
  for (int round = 1; round <= 5; ++round) {
    server.run();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 6; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
    {
      // The first loop has ended before the others are told.
      std::vector<asio::any_io_executor> seen{server.io.context().get_executor()};
      std::vector<std::unique_ptr<socketio::test::Held>> held;
      for (const auto& socket : server.io.sockets()) {
        if (std::find(seen.begin(), seen.end(), socket.get_executor()) != seen.end()) continue;
        seen.push_back(socket.get_executor());
        held.push_back(std::make_unique<socketio::test::Held>(socket.get_executor()));
      }
      server.io.close();
    }
    server.stop();
    CHECK(callbacks == 6 * round);
    CHECK(completions == 6 * round);
    server.port = server.io.listen(0, "127.0.0.1");
  }
}

TEST_CASE("destroying a stopped server destroys the tasks in its loops", "[threads][hostile]") {
  std::vector<std::unique_ptr<Visitor>> visitors;
  const auto token = std::make_shared<int>();
  {
    socketio::Server io(on_threads(3));
    const std::uint16_t port = io.listen(0, "127.0.0.1");
    std::thread owner([&] { io.run(); });
    for (int i = 0; i < 3; ++i) visitors.push_back(std::make_unique<Visitor>(port));
    std::vector<std::unique_ptr<socketio::test::Held>> held;
    for (const auto& socket : io.sockets())
      if (asio::any_io_executor(io.context().get_executor()) != socket.get_executor())
        held.push_back(std::make_unique<socketio::test::Held>(socket.get_executor()));
    for (int i = 0; i < 3; ++i)
      asio::co_spawn(
          io.get_executor(), [&io, token]() -> asio::awaitable<void> { co_await io.emit_with_ack<void>("question"); },
          asio::detached);
    asio::post(io.context(), asio::use_future).get();
    io.context().stop();
    held.clear();
    owner.join();
  }
  CHECK(token.use_count() == 1);
}
