// SPDX-License-Identifier: MIT
// Scripted clients that begin with polling and upgrade to a WebSocket.
#include <socketio/testing/testing.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/failure.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace socketio;
using namespace std::chrono_literals;
using test::failure;
using testing::Via;

namespace {

/// A server whose handlers report the transport.
struct UpgradeFixture {
  explicit UpgradeFixture(ServerOptions options = {}) : io(std::move(options)) {
    io.on("connection", [this](testing::Socket socket) {
      socket.on("where", [socket] { return std::string(socket.conn().transport_name()); });
      socket.on("say", [this](Value what) { said.push_back(std::move(what)); });
      socket.on("disconnect", [this](DisconnectReason why) { reasons.emplace_back(to_string(why)); });
    });
  }

  testing::Server io;
  std::vector<Value> said;
  std::vector<std::string> reasons;
};

testing::Client upgraded(testing::Server& io) {
  testing::Client client = io.connect({.via = Via::polling});
  client.upgrade();
  io.advance(100ms);
  REQUIRE(client.transport_name() == "websocket");
  return client;
}

}  // namespace

TEST_CASE("a polling client upgrades to a WebSocket, and handlers see it", "[testing]") {
  UpgradeFixture fixture;
  const auto client = fixture.io.connect({.via = Via::polling});
  const std::string id = client.id();
  CHECK(client.transport_name() == "polling");
  CHECK(client.emit_with_ack<std::string>("where") == "polling");

  int upgrades = 0;
  const auto observer = std::make_shared<SessionCallbacks>();
  observer->upgrade = [&](Session&) { ++upgrades; };
  fixture.io.socket(client).conn().observe(observer);
  client.upgrade();
  CHECK(client.transport_name() == "polling");
  CHECK(fixture.io.socket(client).conn().transport_name() == "polling");
  fixture.io.advance(100ms);
  CHECK(client.transport_name() == "websocket");
  CHECK(client.emit_with_ack<std::string>("where") == "websocket");
  CHECK(upgrades == 1);
  CHECK(client.id() == id);
  CHECK(fixture.io.errors().empty());
}

TEST_CASE("the server releases the poll after a tenth of a second, or with the next packet", "[testing]") {
  testing::Server io;
  const auto patient = io.connect({.via = Via::polling});
  patient.upgrade();
  io.advance(99ms);
  CHECK(patient.transport_name() == "polling");
  io.advance(1ms);
  CHECK(patient.transport_name() == "websocket");

  const auto lucky = io.connect({.via = Via::polling});
  lucky.upgrade();
  io.emit("news", 1);
  CHECK(lucky.next("news").arg<int>(0) == 1);
  CHECK(lucky.transport_name() == "websocket");
}

TEST_CASE("events sent during an upgrade arrive in order on both sides", "[testing]") {
  UpgradeFixture fixture;
  const auto client = fixture.io.connect({.via = Via::polling});
  std::vector<Value> sent;
  const auto both_say = [&](Value what) {
    client.emit("say", what);
    fixture.io.emit("said", what);
    sent.push_back(std::move(what));
  };
  both_say("over polling");
  client.upgrade();
  SECTION("the client first") {
    client.emit("say", "waits");
    client.emit("say", Binary(std::string("\0\xff", 2)));
    CHECK(fixture.said.size() == 1);
    sent = {sent[0], "waits", Binary(std::string("\0\xff", 2))};
    fixture.io.advance(100ms);
    CHECK(fixture.said == sent);
  }
  SECTION("both at once") {
    for (int i = 0; i < 10; ++i) both_say(i);
    both_say(Binary(std::string("bytes")));
    both_say("over the WebSocket");
    CHECK(client.transport_name() == "websocket");
    CHECK(fixture.said == sent);
    std::vector<Value> received;
    for (const auto& event : client.received()) received.push_back(event.arg(0));
    CHECK(received == sent);
  }
}

TEST_CASE("only a polling client can upgrade, once, and only if the server offers it", "[testing]") {
  testing::Server io;
  CHECK(failure([client = io.connect()] { client.upgrade(); }) == "the client cannot upgrade: it has a WebSocket");
  const auto client = io.connect({.via = Via::polling});
  client.upgrade();
  CHECK(failure([&] { client.upgrade(); }) == "the client cannot upgrade: it is about to");
  io.advance(100ms);
  CHECK(failure([&] { client.upgrade(); }) == "the client cannot upgrade: it has a WebSocket");
  client.close();
  CHECK(
      failure([&] { client.upgrade(); }) ==
      "the client is not connected to /\n  what has come: nothing\n  the client is disconnected: io client disconnect");

  ServerOptions options;
  options.allow_upgrades = false;
  testing::Server polling(options);
  const auto poller = polling.connect({.via = Via::polling});
  CHECK(failure([&] { poller.upgrade(); }) == "the client cannot upgrade: the server does not offer it");
  polling.emit("news");
  CHECK(poller.has_received("news"));
}

