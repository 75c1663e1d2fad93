// SPDX-License-Identifier: MIT
// Limits of rates: what becomes of events that come too fast, for each action and each way of counting.

#include "../support/catch.hpp"

#include <socketio/testing/testing.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace socketio;
using namespace std::chrono_literals;

namespace {

/// A server that counts the events which reach its handlers.
struct Counting {
  explicit Counting(ServerOptions options) : io(std::move(options)) { handle(io.of("/")); }

  void handle(const BasicNamespace<testing::ConfigOf<>>& nsp) {
    nsp.on("connection", [this](testing::Socket socket) {
      const auto count = [this](const std::string& text) {
        seen.push_back(text);
        return "taken " + text;
      };
      socket.on("a", count);
      socket.on("b", count);
      socket.on_any([this](const std::string&) { ++any; });
      socket.on("disconnect", [this](DisconnectReason why) { reasons.emplace_back(to_string(why)); });
    });
  }

  std::size_t take_seen() { return std::exchange(seen, {}).size(); }

  std::vector<std::string> seen;
  std::vector<std::string> reasons;
  int any = 0;
  testing::Server io;
};

ServerOptions with(RateLimits limits) {
  ServerOptions options;
  options.rate_limits = std::move(limits);
  return options;
}

testing::ClientOptions from(std::string address, std::string nsp = "/") {
  testing::ClientOptions options;
  options.address = std::move(address);
  options.nsp = std::move(nsp);
  return options;
}

void send(testing::Client& client, const char* event, int times) {
  for (int i = 0; i < times; ++i) client.emit(event, std::to_string(i));
}

}  // namespace

TEST_CASE("events beyond the rate of a socket are dropped until tokens are back", "[behaviour][rates]") {
  Counting server(with({.per_socket = {.per_second = 10, .burst = 5, .action = RateLimitAction::drop}}));
  auto client = server.io.connect();
  send(client, "a", 4);  // limit - 1
  CHECK(server.take_seen() == 4);
  send(client, "b", 1);  // limit
  CHECK(server.take_seen() == 1);
  send(client, "a", 100);  // limit + 1
  CHECK(server.take_seen() == 0);
  CHECK(server.any == 5);
  server.io.advance(99ms);
  send(client, "a", 1);
  CHECK(server.take_seen() == 0);
  server.io.advance(1ms);
  send(client, "a", 2);
  CHECK(server.take_seen() == 1);
  server.io.advance(1h);
  send(client, "a", 100);
  CHECK(server.take_seen() == 5);
  CHECK(client.connected());
  CHECK(server.io.rate_limit_counts() == RateLimitCounts{.per_socket = 100 + 1 + 1 + 95});
}

TEST_CASE("each socket has its own tokens", "[behaviour][rates]") {
  Counting server(with({.per_socket = {.per_second = 1, .burst = 3}}));
  server.handle(server.io.of("/chat"));
  auto one = server.io.connect();
  auto two = server.io.connect();
  auto chat = one.connect("/chat");
  send(one, "a", 10);
  CHECK(server.take_seen() == 3);
  send(two, "a", 10);
  CHECK(server.take_seen() == 3);
  send(chat, "a", 10);
  CHECK(server.take_seen() == 3);
}

TEST_CASE("a client that leaves and joins again, or elsewhere, has the tokens that it had", "[behaviour][rates]") {
  Counting server(with({.per_socket = {.per_second = 1, .burst = 3, .action = RateLimitAction::drop}}));
  server.handle(server.io.of("/chat"));
  server.io.of("/closed").use([](testing::Socket) { throw ConnectError("closed"); });
  auto client = server.io.connect();
  send(client, "a", 10);
  CHECK(server.take_seen() == 3);
  for (int i = 0; i < 5; ++i) {
    client.disconnect();
    auto chat = client.connect("/chat");
    send(chat, "a", 10);
    chat.disconnect();
    CHECK_FALSE(client.open("/closed").connected());
    client = client.connect("/");
    send(client, "a", 10);
  }
  CHECK(server.take_seen() == 0);
  // A second socket at the same time has its own, once.
  auto chat = client.connect("/chat");
  send(chat, "a", 10);
  CHECK(server.take_seen() == 3);
  chat.disconnect();
  chat = client.connect("/chat");
  send(chat, "a", 10);
  CHECK(server.take_seen() == 0);
}

TEST_CASE("a refused event is acknowledged with an error that says when to come back", "[behaviour][rates]") {
  Counting server(with({.per_socket = {.per_second = 4, .burst = 2}}));
  auto client = server.io.connect();
  CHECK(client.emit_with_ack<std::string>("a", "1") == "taken 1");
  CHECK(client.emit_with_ack<std::string>("a", "2") == "taken 2");
  CHECK(client.emit_with_ack("a", "3") == Value{{"error", "rate limited"}, {"retry_after_ms", 250}});
  server.io.advance(100ms);
  CHECK(client.emit_with_ack("a", "4") == Value{{"error", "rate limited"}, {"retry_after_ms", 150}});
  server.io.advance(150ms);
  CHECK(client.emit_with_ack<std::string>("a", "5") == "taken 5");
  CHECK(server.seen == std::vector<std::string>{"1", "2", "5"});
}

TEST_CASE("a client that is to be disconnected leaves all its namespaces, and the program sees why",
          "[behaviour][rates]") {
  const auto via = GENERATE(testing::Via::websocket, testing::Via::polling);
  Counting server(with({.per_socket = {.per_second = 1, .burst = 2, .action = RateLimitAction::disconnect}}));
  server.handle(server.io.of("/chat"));
  auto options = from("10.0.0.1");
  options.via = via;
  auto client = server.io.connect(options);
  auto chat = client.connect("/chat");
  auto other = server.io.connect();
  send(client, "a", 2);
  CHECK(client.connected());
  client.emit("a", "3");
  CHECK_FALSE(client.connected());
  CHECK_FALSE(chat.connected());
  CHECK(other.connected());
  CHECK(server.reasons == std::vector<std::string>{"rate limited", "rate limited"});
  CHECK(server.take_seen() == 2);
  CHECK(server.io.engine().clients_count() == 1);
}

