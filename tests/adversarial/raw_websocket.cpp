// SPDX-License-Identifier: MIT
// Violations of RFC 6455 and of its limits: the close code that answers each, and the end of the session.

#include "fixture.hpp"

#include <tests/support/test_transport.hpp>

#include <chrono>

using namespace socketio::test;
using namespace std::chrono_literals;

namespace {

constexpr FrameOptions unfinished{false, true, 0, {}};
constexpr FrameOptions unmasked{true, false, 0, {}};

FrameOptions with_reserved(unsigned bits) { return {true, true, bits, {}}; }
FrameOptions with_length_in(unsigned bytes) { return {true, true, 0, bytes}; }

std::string frame(unsigned opcode, std::string_view payload, FrameOptions options = {}) {
  return client_frame(static_cast<Opcode>(opcode), payload, options);
}

std::string close_frame(std::string_view payload) { return client_frame(Opcode::close, payload); }

/// The header of a masked text frame whose payload never comes.
std::string announced(std::uint64_t bytes) {
  std::string header{'\x81', '\xff'};
  for (int shift = 56; shift >= 0; shift -= 8) header += static_cast<char>(bytes >> shift);
  return header + "mask";
}

/// Why a connection was closed, in the words of the transport under test.
std::string in_words(const std::string& why) { return chosen_transport("asio") == "asio" ? why : "*"; }

struct Violation {
  std::string what;
  std::string bytes;
  std::string why;
};

/// Sends each input on a WebSocket session of its own, between a packet that is handled and one that is not.
void check_violations(Attack& attack, const std::string& close_frame_seen, const std::vector<Violation>& violations) {
  for (const Violation& violation : violations) {
    CAPTURE(violation.what);
    const ClientPtr client = open_joined(attack);
    client->send(text_frame(R"(42["note","before"])") + violation.bytes + text_frame(R"(42["note","after"])"));
    CHECK(attack.websocket_end(*client) == close_frame_seen);
    attack.check_aftermath({"event /: \"before\"", "disconnect /: transport error, " + in_words(violation.why)});
  }
  CHECK(attack.session_count() == 0);
}

}  // namespace

TEST_CASE("malformed frames are answered with 1002", "[adversarial][websocket]") {
  Attack attack;
  std::vector<Violation> violations{
      {"unmasked text", frame(1, "4", unmasked), "frame is not masked"},
      {"unmasked ping", frame(9, "", unmasked), "frame is not masked"},
      {"unmasked close", frame(8, close_payload(1000), unmasked), "frame is not masked"},
      {"continuation of nothing", frame(0, "4"), "continuation without a message"},
      {"unfinished continuation of nothing", frame(0, "4", unfinished), "continuation without a message"},
      {"text within a message", frame(1, "4", unfinished) + frame(1, "4"), "new message inside a fragmented one"},
      {"binary within a message", frame(1, "4", unfinished) + frame(2, "4"), "new message inside a fragmented one"},
      {"fragmented ping", frame(9, "a", unfinished), "fragmented control frame"},
      {"fragmented pong", frame(10, "a", unfinished), "fragmented control frame"},
      {"fragmented close", frame(8, "", unfinished), "fragmented control frame"},
      {"long ping", frame(9, std::string(126, 'a')), "control frame too long"},
      {"long pong", frame(10, std::string(126, 'a')), "control frame too long"},
      {"long close", frame(8, close_payload(1000, std::string(124, 'a'))), "control frame too long"},
      {"very long ping", frame(9, std::string(70'000, 'a')), "control frame too long"},
      {"ping of the wrong length of length", frame(9, "a", with_length_in(2)), "control frame too long"},
      {"half a code", close_frame("\x03"), "close frame with half a code"},
      {"another protocol", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "reserved bits must be clear"},
  };
  for (const unsigned bit : {0x40u, 0x20u, 0x10u, 0x70u}) {
    for (const unsigned opcode : {1u, 2u, 8u, 9u}) {
      violations.push_back({"reserved bits " + std::to_string(bit) + " with opcode " + std::to_string(opcode),
                            frame(opcode, "", with_reserved(bit)), "reserved bits must be clear"});
    }
  }
  for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u})
    violations.push_back({"opcode " + std::to_string(opcode), frame(opcode, ""), "unknown opcode"});
  for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u})
    violations.push_back({"code " + std::to_string(code), close_frame(close_payload(code)), "invalid close code"});
  check_violations(attack, "880203ea", violations);
}

