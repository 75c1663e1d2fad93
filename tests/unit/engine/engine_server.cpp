// SPDX-License-Identifier: MIT
#include <socketio/engine/engine_server.hpp>
// An engine beside other handlers on one transport.
#include <tests/support/catch.hpp>

#include <socketio/transport/memory.hpp>

#include <asio/io_context.hpp>

#include <stdexcept>
#include <string>

using socketio::BasicEngineServer;
using socketio::EngineOptions;
using socketio::ExchangePtr;
using socketio::HttpResponse;
using socketio::MemoryTransport;
using namespace std::chrono_literals;

namespace {

struct EngineServerFixture {
  explicit EngineServerFixture(EngineOptions options = {}) : server(transport, std::move(options)) { server.listen(0); }
  asio::io_context context;
  MemoryTransport transport{context};
  BasicEngineServer<MemoryTransport> server;
};

const char* const handshake = "/engine.io/?EIO=4&transport=polling";

}  // namespace

TEST_CASE("a server by itself answers other paths with 501", "[engine][server]") {
  EngineServerFixture f;
  CHECK(f.transport.fetch("GET", handshake)->status() == 200);
  const auto response = f.transport.fetch("GET", "/");
  CHECK(response->status() == 501);
  CHECK(response->body() == "Not Implemented");
}

TEST_CASE("an engine has its protocol and its options", "[engine][server]") {
  EngineServerFixture f({.ping_timeout = 123ms});
  static_assert(socketio::Engine::protocol == 4);
  CHECK(f.server.engine().options().ping_timeout == 123ms);
  CHECK(f.server.engine().options().ping_interval == 25s);
}

TEST_CASE("a server by itself may answer other paths, but no upgrade", "[engine][server]") {
  EngineServerFixture f({.destroy_upgrade_timeout = 200ms});
  f.server.set_default_answer(404, {});
  const auto response = f.transport.fetch("GET", "/");
  CHECK(response->status() == 404);
  CHECK(response->body().empty());
  const auto client = f.transport.connect_websocket("/foreign");
  f.transport.advance(200ms);
  CHECK(client->destroyed);
}

TEST_CASE("other paths reach the handler of plain requests", "[engine][server]") {
  EngineServerFixture f;
  f.server.on_request([](ExchangePtr exchange) {
    if (exchange->request().target == "/throw") throw std::runtime_error("boo");
    HttpResponse response;
    response.body = "mine";
    exchange->respond(std::move(response));
  });
  std::string error;
  f.server.engine().on_error([&](std::exception_ptr, std::string_view where) { error = where; });
  CHECK(f.transport.fetch("GET", "/index.html")->body() == "mine");
  CHECK(f.transport.fetch("GET", "/engine.io?EIO=4")->body() == "mine");
  CHECK(f.transport.fetch("GET", handshake)->body()[0] == '0');
  CHECK(f.transport.fetch("GET", "/throw")->status() == 500);
  CHECK(error == "request");
  f.server.on_request(nullptr);
  CHECK(f.transport.fetch("GET", "/index.html")->status() == 501);
}

TEST_CASE("a foreign upgrade without an answer is ended after the timeout", "[engine][server]") {
  EngineServerFixture f({.destroy_upgrade_timeout = 200ms});
  ExchangePtr kept;
  const bool has_handler = GENERATE(false, true);
  if (has_handler) f.server.on_request([&](ExchangePtr exchange) { kept = std::move(exchange); });
  const auto client = f.transport.connect_websocket("/foreign");
  f.transport.advance(199ms);
  CHECK_FALSE(client->destroyed);
  f.transport.advance(1ms);
  CHECK(client->destroyed);
  CHECK(f.server.engine().scheduler().timers().empty());
}

TEST_CASE("a foreign upgrade with an answer stays", "[engine][server]") {
  EngineServerFixture f({.destroy_upgrade_timeout = 200ms});
  std::shared_ptr<socketio::WebSocket> websocket;
  f.server.on_request([&](ExchangePtr exchange) { websocket = exchange->accept_websocket({}, {}); });
  const auto client = f.transport.connect_websocket("/foreign");
  f.transport.advance(1s);
  CHECK(client->accepted);
  CHECK_FALSE(client->closed);
}

TEST_CASE("foreign upgrades stay if destroy_upgrade is false", "[engine][server]") {
  EngineServerFixture f({.destroy_upgrade = false});
  ExchangePtr kept;
  f.server.on_request([&](ExchangePtr exchange) { kept = std::move(exchange); });
  const auto client = f.transport.connect_websocket("/foreign");
  f.transport.advance(1h);
  CHECK_FALSE(client->ended());
}

TEST_CASE("a closed server listens again", "[engine][server]") {
  EngineServerFixture f;
  const auto client = f.transport.connect_websocket("/engine.io/?EIO=4&transport=websocket");
  const auto foreign = f.transport.connect_websocket("/foreign");
  f.server.close();
  f.transport.run_until_idle();
  CHECK(client->close_code == 1005);
  CHECK(foreign->destroyed);
  CHECK(f.transport.fetch("GET", handshake)->destroyed);
  CHECK(f.server.engine().scheduler().timers().empty());
  f.server.listen(0);
  CHECK(f.transport.fetch("GET", handshake)->status() == 200);
  CHECK(f.transport.connect_websocket("/engine.io/?EIO=4&transport=websocket")->accepted);
}

TEST_CASE("two engines share a transport on different paths", "[engine][server]") {
  asio::io_context context;
  MemoryTransport transport(context);
  socketio::Engine one(transport.scheduler(), {.path = "/one"});
  socketio::Engine two(transport.scheduler(), {.path = "/two"});
  transport.on_exchange([&](ExchangePtr exchange) {
    socketio::Engine& engine = one.matches(exchange->request()) ? one : two;
    engine.handle(std::move(exchange));
  });
  transport.listen();
  transport.fetch("GET", "/one/?EIO=4&transport=polling");
  transport.connect_websocket("/two/?EIO=4&transport=websocket");
  CHECK(one.clients_count() == 1);
  CHECK(two.clients_count() == 1);
  one.close();
  CHECK(two.clients_count() == 1);
}
