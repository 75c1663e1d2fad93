// SPDX-License-Identifier: MIT
#include <socketio/engine/engine.hpp>
// Callbacks that throw, close, send, replace themselves or shut the engine down from inside any event.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <stdexcept>

using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

namespace {

/// Goes through every event of a session: polling, upgrade, heartbeat, messages both ways, the end.
void live(EngineFixture& f) {
  const auto first = f.transport.fetch("GET", f.polling());
  if (f.sessions.empty()) return;
  const std::string sid = f.session().id();
  f.session().send(f.text("early"));
  auto poll = f.poll(sid);
  f.post(sid,
         "4a\x1e"
         "bYWJj\x1e"
         "4b");
  f.poll(sid);
  const auto client = f.transport.connect_websocket(f.websocket(sid));
  client->send_text("2probe");
  f.run();
  f.poll(sid);
  f.advance(100ms);
  client->send_text("5");
  client->send_text("4c");
  client->send_binary("d");
  f.run();
  f.session().send(f.text("e"));
  const std::vector<socketio::MessagePtr> unit{f.text("f"), f.text("g")};
  f.session().send(unit);
  f.advance(25s);
  client->send_text("3");
  f.run();
  f.session().close();
  f.run();

  // One session that starts on a WebSocket, and one that is closed while it polls.
  const auto direct = f.transport.connect_websocket(f.websocket());
  direct->send_text("4x");
  f.run();
  direct->close();
  f.run();
  const std::string other = f.transport.fetch("GET", f.polling())->body();
  if (!f.sessions.empty()) {
    f.session().send(f.text("x"));
    f.session().close();
    f.poll(f.session().id());
    f.poll(f.session().id());
  }
  f.advance(60s);
}

const char* const event_names[] = {"message",  "close",  "drain",  "heartbeat", "upgrading", "upgrade",
                                   "packet 4", "packet", "create", "create 4",  "flush",     "create 2"};

struct Attack {
  const char* name;
  std::function<void(EngineFixture&, Session&)> act;
};

const Attack attacks[] = {
    {"throws", [](EngineFixture&, Session&) { throw std::runtime_error("boo"); }},
    {"throws something else", [](EngineFixture&, Session&) { throw 42; }},
    {"closes", [](EngineFixture&, Session& session) { session.close(); }},
    {"discards", [](EngineFixture&, Session& session) { session.close(true); }},
    {"closes the engine", [](EngineFixture& f, Session&) { f.engine.close(); }},
    {"closes all sessions",
     [](EngineFixture& f, Session&) { f.engine.for_each_session([](Session& session) { session.close(); }); }},
    {"drops its listener", [](EngineFixture&, Session& session) { session.set_listener(nullptr); }},
    {"replaces its listener",
     [](EngineFixture&, Session& session) { session.set_listener(std::make_shared<tests::Recorder>()); }},
    {"drops the last reference to its listener",
     [](EngineFixture& f, Session& session) {
       f.recorders.clear();
       session.set_listener(nullptr);
       f.recorders.push_back(std::make_shared<tests::Recorder>());
     }},
    {"sends, then closes",
     [](EngineFixture&, Session& session) {
       session.send(EngineFixture::text("last"));
       session.close();
     }},
    {"closes, then sends",
     [](EngineFixture&, Session& session) {
       session.close();
       session.send(EngineFixture::text("late"), [] {});
     }},
    {"runs a whole handshake",
     [](EngineFixture& f, Session&) {
       static_cast<void>(f.transport.request(socketio::MemoryTransport::make_request("GET", f.polling())));
     }},
    {"replaces the engine's callbacks",
     [](EngineFixture& f, Session&) {
       f.engine.on_connection(nullptr);
       f.engine.on_connection_error(nullptr);
       f.engine.on_flush(nullptr);
       f.engine.on_drain(nullptr);
       f.engine.on_headers(nullptr);
       f.engine.on_error(nullptr);
     }},
};

}  // namespace

