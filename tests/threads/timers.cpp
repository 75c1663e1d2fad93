// SPDX-License-Identifier: MIT
// Timers that several threads set and cancel while clients come and go.

#include "running_server.hpp"
#include "visitor.hpp"

#include <socketio/socketio.hpp>
#include <tests/support/catch.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace socketio::test;

TEST_CASE("timers of sockets run on their threads, and end with them", "[threads][timers]") {
  Running<> server;
  std::atomic<int> on_wrong_thread{0}, after_the_end{0}, calls{0};
  server.io.on("connection", [&](socketio::Socket socket) {
    const std::thread::id mine = std::this_thread::get_id();
    const auto has_left = std::make_shared<bool>(false);
    const auto check = [&, mine, has_left] {
      ++calls;
      if (std::this_thread::get_id() != mine) ++on_wrong_thread;
      if (*has_left) ++after_the_end;
    };
    socket.set_interval(1ms, check);
    socket.set_interval(1ms, [check, socket](socketio::TimerHandle timer) -> asio::awaitable<void> {
      check();
      timer.cancel();
      co_return;
    });
    for (int i = 0; i < 10; ++i) socket.set_timeout(std::chrono::milliseconds(i), check);
    socket.on("ticked", [socket](socketio::Ack<> ack) { socket.set_timeout(3ms, [ack] { ack(); }); });
    socket.on("disconnect", [has_left] { *has_left = true; });
  });
  server.run();
  std::atomic<int> answers{0};
  std::vector<std::thread> visitors;
  for (int i = 0; i < 4; ++i)
    visitors.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        Visitor visitor(server.port);
        if (visitor.ask("\"ticked\"") == "437[]") ++answers;  // Catch2 checks on one thread only
      }
    });
  for (std::thread& visitor : visitors) visitor.join();
  server.stop();
  CHECK(answers == 40);
  CHECK(calls > 0);
  CHECK(on_wrong_thread == 0);
  CHECK(after_the_end == 0);
}

TEST_CASE("other threads set and cancel timers while their sockets end", "[threads][timers]") {
  Running<> server;
  std::mutex mutex;
  std::vector<socketio::Socket> sockets;
  server.io.on("connection", [&](socketio::Socket socket) {
    const std::lock_guard lock(mutex);
    sockets.push_back(socket);
  });
  server.run();
  const auto token = std::make_shared<int>();
  std::atomic<bool> is_over{false};
  std::atomic<int> calls{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 2; ++i)
    workers.emplace_back([&] {
      const socketio::Namespace nsp = server.io.of("/n");
      while (!is_over) {
        std::vector<socketio::Socket> now;
        {
          const std::lock_guard lock(mutex);
          now = sockets;
        }
        for (const socketio::Socket& socket : now) {
          const auto count = [&calls, token] { ++calls; };
          const socketio::TimerHandle interval = socket.set_interval(1ms, count);
          socket.set_timeout(0ms, count);
          nsp.set_timeout(0ms, [interval, token] { interval.cancel(); });
          socket.set_timeout(1h, count).cancel();
        }
        server.io.set_timeout(0ms, [token] {});
        std::promise<void> done;
        nsp.set_timeout(0ms, [&] { done.set_value(); });
        done.get_future().wait();  // no faster than the server
      }
    });
  for (int i = 0; i < 20; ++i) {
    Visitor visitor(server.port);
    const std::lock_guard lock(mutex);
    if (sockets.size() > 5) sockets.clear();
  }
  is_over = true;
  for (std::thread& worker : workers) worker.join();
  {
    const std::lock_guard lock(mutex);
    for (const socketio::Socket& socket : sockets) socket.set_interval(1h, [token] {});
    sockets.clear();
  }
  server.io.set_interval(1h, [token] {});
  server.stop();
  CHECK(token.use_count() == 1);
}
