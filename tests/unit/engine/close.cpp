// SPDX-License-Identifier: MIT
#include <socketio/engine/session.hpp>
// How sessions and the engine end, and that nothing remains.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

using socketio::CloseReason;
using socketio::MemoryWebSocketClient;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;
using Received = std::vector<MemoryWebSocketClient::Received>;

TEST_CASE("closing a WebSocket session sends an empty close frame after what was sent", "[engine][close]") {
  EngineFixture f;
  const auto client = f.open_websocket();
  f.session().send(f.text("a"));
  f.session().send(f.text("b"));
  f.session().close();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
  CHECK(f.engine.clients_count() == 0);
  f.session().send(f.text("c"));
  f.session().close();
  f.session().close(true);
  f.run();
  CHECK(client->received == Received{{false, "4a"}, {false, "4b"}});
  CHECK(client->close_code == 1005);
  CHECK(client->closed);
  CHECK(f.recorder().closes.size() == 1);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("closing a polling session answers the waiting poll", "[engine][close]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  f.session().close();
  CHECK(poll->body() == "1");
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
  CHECK(f.poll(sid)->status() == 400);
}

TEST_CASE("closing a polling session without a poll waits for the next one", "[engine][close]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().close();
  CHECK(f.session().ready_state() == Session::ReadyState::closing);
  CHECK(f.recorder().closes.empty());
  f.session().send(f.text("late"));
  CHECK(f.post(sid, "4late")->body() == "ok");
  CHECK(f.post(sid, "garbage")->body() == "ok");
  CHECK(f.recorder().messages.empty());
  CHECK(f.poll(sid)->body() ==
        "6\x1e"
        "1");
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("a closing polling session sends unsent packets first", "[engine][close]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().send(f.text("a"));
  f.session().send(f.text("b"));
  f.session().close();
  CHECK(f.recorder().closes.empty());
  CHECK(f.poll(sid)->body() ==
        "4a\x1e"
        "4b");
  CHECK(f.recorder().closes.empty());
  CHECK(f.poll(sid)->body() ==
        "6\x1e"
        "1");
  CHECK(f.recorder().closes.size() == 1);
}

TEST_CASE("a closing polling session without a poll ends after close_timeout", "[engine][close]") {
  EngineFixture f({.ping_interval = 60s});
  f.open_polling();
  f.session().close();
  f.advance(29'999ms);
  CHECK(f.recorder().closes.empty());
  CHECK(f.engine.clients_count() == 1);
  f.advance(1ms);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
  CHECK(f.engine.clients_count() == 0);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("a client may still close a session that is closing", "[engine][close]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().close();
  CHECK(f.post(sid, "1")->body() == "ok");
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_close);
}

TEST_CASE("closing ends a POST that is being read", "[engine][close]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  post->add_body("4x");
  f.run();
  f.session().close();
  CHECK(post->destroyed);
  CHECK(f.recorder().closes.empty());
}

TEST_CASE("discarding ends a session at once", "[engine][close]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().send(f.text("unsent"));
  SECTION("while open") {}
  SECTION("while it waits for its buffer to be sent") { f.session().close(); }
  CHECK(f.recorder().closes.empty());
  f.session().close(true);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
  CHECK(f.recorder().unsent_at_close == 1);
  f.run();
  CHECK(f.session().write_buffer().empty());
  CHECK(f.session().unsent_bytes() == 0);
}

TEST_CASE("discarding ends a closing session that waits for a poll", "[engine][close]") {
  EngineFixture f;
  f.open_polling();
  f.session().close();
  f.session().close(true);
  CHECK(f.recorder().closes.size() == 1);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("closing the engine ends every session and leaves no timer", "[engine][close]") {
  EngineFixture f;
  const std::string idle = f.open_polling();
  const std::string parked = f.open_polling();
  const auto poll = f.poll(parked);
  const std::string buffered = f.open_polling();
  f.session().send(f.text("unsent"));
  const std::string upgrading = f.open_polling();
  const auto probe = f.probe(upgrading);
  const auto websocket = f.open_websocket();
  const std::string upgraded = f.open_polling();
  const auto client = f.probe(upgraded);
  client->send_text("5");
  f.run();
  CHECK(f.engine.clients_count() == 6);

  f.engine.close();
  CHECK(f.engine.clients_count() == 0);
  f.run();
  CHECK(poll->body() == "1");
  CHECK(probe->close_code == 1005);
  CHECK(websocket->close_code == 1005);
  CHECK(client->close_code == 1005);
  for (const auto& recorder : f.recorders) {
    REQUIRE(recorder->closes.size() == 1);
    CHECK(recorder->closes[0].reason == CloseReason::forced_close);
  }
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("an engine that is opened again serves WebSockets again", "[engine][close]") {
  EngineFixture f;
  f.prototype.echoes = true;
  f.open_websocket();
  f.engine.close();
  f.run();
  f.engine.reopen();
  const auto client = f.open_websocket();
  client->send_text("4x");
  f.run();
  CHECK(client->pop().payload == "4x");
}

TEST_CASE("destroying the engine closes its sessions, which may outlive it", "[engine][close]") {
  asio::io_context context;
  socketio::MemoryTransport transport(context);
  auto engine = std::make_unique<socketio::Engine>(transport.scheduler());
  transport.on_exchange([&](socketio::ExchangePtr exchange) { engine->handle(std::move(exchange)); });
  transport.listen();
  const auto recorder = std::make_shared<tests::Recorder>();
  std::shared_ptr<Session> kept;
  engine->on_connection([&](std::shared_ptr<Session> session) {
    session->set_listener(recorder);
    kept = std::move(session);
  });
  const auto client = transport.connect_websocket(EngineFixture::websocket());
  engine.reset();
  CHECK(recorder->closes.size() == 1);
  transport.run_until_idle();
  CHECK(client->close_code == 1005);
  CHECK(kept->ready_state() == Session::ReadyState::closed);
  kept->send(EngineFixture::text("x"));
  kept->close();
  CHECK_FALSE(kept->is_writable());
  CHECK_FALSE(kept->was_writable());
  CHECK(recorder.use_count() == 1);
}

TEST_CASE("a closed session keeps nothing of its listener", "[engine][close]") {
  EngineFixture f;
  f.open_websocket();
  const std::weak_ptr<tests::Recorder> weak = f.recorders.back();
  f.session().close();
  f.run();
  f.recorders.clear();
  CHECK(weak.expired());
}

TEST_CASE("the engine removes a session before it reports its end", "[engine][close]") {
  EngineFixture f;
  std::size_t count = 99;
  f.prototype.react_to = "close";
  f.prototype.reaction = [&](Session&) { count = f.engine.clients_count(); };
  f.open_websocket();
  f.session().close();
  CHECK(count == 0);
}

TEST_CASE("a WebSocket that the transport ends is a forced close", "[engine][close]") {
  EngineFixture f;
  f.open_websocket();
  f.transport.close();
  f.advance(30s);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
}
