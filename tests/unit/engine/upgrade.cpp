// SPDX-License-Identifier: MIT
#include <socketio/engine/session.hpp>
// The upgrade from polling to WebSocket: nothing is lost, doubled or reordered, whatever goes wrong.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

using socketio::CloseReason;
using socketio::MemoryWebSocketClient;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;
using Received = std::vector<MemoryWebSocketClient::Received>;

TEST_CASE("a session goes on over the WebSocket after probe and upgrade", "[engine][upgrade]") {
  EngineFixture f;
  f.prototype.echoes = true;
  const std::string sid = f.open_polling();
  const auto client = f.transport.connect_websocket(f.websocket(sid));
  REQUIRE(client->accepted);
  CHECK(client->received.empty());
  CHECK(f.session().is_upgrading());

  const auto poll = f.poll(sid);
  client->send_text("2probe");
  f.run();
  CHECK(client->pop().payload == "3probe");
  CHECK(f.recorder().count("upgrading") == 1);
  CHECK(f.session().channel() == Session::Channel::polling);
  f.advance(99ms);
  CHECK_FALSE(poll->ended());
  f.advance(1ms);
  CHECK(poll->body() == "6");

  client->send_text("5");
  f.run();
  CHECK(f.recorder().count("upgrade") == 1);
  CHECK(f.session().channel() == Session::Channel::websocket);
  CHECK(f.session().transport_name() == "websocket");
  CHECK(f.session().is_upgraded());
  CHECK_FALSE(f.session().is_upgrading());
  CHECK(f.session().request().target == f.polling());
  client->send_text("4hello");
  f.run();
  CHECK(client->pop().payload == "4hello");
  CHECK(client->received.empty());

  CHECK(f.poll(sid)->body() == R"({"code":3,"message":"Bad request"})");
  CHECK(f.recorder().closes.empty());
  const auto second = f.transport.connect_websocket(f.websocket(sid));
  CHECK(second->accepted);
  CHECK(second->close_code == 1005);
  client->send_text("4still here");
  f.run();
  CHECK(client->pop().payload == "4still here");
  f.advance(24s);
  CHECK(f.engine.scheduler().timers().size() == 1);
}

TEST_CASE("every poll is released while the upgrade lasts", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto client = f.probe(sid);
  for (int i = 0; i < 3; ++i) {
    const auto poll = f.poll(sid);
    f.advance(100ms);
    CHECK(poll->body() == "6");
  }
  client->send_text("2probe");
  f.run();
  CHECK(client->pop().payload == "3probe");
  const auto poll = f.poll(sid);
  f.advance(99ms);
  CHECK_FALSE(poll->ended());
}

TEST_CASE("a waiting poll stays while there is no probe", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.transport.connect_websocket(f.websocket(sid));
  const auto poll = f.poll(sid);
  f.advance(9s);
  CHECK_FALSE(poll->ended());
}

TEST_CASE("packets flow through polling until the upgrade and in order after it", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto client = f.probe(sid);
  const auto poll = f.poll(sid);
  f.session().send(f.text("1"));
  CHECK(poll->body() == "41");
  CHECK(f.post(sid, "4a")->body() == "ok");
  f.session().send(f.text("2"));
  f.session().send(f.text("3"));
  f.recorder().react_to = "upgrade";
  f.recorder().reaction = [](Session& session) { session.send(EngineFixture::text("4")); };
  client->send_text("5");
  client->send_text("4b");
  f.run();
  f.session().send(f.text("5"));
  f.run();
  CHECK(client->received == Received{{false, "42"}, {false, "43"}, {false, "44"}, {false, "45"}});
  CHECK(f.recorder().messages == Strings{"a", "b"});
}

TEST_CASE("fifty numbered messages each way survive an upgrade under load", "[engine][upgrade]") {
  for (int upgrade_at = 0; upgrade_at < 50; upgrade_at += 7) {
    CAPTURE(upgrade_at);
    EngineFixture f;
    const std::string sid = f.open_polling();
    auto poll = f.poll(sid);
    const auto client = f.probe(sid);
    std::string received;
    const auto take_poll = [&] {
      if (!poll || !poll->done) return;
      if (poll->body() != "6") received += poll->body() + '\x1e';
      poll = nullptr;
    };
    Strings sent;
    std::string expected;
    for (int i = 0; i < 50; ++i) {
      const std::string number = std::to_string(i);
      sent.push_back(number);
      expected += '4' + number + '\x1e';
      f.session().send(f.text(number));
      take_poll();
      if (i < upgrade_at) {
        CHECK(f.post(sid, '4' + number)->body() == "ok");
        if (!poll && i % 3 == 0) poll = f.poll(sid);
        take_poll();
      } else {
        if (i == upgrade_at) {
          if (poll) f.advance(100ms);
          take_poll();
          client->send_text("5");
        }
        client->send_text('4' + number);
        if (i % 5 == 0) f.run();
      }
    }
    f.run();
    for (const auto& message : client->received) received += message.payload + '\x1e';
    CHECK(received == expected);
    CHECK(f.recorder().messages == sent);
  }
}

TEST_CASE("an upgrade without a probe is accepted", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().send(f.text("x"));
  const auto client = f.transport.connect_websocket(f.websocket(sid));
  client->send_text("5");
  f.run();
  CHECK(f.session().is_upgraded());
  CHECK(client->pop().payload == "4x");
}

