// SPDX-License-Identifier: MIT
#include <socketio/engine/session.hpp>
// Sessions on a WebSocket: messages, their limits, and how they end.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

using socketio::Binary;
using socketio::CloseReason;
using socketio::MemoryWebSocketClient;
using socketio::Message;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;
using Received = std::vector<MemoryWebSocketClient::Received>;

TEST_CASE("messages travel both ways over a WebSocket", "[engine][websocket]") {
  EngineFixture f;
  f.prototype.echoes = true;
  const auto client = f.open_websocket();
  client->send_text("4hello");
  client->send_binary(std::string_view("\0\xFF", 2));
  client->send_text("bAP8=");
  client->send_text("4");
  client->send_binary("");
  f.run();
  CHECK(f.recorder().messages == Strings{"hello", std::string("b:\0\xFF", 4), std::string("b:\0\xFF", 4), "", "b:"});
  const std::string bytes("\0\xFF", 2);
  CHECK(client->received == Received{{false, "4hello"}, {true, bytes}, {true, bytes}, {false, "4"}, {true, ""}});
}

TEST_CASE("a client without binary frames gets base64", "[engine][websocket]") {
  EngineFixture f;
  const auto client = f.transport.connect_websocket(f.websocket() + "&b64=1");
  client->pop();
  f.session().send(Message::binary(Binary("abc", 3)));
  const std::vector<socketio::MessagePtr> unit{f.text("x"), Message::binary(Binary("", 0))};
  f.session().send(unit);
  f.run();
  CHECK(client->received == Received{{false, "bYWJj"}, {false, "4x"}, {false, "b"}});
}

TEST_CASE("a WebSocket is not writable again before the end of the turn", "[engine][websocket]") {
  EngineFixture f;
  const auto client = f.open_websocket();
  CHECK(f.session().is_writable());
  CHECK(f.session().was_writable());
  f.session().send(f.text("x"));
  CHECK_FALSE(f.session().is_writable());
  CHECK_FALSE(f.session().was_writable());
  CHECK(f.session().unsent_bytes() > 0);
  CHECK(f.recorder().count("drain") == 1);  // of the handshake
  f.run();
  CHECK(f.session().is_writable());
  CHECK(f.session().was_writable());
  CHECK(f.session().unsent_bytes() == 0);
  CHECK(f.recorder().count("drain") == 2);
}

TEST_CASE("a client that does not read causes no drain and is closed at the limit", "[engine][websocket]") {
  EngineFixture f({.max_unsent_bytes = 100 + Message::overhead_bytes});
  const auto client = f.open_websocket();
  client->stall_reading();
  f.session().send(f.text(std::string(90, 'x')));
  f.run();
  CHECK_FALSE(f.session().is_writable());
  CHECK_FALSE(f.session().was_writable());
  CHECK(f.recorder().count("drain") == 1);
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  f.session().send(f.text(std::string(10, 'x')));
  f.run();
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  f.session().send(f.text("dropped"));
  CHECK(f.recorder().closes.empty());  // not inside send
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "too many unsent bytes");
  CHECK(client->closed);
  CHECK_FALSE(client->close_code);
}

TEST_CASE("a client that reads again causes a drain", "[engine][websocket]") {
  EngineFixture f;
  const auto client = f.open_websocket();
  client->stall_reading();
  f.session().send(f.text("x"));
  f.run();
  client->stall_reading(false);
  f.run();
  CHECK(f.recorder().count("drain") == 2);
  CHECK(client->pop().payload == "4x");
}

TEST_CASE("a mistake of a WebSocket client ends the session with a reason", "[engine][websocket]") {
  struct Case {
    const char* sent;
    CloseReason reason;
    const char* description;
  };
  const Case cases[] = {
      {"abc", CloseReason::parse_error, ""},
      {"", CloseReason::parse_error, ""},
      {"2", CloseReason::transport_error, "invalid heartbeat direction"},
      {"1", CloseReason::transport_close, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.sent);
    EngineFixture f;
    const auto client = f.open_websocket();
    client->send_text(c.sent);
    client->send_text("4late");
    f.run();
    REQUIRE(f.recorder().closes.size() == 1);
    CHECK(f.recorder().closes[0].reason == c.reason);
    CHECK(f.recorder().closes[0].description == c.description);
    CHECK(f.recorder().messages.empty());
    CHECK(client->close_code == 1005);
    CHECK(f.engine.clients_count() == 0);
  }
}