TEST_CASE("text that is not UTF-8 is answered with 1007", "[adversarial][websocket]") {
  Attack attack;
  const std::string why = "text is not UTF-8";
  std::vector<Violation> violations{
      {"in a close reason", close_frame(close_payload(1000, "\xff")), "close reason is not UTF-8"},
      {"cut in a close reason", close_frame(close_payload(1000, "\xc3")), "close reason is not UTF-8"},
      {"over two fragments", frame(1, "4\xf0\x9f", unfinished) + frame(0, "\x98"), why},
      {"in the first fragment", frame(1, "4\xff", unfinished), why},
      {"in the last fragment", frame(1, "4\xc3", unfinished) + frame(0, "\x28"), why},
      {"cut by the end of the message", frame(1, "4\xc3", unfinished) + frame(0, ""), why},
  };
  for (const char* text : {"\x80", "\xff", "4\xc3", "4\xc3\x28", "4\xc0\xaf", "4\xe0\x80\xaf", "4\xf0\x80\x80\xaf",
                           "4\xed\xa0\x80", "4\xed\xbf\xbf", "4\xf4\x90\x80\x80", "4\xf8\x88\x80\x80\x80"})
    violations.push_back({"text " + hex(text), frame(1, text), why});
  check_violations(attack, "880203ef", violations);
}

