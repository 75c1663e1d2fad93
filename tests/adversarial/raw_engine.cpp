// SPDX-License-Identifier: MIT
// Mistakes of clients in an Engine.IO session: over polling, over WebSocket, and during the upgrade.

#include "fixture.hpp"

#include <chrono>

using namespace socketio::test;
using namespace std::chrono_literals;

namespace {

const std::string bad_request = empty_response("400 Bad Request");
const std::string parse_error = "disconnect /: parse error";

std::string transport_error(const std::string& why) { return "disconnect /: transport error, " + why; }

/// A polling session in "/" with a waiting poll, which has arrived before this returns.
void send_poll_and_wait(Attack& attack, PollingAttacker& session) {
  session.send_poll();
  session.post->send(request("GET", "/settled"));
  REQUIRE(session.post_answered() == empty_response("404 Not Found"));
  attack.check_aftermath({});
}

}  // namespace

TEST_CASE("a second poll ends the session", "[adversarial][engine][polling]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  send_poll_and_wait(attack, session);
  session.post->send(request("GET", session.target));
  CHECK(session.post_answered() == bad_request);
  CHECK(session.poll_answered() == poll_answer("1"));
  attack.check_aftermath({transport_error("overlap from client")});
  session.check_gone();
}

TEST_CASE("a second POST ends the session", "[adversarial][engine][polling]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  send_poll_and_wait(attack, session);
  session.post->send("POST " + session.target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n4");
  attack.check_aftermath({});
  CHECK(attack.ask(request("POST", session.target, {}, "4")) == bad_request);
  CHECK(attack.last_words(*session.post) == "");
  CHECK(session.poll_answered() == poll_answer("1"));
  attack.check_aftermath({transport_error("data request overlap from client")});
  session.check_gone();
}

TEST_CASE("a POST of application/octet-stream ends the session", "[adversarial][engine][polling]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  SECTION("the Content-Type is exactly application/octet-stream") {
    send_poll_and_wait(attack, session);
    session.send_post("\x01\xff\x34", "Content-Type: application/octet-stream\r\n");
    CHECK(session.post_answered() == bad_request);
    CHECK(session.poll_answered() == poll_answer("1"));
    attack.check_aftermath({transport_error("invalid content")});
    session.check_gone();
  }
  SECTION("any other Content-Type is text") {
    for (const char* type : {"application/octet-stream; charset=utf-8", "image/png", "", "application/json"}) {
      session.send_post(R"(42["note",1])", std::string("Content-Type: ") + type + "\r\n");
      CHECK(session.post_answered() == post_answer());
      attack.check_aftermath({"event /: 1"});
      session.check_alive();
    }
  }
}

