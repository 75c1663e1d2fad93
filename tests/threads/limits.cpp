// SPDX-License-Identifier: MIT
// Limits that count for all threads of a server together, under clients that come at the same time.

#include "running_server.hpp"
#include "visitor.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using socketio::test::Running;
using socketio::test::Visitor;

namespace {

using Visitors = std::vector<std::unique_ptr<Visitor>>;

/// Clients that connect at the same time, from several threads; those that the server has accepted.
Visitors connect_together(std::uint16_t port, std::size_t threads, std::size_t of_each) {
  std::vector<Visitors> accepted(threads);
  std::vector<std::thread> running;
  for (Visitors& mine : accepted)
    running.emplace_back([&mine, port, of_each] {
      for (std::size_t i = 0; i < of_each; ++i) try {
          mine.push_back(std::make_unique<Visitor>(port));
        } catch (const std::exception&) {
          // Refused: 503, 429, or the end of the connection.
        }
    });
  for (std::thread& thread : running) thread.join();
  Visitors all;
  for (Visitors& mine : accepted)
    for (auto& visitor : mine) all.push_back(std::move(visitor));
  return all;
}

void check_limit(Running<>& server, std::size_t limit) {
  for (int round = 0; round < 3; ++round) {
    Visitors visitors = connect_together(server.port, 4, limit);
    CHECK(visitors.size() == limit);
    for (auto& visitor : visitors) CHECK(visitor->ask("\"echo\",1") == "437[1]");
    // One of them leaves, and one place is free again: as soon as the server has noticed.
    visitors.pop_back();
    Visitors next;
    while (next.empty()) next = connect_together(server.port, 2, 2);
    CHECK(next.size() == 1);
    CHECK(connect_together(server.port, 2, 2).empty());
    visitors.clear();
    next.clear();
    while (server.io.engine().clients_count() != 0) std::this_thread::yield();
  }
}

void echo(socketio::Server& io) {
  io.on("connection", [](socketio::Socket socket) { socket.on("echo", [](int x) { return x; }); });
}

}  // namespace

TEST_CASE("sessions that begin on all threads at once stop at the limit, and free it when they end",
          "[threads][limits]") {
  socketio::ServerOptions options;
  (GENERATE(false, true) ? options.max_sessions : options.max_sessions_per_address) = 6;
  Running server(std::move(options));
  echo(server.io);
  server.run();
  check_limit(server, 6);
}

TEST_CASE("connections that come at once stop at the limit, and free it when they end", "[threads][limits]") {
  Running server({}, {.max_connections = 6});
  echo(server.io);
  server.run();
  check_limit(server, 6);
}

TEST_CASE("clients of one address share its tokens, whatever threads they are on", "[threads][rates]") {
  constexpr std::size_t tokens = 100, clients = 8, events_of_each = 50;
  socketio::ServerOptions options;
  // No token comes back while the test runs.
  options.rate_limits.per_address = {1.0 / 86'400, tokens, socketio::RateLimitAction::refuse};
  Running server(std::move(options));
  echo(server.io);
  server.run();
  std::atomic<std::size_t> answered{0}, refused{0};
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < clients; ++i)
    running.emplace_back([&, port = server.port] {
      Visitor visitor(port);
      for (std::size_t event = 0; event < events_of_each; ++event) {
        const std::string answer = visitor.ask("\"echo\",1");
        if (answer == "437[1]") ++answered;
        if (answer.find("\"error\":\"rate limited\"") != std::string::npos) ++refused;
      }
    });
  for (std::thread& thread : running) thread.join();
  CHECK(answered == tokens);
  CHECK(refused == clients * events_of_each - tokens);
  CHECK(server.io.rate_limit_counts().per_address == refused);
}

TEST_CASE("handshakes of one address share its tokens, whatever threads they come to", "[threads][rates]") {
  socketio::ServerOptions options;
  options.rate_limits.handshakes_per_address = {1.0 / 86'400, 10, socketio::RateLimitAction::refuse};
  Running server(std::move(options));
  echo(server.io);
  server.run();
  CHECK(connect_together(server.port, 4, 10).size() == 10);
  CHECK(server.io.rate_limit_counts().handshakes_per_address == 30);
}
