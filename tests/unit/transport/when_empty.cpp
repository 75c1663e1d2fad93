// SPDX-License-Identifier: MIT
// The operation `when_empty` of every transport: how a server learns that its last connection has ended.
#include <socketio/transport/asio.hpp>
#include <socketio/transport/memory.hpp>
#ifdef SOCKETIO_WITH_WEBSOCKETPP
#include <socketio/transport/websocketpp.hpp>
#endif
#include <tests/support/catch.hpp>
#include <tests/support/raw_client.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using socketio::AsioTransport;
using socketio::ExchangePtr;
using socketio::MemoryTransport;
using socketio::WebSocket;
using socketio::test::RawClient;
using socketio::test::run_until;

namespace {

/// A transport on TCP whose requests wait for an answer.
template <class T>
struct EmptyFixture {
  EmptyFixture() {
    transport->on_exchange([this](ExchangePtr exchange) { exchanges.push_back(std::move(exchange)); });
    port = transport->listen(0, "127.0.0.1");
  }

  std::unique_ptr<RawClient> open_request() {
    auto client = std::make_unique<RawClient>(context, port);
    client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::size_t before = exchanges.size();
    REQUIRE(run_until(context, [&] { return exchanges.size() > before; }));
    return client;
  }

  asio::io_context context{1};
  std::unique_ptr<T> transport = std::make_unique<T>(context);
  std::vector<ExchangePtr> exchanges;
  std::uint16_t port = 0;
};

#ifdef SOCKETIO_WITH_WEBSOCKETPP
#define SOCKETIO_TEST_TCP_TRANSPORTS AsioTransport, socketio::WebsocketppTransport
#else
#define SOCKETIO_TEST_TCP_TRANSPORTS AsioTransport
#endif

}  // namespace

TEMPLATE_TEST_CASE("when_empty answers in a later turn if there is no connection", "[transport]",
                   SOCKETIO_TEST_TCP_TRANSPORTS) {
  EmptyFixture<TestType> f;
  int calls = 0;
  f.transport->when_empty([&] { ++calls; });
  f.transport->when_empty([&] { ++calls; });
  CHECK(calls == 0);
  REQUIRE(run_until(f.context, [&] { return calls == 2; }));
  f.open_request()->close();
  REQUIRE(run_until(f.context, [&] { return f.transport->connection_count() == 0; }));
  CHECK(calls == 2);
}

TEMPLATE_TEST_CASE("when_empty waits for the last connection", "[transport]", SOCKETIO_TEST_TCP_TRANSPORTS) {
  EmptyFixture<TestType> f;
  const auto first = f.open_request();
  const auto second = f.open_request();
  std::optional<std::size_t> left;
  f.transport->when_empty([&] { left = f.transport->connection_count(); });
  first->close();
  REQUIRE(run_until(f.context, [&] { return f.transport->connection_count() == 1; }));
  CHECK_FALSE(left);
  f.exchanges[1]->destroy();
  CHECK_FALSE(left);
  REQUIRE(run_until(f.context, [&] { return left.has_value(); }));
  CHECK(left == 0u);
}

TEMPLATE_TEST_CASE("when_empty hears of the end that close brings about", "[transport]", SOCKETIO_TEST_TCP_TRANSPORTS) {
  EmptyFixture<TestType> f;
  const auto client = f.open_request();
  bool is_empty = false;
  f.transport->close();
  f.transport->when_empty([&] { is_empty = true; });
  f.exchanges.front()->respond({});
  REQUIRE(run_until(f.context, [&] { return is_empty && client->ended; }));
  CHECK(client->received.starts_with("HTTP/1.1 200 OK"));
}

TEMPLATE_TEST_CASE("when_empty may destroy the transport, which drops the other handlers", "[transport]",
                   SOCKETIO_TEST_TCP_TRANSPORTS) {
  EmptyFixture<TestType> f;
  const auto owned = std::make_shared<int>();
  bool is_wrong = false;
  f.transport->when_empty([&] { f.transport.reset(); });
  f.transport->when_empty([&, owned] { is_wrong = true; });
  REQUIRE(run_until(f.context, [&] { return owned.use_count() == 1; }));
  f.context.restart();
  f.context.poll();
  CHECK_FALSE(f.transport);
  CHECK_FALSE(is_wrong);
}

TEMPLATE_TEST_CASE("when_empty is forgotten by a transport that is destroyed", "[transport]",
                   SOCKETIO_TEST_TCP_TRANSPORTS) {
  EmptyFixture<TestType> f;
  const auto client = f.open_request();
  bool is_wrong = false;
  f.transport->when_empty([&] { is_wrong = true; });
  f.transport.reset();
  f.context.restart();
  f.context.poll();
  CHECK_FALSE(is_wrong);
}

TEST_CASE("when_empty of a transport in memory counts requests and WebSockets", "[transport][memory]") {
  asio::io_context context;
  MemoryTransport transport(context);
  std::vector<ExchangePtr> exchanges;
  transport.on_exchange([&](ExchangePtr exchange) { exchanges.push_back(std::move(exchange)); });
  transport.listen();
  int calls = 0;
  const auto wait = [&] { transport.when_empty([&] { ++calls; }); };

  wait();
  CHECK(calls == 0);
  transport.run_until_idle();
  CHECK(calls == 1);

  const auto response = transport.fetch("GET", "/");
  const auto client = transport.connect_websocket("/");
  wait();
  transport.run_until_idle();
  CHECK(calls == 1);
  exchanges.at(0)->respond({});
  const std::shared_ptr<WebSocket> websocket = exchanges.at(1)->accept_websocket({}, {});
  transport.run_until_idle();
  CHECK(calls == 1);
  websocket->terminate();
  CHECK(calls == 1);
  transport.run_until_idle();
  CHECK(calls == 2);

  const auto cut = transport.fetch("GET", "/");
  wait();
  cut->abort();
  transport.run_until_idle();
  CHECK(calls == 3);

  const auto unheard = transport.fetch("GET", "/");
  wait();
  transport.close();
  transport.run_until_idle();
  CHECK(calls == 4);
}

TEST_CASE("when_empty is forgotten by a transport in memory that is destroyed", "[transport][memory]") {
  asio::io_context context;
  bool is_wrong = false;
  {
    MemoryTransport transport(context);
    transport.when_empty([&] { is_wrong = true; });
  }
  context.poll();
  CHECK_FALSE(is_wrong);
}