TEST_CASE("whatever a listener does in any event, every session ends once", "[engine][hostile]") {
  for (const Attack& attack : attacks) {
    for (const char* event : event_names) {
      CAPTURE(attack.name, event);
      EngineFixture f;
      f.prototype.observes = true;
      f.prototype.echoes = true;
      f.prototype.react_to = event;
      int depth = 0;  // a reaction that causes its own event would never end
      f.prototype.reaction = [&](Session& session) {
        struct Depth {
          explicit Depth(int& depth) : value(++depth) {}
          ~Depth() { --value; }
          int& value;
        };
        if (depth > 2) return;
        const Depth inside(depth);
        attack.act(f, session);
      };
      live(f);
      f.engine.close();
      f.run();
      CHECK(f.engine.clients_count() == 0);
      CHECK(f.engine.scheduler().timers().empty());
      for (const auto& session : f.sessions) CHECK(session->ready_state() == Session::ReadyState::closed);
      for (const auto& recorder : f.recorders) CHECK(recorder->closes.size() <= 1);
    }
  }
}

TEST_CASE("an exception from a listener is reported and the session goes on", "[engine][hostile]") {
  EngineFixture f;
  f.prototype.react_to = "message";
  f.prototype.reaction = [](Session&) { throw std::runtime_error("boo"); };
  const auto client = f.open_websocket();
  client->send_text("4a");
  client->send_text("4b");
  f.run();
  CHECK(f.errors == std::vector<std::string>(2, "on_message: boo"));
  CHECK(f.recorder().messages.size() == 2);
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  const std::string sid = f.open_polling();
  CHECK(f.post(sid,
               "4a\x1e"
               "4b")
            ->body() == "ok");
  CHECK(f.recorder().messages.size() == 2);
}

TEST_CASE("an exception from the error handler is ignored", "[engine][hostile]") {
  EngineFixture f;
  f.engine.on_error([](std::exception_ptr, std::string_view) { throw std::runtime_error("again"); });
  f.prototype.react_to = "message";
  f.prototype.reaction = [](Session&) { throw std::runtime_error("boo"); };
  const auto client = f.open_websocket();
  client->send_text("4a");
  f.run();
  CHECK(f.session().ready_state() == Session::ReadyState::open);
}

TEST_CASE("a connection handler that throws leaves no session behind", "[engine][hostile]") {
  EngineFixture f;
  f.engine.on_connection([](std::shared_ptr<Session>) { throw std::runtime_error("boo"); });
  CHECK(f.transport.fetch("GET", f.polling())->status() == 200);
  const auto client = f.transport.connect_websocket(f.websocket());
  CHECK(client->close_code == 1005);
  CHECK(f.errors == std::vector<std::string>(2, "connection: boo"));
  CHECK(f.engine.clients_count() == 0);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("a connection handler may close the session or the engine", "[engine][hostile]") {
  EngineFixture f;
  f.engine.on_connection([&](std::shared_ptr<Session> session) {
    session->send(f.text("x"));
    session->close(true);
  });
  const auto client = f.transport.connect_websocket(f.websocket());
  REQUIRE(client->received.size() == 2);
  CHECK(client->received[1].payload == "4x");
  CHECK(client->close_code == 1005);
  f.engine.on_connection([&](std::shared_ptr<Session>) { f.engine.close(); });
  CHECK(f.transport.fetch("GET", f.polling())->status() == 200);
  CHECK(f.engine.clients_count() == 0);
}

TEST_CASE("header hooks may close and send", "[engine][hostile]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  SECTION("a packet sent from inside a poll's hook comes with the next poll") {
    bool is_first = true;
    f.engine.on_headers([&](socketio::HttpHeaders&, const socketio::HttpRequest&) {
      if (std::exchange(is_first, false)) f.session().send(f.text("second"));
    });
    const auto poll = f.poll(sid);
    f.session().send(f.text("first"));
    CHECK(poll->body() == "4first");
    CHECK(f.poll(sid)->body() == "4second");
  }
  SECTION("close from inside a poll's hook loses no packet of that poll") {
    f.engine.on_headers([&](socketio::HttpHeaders&, const socketio::HttpRequest&) { f.session().close(true); });
    const auto poll = f.poll(sid);
    f.session().send(f.text("first"));
    CHECK(poll->body() == "4first");
    CHECK(f.recorder().closes.size() == 1);
  }
  SECTION("closing the engine from inside the hook of a handshake refuses it") {
    f.engine.on_headers([&](socketio::HttpHeaders&, const socketio::HttpRequest&) { f.engine.close(); });
    CHECK(f.transport.fetch("GET", f.polling())->status() == 503);
    f.engine.reopen();
    CHECK(f.transport.connect_websocket(f.websocket())->response.status == 503);
    CHECK(f.engine.clients_count() == 0);
  }
}