TEST_CASE("a client whose WebSocket is refused goes on polling", "[testing]") {
  UpgradeFixture fixture;
  const auto [answers, refusal] =
      GENERATE(table<bool, std::string>({{true, "400 Bad request"}, {false, "the server cut the connection"}}));
  bool refuses = true;
  fixture.io.engine().use([&, answers = answers](MiddlewareContext& context, const MiddlewareNext& next) {
    if (!refuses || context.query().find("transport") != "websocket") return next();
    if (answers) return next.fail("no WebSockets today");
    context.respond({});
  });
  const auto client = fixture.io.connect({.via = Via::polling});
  CHECK(failure([&] { client.upgrade(); }) ==
        "the client was refused the upgrade: " + refusal + "\n  what has come: nothing");
  CHECK(client.emit_with_ack<std::string>("where") == "polling");
  refuses = false;
  client.upgrade();
  fixture.io.advance(100ms);
  CHECK(client.emit_with_ack<std::string>("where") == "websocket");
}

TEST_CASE("a client whose upgrade takes too long goes on polling", "[testing]") {
  ServerOptions options;
  options.upgrade_timeout = 3s;
  UpgradeFixture fixture(options);
  const auto client = fixture.io.connect({.via = Via::polling});
  client.stall();
  client.upgrade();
  const bool is_over = GENERATE(false, true);
  fixture.io.advance(is_over ? 3s : 2999ms);
  client.resume();
  CHECK(client.transport_name() == (is_over ? "polling" : "websocket"));
  CHECK(client.emit_with_ack<std::string>("where") == (is_over ? "polling" : "websocket"));
  if (!is_over) return;
  client.upgrade();
  fixture.io.advance(100ms);
  CHECK(client.emit_with_ack<std::string>("where") == "websocket");
}

TEST_CASE("a client may disconnect while it upgrades", "[testing]") {
  UpgradeFixture fixture;
  const auto client = fixture.io.connect({.via = Via::polling});
  const bool is_stalled = GENERATE(false, true);
  if (is_stalled) client.stall();
  client.upgrade();
  SECTION("it closes the connection") {
    client.close();
    CHECK(client.disconnect_reason() == "io client disconnect");
    CHECK(fixture.reasons == std::vector<std::string>{"transport close"});
  }
  SECTION("it loses the connection") {
    client.drop();
    CHECK(client.disconnect_reason() == "transport close");
    fixture.io.advance(1min);
    CHECK(fixture.reasons.size() == 1);
  }
  SECTION("the server disconnects it") {
    fixture.io.socket(client).disconnect(true);
    client.resume();
    CHECK(client.disconnect_reason() == "io server disconnect");
    CHECK(fixture.reasons == std::vector<std::string>{"server namespace disconnect"});
  }
  fixture.io.advance(1min);
  CHECK(fixture.io.engine().clients_count() == 0);
  CHECK(fixture.io.errors().empty());
}

TEST_CASE("an upgraded client behaves like a client that began with a WebSocket", "[testing]") {
  UpgradeFixture fixture;
  const auto client = upgraded(fixture.io);
  fixture.io.of("/other");
  CHECK(client.connect("/other").transport_name() == "websocket");
  fixture.io.advance(5min);
  CHECK(client.connected());
  client.stall();
  fixture.io.emit("late");
  CHECK(client.received().empty());
  client.resume();
  CHECK(client.has_received("late"));
  client.mute();
  fixture.io.advance(1min);
  CHECK(client.disconnect_reason() == "transport close");
  CHECK(fixture.reasons == std::vector<std::string>{"ping timeout"});
}

TEST_CASE("a client that reconnects begins with polling again", "[testing]") {
  UpgradeFixture fixture;
  const auto client = upgraded(fixture.io);
  client.drop();
  CHECK(fixture.reasons == std::vector<std::string>{"transport close"});
  client.reconnect();
  CHECK(client.transport_name() == "polling");
  client.upgrade();
  fixture.io.advance(100ms);
  CHECK(client.emit_with_ack<std::string>("where") == "websocket");
}
