// SPDX-License-Identifier: MIT
#include <socketio/engine/session_callbacks.hpp>
// Events of a session as plain callables.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

using socketio::Session;
using socketio::SessionCallbacks;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;

TEST_CASE("every event calls its callable, and one that is not set calls nothing", "[engine][session]") {
  const bool is_set = GENERATE(true, false);
  const bool observes = GENERATE(true, false);
  CAPTURE(is_set, observes);
  Strings calls;
  EngineFixture f;
  const auto events = std::make_shared<SessionCallbacks>();
  f.engine.on_connection([&](std::shared_ptr<Session> session) {
    f.sessions.push_back(session);
    session->set_listener(events);
  });
  const auto note = [&](std::string name) { return [&calls, name](Session&) { calls.push_back(name); }; };
  if (is_set) {
    events->message = [&](Session&, bool is_binary, std::span<char> data) {
      calls.push_back((is_binary ? "binary " : "text ") + std::string(data.data(), data.size()));
    };
    events->close = [&](Session&, socketio::CloseReason reason, std::string_view) {
      calls.push_back("close " + std::string(to_string(reason)));
    };
    events->drain = note("drain");
    events->heartbeat = note("heartbeat");
    events->upgrading = note("upgrading");
    events->upgrade = note("upgrade");
  }
  if (observes) {
    events->packet = [&](Session&, socketio::EioPacketType type, bool, std::string_view) {
      calls.push_back(std::string("packet ") + to_char(type));
    };
    events->packet_create = [&](Session&, const socketio::Message& packet) {
      calls.push_back("create " + std::string(packet.payload()));
    };
    events->flush = [&](Session&, std::span<const socketio::MessagePtr>) { calls.push_back("flush"); };
  }

  f.transport.fetch("GET", f.polling());
  const std::string sid = f.session().id();
  const auto client = f.probe(sid);
  client->send_text("5");
  client->send_text("3");
  client->send_text("4hi");
  client->send_binary("raw");
  f.run();
  f.session().send(f.text("x"));
  f.run();
  client->close();
  f.run();

  Strings expected;
  if (is_set) expected = {"upgrading", "upgrade"};
  const auto add = [&](bool when, std::initializer_list<const char*> names) {
    if (when) expected.insert(expected.end(), names.begin(), names.end());
  };
  add(observes, {"packet 3"});
  add(is_set, {"heartbeat"});
  add(observes, {"packet 4"});
  add(is_set, {"text hi"});
  add(observes, {"packet 4"});
  add(is_set, {"binary raw"});
  add(observes, {"create 4x", "flush"});
  add(is_set, {"drain", "close transport close"});
  CHECK(calls == expected);
}
