// SPDX-License-Identifier: MIT
// Clients of Engine.IO revision 3: their payloads, their heartbeat, JSONP polling, and what stays refused.
#include <socketio/engine/session.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <string>
#include <string_view>
#include <vector>

using socketio::Binary;
using socketio::CloseReason;
using socketio::EngineOptions;
using socketio::Message;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

using Strings = std::vector<std::string>;

namespace {

struct OldClientFixture : EngineFixture {
  explicit OldClientFixture(EngineOptions options = {}) : EngineFixture(allowing(std::move(options))) {}

  static EngineOptions allowing(EngineOptions options) {
    options.allow_eio3 = true;
    return options;
  }
  static std::string target(std::string_view transport, std::string_view sid = {}, std::string_view more = {}) {
    std::string result = "/engine.io/?EIO=3&transport=" + std::string(transport) + std::string(more);
    return sid.empty() ? result : result + "&sid=" + std::string(sid);
  }

  std::string open_old(std::string_view more = {}) {
    handshake = transport.fetch("GET", target("polling", {}, more));
    return session().id();
  }
  socketio::MemoryResponsePtr poll_old(std::string_view sid) { return transport.fetch("GET", target("polling", sid)); }
  socketio::MemoryResponsePtr post_old(std::string_view sid, std::string body, Headers headers = {}) {
    return transport.fetch("POST", target("polling", sid), std::move(body), headers);
  }
  socketio::MemoryWebSocketClientPtr open_old_websocket(std::string_view more = {}) {
    auto client = transport.connect_websocket(target("websocket", {}, more));
    client->pop();
    return client;
  }

  socketio::MemoryResponsePtr handshake;
};

constexpr std::pair<std::string_view, std::string_view> octets{"Content-Type", "application/octet-stream"};

}  // namespace

TEST_CASE("without the option other revisions are refused", "[engine][eio3]") {
  EngineFixture f;
  for (const std::string_view target : {"/engine.io/?EIO=3&transport=polling", "/engine.io/?transport=polling"}) {
    const auto response = f.transport.fetch("GET", std::string(target));
    CHECK(response->status() == 400);
    CHECK(response->body() == R"({"code":5,"message":"Unsupported protocol version"})");
  }
  CHECK_FALSE(f.transport.connect_websocket("/engine.io/?EIO=3&transport=websocket")->accepted);
}

TEST_CASE("every revision but the fourth counts as the third", "[engine][eio3]") {
  OldClientFixture f;
  for (const std::string_view eio : {"EIO=3&", "EIO=2&", "EIO=04&", ""}) {
    const auto response = f.transport.fetch("GET", "/engine.io/?" + std::string(eio) + "transport=polling");
    CHECK(response->status() == 200);
    CHECK(f.session().protocol() == 3);
  }
  f.open_polling();
  CHECK(f.session().protocol() == 4);
}

TEST_CASE("the handshake of revision 3 is a payload of its own form", "[engine][eio3]") {
  OldClientFixture f;
  const std::string sid = f.open_old();
  const std::string json =
      "0{\"sid\":\"" + sid +
      R"(","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})";
  CHECK(f.handshake->body() == std::to_string(json.size()) + ':' + json);
  CHECK(f.handshake->header("Content-Type") == "text/plain; charset=UTF-8");
  const auto websocket = f.transport.connect_websocket(f.target("websocket"));
  CHECK(websocket->pop().payload.substr(0, 8) == "0{\"sid\":");
}

TEST_CASE("polls of revision 3 carry lengths, and raw bytes if the client takes them", "[engine][eio3]") {
  OldClientFixture f;
  const std::string sid = f.open_old();
  f.session().send(f.text("\xF0\x9F\xA6\x84"));
  f.session().send(f.text("x"));
  auto response = f.poll_old(sid);
  CHECK(response->body() ==
        "3:4\xF0\x9F\xA6\x84"
        "2:4x");
  CHECK(response->header("Content-Type") == "text/plain; charset=UTF-8");
  f.session().send(f.text("\xC5\xBE"));
  f.session().send(Message::binary(Binary(std::string("\0\xFF", 2))));
  response = f.poll_old(sid);
  CHECK(response->body() == "\x00\x03\xFF\x34\xC5\xBE\x01\x03\xFF\x04\x00\xFF"sv);
  CHECK(response->header("Content-Type") == "application/octet-stream");
}

