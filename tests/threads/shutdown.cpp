// SPDX-License-Identifier: MIT
// The orderly end of a server that runs on several threads.
#include "running_server.hpp"

#include <tests/support/catch.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <thread>

using namespace socketio;
using namespace socketio::test;
using namespace std::chrono_literals;

TEST_CASE("a shutdown ends the clients of all threads, and run returns", "[threads][shutdown]") {
  socketio::Server io({.threads = 3});
  io.listen(0, "127.0.0.1");
  std::thread runs([&] { io.run(); });
  CHECK_NOTHROW(io.shutdown(60s, asio::use_future).get());
  runs.join();
}

TEST_CASE("run returns at the deadline of a shutdown, whatever waits in the server's loops", "[threads][shutdown]") {
  for (const std::size_t threads : {std::size_t{1}, std::size_t{3}}) {
    socketio::Server io({.threads = threads});
    io.listen(0, "127.0.0.1");
    const auto wait = [](asio::any_io_executor executor) -> asio::awaitable<void> {
      asio::steady_timer timer(executor, 24h);
      co_await timer.async_wait(asio::use_awaitable);
    };
    bool has_begun = false;
    io.set_timeout(0ms, [&, wait]() -> asio::awaitable<void> {
      has_begun = true;
      io.shutdown(1ms);
      co_await wait(io.get_executor());
    });
    io.run();
    CHECK(has_begun);
    CHECK_FALSE(io.is_shutting_down());
  }
}

TEST_CASE("shutdown may be called on any thread, by several at a time", "[threads][shutdown]") {
  socketio::Server io({.threads = 3});
  io.listen(0, "127.0.0.1");
  std::thread runs([&] { io.run(); });
  auto one = std::async(std::launch::async, [&] { io.shutdown(60s, asio::use_future).get(); });
  auto two = std::async(std::launch::async, [&] { io.shutdown(60s); });
  two.get();
  one.get();
  runs.join();
}
