// SPDX-License-Identifier: MIT
#include <socketio/engine/session.hpp>
// The notifications of sending: callbacks of single sends, drain, flush and packet events.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;

namespace {

/// Callbacks that record their names.
struct Sent {
  Session::SentCallback operator()(std::string name) {
    return [this, name = std::move(name)] { names.push_back(name); };
  }
  Strings names;
};

}  // namespace

TEST_CASE("send callbacks of a polling session run after the poll that took the packets", "[engine][send]") {
  Sent sent;
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().send(f.text("a"), sent("a"));
  f.session().send(f.text("b"));
  f.session().send(f.text("c"), sent("c"));
  f.run();
  CHECK(sent.names.empty());
  f.poll(sid);
  CHECK(sent.names == Strings{"a", "c"});
  const auto poll = f.poll(sid);
  f.session().send(f.text("d"), sent("d"));
  CHECK(poll->done);
  CHECK(sent.names == Strings{"a", "c"});  // never inside send
  f.session().send(f.text("e"), sent("e"));
  f.run();
  CHECK(sent.names == Strings{"a", "c", "d"});
  f.poll(sid);
  CHECK(sent.names == Strings{"a", "c", "d", "e"});
}

TEST_CASE("send callbacks of a WebSocket session run when the system has taken the packets", "[engine][send]") {
  Sent sent;
  EngineFixture f;
  const auto client = f.open_websocket();
  f.session().send(f.text("a"), sent("a"));
  f.session().send(f.text("b"), sent("b"));
  CHECK(sent.names.empty());
  f.run();
  CHECK(sent.names == Strings{"a", "b"});
  client->stall_reading();
  f.session().send(f.text("c"), sent("c"));
  f.run();
  CHECK(sent.names.size() == 2);
  client->stall_reading(false);
  f.run();
  CHECK(sent.names == Strings{"a", "b", "c"});
}

TEST_CASE("send callbacks run once for packets sent around an upgrade", "[engine][send]") {
  Sent sent;
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto client = f.probe(sid);
  const auto poll = f.poll(sid);
  f.session().send(f.text("a"), sent("a"));
  f.session().send(f.text("b"), sent("b"));
  f.run();
  CHECK(sent.names == Strings{"a"});
  client->stall_reading();
  client->send_text("5");
  f.run();
  f.session().send(f.text("c"), sent("c"));
  f.run();
  CHECK(sent.names == Strings{"a"});
  client->stall_reading(false);
  f.run();
  CHECK(sent.names == Strings{"a", "b", "c"});
}

TEST_CASE("send callbacks of unsent packets are dropped with the session", "[engine][send]") {
  EngineFixture f;
  const auto token = std::make_shared<int>();
  int calls = 0;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  f.session().send(f.text("sent"), [&calls, token] { ++calls; });
  f.session().send(f.text("unsent"), [&calls, token] { ++calls; });
  f.session().close(true);
  CHECK(poll->body() == "4sent");
  CHECK(calls == 1);
  f.session().send(f.text("late"), [&calls, token] { ++calls; });
  f.run();
  CHECK(calls == 1);
  CHECK(token.use_count() == 1);

  f.open_websocket();
  f.session().send(f.text("x"), [&calls, token] { ++calls; });
  f.session().close();
  f.run();
  CHECK(calls == 1);
  CHECK(token.use_count() == 1);
}

TEST_CASE("a send callback may send with a callback", "[engine][send]") {
  EngineFixture f;
  const auto client = f.open_websocket();
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 5) f.session().send(f.text("again"), again);
  };
  f.session().send(f.text("first"), again);
  f.run();
  CHECK(rounds == 5);
  CHECK(client->received.size() == 5);
}

TEST_CASE("drain is called when nothing is unsent, never inside send", "[engine][send]") {
  EngineFixture f;
  std::vector<std::size_t> unsent;
  f.prototype.react_to = "drain";
  f.prototype.reaction = [&](Session& session) { unsent.push_back(session.unsent_bytes()); };
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  f.session().send(f.text("a"));
  CHECK(unsent.empty());
  f.session().send(f.text("b"));
  f.run();
  CHECK(unsent.empty());  // "b" waits
  f.poll(sid);
  CHECK(unsent == std::vector<std::size_t>{0});
}

TEST_CASE("drain is not called for a poll while the WebSocket of the upgrade has unsent data", "[engine][send]") {
  EngineFixture f;
  f.prototype.react_to = "upgrade";
  f.prototype.reaction = [](Session& session) { session.send(EngineFixture::text("b")); };
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  const auto client = f.probe(sid);
  client->stall_reading();
  client->send_text("5");
  f.session().send(f.text("a"));
  f.run();
  CHECK(poll->body() == "4a");
  CHECK(f.session().is_upgraded());
  CHECK(f.recorder().count("drain") == 0);
  client->stall_reading(false);
  f.run();
  CHECK(f.recorder().count("drain") == 1);
}

TEST_CASE("a listener that observes packets sees every packet", "[engine][send]") {
  EngineFixture f;
  f.prototype.observes = true;
  const auto client = f.open_websocket();
  client->send_text("4hi");
  client->send_text("3");
  f.run();
  f.session().send(f.text("x"));
  const std::vector<socketio::MessagePtr> unit{f.text("y"), f.text("z")};
  f.session().send(unit);
  f.advance(25s);
  CHECK(f.recorder().events == Strings{"drain", "packet 4hi", "message", "packet 3", "heartbeat", "create 4x",
                                       "flush 1", "create 4y", "create 4z", "flush 2", "drain", "create 2", "flush 1",
                                       "drain"});

  const std::string sid = f.open_polling();
  f.session().send(f.text("x"));
  f.session().send(f.text("y"));
  f.poll(sid);
  f.post(sid,
         "4x\x1e"
         "bYWJj");
  CHECK(f.recorder().events ==
        Strings{"create 4x", "create 4y", "flush 2", "drain", "packet 4x", "message", "packet 4abc", "message"});
}

TEST_CASE("the engine's flush and drain hooks are called for every session", "[engine][send]") {
  EngineFixture f;
  Strings events;
  f.engine.on_flush([&](Session& session, std::span<const socketio::MessagePtr> packets) {
    events.push_back("flush " + std::string(session.transport_name()) + std::to_string(packets.size()));
  });
  f.engine.on_drain([&](Session& session) { events.push_back("drain " + std::string(session.transport_name())); });
  const std::string sid = f.open_polling();
  f.session().send(f.text("a"));
  f.session().send(f.text("b"));
  f.poll(sid);
  CHECK(events == Strings{"flush polling2", "drain polling"});
  events.clear();
  const auto client = f.open_websocket();
  f.session().send(f.text("a"));
  f.run();
  CHECK(events == Strings{"drain websocket", "flush websocket1", "drain websocket"});
}

TEST_CASE("packets sent while a buffer is flushed come after it", "[engine][send]") {
  EngineFixture f;
  f.prototype.observes = true;
  f.prototype.react_to = "flush 1";
  f.prototype.reaction = [](Session& session) { session.send(EngineFixture::text("second")); };
  SECTION("over polling") {
    const std::string sid = f.open_polling();
    f.session().send(f.text("first"));
    CHECK(f.poll(sid)->body() ==
          "4first\x1e"
          "4second");
  }
  SECTION("over WebSocket") {
    const auto client = f.open_websocket();
    f.session().send(f.text("first"));
    f.run();
    CHECK(client->pop().payload == "4first");
    CHECK(client->pop().payload == "4second");
  }
}