TEST_CASE("a message that is too big is answered with 1009", "[adversarial][websocket][limits]") {
  Settings settings;
  settings.server.max_http_buffer_size = 1'000;
  Attack attack(settings);
  const std::string start = R"(42["note",")";
  const std::string end = R"("])";
  const std::string largest = start + std::string(1'000 - start.size() - end.size(), 'a') + end;
  const std::string why = "message too big";
  check_violations(
      attack, "880203f1",
      {
          {"one byte more", frame(1, largest + ' '), why},
          {"binary", frame(2, largest + ' '), why},
          {"more in the last fragment", frame(1, largest.substr(0, 999), unfinished) + frame(0, "ab"), why},
          {"more in a fragment of its own", frame(1, largest, unfinished) + frame(0, "a", unfinished), why},
          {"announced only", announced(1'001), why},
          {"more than a file can have", announced(std::uint64_t{1} << 53), why},
          {"more than there is", announced((std::uint64_t{1} << 63) - 1), why},
          {"a length with its highest bit", announced(~std::uint64_t{0}), why},
      });
  SECTION("but not the largest allowed message, in any framing") {
    const ClientPtr client = open_joined(attack);
    client->send(frame(1, largest) + frame(1, largest, with_length_in(8)));
    client->send(frame(1, largest.substr(0, 500), unfinished) + frame(9, "") + frame(0, "", unfinished) +
                 frame(0, largest.substr(500)));
    const std::string event = "event /: \"" + std::string(1'000 - start.size() - end.size(), 'a') + '"';
    attack.check_aftermath({event, event, event});
    CHECK(attack.message(*client) == "opcode 10: ");
    check_alive(attack, *client);
  }
}

TEST_CASE("a message of too many fragments is answered with 1008", "[adversarial][websocket][limits]") {
  Attack attack;
  std::string fragments = frame(1, R"(42["note",1])", unfinished);
  for (int i = 2; i < 16'384; ++i) fragments += frame(0, "", unfinished);
  check_violations(
      attack, "880203f0",
      {{"16385", fragments + frame(0, "", unfinished) + frame(0, "", unfinished), "too many fragments"},
       {"16385, the last being the last", fragments + frame(0, "", unfinished) + frame(0, ""), "too many fragments"}});
  SECTION("but not the largest allowed number of fragments") {
    const ClientPtr client = open_joined(attack);
    client->send(fragments + frame(0, ""));
    attack.check_aftermath({"event /: 1"});
    check_alive(attack, *client);
  }
}

TEST_CASE("a frame that arrives in too many pieces is answered with 1008", "[adversarial][websocket][limits]") {
  Settings settings;
  settings.server.max_buffered_chunks = 13;
  Attack attack(settings);
  // Another request is answered between two bytes, hence the server reads each of them alone.
  const auto send_byte_by_byte = [&](RawClient& client, const std::string& bytes) {
    for (const char byte : bytes) {
      client.send(std::string(1, byte));
      static_cast<void>(attack.ask(request("GET", "/between")));
    }
  };
  const ClientPtr client = open_joined(attack);
  send_byte_by_byte(*client, frame(1, R"(42["note",1])"));
  attack.check_aftermath({"event /: 1"});
  check_alive(attack, *client);
  send_byte_by_byte(*client, frame(1, R"(42["note",123])"));
  CHECK(attack.websocket_end(*client) == "880203f0");
  attack.check_aftermath({"disconnect /: transport error, too many buffered chunks"});
}

TEST_CASE("a violation that arrives byte by byte has the same answer", "[adversarial][websocket]") {
  Attack attack;
  struct Case {
    std::string bytes, end, why;
  };
  for (const Case& c : std::vector<Case>{{frame(1, "4", unmasked), "880203ea", "frame is not masked"},
                                         {frame(3, ""), "880203ea", "unknown opcode"},
                                         {frame(1, "4\xff"), "880203ef", "text is not UTF-8"},
                                         {announced(1'000'001), "880203f1", "message too big"}}) {
    const ClientPtr client = open_joined(attack);
    for (const char byte : c.bytes) {
      client->send(std::string(1, byte));
      attack.until([&] { return client->all_sent(); });
    }
    CHECK(attack.websocket_end(*client) == c.end);
    attack.check_aftermath({"disconnect /: transport error, " + in_words(c.why)});
  }
}

TEST_CASE("a violation sent together with the handshake is answered after it", "[adversarial][websocket]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  const std::string sid = session.target.substr(session.target.find("&sid="));
  for (const auto& [bytes, end] : std::vector<std::pair<std::string, std::string>>{
           {"GET / HTTP/1.1\r\n\r\n", "880203ea"},
           {std::string(100, '\0'), "880203ea"},
           {frame(1, "4", unmasked), "880203ea"},
           {frame(1, "\xff"), "880203ef"},
           {announced(1'000'001), "880203f1"},
           {close_frame(close_payload(1000)), "880203e8"},
       }) {
    CAPTURE(hex(bytes));
    const ClientPtr client = attack.open_websocket(websocket_target, bytes);
    CHECK(attack.message(*client).substr(0, 2) == "0{");
    CHECK(attack.websocket_end(*client) == end);
    attack.check_aftermath({});

    const ClientPtr upgrade = attack.open_websocket(websocket_target + sid, bytes);
    CHECK(attack.websocket_end(*upgrade) == end);
    attack.check_aftermath({});
    session.check_alive();
  }
  CHECK(attack.session_count() == 1);
}

TEST_CASE("a close frame is echoed with its code and reason, and what follows is not read",
          "[adversarial][websocket]") {
  Attack attack;
  for (const auto& [payload, end] : std::vector<std::pair<std::string, std::string>>{
           {"", "8800"},
           {close_payload(1000), "880203e8"},
           {close_payload(1001, "going"), "880703e9676f696e67"},
           {close_payload(1014), "880203f6"},
           {close_payload(3000), "88020bb8"},
           {close_payload(4999), "88021387"},
       }) {
    CAPTURE(hex(payload));
    const ClientPtr client = open_joined(attack);
    client->send(close_frame(payload) + text_frame(R"(42["note","never seen"])") + frame(3, ""));
    CHECK(attack.websocket_end(*client) == end);
    attack.check_aftermath({"disconnect /: transport close"});
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a connection that breaks at any point closes the session", "[adversarial][websocket][abort]") {
  Attack attack;
  for (const std::string& start : Strings{
           "",
           "\x81",
           frame(1, R"(42["note","never seen"])").substr(0, 10),
           frame(1, R"(42["note","never seen"])", unfinished),
           announced(1'000'000) + "never finished",
           frame(1, R"(451-["note",{"_placeholder":true,"num":0}])"),
       }) {
    for (const int how : {0, 1, 2}) {
      CAPTURE(hex(start), how);
      const ClientPtr client = open_joined(attack);
      client->send(start);
      if (how == 0) client->close();
      if (how == 1) client->reset();
      if (how == 2) client->shut_down_send();
      attack.check_aftermath({"disconnect /: transport close"});
    }
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a client that does not answer the close frame is disconnected after the timeout",
          "[adversarial][websocket][timeouts]") {
  Settings settings;
  settings.transport.close_timeout = 30ms;
  Attack attack(settings);
  const ClientPtr client = open_joined(attack);
  client->send(text_frame("4z"));
  CHECK(hex(attack.last_words(*client)) == "8800");
  attack.check_aftermath(
      {"error /: unknown packet type z", "malformed: unknown packet type z", "disconnect /: forced close"});
}

TEST_CASE("a client that pings without reading is disconnected", "[adversarial][websocket][limits]") {
  Attack attack;
  const ClientPtr client = open_joined(attack);
  client->stall();
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += frame(9, std::string(125, 'p'));
  // Enough to fill every buffer between the two.
  bool cut_off = false;
  attack.until([&] {
    if (client->all_sent()) client->send(pings);
    return cut_off = attack.session_count() == 0;
  });
  CHECK(cut_off);
  attack.check_aftermath({"disconnect /: transport error, too many pending pongs"});
}

TEST_CASE("a client that requests acknowledgements without reading is disconnected at the limit",
          "[adversarial][websocket][limits]") {
  Settings settings;
  settings.server.max_unsent_bytes = 100'000;
  Attack attack(settings);
  const ClientPtr client = open_joined(attack);
  client->stall();
  const std::string question = frame(1, R"(421["echo",")" + std::string(50'000, 'a') + R"("])");
  bool cut_off = false;
  attack.until([&] {
    if (client->all_sent()) client->send(question);
    return cut_off = attack.session_count() == 0;
  });
  CHECK(cut_off);
  attack.check_aftermath({"disconnect /: transport error, too many unsent bytes"});
}
