// SPDX-License-Identifier: MIT
// The address of a client behind proxies, and limits that count by it.
#include <socketio/engine/client_address.hpp>

#include <tests/support/engine_fixture.hpp>

#include <tests/support/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using socketio::EngineOptions;
using socketio::HttpRequest;
using socketio::RateLimit;
using socketio::RateLimits;
using socketio::detail::ClientAddress;
using socketio::detail::ClientAddressFinder;
using socketio::detail::parse_client_address;
using tests::EngineFixture;

namespace {

using namespace std::chrono_literals;

/// The address and the port that the header of a request from a peer tells; "" if it tells none.
std::string found(const ClientAddressFinder& finder, const std::string& header, const std::vector<std::string>& values,
                  const std::string& peer = "10.0.0.1") {
  HttpRequest request;
  request.remote_address = peer;
  for (const std::string& value : values) request.headers.add(header, value);
  const auto client = finder.find(request);
  if (!client) return {};
  return client->address + (client->port == 0 ? "" : " port " + std::to_string(client->port));
}

HttpRequest request_from(const std::string& peer, const std::string& forwarded = {}, const char* method = "GET",
                         const std::string& target = EngineFixture::polling()) {
  auto request = socketio::MemoryTransport::make_request(method, target);
  request.remote_address = peer;
  request.remote_port = 1234;
  if (!forwarded.empty()) request.headers.add("X-Forwarded-For", forwarded);
  return request;
}

}  // namespace

TEST_CASE("the client is the last address that is no trusted proxy", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8", "2001:db8::/32"}, "X-Forwarded-For");
  const auto client = [&](const std::string& value) { return found(finder, "x-forwarded-for", {value}); };
  CHECK(client("203.0.113.7") == "203.0.113.7");
  CHECK(client("203.0.113.7, 10.1.1.1") == "203.0.113.7");
  CHECK(client("203.0.113.7,10.1.1.1 , 2001:db8::5,\t10.2.2.2") == "203.0.113.7");
  CHECK(client("198.51.100.1, 203.0.113.7") == "203.0.113.7");
  CHECK(client("198.51.100.1, 203.0.113.7, 10.1.1.1") == "203.0.113.7");
  CHECK(client("10.9.9.9, 10.1.1.1") == "10.9.9.9");
  CHECK(client("203.0.113.7:4711") == "203.0.113.7 port 4711");
  CHECK(client("[2001:db9::1]:4711, 10.1.1.1:80") == "2001:db9::1 port 4711");
  CHECK(client("2001:DB9::0:1") == "2001:db9::1");
  CHECK(client("::ffff:203.0.113.7") == "203.0.113.7");
  CHECK(client(", 203.0.113.7, ,") == "203.0.113.7");
}

TEST_CASE("several lines of the header are one list", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8"}, "X-Forwarded-For");
  CHECK(found(finder, "X-Forwarded-For", {"198.51.100.1", "203.0.113.7", "10.1.1.1"}) == "203.0.113.7");
}

TEST_CASE("what a client writes into the header changes nothing", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8"}, "X-Forwarded-For");
  for (const char* lie : {"127.0.0.1", "10.0.0.1", "garbage", "\"", "for=\"", "10.0.0.1, 10.0.0.2", "\\\"", ",,,"}) {
    INFO(lie);
    CHECK(found(finder, "X-Forwarded-For", {lie, "203.0.113.7"}) == "203.0.113.7");
  }
}

TEST_CASE("a peer that is not trusted cannot tell an address", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8"}, "X-Forwarded-For");
  for (const char* peer : {"203.0.113.1", "11.0.0.1", "::1", "", "pipe"})
    CHECK(found(finder, "X-Forwarded-For", {"127.0.0.1"}, peer).empty());
  CHECK(found(finder, "X-Forwarded-For", {"203.0.113.7"}, "::ffff:10.0.0.1") == "203.0.113.7");
  CHECK(found(ClientAddressFinder({"unix"}, "X-Forwarded-For"), "X-Forwarded-For", {"203.0.113.7"}, "") ==
        "203.0.113.7");
}

