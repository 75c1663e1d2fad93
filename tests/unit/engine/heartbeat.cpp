// SPDX-License-Identifier: MIT
#include <socketio/engine/session.hpp>
// Pings, pongs, and the end of sessions without them.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

using socketio::CloseReason;
using socketio::EngineOptions;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

namespace {

EngineOptions quick() { return {.ping_interval = 300ms, .ping_timeout = 200ms}; }

}  // namespace

TEST_CASE("pings go out an interval after the last pong", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const auto client = f.open_websocket();
  f.advance(299ms);
  CHECK(client->received.empty());
  f.advance(1ms);
  CHECK(client->pop().payload == "2");
  f.advance(100ms);
  client->send_text("3");
  f.run();
  CHECK(f.recorder().count("heartbeat") == 1);
  f.advance(299ms);
  CHECK(client->received.empty());
  f.advance(1ms);
  CHECK(client->pop().payload == "2");
}

TEST_CASE("a WebSocket session without pong is closed", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const auto client = f.open_websocket();
  f.advance(499ms);
  CHECK(f.recorder().closes.empty());
  f.advance(1ms);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::ping_timeout);
  CHECK(f.recorder().closes[0].description.empty());
  CHECK(client->close_code == 1005);
  CHECK(f.engine.clients_count() == 0);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("a polling session without pong is closed", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const std::string sid = f.open_polling();
  SECTION("while a poll waits, which gets the close packet") {
    const auto first = f.poll(sid);
    f.advance(300ms);
    CHECK(first->body() == "2");
    const auto second = f.poll(sid);
    f.advance(200ms);
    CHECK(second->body() == "1");
  }
  SECTION("while nothing waits") {
    f.advance(500ms);
    CHECK(f.recorder().unsent_at_close == 1);  // the ping itself
  }
  SECTION("even if the server has closed it already") {
    f.session().send(f.text("unsent"));
    f.session().close();
    f.advance(500ms);
  }
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::ping_timeout);
  CHECK(f.poll(sid)->status() == 400);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("pongs over polling keep a session alive", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const std::string sid = f.open_polling();
  for (int i = 0; i < 5; ++i) {
    const auto poll = f.poll(sid);
    f.advance(300ms);
    CHECK(poll->body() == "2");
    CHECK(f.post(sid, "3")->body() == "ok");
  }
  CHECK(f.recorder().count("heartbeat") == 5);
  CHECK(f.recorder().closes.empty());
}

TEST_CASE("while a pong is due, the first other packet extends the time once per ping", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const auto client = f.open_websocket();
  f.advance(300ms);
  f.advance(150ms);
  client->send_text("4x");
  f.advance(150ms);
  CHECK(f.recorder().closes.empty());
  client->send_text("4y");
  f.advance(49ms);
  CHECK(f.recorder().closes.empty());
  SECTION("then the session ends") {
    f.advance(1ms);
    REQUIRE(f.recorder().closes.size() == 1);
    CHECK(f.recorder().closes[0].reason == CloseReason::ping_timeout);
  }
  SECTION("and anew for the next ping") {
    client->send_text("3");
    f.advance(300ms);
    f.advance(150ms);
    client->send_text("4z");
    f.advance(199ms);
    CHECK(f.recorder().closes.empty());
  }
}

TEST_CASE("a message before the ping extends nothing", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const auto client = f.open_websocket();
  f.advance(250ms);
  client->send_text("4x");
  f.advance(50ms);
  CHECK(client->pop().payload == "2");
  f.advance(200ms);
  CHECK(f.recorder().closes.size() == 1);
}

TEST_CASE("an unexpected pong restarts the interval and makes no timer", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const auto client = f.open_websocket();
  f.advance(200ms);
  for (int i = 0; i < 100; ++i) client->send_text("3");
  f.run();
  CHECK(f.engine.scheduler().timers().size() == 1);
  f.advance(299ms);
  CHECK(client->received.empty());
  f.advance(1ms);
  CHECK(client->pop().payload == "2");
  CHECK(client->received.empty());
}

TEST_CASE("the timeout of a ping runs while the ping waits for a poll", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const std::string sid = f.open_polling();
  f.advance(400ms);
  CHECK(f.poll(sid)->body() == "2");
  f.advance(99ms);
  CHECK(f.recorder().closes.empty());
  f.advance(1ms);
  CHECK(f.recorder().closes.size() == 1);
}

TEST_CASE("the heartbeat goes on across an upgrade", "[engine][heartbeat]") {
  EngineFixture f(quick());
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  const auto client = f.probe(sid);
  SECTION("a pending pong is expected again") {
    f.advance(100ms);
    CHECK(poll->body() == "6");
    const auto second = f.poll(sid);
    f.advance(200ms);
    f.poll(sid);
    f.advance(50ms);
    client->send_text("5");
    f.run();
    CHECK(f.session().is_upgraded());
    f.advance(199ms);
    CHECK(f.recorder().closes.empty());
    f.advance(1ms);
    REQUIRE(f.recorder().closes.size() == 1);
    CHECK(f.recorder().closes[0].reason == CloseReason::ping_timeout);
  }
  SECTION("a later ping comes on the WebSocket") {
    client->send_text("5");
    f.run();
    f.advance(300ms);
    CHECK(client->pop().payload == "2");
    client->send_text("3");
    f.advance(300ms);
    CHECK(client->pop().payload == "2");
  }
}

TEST_CASE("a burst of large messages causes no ping timeout", "[engine][heartbeat]") {
  EngineFixture f({.ping_interval = 10ms, .ping_timeout = 10ms});
  f.prototype.reaction = [](Session& session) {
    for (int i = 0; i < 100; ++i) session.send(EngineFixture::text(std::string(65536, 'a')));
  };
  f.prototype.react_to = "message";
  const auto client = f.open_websocket();
  client->send_text("4go");
  f.run();
  CHECK(client->received.size() == 100);
  f.advance(10ms);
  client->send_text("3");
  f.advance(9ms);
  CHECK(f.recorder().closes.empty());
}
