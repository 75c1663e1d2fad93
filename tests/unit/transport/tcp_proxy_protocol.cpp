// SPDX-License-Identifier: MIT
// Connections that begin with a header of the PROXY protocol; and the limit of connections, where they are half open.
#include <socketio/transport/asio_options.hpp>
#include <tests/support/asio_fixture.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using socketio::AsioTransportOptions;
using socketio::ExchangePtr;
using socketio::test::AsioFixture;
using socketio::test::ClientPtr;
using socketio::test::text_response;

namespace {

constexpr const char* plain_request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string line = "PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n";
const std::string block("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xCB\x00\x71\x07\x0A\x00\x00\x01\x12\x67\x01\xBB", 28);

AsioTransportOptions from(std::vector<std::string> proxies) {
  AsioTransportOptions options;
  options.proxy_protocol_from = std::move(proxies);
  return options;
}

/// Answers each request with the address from which it came.
struct AddressServer : AsioFixture {
  explicit AddressServer(const AsioTransportOptions& options) : AsioFixture(options) {
    when_exchange = [](const ExchangePtr& exchange) {
      const auto& request = exchange->request();
      exchange->respond(text_response(request.remote_address + ' ' + std::to_string(request.remote_port)));
    };
  }

  /// The body of the answer to what a client sends; "ended" if the connection ends without an answer.
  std::string answer_to(const std::string& bytes) {
    const ClientPtr client = connect();
    client->send(bytes);
    return answer(client);
  }
  std::string answer(const ClientPtr& client) {
    const auto body_at = [&] { return client->received.find("\r\n\r\n"); };
    REQUIRE(until([&] { return client->ended || (body_at() != std::string::npos && client->received.size() > body_at() + 4); }));
    if (client->received.empty()) return "ended";
    const std::string body = client->received.substr(body_at() + 4);
    client->received.clear();
    return body;
  }
};

}  // namespace

TEST_CASE("a header of the PROXY protocol tells the address of the client", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.0/8"}));
  CHECK(server.answer_to(line + plain_request) == "203.0.113.7 4711");
  CHECK(server.answer_to(block + plain_request) == "203.0.113.7 4711");
  const ClientPtr client = server.connect();
  client->send("PROXY TCP6 2001:db8::1 ::1 80 80\r\n" + std::string(plain_request));
  CHECK(server.answer(client) == "2001:db8::1 80");
  client->send(plain_request);
  CHECK(server.answer(client) == "2001:db8::1 80");
  CHECK(server.answer_to("PROXY UNKNOWN\r\n" + std::string(plain_request)).starts_with("127.0.0.1 "));
}

TEST_CASE("a header that comes byte by byte is read as far as it goes", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  for (const std::string& header : {line, block}) {
    const ClientPtr client = server.connect();
    for (const char byte : header) {
      client->send(std::string(1, byte));
      if (byte == ' ' || byte == '\0') server.context.poll();
    }
    client->send(plain_request);
    CHECK(server.answer(client) == "203.0.113.7 4711");
  }
}

TEST_CASE("a proxy that sends no header, or a broken one, gets no answer", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  CHECK(server.answer_to(plain_request) == "ended");
  CHECK(server.answer_to("PROXY TCP4 203.0.113.7\r\n" + std::string(plain_request)) == "ended");
  CHECK(server.answer_to(line + line + plain_request).empty() == false);
  const ClientPtr early = server.connect();
  early->send(line.substr(0, 20));
  early->close();
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
}

TEST_CASE("other peers cannot send a header", "[transport][proxy_protocol]") {
  AddressServer server(from({"10.0.0.0/8"}));
  CHECK(server.answer_to(plain_request).starts_with("127.0.0.1 "));
  const ClientPtr liar = server.connect();
  liar->send(line + plain_request);
  CHECK(server.until([&] { return liar->ended; }));
  CHECK(liar->received.starts_with("HTTP/1.1 400"));
}

TEST_CASE("a header that does not come in time ends the connection", "[transport][proxy_protocol]") {
  AsioTransportOptions options = from({"127.0.0.1"});
  options.head_timeout = 5ms;
  AddressServer server(options);
  const ClientPtr silent = server.connect();
  const ClientPtr slow = server.connect();
  slow->send(line.substr(0, line.size() - 1));
  CHECK(server.until([&] { return silent->ended && slow->ended; }));
  CHECK(silent->received.empty());
  CHECK(slow->received.empty());
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("connections of a server that closes end while their header is awaited", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  const ClientPtr waiting = server.connect();
  waiting->send(line.substr(0, 10));
  REQUIRE(server.until([&] { return server.transport->connection_count() == 1; }));
  server.transport->close();
  CHECK(server.until([&] { return waiting->ended; }));
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("connections count while they are half open, and free their place when they end", "[transport][limits]") {
  AsioTransportOptions options = from({GENERATE(std::string("127.0.0.1"), std::string("10.0.0.1"))});
  options.max_connections = 4;
  const bool has_header = options.proxy_protocol_from.front() == "127.0.0.1";
  AddressServer server(options);
  const std::string begin = has_header ? line.substr(0, 7) : "GET / HT";
  const std::string whole = (has_header ? line : "") + plain_request;
  std::vector<ClientPtr> half_open;
  for (std::size_t i = 0; i + 1 < options.max_connections; ++i) {
    half_open.push_back(server.connect());
    half_open.back()->send(begin);
  }
  const ClientPtr last = server.connect();
  last->send(whole);
  CHECK(server.answer(last) != "ended");
  CHECK(server.transport->connection_count() == options.max_connections);
  for (int i = 0; i < 10; ++i) CHECK(server.answer_to(whole) == "ended");
  CHECK(server.transport->connection_count() == options.max_connections);

  for (std::size_t freed = 0; freed < half_open.size(); ++freed) {
    half_open[freed]->close();
    REQUIRE(server.until([&] { return server.transport->connection_count() == options.max_connections - 1; }));
    const ClientPtr next = server.connect();
    next->send(whole);
    CHECK(server.answer(next) != "ended");
    CHECK(server.answer_to(whole) == "ended");
    half_open[freed] = server.connect();
    next->close();
    REQUIRE(server.until([&] { return server.transport->connection_count() <= options.max_connections - 1; }));
    half_open.push_back(server.connect());
    half_open.back()->send(begin);
    REQUIRE(server.until([&] { return server.transport->connection_count() == options.max_connections; }));
    break;
  }
}