TEST_CASE("a header that tells no address leaves that of the peer", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8"}, "X-Forwarded-For");
  for (const char* value : {"", " ", ",", "unknown", "_hidden", "203.0.113.7 x", "203.0.113", "203.0.113.7:", ":80",
                            "203.0.113.7:65536", "[203.0.113.7]", "[2001:db9::1", "[2001:db9::1]80", "2001:db9::1]",
                            "[]", "203.0.113.7, garbage", "203.0.113.7, garbage, 10.1.1.1", "203.0.113.7;"}) {
    INFO(value);
    CHECK(found(finder, "X-Forwarded-For", {value}).empty());
  }
  CHECK(found(finder, "X-Real-IP", {"203.0.113.7"}).empty());
}

TEST_CASE("the header Forwarded is read as RFC 7239 says", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8"}, "forwarded");
  const auto client = [&](const std::string& value) { return found(finder, "Forwarded", {value}); };
  CHECK(client("for=203.0.113.7") == "203.0.113.7");
  CHECK(client("For=\"203.0.113.7:4711\";proto=https;by=10.0.0.1") == "203.0.113.7 port 4711");
  CHECK(client("proto=https; FOR=\"[2001:db9::1]:80\"") == "2001:db9::1 port 80");
  CHECK(client("for=\"[2001:db9::1]\", for=10.1.1.1") == "2001:db9::1");
  CHECK(client("for=198.51.100.1, for=203.0.113.7;host=\"a,b;c\"") == "203.0.113.7");
  CHECK(client("for=203.0.113.7;host=\"a\\\",for=1.1.1.1\"") == "203.0.113.7");
  // Quotes that the client left open before what the proxy has appended.
  CHECK(client("for=\"1.1.1.1, for=203.0.113.7") == "203.0.113.7");
  for (const char* nothing : {"for=unknown", "for=_hidden", "proto=https", "for=\"\"", "for", "203.0.113.7",
                              "for=203.0.113.7, by=10.0.0.1", "=203.0.113.7", "for=\"203.0.113.7"}) {
    INFO(nothing);
    CHECK(client(nothing).empty());
  }
}

TEST_CASE("a header with one address can be chosen", "[engine][proxies]") {
  const ClientAddressFinder finder({"10.0.0.0/8"}, "X-Real-IP");
  CHECK(found(finder, "x-real-ip", {"203.0.113.7"}) == "203.0.113.7");
  CHECK(found(finder, "X-Forwarded-For", {"203.0.113.7"}).empty());
}

