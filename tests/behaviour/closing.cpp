// SPDX-License-Identifier: MIT
// Closing a server as an operation that completes, for programs whose event loop goes on.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace socketio::test;

using List = std::vector<std::string>;

namespace {

/// Runs the server, including timers that are due, until the condition holds.
bool until(Harness& harness, const std::function<bool()>& condition) {
  harness.wait(0ms);
  return harness.until(condition);
}

}  // namespace

TEST_CASE("close completes when every client has disconnected", "[behaviour][close]") {
  Harness harness;
  List log;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&](DisconnectReason reason) { log.emplace_back(to_string(reason)); });
  });
  auto client = open_socket(harness);
  auto polling = harness.get(polling_target);
  REQUIRE(harness.until([&] { return polling.done(); }));
  auto parked = harness.get(std::string(polling_target) + "&sid=" + sid_in(polling.body()));
  harness.pump();
  harness.io.close([&](std::error_code error) {
    CHECK_FALSE(error);
    CHECK(harness.io.transport().connection_count() == 0);
    CHECK(harness.io.sockets().empty());
    CHECK(harness.io.engine().clients_count() == 0);
    log.emplace_back("closed");
  });
  CHECK(std::count(log.begin(), log.end(), "closed") == 0);  // never inside the call
  client.close();
  CHECK(until(harness, [&] { return log.size() == 2; }));
  CHECK(log == List{"server shutting down", "closed"});
  CHECK(client.closed());
  CHECK(parked.done());
}

TEST_CASE("close completes on a server that has no clients, or never listened", "[behaviour][close]") {
  asio::io_context context;
  TestServer io(context, {}, TestTransport::Options{"asio"});
  int closed = 0;
  const auto count = [&](std::error_code error) { closed += error ? 100 : 1; };
  io.close(count);
  io.close(count);
  CHECK(closed == 0);
  context.run();
  CHECK(closed == 2);
  context.restart();
  io.listen(0, "127.0.0.1");
  io.close(count);
  context.run();
  CHECK(closed == 3);
}

TEST_CASE("close completes on an event loop that goes on", "[behaviour][close]") {
  asio::io_context context;
  const auto guard = asio::make_work_guard(context);
  auto io = std::make_optional<TestServer>(context, ServerOptions{}, TestTransport::Options{"asio"});
  io->listen(0, "127.0.0.1");
  List log;
  io->close([&](std::error_code) {
    log.emplace_back("closed");
    asio::post(context, [&] {
      io.reset();
      log.emplace_back("destroyed");
    });
  });
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (log.size() < 2 && std::chrono::steady_clock::now() < deadline) context.run_one_for(10ms);
  CHECK(log == List{"closed", "destroyed"});
  CHECK_FALSE(context.stopped());
}

TEST_CASE("a handler may close its server, and continues when the server has closed", "[behaviour][close][coroutine]") {
  Harness harness;
  List log;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&] { log.emplace_back("disconnect"); });
    socket.on("close", [&] { harness.io.close([&](std::error_code) { log.emplace_back("closed"); }); });
    socket.on("close and wait", [&, socket]() -> asio::awaitable<void> {
      co_await harness.io.close(asio::use_awaitable);
      log.emplace_back(socket.connected() ? "connected still" : "closed");
    });
  });
  auto client = open_socket(harness);
  SECTION("with a function") { client.text(R"(42["close"])"); }
  SECTION("in a coroutine") { client.text(R"(42["close and wait"])"); }
  client.close();
  CHECK(until(harness, [&] { return log.size() == 2; }));
  CHECK(log == List{"disconnect", "closed"});
}

TEST_CASE("a server that has closed listens again", "[behaviour][close]") {
  asio::io_context context;
  TestServer io(context, {}, TestTransport::Options{"asio"});
  List log;
  for (int round = 0; round < 3; ++round) {
    const std::uint16_t port = io.listen(0, "127.0.0.1");
    auto wire = make_tcp_wire(context, port);
    auto client = wire->open(websocket_target);
    CHECK(client->next().substr(0, 2) == "0{");
    bool is_closed = false;
    io.close([&](std::error_code error) { is_closed = !error; });
    client->close();
    CHECK(wire->until([&] { return is_closed; }));
    CHECK(io.transport().connection_count() == 0);
  }
}

TEST_CASE("close takes any completion token", "[behaviour][close]") {
  Harness harness;
  auto client = open_socket(harness);
  SECTION("a future") {
    std::future<void> closed = harness.io.close(asio::use_future);
    client.close();
    REQUIRE(until(harness, [&] { return closed.wait_for(0s) == std::future_status::ready; }));
    CHECK_NOTHROW(closed.get());
  }
  SECTION("a handler with an executor of its own") {
    asio::io_context elsewhere;
    bool is_closed = false;
    harness.io.close(asio::bind_executor(elsewhere.get_executor(), [&](std::error_code) { is_closed = true; }));
    client.close();
    CHECK(until(harness, [&] { return elsewhere.poll() != 0; }));
    CHECK(is_closed);
  }
  SECTION("a handler that throws") {
    std::vector<ErrorReport> reports;
    harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
    harness.io.close([](std::error_code) { throw std::runtime_error("boom"); });
    client.close();
    REQUIRE(until(harness, [&] { return !reports.empty(); }));
    CHECK(reports[0].event == "close");
    CHECK(reports[0].detail == "handler threw: boom");
  }
}

TEST_CASE("a handler that waits for the close of a destroyed server is dropped", "[behaviour][close][lifetime]") {
  asio::io_context context;
  const auto kept = std::make_shared<int>();
  bool called = false;
  {
    TestServer io(context, {}, TestTransport::Options{"asio"});
    io.listen(0, "127.0.0.1");
    io.close([&, kept](std::error_code) { called = true; });
    CHECK(kept.use_count() == 2);
  }
  context.run();
  CHECK_FALSE(called);
  CHECK(kept.use_count() == 1);
}