TEST_CASE("polls of a client that takes no raw bytes have them in base64", "[engine][eio3]") {
  OldClientFixture f;
  const std::string sid = f.open_old("&b64=1");
  f.session().send(Message::binary(Binary(std::string("\x01\x02"))));
  const auto response = f.poll_old(sid);
  CHECK(response->body() == "6:b4AQI=");
  CHECK(response->header("Content-Type") == "text/plain; charset=UTF-8");
}

TEST_CASE("POSTs of revision 3 have text or bytes", "[engine][eio3]") {
  OldClientFixture f;
  const std::string sid = f.open_old();
  const auto response = f.post_old(sid,
                                   "3:4\xC5\xBEx"
                                   "6:b4AQI=1:5"
                                   "8:b4\nAQ\nI\n");
  CHECK(response->status() == 200);
  CHECK(response->body() == "ok");
  CHECK(response->header("Content-Type") == "text/html");
  CHECK(f.post_old(sid, std::string("\x00\x03\xFF\x34\xC5\xBE\x01\x03\xFF\x04\x00\xFF"sv), {octets})->body() == "ok");
  CHECK(f.post_old(sid, "", {octets})->body() == "ok");
  CHECK(f.recorder().messages ==
        Strings{"\xC5\xBEx", "b:\x01\x02", "b:\x01\x02", "\xC5\xBE", std::string("b:\0\xFF", 4)});
  // A client of revision 4 must not do that.
  const std::string current = f.open_polling();
  CHECK(f.post(current, "4a", {octets})->status() == 400);
}

TEST_CASE("an invalid payload of revision 3 ends the session", "[engine][eio3]") {
  OldClientFixture f;
  for (const std::string body : {"", "4a", "2:4", "1:7"}) {
    const std::string sid = f.open_old();
    const auto poll = f.poll_old(sid);
    CHECK(f.post_old(sid, body)->body() == "ok");
    REQUIRE(f.recorder().closes.size() == 1);
    CHECK(f.recorder().closes[0].reason == CloseReason::parse_error);
    CHECK(poll->body() == "1:1");
  }
  const std::string sid = f.open_old();
  f.post_old(sid, "2:4a", {octets});
  CHECK(f.recorder().closes.at(0).reason == CloseReason::parse_error);
  const auto websocket = f.open_old_websocket();
  websocket->send_binary("\x07");
  f.run();
  CHECK(f.recorder().closes.at(0).reason == CloseReason::parse_error);
}

TEST_CASE("a session of revision 3 ends as in revision 3", "[engine][eio3]") {
  OldClientFixture f;
  std::string sid = f.open_old();
  auto poll = f.poll_old(sid);
  f.post_old(sid, "1:1");
  CHECK(poll->body() == "1:6");
  CHECK(f.recorder().closes.at(0).reason == CloseReason::transport_close);
  sid = f.open_old();
  f.session().close();
  CHECK(f.poll_old(sid)->body() == "1:61:1");
  const auto websocket = f.open_old_websocket();
  websocket->send_text("1");
  f.run();
  CHECK(f.recorder().closes.at(0).reason == CloseReason::transport_close);
}