TEST_CASE("an address with a port is taken apart", "[engine][proxies]") {
  CHECK(parse_client_address("203.0.113.7:0") == ClientAddress{"203.0.113.7", 0});
  CHECK(parse_client_address("203.0.113.7:65535") == ClientAddress{"203.0.113.7", 65'535});
  CHECK(parse_client_address("::1") == ClientAddress{"::1", 0});
  CHECK_FALSE(parse_client_address("::1:"));
  CHECK_FALSE(parse_client_address(""));
}

TEST_CASE("sessions and hooks see the address that a trusted proxy tells", "[engine][proxies]") {
  std::vector<std::string> asked;
  EngineFixture f({.allow_request =
                       [&](const HttpRequest& request, const socketio::Verdict& verdict) {
                         asked.push_back(request.remote_address + ' ' + std::to_string(request.remote_port));
                         verdict.allow();
                       },
                   .trusted_proxies = {"10.0.0.0/8"}});
  const auto open = [&](const HttpRequest& request) {
    const auto response = f.transport.request(request);
    f.run();
    REQUIRE(response->status() == 200);
    return f.sessions.back()->remote_address();
  };
  CHECK(open(request_from("10.0.0.1", "203.0.113.7")) == "203.0.113.7");
  CHECK(open(request_from("10.0.0.1")) == "10.0.0.1");
  CHECK(open(request_from("10.0.0.1", "garbage")) == "10.0.0.1");
  CHECK(open(request_from("198.51.100.1", "203.0.113.7")) == "198.51.100.1");
  CHECK(asked == std::vector<std::string>{"203.0.113.7 0", "10.0.0.1 1234", "10.0.0.1 1234", "198.51.100.1 1234"});
}

TEST_CASE("without trusted proxies headers change no address", "[engine][proxies]") {
  EngineFixture f;
  f.transport.request(request_from("10.0.0.1", "203.0.113.7"));
  f.run();
  CHECK(f.session().remote_address() == "10.0.0.1");
}

TEST_CASE("sessions are counted by the client's address behind a proxy, and by IPv6 networks", "[engine][proxies]") {
  EngineFixture f({.max_sessions_per_address = 2, .ipv6_prefix = 56, .trusted_proxies = {"10.0.0.1"}});
  const auto open = [&](const std::string& peer, const std::string& forwarded = {}) {
    const auto response = f.transport.request(request_from(peer, forwarded));
    f.run();
    return response->status();
  };
  CHECK(open("10.0.0.1", "203.0.113.7") == 200);
  CHECK(open("10.0.0.1", "203.0.113.7") == 200);
  CHECK(open("10.0.0.1", "203.0.113.7") == 503);
  CHECK(open("203.0.113.7") == 503);
  CHECK(open("::ffff:203.0.113.7") == 503);
  CHECK(open("10.0.0.1", "203.0.113.8") == 200);

  CHECK(open("2001:db8:0:1::1") == 200);
  CHECK(open("2001:db8:0:ff::2") == 200);
  CHECK(open("2001:db8:0:2:3:4:5:6") == 503);
  CHECK(open("2001:db8:0:100::1") == 200);

  // Peers without an address, those of Unix sockets, are not counted.
  for (int i = 0; i < 5; ++i) CHECK(open("") == 200);

  f.sessions[0]->close(true);
  CHECK(open("203.0.113.7") == 200);
  CHECK(open("203.0.113.7") == 503);
}

TEST_CASE("handshakes of an address are limited, and the answer says when to come back", "[engine][rates]") {
  EngineFixture f({.rate_limits = {.handshakes_per_address = {.per_second = 0.5, .burst = 3}}});
  const auto open = [&](const std::string& peer) {
    const auto response = f.transport.request(request_from(peer));
    f.run();
    return response;
  };
  for (int i = 0; i < 3; ++i) CHECK(open("203.0.113.7")->status() == 200);
  const auto refused = open("203.0.113.7");
  CHECK(refused->status() == 429);
  CHECK(refused->header("Retry-After") == "2");
  CHECK(refused->body() == R"({"code":3,"message":"Too many requests"})");
  REQUIRE(f.refusals.size() == 1);
  CHECK(f.refusals[0].context == "name=RATE_LIMITED retryAfter=2 ");
  CHECK(open("203.0.113.8")->status() == 200);

  auto upgrade = f.transport.connect_websocket(EngineFixture::websocket());
  CHECK(upgrade->accepted);  // from 127.0.0.1
  for (int i = 0; i < 2; ++i) CHECK(f.transport.connect_websocket(EngineFixture::websocket())->accepted);
  upgrade = f.transport.connect_websocket(EngineFixture::websocket());
  CHECK_FALSE(upgrade->accepted);
  CHECK(upgrade->response.status == 429);
  CHECK(upgrade->response.headers.find("Retry-After") == "2");
  CHECK(upgrade->response.body == "Too many requests");

  f.transport.advance(1999ms);
  CHECK(open("203.0.113.7")->status() == 429);
  CHECK(open("203.0.113.7")->header("Retry-After") == "1");
  f.transport.advance(1ms);
  CHECK(open("203.0.113.7")->status() == 200);
  CHECK(open("203.0.113.7")->status() == 429);
}

TEST_CASE("requests of a session are no handshakes, and refused handshakes are", "[engine][rates]") {
  EngineFixture f({.rate_limits = {.handshakes_per_address = {.per_second = 1, .burst = 2}}});
  const std::string sid = f.open_polling();
  for (int i = 0; i < 5; ++i) CHECK(f.transport.fetch("POST", EngineFixture::polling(sid), "4a")->status() == 200);
  CHECK(f.transport.fetch("PUT", EngineFixture::polling())->status() == 400);
  CHECK(f.transport.fetch("GET", EngineFixture::polling())->status() == 429);
}