TEST_CASE("the upgrade ends open requests", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  const auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  const auto client = f.transport.connect_websocket(f.websocket(sid));
  client->send_text("5");
  f.run();
  CHECK(poll->body() == "1");
  CHECK(post->destroyed);
  CHECK(f.session().is_upgraded());
  CHECK(f.recorder().closes.empty());
}

TEST_CASE("any packet but a probe ends the attempt and leaves the session on polling", "[engine][upgrade]") {
  for (const char* packet : {"4x", "2", "2prob", "2probe2", "3", "6", "1", "abc", "", "bAAAA"}) {
    CAPTURE(packet);
    EngineFixture f;
    f.prototype.echoes = true;
    const std::string sid = f.open_polling();
    const auto client = f.transport.connect_websocket(f.websocket(sid));
    client->send_text(packet);
    f.run();
    CHECK(client->close_code == 1005);
    CHECK_FALSE(f.session().is_upgrading());
    CHECK(f.recorder().messages.empty());
    CHECK(f.post(sid, "4x")->body() == "ok");
    CHECK(f.poll(sid)->body() == "4x");
    CHECK(f.engine.scheduler().timers().size() == 1);
    CHECK(f.probe(sid)->accepted);  // another attempt may follow
    CHECK(f.session().is_upgrading());
  }
}

TEST_CASE("a binary frame, the end or an error of the WebSocket ends only the attempt", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto client = f.probe(sid);
  SECTION("binary") { client->send_binary("5"); }
  SECTION("close") { client->close(1000); }
  SECTION("abort") { client->abort(); }
  SECTION("invalid UTF-8") { client->send_text("\xFF"); }
  SECTION("too large") { client->send_text(std::string(1'000'001, '4')); }
  f.run();
  CHECK_FALSE(f.session().is_upgrading());
  CHECK(client->closed);
  CHECK(f.recorder().closes.empty());
  CHECK(f.post(sid, "4x")->body() == "ok");
}

TEST_CASE("an attempt that takes too long is ended and polling goes on", "[engine][upgrade]") {
  EngineFixture f({.upgrade_timeout = 200ms});
  const std::string sid = f.open_polling();
  auto client = f.transport.connect_websocket(f.websocket(sid));
  f.advance(199ms);
  CHECK_FALSE(client->closed);
  f.advance(1ms);
  CHECK(client->close_code == 1005);
  CHECK_FALSE(f.session().is_upgrading());
  CHECK(f.post(sid, "4x")->body() == "ok");

  client = f.probe(sid);
  client->send_text("5");
  f.advance(200ms);
  CHECK_FALSE(client->closed);
  CHECK(f.session().is_upgraded());
}

TEST_CASE("a second attempt is closed while the first one lasts", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto first = f.transport.connect_websocket(f.websocket(sid));
  const auto second = f.transport.connect_websocket(f.websocket(sid));
  CHECK(second->accepted);
  CHECK(second->close_code == 1005);
  first->send_text("2probe");
  f.run();
  CHECK(first->pop().payload == "3probe");
}

TEST_CASE("the attempt ends with its session", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto client = f.probe(sid);
  SECTION("closed by the client") { f.post(sid, "1"); }
  SECTION("closed by the server") { f.session().close(true); }
  SECTION("closed with the engine") { f.engine.close(); }
  SECTION("timed out") {
    f.advance(9s);
    client->send_text("2probe");
    f.run();
    f.session().close();
    f.poll(sid);
  }
  f.run();
  CHECK(f.recorder().closes.size() == 1);
  CHECK(client->close_code == 1005);
  CHECK(f.engine.scheduler().timers().empty());
  client->send_text("5");
  f.run();
  CHECK(f.recorder().closes.size() == 1);
}

TEST_CASE("a session that is closing delivers its buffer on the WebSocket and ends", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto client = f.probe(sid);
  SECTION("with packets to deliver") {
    f.session().send(f.text("last words"));
    f.session().close();
  }
  SECTION("with nothing to deliver") { f.session().close(); }
  CHECK(f.session().ready_state() == Session::ReadyState::closing);
  const bool has_words = !f.session().write_buffer().empty();
  client->send_text("5");
  f.run();
  if (has_words) CHECK(client->pop().payload == "4last words");
  CHECK(client->received.empty());
  CHECK(client->close_code == 1005);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::forced_close);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("the WebSocket of an upgrade may need base64", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().send(socketio::Message::binary(socketio::Binary("abc", 3)));
  const auto client = f.transport.connect_websocket(f.websocket(sid) + "&b64=1");
  client->send_text("5");
  f.run();
  f.session().send(socketio::Message::binary(socketio::Binary("abc", 3)));
  f.run();
  CHECK(client->received == Received{{false, "bYWJj"}, {false, "bYWJj"}});
}

TEST_CASE("an upgrade of a session that ends while its handshake is answered is closed", "[engine][upgrade]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.engine.on_headers([&](socketio::HttpHeaders&, const socketio::HttpRequest&) { f.session().close(true); });
  const auto client = f.transport.connect_websocket(f.websocket(sid));
  CHECK(client->accepted);
  CHECK(client->close_code == 1005);
  CHECK(f.engine.scheduler().timers().empty());
}