TEST_CASE("a name has a limit of its own", "[behaviour][rates]") {
  Counting server(with({.per_event = {{"a", {.per_second = 1, .burst = 2, .action = RateLimitAction::drop}},
                                      {"c", {.per_second = 1, .burst = 1}}}}));
  auto client = server.io.connect();
  send(client, "a", 10);
  CHECK(server.take_seen() == 2);
  send(client, "b", 10);
  CHECK(server.take_seen() == 10);
  server.io.advance(1s);
  send(client, "a", 10);
  CHECK(server.take_seen() == 1);
  CHECK(server.io.rate_limit_counts() == RateLimitCounts{.per_event = 17});
}

TEST_CASE("an event that its own limit holds back does not use up the tokens of the address", "[behaviour][rates]") {
  Counting server(
      with({.per_event = {{"a", {.per_second = 1, .burst = 1}}}, .per_address = {.per_second = 1, .burst = 5}}));
  auto client = server.io.connect();
  send(client, "a", 100);
  CHECK(server.take_seen() == 1);
  send(client, "b", 100);
  CHECK(server.take_seen() == 4);
  CHECK(server.io.rate_limit_counts() == RateLimitCounts{.per_event = 99, .per_address = 96});
}

TEST_CASE("clients of one address share its tokens, also when they come back", "[behaviour][rates]") {
  Counting server(with({.per_address = {.per_second = 1, .burst = 6, .action = RateLimitAction::drop}}));
  auto one = server.io.connect(from("2001:db8:0:1::1"));
  auto two = server.io.connect(from("2001:db8:0:1:ffff::2"));
  auto other = server.io.connect(from("2001:db8:0:2::1"));
  send(one, "a", 4);
  send(two, "a", 4);
  CHECK(server.take_seen() == 6);
  send(other, "a", 10);
  CHECK(server.take_seen() == 6);
  one.disconnect();
  auto again = server.io.connect(from("2001:db8:0:1::3"));
  send(again, "a", 10);
  CHECK(server.take_seen() == 0);
  server.io.advance(2s);
  send(again, "a", 10);
  CHECK(server.take_seen() == 2);
}

TEST_CASE("acknowledgements of a client are not limited", "[behaviour][rates]") {
  Counting server(with({.per_socket = {.per_second = 1, .burst = 1}}));
  auto client = server.io.connect();
  int answers = 0;
  for (int i = 0; i < 20; ++i) {
    server.io.socket(client).emit("ask", i, [&](int) { ++answers; });
    client.next("ask").ack(i);
  }
  CHECK(answers == 20);
}

TEST_CASE("the first event that a limit holds back is reported, and then nothing until it lets one through",
          "[behaviour][rates]") {
  Counting server(with({.per_socket = {.per_second = 1, .burst = 1}}));
  auto client = server.io.connect();
  send(client, "a", 10);
  REQUIRE(server.io.errors().size() == 1);
  const ErrorReport& report = server.io.errors().front();
  CHECK(report.code == Errc::rate_limited);
  CHECK(report.socket_id == client.id());
  CHECK(report.event == "a");
  CHECK(report.message() ==
        "event \"a\" of socket " + client.id() + " in /: events come faster than rate_limits.per_socket allows");
  server.io.advance(1s);
  send(client, "b", 10);
  CHECK(server.io.errors().size() == 2);
}

TEST_CASE("handshakes of an address are counted for the server", "[behaviour][rates]") {
  Counting server(with({.handshakes_per_address = {.per_second = 1, .burst = 2}}));
  auto one = server.io.connect(from("10.0.0.1"));
  auto two = server.io.connect(from("10.0.0.1"));
  CHECK_THROWS(server.io.connect(from("10.0.0.1")));
  auto other = server.io.connect(from("10.0.0.2"));
  CHECK(server.io.rate_limit_counts() == RateLimitCounts{.handshakes_per_address = 1});
}

TEST_CASE("without limits nothing is counted", "[behaviour][rates]") {
  Counting server({});
  auto client = server.io.connect();
  send(client, "a", 2'000);
  CHECK(server.take_seen() == 2'000);
  CHECK(server.io.rate_limit_counts() == RateLimitCounts{});
}

TEST_CASE("programs see the client's address behind a trusted proxy", "[behaviour][proxies]") {
  ServerOptions options;
  options.trusted_proxies = {"10.0.0.0/8"};
  options.client_address_header = "X-Real-IP";
  Counting server(options);
  auto behind = from("10.0.0.1");
  behind.headers = {{"X-Real-IP", "203.0.113.7"}};
  auto liar = from("198.51.100.1");
  liar.headers = behind.headers;
  CHECK(server.io.socket(server.io.connect(behind)).handshake().address == "203.0.113.7");
  CHECK(server.io.socket(server.io.connect(liar)).handshake().address == "198.51.100.1");
}

TEST_CASE("a hardened server serves a usual client", "[behaviour][rates]") {
  Counting server(ServerOptions::hardened());
  auto client = server.io.connect();
  send(client, "a", 100);
  CHECK(server.take_seen() == 100);
  CHECK(server.io.errors().empty());
  send(client, "a", 1);
  CHECK(server.take_seen() == 0);
  server.io.advance(2s);
  send(client, "a", 100);
  CHECK(server.take_seen() == 100);
  CHECK(client.connected());
}