TEST_CASE("send callbacks may throw, close and send", "[engine][hostile]") {
  for (const bool on_websocket : {false, true}) {
    CAPTURE(on_websocket);
    EngineFixture f;
    std::string sid;
    socketio::MemoryWebSocketClientPtr client;
    if (on_websocket)
      client = f.open_websocket();
    else
      sid = f.open_polling();
    int calls = 0;
    f.session().send(f.text("a"), [] { throw std::runtime_error("boo"); });
    f.session().send(f.text("b"), [&] { ++calls, f.session().close(true); });
    f.session().send(f.text("c"), [&] { ++calls; });
    if (!on_websocket) f.poll(sid);
    f.run();
    CHECK(f.errors == std::vector<std::string>{"on_sent: boo"});
    CHECK(calls == 2);  // all three were sent
    CHECK(f.recorder().closes.size() == 1);
  }
}

TEST_CASE("a handler of refused requests may throw", "[engine][hostile]") {
  EngineFixture f;
  f.engine.on_connection_error([](const socketio::ConnectionError&) { throw std::runtime_error("boo"); });
  CHECK(f.transport.fetch("GET", "/engine.io/")->status() == 400);
  CHECK(f.errors == std::vector<std::string>{"connection_error: boo"});
}

TEST_CASE("allow_request may throw before and after its verdict", "[engine][hostile]") {
  bool decides = false;
  EngineFixture f({.allow_request = [&](const socketio::HttpRequest&, socketio::Verdict verdict) {
    if (decides) verdict.allow();
    throw std::runtime_error("boo");
  }});
  CHECK(f.transport.fetch("GET", f.polling())->status() == 500);
  CHECK(f.transport.connect_websocket(f.websocket())->response.status == 500);
  decides = true;
  CHECK(f.transport.fetch("GET", f.polling())->status() == 200);
  CHECK(f.errors.size() == 3);
}

TEST_CASE("a flood of upgrade attempts, polls and posts costs one session at most", "[engine][hostile]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  std::vector<socketio::MemoryWebSocketClientPtr> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(f.transport.connect_websocket(f.websocket(sid)));
  int open = 0;
  for (const auto& client : clients) open += !client->closed;
  CHECK(open == 1);
  CHECK(f.engine.clients_count() == 1);
  f.advance(60s);
  CHECK(f.engine.clients_count() == 0);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("every request is answered or ended when all is closed", "[engine][hostile]") {
  EngineFixture f;
  std::vector<socketio::MemoryResponsePtr> responses;
  const std::string a = f.open_polling();
  responses.push_back(f.poll(a));
  responses.push_back(f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(a))));
  responses.push_back(f.post(a, "4x", {{"Content-Type", "application/octet-stream"}}));
  const std::string b = f.open_polling();
  responses.push_back(f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(b))));
  responses.push_back(f.poll(b));
  responses.push_back(f.transport.fetch("TRACE", f.polling(b)));
  f.engine.close();
  f.run();
  for (std::size_t i = 0; i < responses.size(); ++i) {
    CAPTURE(i);
    CHECK(responses[i]->ended());
  }
}