TEST_CASE("a body that is too large is not read and ends the session, and a smaller one is read",
          "[adversarial][engine][limits]") {
  Settings settings;
  settings.server.max_http_buffer_size = 1'000;
  Attack attack(settings);
  PollingAttacker session(attack);
  session.join();
  const std::string fits = R"(42["note",")" + std::string(1'000 - 13, 'a') + R"("])";
  const std::string event = "event /: \"" + std::string(1'000 - 13, 'a') + '"';
  REQUIRE(fits.size() == 1'000);
  const std::string chunked_head =
      "POST " + session.target + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto check_end = [&] {
    CHECK(session.post_answered() == empty_response("413 Payload Too Large", false));
    attack.check_aftermath({transport_error("payload too large")});
    session.check_gone();
  };
  SECTION("a body as large as the limit") {
    session.send_post(fits);
    CHECK(session.post_answered() == post_answer());
    session.post->send(chunked_head + "1f4\r\n" + fits.substr(0, 500) + "\r\n1f4\r\n" + fits.substr(500) +
                       "\r\n0\r\n\r\n");
    CHECK(session.post_answered() == post_answer());
    attack.check_aftermath({event, event});
    session.check_alive();
  }
  SECTION("one byte more, announced by Content-Length") {
    session.send_post(fits + ' ');
    check_end();
  }
  SECTION("one byte more, in chunks") {
    session.post->send(chunked_head + "1f4\r\n" + fits.substr(0, 500) + "\r\n1f5\r\n" + fits.substr(500) +
                       " \r\n0\r\n\r\n");
    check_end();
  }
  SECTION("the largest possible Content-Length") {
    session.post->send("POST " + session.target +
                       " HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
    check_end();
  }
  SECTION("announced with Expect: 100-continue") {
    session.post->send("POST " + session.target +
                       " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    check_end();
  }
}

TEST_CASE("a body in too many chunks, or one that does not arrive in time, ends the session",
          "[adversarial][engine][limits][timeouts]") {
  Settings settings;
  settings.server.max_buffered_chunks = 12;
  settings.server.http_request_body_timeout = 200ms;
  Attack attack(settings);
  PollingAttacker session(attack);
  session.join();
  const std::string head = "POST " + session.target + " HTTP/1.1\r\nHost: a\r\n";
  const auto in_chunks = [&](std::string_view body) {
    std::string request = head + "Transfer-Encoding: chunked\r\n\r\n";
    for (const char c : body) request += std::string("1\r\n") + c + "\r\n";
    return request + "0\r\n\r\n";
  };
  SECTION("as many chunks as the limit") {
    session.post->send(in_chunks(R"(42["note",1])"));
    CHECK(session.post_answered() == post_answer());
    attack.check_aftermath({"event /: 1"});
    session.check_alive();
  }
  SECTION("one more") {
    session.post->send(in_chunks(R"(42["note",12])"));
    CHECK(session.post_answered() == empty_response("413 Payload Too Large", false));
    attack.check_aftermath({transport_error("too many chunks")});
    session.check_gone();
  }
  SECTION("a body without its end") {
    send_poll_and_wait(attack, session);
    session.post->send(head + "Content-Length: 13\r\n\r\n42[");
    CHECK(session.post_answered() == empty_response("408 Request Timeout", false));
    CHECK(session.poll_answered() == poll_answer("1"));
    attack.check_aftermath({transport_error("http request timeout")});
    session.check_gone();
  }
}

TEST_CASE("a client that aborts its poll ends the session", "[adversarial][engine][abort]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  send_poll_and_wait(attack, session);
  SECTION("by closing the connection") { session.poll->close(); }
  SECTION("by a reset") { session.poll->reset(); }
  SECTION("by closing only its sending direction") { session.poll->shut_down_send(); }
  attack.check_aftermath({transport_error("poll connection closed prematurely")});
  session.check_gone();
}

TEST_CASE("a client that aborts its POST ends the session", "[adversarial][engine][abort]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  send_poll_and_wait(attack, session);
  session.post->send("POST " + session.target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n4");
  attack.check_aftermath({});
  SECTION("by closing the connection") { session.post->close(); }
  SECTION("by a reset") { session.post->reset(); }
  SECTION("by closing only its sending direction") { session.post->shut_down_send(); }
  attack.check_aftermath({transport_error("data request connection closed prematurely")});
  CHECK(session.poll_answered() == poll_answer("1"));
  session.check_gone();
}

TEST_CASE("an invalid packet ends the session after the packets before it", "[adversarial][engine][polling]") {
  Attack attack;
  const std::string note = R"(42["note",1])";
  struct Case {
    std::string body;
    Strings log;
  };
  for (const Case& c : std::vector<Case>{
           {"", {parse_error}},
           {"abc", {parse_error}},
           {"7", {parse_error}},
           {"9", {parse_error}},
           {" 4", {parse_error}},
           {"\xff", {parse_error}},
           {std::string(1, '\0'), {parse_error}},
           {"\x1e", {parse_error}},
           {note + "\x1e", {"event /: 1", parse_error}},
           {note + "\x1e\x1e" + note, {"event /: 1", parse_error}},
           {note + "\x1ez\x1e" + note, {"event /: 1", parse_error}},
           {"10:" + note, {"disconnect /: transport close"}},  // as revision 3 frames it: a close packet
           {"2", {transport_error("invalid heartbeat direction")}},
           {"2probe", {transport_error("invalid heartbeat direction")}},
           {note +
                "\x1e"
                "2\x1e" +
                note,
            {"event /: 1", transport_error("invalid heartbeat direction")}},
           {"1", {"disconnect /: transport close"}},
           {note +
                "\x1e"
                "1\x1e" +
                note,
            {"event /: 1", "disconnect /: transport close"}},
       }) {
    for (const bool with_poll : {true, false}) {
      CAPTURE(c.body, with_poll);
      PollingAttacker session(attack);
      session.join();
      if (with_poll) send_poll_and_wait(attack, session);
      session.send_post(c.body);
      CHECK(session.post_answered() == post_answer());
      const bool closed_by_peer = c.log.back() == "disconnect /: transport close";
      if (with_poll) CHECK(session.poll_answered() == poll_answer(closed_by_peer ? "6" : "1"));
      attack.check_aftermath(c.log);
      session.check_gone();
    }
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("packets without a meaning over polling are ignored", "[adversarial][engine][polling]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  for (const char* body : {"0", "0{}", "3", "3probe", "5", "5x", "6", "6x",
                           "0\x1e"
                           "3\x1e"
                           "5\x1e"
                           "6"}) {
    CAPTURE(body);
    session.send_post(body);
    CHECK(session.post_answered() == post_answer());
    attack.check_aftermath({});
    session.check_alive();
  }
}

TEST_CASE("over polling, bytes that are not UTF-8 become replacement characters", "[adversarial][engine][polling]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  session.send_post("42[\"note\",\"\xff\xc3\"]");
  CHECK(session.post_answered() == post_answer());
  attack.check_aftermath({"event /: \"\xef\xbf\xbd\xef\xbf\xbd\""});
  session.check_alive();
}

TEST_CASE("a client that sends without reading is disconnected at the limit", "[adversarial][engine][limits]") {
  Settings settings;
  settings.server.max_unsent_bytes = 20'000;
  Attack attack(settings);
  PollingAttacker session(attack);
  session.join();
  const std::string echo = R"(421["echo",")" + std::string(8'000, 'a') + R"("])";
  for (int i = 0; i < 2; ++i) {
    session.send_post(echo);
    CHECK(session.post_answered() == post_answer());
    attack.check_aftermath({});
  }
  for (int i = 0; i < 2; ++i) {  // the first goes beyond the limit, the second finds it passed
    session.send_post(echo);
    session.post_answered();
  }
  attack.check_aftermath({transport_error("too many unsent bytes")});
  session.check_gone();
}

TEST_CASE("an invalid packet ends a WebSocket session", "[adversarial][engine][websocket]") {
  Attack attack;
  struct Case {
    std::string payload, log;
  };
  for (const Case& c : std::vector<Case>{
           {"", parse_error},
           {"abc", parse_error},
           {"7", parse_error},
           {std::string(1, '\0'), parse_error},
           {"\xc3\xa9", parse_error},
           {"2", transport_error("invalid heartbeat direction")},
           {"2probe", transport_error("invalid heartbeat direction")},
           {"1", "disconnect /: transport close"},
       }) {
    CAPTURE(c.payload);
    const ClientPtr client = open_joined(attack);
    client->send(text_frame(c.payload) + text_frame(R"(42["note","never seen"])"));
    CHECK(attack.websocket_end(*client) == "8800");
    attack.check_aftermath({c.log});
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("packets without a meaning on a WebSocket are ignored", "[adversarial][engine][websocket]") {
  Attack attack;
  const ClientPtr client = open_joined(attack);
  for (const char* payload : {"0", "0{}", "3", "3probe", "5", "5x", "6"}) {
    CAPTURE(payload);
    client->send(text_frame(payload));
    check_alive(attack, *client);
    attack.check_aftermath({});
  }
  client->send(client_frame(Opcode::ping, "a"));
  CHECK(attack.message(*client) == "opcode 10: 61");
  client->send(client_frame(Opcode::pong, "unasked"));
  check_alive(attack, *client);
}

TEST_CASE("a WebSocket that the session cannot upgrade to is closed, and the session goes on",
          "[adversarial][engine][upgrade]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  const std::string sid = session.target.substr(session.target.find("&sid="));
  const std::string target = websocket_target + sid;
  SECTION("because its query says transport=polling") {
    for (const std::string& polling : {polling_target + sid, std::string(polling_target)}) {
      const ClientPtr client = attack.open_websocket(polling, text_frame("2probe"));
      CHECK(attack.websocket_end(*client) == "8800");
      attack.check_aftermath({});
      session.check_alive();
    }
  }
  SECTION("because another WebSocket is probing") {
    const ClientPtr first = attack.open_websocket(target);
    for (int i = 0; i < 2; ++i) {
      const ClientPtr second = attack.open_websocket(target, text_frame("2probe") + text_frame("5"));
      CHECK(attack.websocket_end(*second) == "8800");
      attack.check_aftermath({});
      session.check_alive();
      first->send(text_frame("2probe"));
      CHECK(attack.message(*first) == "3probe");
    }
    first->send(text_frame("5"));
    check_alive(attack, *first);
    // This time because another WebSocket has become the session's.
    const ClientPtr third = attack.open_websocket(target, text_frame("2probe") + text_frame("5"));
    CHECK(attack.websocket_end(*third) == "8800");
    CHECK(attack.ask(request("GET", session.target)) == json_error("400 Bad Request", 3, "Bad request"));
    check_alive(attack, *first);
    attack.check_aftermath(
        {"refused 3 Bad request, name=TRANSPORT_MISMATCH, transport=polling, previousTransport=websocket"});
  }
  SECTION("because the session began with a WebSocket") {
    const ClientPtr first = attack.open_websocket(websocket_target);
    const std::string other = websocket_target + ("&sid=" + sid_in(attack.message(*first)));
    first->send(text_frame("40"));
    attack.message(*first);
    const ClientPtr second = attack.open_websocket(other, text_frame("2probe") + text_frame("5"));
    CHECK(attack.websocket_end(*second) == "8800");
    attack.check_aftermath({});
    check_alive(attack, *first);
  }
  CHECK(attack.session_count() <= 2);
}

TEST_CASE("any packet but the probe ends a probing WebSocket, and the session goes on polling",
          "[adversarial][engine][upgrade]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  const std::string target = websocket_target + session.target.substr(session.target.find("&sid="));
  struct Case {
    std::string bytes, end;
  };
  for (const Case& c : std::vector<Case>{
           {text_frame(R"(42["note","never seen"])"), "8800"},
           {text_frame("2"), "8800"},
           {text_frame("2probing"), "8800"},
           {text_frame("3probe"), "8800"},
           {text_frame("6"), "8800"},
           {text_frame("1"), "8800"},
           {text_frame("abc"), "8800"},
           {text_frame(""), "8800"},
           {client_frame(Opcode::binary, "5"), "8800"},
           {client_frame(Opcode::text, "5", {true, false, 0, {}}), "880203ea"},
           {"GET / HTTP/1.1\r\n\r\n", "880203ea"},
           {text_frame("\xff"), "880203ef"},
           {text_frame("4" + std::string(1'000'000, 'a')), "880203f1"},
           {client_frame(Opcode::close, close_payload(1000)), "880203e8"},
           {client_frame(Opcode::close, ""), "8800"},
       }) {
    for (const bool with_handshake : {true, false}) {
      CAPTURE(c.bytes.substr(0, 30), with_handshake);
      const std::string probe = text_frame("2probe");
      const ClientPtr client = attack.open_websocket(target, with_handshake ? probe + c.bytes : probe);
      CHECK(attack.message(*client) == "3probe");
      if (!with_handshake) client->send(c.bytes);
      CHECK(attack.websocket_end(*client) == c.end);
      attack.check_aftermath({});
      session.check_alive();
    }
  }
  SECTION("also the end of the connection") {
    for (const bool by_reset : {true, false}) {
      const ClientPtr client = attack.open_websocket(target, text_frame("2probe"));
      CHECK(attack.message(*client) == "3probe");
      by_reset ? client->reset() : client->close();
      attack.check_aftermath({});
      session.check_alive();
    }
  }
  // The last attempt may succeed.
  const ClientPtr client = attack.open_websocket(target, text_frame("2probe"));
  CHECK(attack.message(*client) == "3probe");
  client->send(text_frame("5"));
  check_alive(attack, *client);
  CHECK(attack.session_count() == 1);
}

TEST_CASE("a WebSocket that does not complete the upgrade in time is closed", "[adversarial][engine][upgrade]") {
  Settings settings;
  settings.server.upgrade_timeout = 30ms;
  Attack attack(settings);
  PollingAttacker session(attack);
  session.join();
  const std::string target = websocket_target + session.target.substr(session.target.find("&sid="));
  const ClientPtr silent = attack.open_websocket(target);
  CHECK(attack.websocket_end(*silent) == "8800");
  const ClientPtr probing = attack.open_websocket(target, text_frame("2probe"));
  CHECK(attack.message(*probing) == "3probe");
  CHECK(attack.websocket_end(*probing) == "8800");
  attack.check_aftermath({});
  session.check_alive();
}

TEST_CASE("open requests of a client that upgrades are ended", "[adversarial][engine][upgrade]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  send_poll_and_wait(attack, session);
  session.post->send("POST " + session.target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n4");
  attack.check_aftermath({});
  const std::string target = websocket_target + session.target.substr(session.target.find("&sid="));
  const ClientPtr client = attack.open_websocket(target, text_frame("5"));  // and has not probed
  CHECK(session.poll_answered() == poll_answer("1"));
  CHECK(attack.last_words(*session.post) == "");
  check_alive(attack, *client);
  attack.check_aftermath({});
}

TEST_CASE("a session that ends ends its probing WebSocket", "[adversarial][engine][upgrade]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  const std::string target = websocket_target + session.target.substr(session.target.find("&sid="));
  const ClientPtr client = attack.open_websocket(target, text_frame("2probe"));
  CHECK(attack.message(*client) == "3probe");
  session.send_post("z");
  CHECK(session.post_answered() == post_answer());
  CHECK(attack.websocket_end(*client) == "8800");
  attack.check_aftermath({parse_error});
  session.check_gone();
}