TEST_CASE("the client pings and the server answers", "[engine][eio3]") {
  OldClientFixture f;
  const auto client = f.open_old_websocket();
  f.advance(44'999ms);
  client->send_text("2");
  f.run();
  CHECK(client->pop().payload == "3");
  CHECK(f.recorder().count("heartbeat") == 1);
  f.advance(44'999ms);
  CHECK(client->received.empty());
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  f.advance(1ms);
  CHECK(f.recorder().closes.at(0).reason == CloseReason::ping_timeout);

  const std::string sid = f.open_old();
  f.post_old(sid, "1:2");
  CHECK(f.poll_old(sid)->body() == "1:3");
  f.advance(44'999ms);
  CHECK(f.recorder().closes.empty());
  f.advance(1ms);
  CHECK(f.recorder().closes.at(0).reason == CloseReason::ping_timeout);
}

TEST_CASE("messages do not replace a ping of revision 3", "[engine][eio3]") {
  OldClientFixture f;
  const auto client = f.open_old_websocket();
  f.advance(30s);
  client->send_text("4a");
  f.advance(15s);
  CHECK(f.recorder().closes.at(0).reason == CloseReason::ping_timeout);
}

TEST_CASE("a pong from a client of revision 3 ends the session", "[engine][eio3]") {
  OldClientFixture f;
  const auto client = f.open_old_websocket();
  client->send_text("3");
  f.run();
  CHECK(f.recorder().closes.at(0).reason == CloseReason::transport_error);
  CHECK(f.recorder().closes.at(0).description == "invalid heartbeat direction");
}

TEST_CASE("binary frames of revision 3 begin with the type", "[engine][eio3]") {
  OldClientFixture f;
  f.prototype.echoes = true;
  const auto client = f.open_old_websocket();
  client->send_binary("\x04\x01\x02");
  client->send_text("b4AQI=");
  client->send_binary("\x04");
  client->send_binary("\x02");
  f.run();
  CHECK(f.recorder().messages == Strings{"b:\x01\x02", "b:\x01\x02", "b:"});
  using Received = socketio::MemoryWebSocketClient::Received;
  CHECK(client->received ==
        std::vector<Received>{{true, "\x04\x01\x02"}, {true, "\x04\x01\x02"}, {true, "\x04"}, {false, "3"}});
  const auto text_only = f.open_old_websocket("&b64=1");
  text_only->send_binary("\x04\x01\x02");
  f.run();
  CHECK(text_only->pop() == Received{false, "b4AQI="});
}

TEST_CASE("a session of revision 3 upgrades", "[engine][eio3]") {
  OldClientFixture f;
  f.prototype.echoes = true;
  const std::string sid = f.open_old();
  const auto poll = f.poll_old(sid);
  const auto websocket = f.transport.connect_websocket(f.target("websocket", sid));
  websocket->send_text("2probe");
  f.run();
  CHECK(websocket->pop().payload == "3probe");
  f.advance(100ms);
  CHECK(poll->body() == "1:6");
  const auto late = f.poll_old(sid);
  websocket->send_text("5");
  websocket->send_binary("\x04!");
  f.run();
  CHECK(late->body() == "1:1");
  CHECK(websocket->pop().payload == "\x04!");
  f.advance(25s);
  CHECK(websocket->received.empty());
}

TEST_CASE("a request of another revision than its session's is refused", "[engine][eio3]") {
  OldClientFixture f;
  const std::string old = f.open_old();
  CHECK(f.poll(old)->body() == R"({"code":3,"message":"Bad request"})");
  CHECK(f.refusals.back().context == "name=PROTOCOL_MISMATCH protocol=#4 previousProtocol=#3 ");
  const std::string current = f.open_polling();
  CHECK(f.poll_old(current)->status() == 400);
  CHECK(f.refusals.back().context == "name=PROTOCOL_MISMATCH protocol=#3 previousProtocol=#4 ");
  CHECK_FALSE(f.transport.connect_websocket(f.target("websocket", current))->accepted);
  CHECK(f.engine.clients_count() == 2);
}

TEST_CASE("a JSONP client gets scripts and posts forms", "[engine][eio3][jsonp]") {
  OldClientFixture f;
  const std::string sid = f.open_old("&j=7x1");
  CHECK(f.handshake->body().substr(0, 16) == "___eio[71](\"118:");
  CHECK(f.handshake->body().substr(f.handshake->body().size() - 4) == "}\");");
  CHECK(f.handshake->header("Content-Type") == "text/plain; charset=UTF-8");
  f.session().send(f.text("\"\\\n\xE2\x80\xA8\xE2\x80\xA9</script>"));
  f.session().send(Message::binary(Binary(std::string("\x01\x02"))));
  CHECK(f.poll_old(sid)->body() == R"(___eio[71]("15:4\"\\\n\u2028\u2029</script>6:b4AQI=");)");
  CHECK(f.post_old(sid, "d=4%3A4a%5Cnb5%3A4a%5C%5Cnb3%3A4%5C%2B&j=1")->body() == "ok");
  CHECK(f.recorder().messages == Strings{"a\nb", "a\\nb", "\\+"});

  const std::string other = f.open_old("&j=");
  CHECK(f.handshake->body().substr(0, 9) == "___eio[](");
  f.post_old(other, "e=1%3A4");
  f.post_old(other, "");
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  f.session().close();
  CHECK(f.poll_old(other)->body() == "___eio[](\"1:61:1\");");
}

TEST_CASE("JSONP is for clients of revision 4 too, if they request it", "[engine][eio3][jsonp]") {
  EngineFixture f;
  f.transport.fetch("GET", f.polling() + "&j=0");
  const std::string sid = f.session().id();
  f.session().send(f.text("x"));
  f.session().send(f.text("y"));
  CHECK(f.poll(sid)->body() == "___eio[0](\"4x\\u001e4y\");");
  f.post(sid, "d=4a%1E4b%5C%5Cnc");
  CHECK(f.recorder().messages == Strings{"a", "b\\nc"});
}