TEST_CASE("violations of the WebSocket protocol end the session with transport error", "[engine][websocket]") {
  EngineFixture f({.max_http_buffer_size = 10});
  auto client = f.open_websocket();
  client->send_text("4123456789");
  f.run();
  CHECK(f.recorder().messages == Strings{"123456789"});
  client->send_text("41234567890");
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(client->close_code == 1009);

  client = f.open_websocket();
  client->send_text("4\xFF");
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(client->close_code == 1007);
}

TEST_CASE("packets without a meaning on an open WebSocket are ignored", "[engine][websocket]") {
  EngineFixture f;
  const auto client = f.open_websocket();
  for (const char* packet : {"0", "5", "6", "4x"}) client->send_text(packet);
  f.run();
  CHECK(f.recorder().messages == Strings{"x"});
  CHECK(f.session().ready_state() == Session::ReadyState::open);
}

TEST_CASE("the end of the connection ends the session with transport close", "[engine][websocket]") {
  EngineFixture f;
  auto client = f.open_websocket();
  SECTION("a close frame, which is echoed") {
    client->close(4001);
    f.run();
    CHECK(client->close_code == 4001);
  }
  SECTION("an empty close frame") {
    client->close();
    f.run();
    CHECK(client->close_code == 1005);
  }
  SECTION("no close frame") {
    client->abort();
    f.run();
  }
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_close);
  CHECK(f.recorder().closes[0].description.empty());
  CHECK(f.engine.clients_count() == 0);
}

TEST_CASE("a failing write ends the session with transport error", "[engine][websocket]") {
  EngineFixture f;
  const auto client = f.open_websocket();
  client->break_pipe();
  f.session().send(f.text("x"));
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "write error");
}

TEST_CASE("a second WebSocket for a WebSocket session is closed", "[engine][websocket]") {
  EngineFixture f;
  f.prototype.echoes = true;
  const auto first = f.open_websocket();
  const auto second = f.transport.connect_websocket(f.websocket(f.session().id()));
  CHECK(second->accepted);
  CHECK(second->received.empty());
  CHECK(second->close_code == 1005);
  first->send_text("4x");
  f.run();
  CHECK(first->pop().payload == "4x");
}

TEST_CASE("bytes sent together with the handshake are not lost", "[engine][websocket]") {
  EngineFixture f;
  const auto request = socketio::MemoryTransport::make_request("GET", EngineFixture::websocket());
  const auto client = f.transport.connect_websocket(request);
  client->send_text("4early");
  f.run();
  CHECK(f.recorder().messages == Strings{"early"});

  const auto garbage = f.transport.connect_websocket(request);
  garbage->send_text("\xFF");
  f.run();
  CHECK(garbage->close_code == 1007);
  CHECK(f.recorder().closes.size() == 1);
  CHECK(f.engine.clients_count() == 1);
}

TEST_CASE("a listener may change a message in place", "[engine][websocket]") {
  struct Shouter : tests::Recorder {
    void on_message(Session& session, bool is_binary, std::span<char> data) override {
      for (char& c : data) c = '!';
      Recorder::on_message(session, is_binary, data);
    }
  };
  EngineFixture f;
  const auto client = f.open_websocket();
  const auto shouter = std::make_shared<Shouter>();
  f.session().set_listener(shouter);
  client->send_text("4abc");
  f.run();
  CHECK(shouter->messages == Strings{"!!!"});
  const std::string sid = f.open_polling();
  f.session().set_listener(shouter);
  CHECK(f.post(sid,
               "4abc\x1e"
               "4d")
            ->body() == "ok");
  CHECK(shouter->messages == Strings{"!!!", "!!!", "!"});
}

TEST_CASE("an idle WebSocket session is small", "[engine][websocket]") { CHECK(sizeof(Session) <= 408); }
