// SPDX-License-Identifier: MIT
// Several observers of one engine and of one session, beside the listener.
#include <socketio/engine/engine.hpp>
#include <socketio/engine/session_callbacks.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using socketio::CloseReason;
using socketio::EioPacketType;
using socketio::Message;
using socketio::MessagePtr;
using socketio::Session;
using socketio::SessionCallbacks;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;

namespace {

/// An observer that records everything.
std::shared_ptr<SessionCallbacks> noting(Strings& events) {
  auto observer = std::make_shared<SessionCallbacks>();
  observer->message = [&](Session&, bool, std::span<char>) { events.push_back("message"); };
  observer->close = [&](Session&, CloseReason reason, std::string_view) {
    events.push_back("close " + std::string(to_string(reason)));
  };
  observer->drain = [&](Session&) { events.push_back("drain"); };
  observer->heartbeat = [&](Session&) { events.push_back("heartbeat"); };
  observer->upgrading = [&](Session&) { events.push_back("upgrading"); };
  observer->upgrade = [&](Session& session) { events.push_back("upgrade " + std::string(session.transport_name())); };
  observer->packet = [&](Session&, EioPacketType type, bool, std::string_view data) {
    events.push_back(std::string("packet ") + to_char(type) + std::string(data));
  };
  observer->packet_create = [&](Session&, const Message& packet) {
    events.push_back("create " + std::string(packet.payload()));
  };
  observer->flush = [&](Session&, std::span<const MessagePtr> packets) {
    events.push_back("flush " + std::to_string(packets.size()));
  };
  return observer;
}

}  // namespace

TEST_CASE("an observer is told of everything but messages, after the listener", "[engine][observers]") {
  Strings events;
  EngineFixture f;
  f.prototype.echoes = true;
  const auto client = f.open_websocket();
  f.session().observe(noting(events));
  client->send_text("4hi");
  f.run();
  CHECK(events == Strings{"packet 4hi", "create 4hi", "flush 1", "drain"});
  CHECK(client->pop().payload == "4hi");
  CHECK(f.recorder().messages == Strings{"hi"});
  events.clear();
  f.advance(25s);
  client->send_text("3");
  f.run();
  CHECK(events == Strings{"create 2", "flush 1", "drain", "packet 3", "heartbeat"});
  events.clear();
  client->close();
  f.run();
  CHECK(events == Strings{"close transport close"});
  CHECK(f.recorder().closes.size() == 1);
}

TEST_CASE("an observer sees an upgrade", "[engine][observers]") {
  Strings events;
  EngineFixture f;
  const std::string sid = f.open_polling();
  auto observer = noting(events);
  observer->packet = nullptr;
  observer->packet_create = nullptr;
  observer->flush = nullptr;
  f.session().observe(observer);
  const auto websocket = f.probe(sid);
  CHECK(f.session().is_upgrading());
  websocket->send_text("5");
  f.run();
  CHECK(events == Strings{"upgrading", "upgrade websocket"});
}

TEST_CASE("observers stay until the end of the session, and may add others", "[engine][observers]") {
  Strings events;
  EngineFixture f;
  f.open_websocket();
  auto first = std::make_shared<SessionCallbacks>();
  std::weak_ptr<SessionCallbacks> watch = first;
  first->close = [&](Session& session, CloseReason, std::string_view) {
    events.push_back("first");
    session.observe(noting(events));
  };
  f.session().observe(std::move(first));
  f.session().observe(nullptr);
  f.session().observe(noting(events));
  f.session().close();
  f.run();
  CHECK(events == Strings{"first", "close forced close"});
  CHECK(watch.expired());
}

TEST_CASE("an observer that throws or closes the session does not affect other observers", "[engine][observers]") {
  Strings events;
  EngineFixture f;
  const auto client = f.open_websocket();
  auto thrower = std::make_shared<SessionCallbacks>();
  thrower->heartbeat = [](Session&) { throw std::runtime_error("boo"); };
  f.session().observe(thrower);
  auto closer = std::make_shared<SessionCallbacks>();
  closer->heartbeat = [](Session& session) { session.close(true); };
  f.session().observe(closer);
  f.session().observe(noting(events));
  f.advance(25s);
  events.clear();
  client->send_text("3");
  f.run();
  CHECK(f.errors == Strings{"on_heartbeat: boo"});
  // It is told of the end, and of nothing after it.
  CHECK(events == Strings{"packet 3", "close forced close"});
}

TEST_CASE("a session without a listener may have observers", "[engine][observers]") {
  Strings events;
  EngineFixture f;
  const auto client = f.open_websocket();
  f.session().set_listener(nullptr);
  f.session().observe(noting(events));
  client->send_text("4hi");
  f.session().send(f.text("x"));
  f.run();
  CHECK(events == Strings{"create 4x", "flush 1", "packet 4hi", "drain"});
  f.session().close();
  f.run();
  CHECK(events.back() == "close forced close");
}

TEST_CASE("every handler of an engine's event is called, in order, until one throws", "[engine][observers]") {
  Strings calls;
  EngineFixture f;
  for (const std::string name : {"a", "b"}) {
    f.engine.on_connection([&calls, name](std::shared_ptr<Session> session) {
      CHECK(session->ready_state() == Session::ReadyState::open);
      calls.push_back("connection " + name);
    });
    f.engine.on_initial_headers(
        [name](socketio::HttpHeaders& headers, const socketio::HttpRequest&) { headers.add("X-Initial", name); });
    f.engine.on_connection_error(
        [&calls, name](const socketio::ConnectionError&) { calls.push_back("connection_error " + name); });
  }
  const auto response = f.transport.fetch("GET", f.polling());
  CHECK(response->response.headers.joined("X-Initial") == "a, b");
  CHECK(calls == Strings{"connection a", "connection b"});
  CHECK(f.sessions.size() == 1);
  calls.clear();
  f.engine.on_connection_error([](const socketio::ConnectionError&) { throw std::runtime_error("boo"); });
  f.engine.on_connection_error([&](const socketio::ConnectionError&) { calls.push_back("never"); });
  f.transport.fetch("GET", "/engine.io/?EIO=4&transport=pigeon");
  CHECK(calls == Strings{"connection_error a", "connection_error b"});
  CHECK(f.refusals.size() == 1);
  CHECK(f.errors == Strings{"connection_error: boo"});
  f.engine.on_connection_error(nullptr);
  f.transport.fetch("GET", "/engine.io/?EIO=4&transport=pigeon");
  CHECK(f.refusals.size() == 1);
}
