// SPDX-License-Identifier: MIT
// Packets that Socket.IO does not allow: undecodable packets, packets that are not allowed in the current state, and
// packets without a meaning.

#include "fixture.hpp"

#include <chrono>
#include <utility>

using namespace socketio::test;
using namespace std::chrono_literals;

namespace {

const Strings both{"", "/n"};

Strings malformed(const std::string& why) {
  return {"error /: " + why, "error /n: " + why, "malformed: " + why, "disconnect /: forced close",
          "disconnect /n: forced close"};
}

std::string nested(std::size_t depth) {
  return R"(42["note",)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + ']';
}

/// Undecodable packets, each with the error that its sockets get.
const std::vector<std::pair<std::string, std::string>>& malformed_packets() {
  static const std::string placeholder = R"({"_placeholder":true,"num":0})";
  static const std::string payload = "invalid payload";
  static const std::string count = "Illegal attachments";
  static const std::string many = "too many attachments";
  static const std::vector<std::pair<std::string, std::string>> packets{
      // The type.
      {"4", "unknown packet type "},
      {"4abc", "unknown packet type a"},
      {"47", "unknown packet type 7"},
      {"49", "unknown packet type 9"},
      {"4 2[\"note\"]", "unknown packet type  "},
      {"4-2", "unknown packet type -"},
      {"4\xc3\xa9", "unknown packet type \xc3\xa9"},
      {"4{}", "unknown packet type {"},
      // The number of attachments.
      {"45", count},
      {"46", count},
      {"45woooot", count},
      {"45[\"note\"]", count},
      {"45-[\"note\"]", count},
      {"45--1[\"note\"]", count},
      {"451", count},
      {"451[\"note\"," + placeholder + ']', count},
      {"451.5-[\"note\"]", count},
      {"451e0-[\"note\"]", count},
      {"45 1-[\"note\"]", count},
      {"450x1-[\"note\"]", count},
      {"45+1-[\"note\"]", count},
      {"45Infinity-[\"note\"]", count},
      {"45/n,[\"note\"]", count},
      {"450-[\"note\"]", count},
      {"4600-1[]", count},
      {"4511-[\"note\"]", many},
      {"4611-1[]", many},
      {"4599999999999999999999-[\"note\"]", many},
      {"4518446744073709551617-[\"note\"]", many},
      {"45" + std::string(5'000, '1') + "-[\"note\"]", many},
      // The id.
      {"429007199254740992[\"note\"]", "invalid acknowledgement id"},
      {"4299999999999999999999[\"note\"]", "invalid acknowledgement id"},
      {"42abc[\"note\"]", payload},
      {"42-1[\"note\"]", payload},
      {"421.5[\"note\"]", payload},
      {"421 2[\"note\"]", payload},
      // The payload of each type.
      {"40[]", payload},
      {"40null", payload},
      {"40true", payload},
      {"40\"x\"", payload},
      {"40/n,\"x\"", payload},
      {"40/other,[]", payload},
      {"41{}", payload},
      {"41[]", payload},
      {"41null", payload},
      {"41/n,{}", payload},
      {"42{}", payload},
      {"42null", payload},
      {"42\"note\"", payload},
      {"42[]", payload},
      {"42[true]", payload},
      {"42[null]", payload},
      {"42[[\"note\"]]", payload},
      {"42[{\"toString\":\"foo\"}]", payload},
      {"42/n,[{\"toString\":\"foo\"}]", payload},
      {"43{}", payload},
      {"43null", payload},
      {"431{}", payload},
      {"44[]", payload},
      {"44null", payload},
      {"451-{}", payload},
      {"451-[]", payload},
      {"451-[{\"_placeholder\":true,\"num\":0}]", payload},
      {"451-1null", payload},
      {"461-1{}", payload},
      // Names that only the server may use.
      {"42[\"connect\"]", payload},
      {"42[\"connect_error\"]", payload},
      {"42[\"disconnect\",\"x\"]", payload},
      {"42[\"disconnecting\"]", payload},
      {"42[\"newListener\"]", payload},
      {"42[\"removeListener\"]", payload},
      {"42/n,1[\"disconnect\"]", payload},
      {"42[\"dis\\u0063onnect\"]", payload},
      {"451-[\"connect\"," + placeholder + ']', payload},
      // JSON.
      {"42[\"note\"", payload},
      {"42[\"note\",", payload},
      {"42[\"note\",]", payload},
      {"42[\"note\",1]]", payload},
      {"42[\"note\",1]x", payload},
      {"42[\"note\",1][\"note\",1]", payload},
      {"42[\"note\",1],", payload},
      {"42['note']", payload},
      {"42[\"note\",NaN]", payload},
      {"42[\"note\",Infinity]", payload},
      {"42[\"note\",undefined]", payload},
      {"42[\"note\",01]", payload},
      {"42[\"note\",+1]", payload},
      {"42[\"note\",.5]", payload},
      {"42[\"note\",1.]", payload},
      {"42[\"note\",1e]", payload},
      {"42[\"note\",{a:1}]", payload},
      {"42[\"note\",{\"a\"}]", payload},
      {"42[\"note\",{\"a\":1,}]", payload},
      {"42[\"note\",{1:1}]", payload},
      {"42[\"note\",\"\\x\"]", payload},
      {"42[\"note\",\"\\u12\"]", payload},
      {"42[\"note\",\"a\tb\"]", payload},
      {"42[\"note\",\"open]", payload},
      {"42[\"note\",/* a comment */1]", payload},
      {std::string("42[\"note\"\0]", 11), payload},
      {std::string("42[\"note\"]\0", 11), payload},
      {"42[\"note\",\xc2\xa0"
       "1]",
       payload},
      {nested(1'000), "payload nested too deeply"},
      {"42[\"note\"," + std::string(900'000, '['), "payload nested too deeply"},
  };
  return packets;
}

/// A packet with attachments: the text, then each of them.
std::string with_attachments(std::string_view text, const Strings& attachments) {
  std::string bytes = text_frame(text);
  for (const std::string& attachment : attachments) bytes += client_frame(Opcode::binary, attachment);
  return bytes;
}

std::string binary_event(std::string_view count, std::string_view argument) {
  return "45" + std::string(count) + R"(-["note",)" + std::string(argument) + ']';
}

}  // namespace

TEST_CASE("a packet that cannot be decoded ends the connection with all its namespaces", "[adversarial][socketio]") {
  Attack attack;
  for (const auto& [packet, why] : malformed_packets()) {
    CAPTURE(packet.substr(0, 60));
    const ClientPtr client = open_joined(attack, both);
    client->send(text_frame(packet) + text_frame(R"(42["note","never seen"])"));
    CHECK(attack.websocket_end(*client) == "8800");
    attack.check_aftermath(malformed(why));
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a missing or unexpected attachment ends the connection", "[adversarial][socketio]") {
  Attack attack;
  const std::string placeholder = R"({"_placeholder":true,"num":0})";
  const auto numbered = [](std::string_view num) { return R"({"_placeholder":true,"num":)" + std::string(num) + '}'; };
  const std::string unexpected_binary = "got binary data when not reconstructing a packet";
  const std::string unexpected_text = "got plaintext data when reconstructing a packet";
  const std::string illegal = "illegal attachments";
  for (const auto& [bytes, why] : std::vector<std::pair<std::string, std::string>>{
           {client_frame(Opcode::binary, "x"), unexpected_binary},
           {client_frame(Opcode::binary, ""), unexpected_binary},
           {text_frame("bAQID"), unexpected_binary},
           {text_frame("b"), unexpected_binary},
           {with_attachments("461-1[" + placeholder + ']', {"x", "y"}), unexpected_binary},
           {text_frame(binary_event("1", placeholder)) + text_frame(R"(42["note","never seen"])"), unexpected_text},
           {text_frame(binary_event("2", placeholder)) + client_frame(Opcode::binary, "x") + text_frame("41/n,"),
            unexpected_text},
           {text_frame(binary_event("1", placeholder)) + text_frame(binary_event("1", placeholder)), unexpected_text},
           {with_attachments(binary_event("1", numbered("1")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("-1")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("0.5")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("1e9")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("18446744073709551616")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("null")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("\"0\"")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("\"splice\"")), {"x"}), illegal},
           {with_attachments(binary_event("1", numbered("{}")), {"x"}), illegal},
           {with_attachments(binary_event("1", R"({"_placeholder":true})"), {"x"}), illegal},
           {with_attachments(binary_event("1", R"([{"a":{"b":[)" + numbered("7") + "]}}]"), {"x"}), illegal},
           {with_attachments(binary_event("10", numbered("10")), Strings(10, "x")), illegal},
       }) {
    CAPTURE(bytes);
    const ClientPtr client = open_joined(attack, both);
    client->send(bytes + text_frame(R"(42["note","never seen"])"));
    CHECK(attack.websocket_end(*client) == "8800");
    attack.check_aftermath(malformed(why));
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a packet that is not allowed in the current state ends the connection", "[adversarial][socketio]") {
  Attack attack;
  const std::string not_joined = "violation: packet for a namespace that has not been joined";
  const std::string not_theirs = "violation: packet of a type that clients do not send";
  struct Case {
    Strings joined;
    Strings packets;
    std::string log;
  };
  for (const Case& c : std::vector<Case>{
           {{}, {R"(42["note",1])"}, not_joined},
           {{}, {"42"}, not_joined},
           {{}, {"431[]"}, not_joined},
           {{}, {"43"}, not_joined},
           {{}, {"41"}, not_joined},
           {{}, {"44{}"}, not_joined},
           {{}, {"44"}, not_joined},
           {{"/n"}, {R"(42["note",1])"}, not_joined},
           {{"/n"}, {R"(42/n["note"])"}, not_joined},
           {both, {R"(42/other,["note",1])"}, not_joined},
           {both, {"43/other,1[]"}, not_joined},
           {both, {"41/other"}, not_joined},
           {both, {"41/N"}, not_joined},
           {both, {R"(42/n?x=1,["note",1])"}, not_joined},
           {both, {"40/slow,", "40/slow,", "41/slow,"}, not_joined},
           {both, {"40/slow,", R"(42/slow,["note",1])"}, not_joined},
           {both, {"40/slow,", "41/slow,"}, not_joined},
           {both, {"44{\"message\":\"x\"}"}, not_theirs},
           {both, {"44\"x\""}, not_theirs},
           {both, {"44/n,{}"}, not_theirs},
           {both, {"44"}, not_theirs},
       }) {
    CAPTURE(c.joined, c.packets);
    Strings log{c.log};
    for (const std::string& nsp : c.joined) log.push_back("disconnect " + (nsp.empty() ? "/" : nsp) + ": forced close");
    std::string frames;
    std::string payload;
    for (const std::string& packet : c.packets) {
      frames += text_frame(packet);
      payload += (payload.empty() ? "" : "\x1e") + packet;
    }
    const ClientPtr client = open_joined(attack, c.joined);
    client->send(frames + text_frame(R"(42["note","never seen"])"));
    CHECK(attack.websocket_end(*client) == "8800");
    attack.check_aftermath(log);

    PollingAttacker polling(attack);
    for (const std::string& nsp : c.joined) polling.join(nsp);
    polling.send_poll();
    attack.check_aftermath({});
    polling.send_post(payload);
    CHECK(polling.post_answered() == post_answer());
    CHECK(polling.poll_answered() == poll_answer("1"));
    attack.check_aftermath(log);
    polling.check_gone();
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a client that has left a namespace may not send to it", "[adversarial][socketio]") {
  Attack attack;
  for (const char* packet : {"42[\"note\",1]", "421[\"echo\"]", "431[]", "41"}) {
    CAPTURE(packet);
    const ClientPtr client = open_joined(attack, both);
    client->send(text_frame("41") + text_frame(R"(42/n,1["echo","sync"])"));
    CHECK(attack.message(*client) == R"(43/n,1["sync"])");
    client->send(text_frame(packet));
    CHECK(attack.websocket_end(*client) == "8800");
    attack.check_aftermath({"disconnect /: client namespace disconnect",
                            "violation: packet for a namespace that has not been joined",
                            "disconnect /n: forced close"});
  }
}

TEST_CASE("packets that were on their way when the server disconnected a socket are dropped",
          "[adversarial][socketio]") {
  Attack attack;
  const ClientPtr client = open_joined(attack, both);
  for (int i = 0; i < 2; ++i) {
    client->send(text_frame(R"(42/n,["dismiss"])") + text_frame(R"(42/n,1["echo","too late"])") +
                 text_frame(R"(42/n,["note","too late"])") + text_frame("43/n,1[]") + text_frame("41/n,"));
    CHECK(attack.message(*client) == "41/n,");
    attack.check_aftermath({"disconnect /n: server namespace disconnect"});
    check_alive(attack, *client);
    client->send(text_frame("40/n,"));
    CHECK(attack.message(*client).substr(0, 13) == R"(40/n,{"sid":")");
  }
  // After it has joined again, the usual rules apply.
  client->send(text_frame("41/n,") + text_frame(R"(42/n,["note","never seen"])"));
  CHECK(attack.websocket_end(*client) == "8800");
  attack.check_aftermath({"disconnect /n: client namespace disconnect",
                          "violation: packet for a namespace that has not been joined", "disconnect /: forced close"});
}

TEST_CASE("an unknown namespace is refused, and the connection is kept", "[adversarial][socketio]") {
  Attack attack;
  const ClientPtr client = open_joined(attack);
  PollingAttacker polling(attack);
  polling.join();
  for (const auto& [packet, nsp] : std::vector<std::pair<std::string, std::string>>{
           {"40/other", "/other"},
           {"40/other,", "/other"},
           {"40/other,{\"token\":1}", "/other"},
           {"40/n?x=1,", "/n?x=1"},
           {"40/N,", "/N"},
           {"40/n/,", "/n/"},
           {"40//,", "//"},
           {"40//n,", "//n"},
           {"40/ n,", "/ n"},
           {"40/__proto__,", "/__proto__"},
           {"40/\"\\\xc3\xa9,", "/\"\\\xc3\xa9"},
           {"40/" + std::string(100'000, 'a'), "/" + std::string(100'000, 'a')},
       }) {
    CAPTURE(packet.substr(0, 40));
    const std::string refusal = "44" + nsp + R"(,{"message":"Invalid namespace"})";
    for (int i = 0; i < 2; ++i) {
      client->send(text_frame(packet));
      CHECK(attack.message(*client) == refusal);
    }
    check_alive(attack, *client);
    polling.send_post(packet);
    CHECK(polling.post_answered() == post_answer());
    polling.send_poll();
    CHECK(polling.poll_answered() == poll_answer(refusal));
    polling.check_alive();
    attack.check_aftermath({});
  }
}

TEST_CASE("packets without a meaning are ignored", "[adversarial][socketio]") {
  Attack attack;
  const ClientPtr client = open_joined(attack, both);
  for (const char* packet : {
           "42",
           "421",
           "42/n,",
           "42/n,1",
           "43",
           "430",
           "430[]",
           "43[]",
           "43/n,7[1]",
           "439007199254740991[\"x\"]",
           "42[\"nobody listens\"]",
           "42[\"connection\"]",
           "42[\"error\",\"x\"]",
           "42[\"\"]",
           "42[1,2]",

           "42[\"__proto__\",{\"__proto__\":1}]",
           "40/slow,",
       }) {
    CAPTURE(packet);
    const bool is_error = std::string_view(packet).find("error") != std::string_view::npos;
    client->send(text_frame(packet));
    check_alive(attack, *client);
    attack.check_aftermath(is_error ? Strings{"error /: x"} : Strings{});
  }
}

TEST_CASE("unusual but valid packets arrive", "[adversarial][socketio]") {
  Attack attack;
  const ClientPtr client = open_joined(attack, both);
  struct Case {
    std::string bytes, event;
  };
  const std::string placeholder = R"({"_placeholder":true,"num":0})";
  for (const Case& c : std::vector<Case>{
           {text_frame("42 \t\r\n[ \"note\" , 1 ] "), "1"},
           {text_frame("429007199254740991[\"note\",1]"), "1"},
           {text_frame("42[\"n\\u006fte\",1]"), "1"},
           {text_frame("42[\"note\",{\"a\":1,\"a\":2}]"), R"({"a":2})"},
           {text_frame("42[\"note\",\"\\u0000\\u001e\"]"), R"("\u0000\u001e")"},
           {text_frame("42[\"note\"," + placeholder + ']'), placeholder},
           {text_frame(nested(511)), std::string(510, '[') + std::string(510, ']')},
           {text_frame("4202[\"note\",1]"), "1"},
           {with_attachments(binary_event("1", placeholder), {""}), placeholder + " + "},
           {with_attachments(binary_event("2", placeholder), {"x", "unused"}), placeholder + " + x"},
           {with_attachments(binary_event("01", '[' + placeholder + ',' + placeholder + ']'), {"x"}),
            R"([{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}] + x + x)"},
           {with_attachments(binary_event("10", placeholder), Strings(10, "x")), placeholder + " + x"},
           {text_frame(binary_event("1", placeholder)) + text_frame("beA=="), placeholder + " + x"},
           {text_frame(binary_event("1", placeholder)) + text_frame("beA"), placeholder + " + x"},
           {text_frame(binary_event("1", placeholder)) + text_frame("be\r\nA==\n"), placeholder + " + x"},
           {text_frame(binary_event("1", placeholder)) + text_frame("b{eA}"), placeholder + " + x"},
           {text_frame(binary_event("1", placeholder)) + text_frame("3") + client_frame(Opcode::binary, "x"),
            placeholder + " + x"},
           {with_attachments(binary_event("1", R"({"_placeholder":false,"num":9})"), {"x"}),
            R"({"_placeholder":false,"num":9})"},
       }) {
    CAPTURE(c.bytes.substr(0, 60));
    client->send(c.bytes);
    attack.check_aftermath({"event /: " + c.event});
    check_alive(attack, *client);
  }
}

TEST_CASE("over polling a violation is answered with a close packet, in the waiting poll or in the next one",
          "[adversarial][socketio][polling]") {
  Attack attack;
  struct Case {
    std::string payload;
    Strings at_once;
    std::string reason_without_poll;
  };
  const std::string attachment = R"(451-["note",{"_placeholder":true,"num":0}])";
  for (const Case& c : std::vector<Case>{
           {"4", {"error /: unknown packet type ", "malformed: unknown packet type "}, "forced close"},
           {"4abc", {"error /: unknown packet type a", "malformed: unknown packet type a"}, "forced close"},
           {"42{}", {"error /: invalid payload", "malformed: invalid payload"}, "forced close"},
           {"bAQID",
            {"error /: got binary data when not reconstructing a packet",
             "malformed: got binary data when not reconstructing a packet"},
            "forced close"},
           {attachment + "\x1e" + R"(42["note","never seen"])",
            {"error /: got plaintext data when reconstructing a packet",
             "malformed: got plaintext data when reconstructing a packet"},
            "forced close"},
           {"4511-[\"note\"]", {"error /: too many attachments", "malformed: too many attachments"}, "forced close"},
           {R"(42/n,["note",1])",
            {"violation: packet for a namespace that has not been joined"},
            "forced server close"},
           {"44{}", {"violation: packet of a type that clients do not send"}, "forced server close"},
       }) {
    CAPTURE(c.payload);
    const std::string rest = "\x1e" + std::string(R"(42["note","never seen"])");
    {
      PollingAttacker session(attack);
      session.join();
      session.send_poll();
      attack.check_aftermath({});
      session.send_post(c.payload + rest);
      CHECK(session.post_answered() == post_answer());
      CHECK(session.poll_answered() == poll_answer("1"));
      Strings log = c.at_once;
      log.push_back("disconnect /: forced close");
      attack.check_aftermath(log);
      session.check_gone();
    }
    {
      PollingAttacker session(attack);
      session.join();
      session.send_post(c.payload + rest);
      CHECK(session.post_answered() == post_answer());
      const std::string disconnect = "disconnect /: " + c.reason_without_poll;
      const bool is_deferred = c.reason_without_poll == "forced close";
      Strings log = c.at_once;
      if (!is_deferred) log.push_back(disconnect);
      attack.check_aftermath(log);
      // Until the client has fetched the close packet, its packets are answered but ignored.
      session.send_post(R"(42["note","never seen"])");
      CHECK(session.post_answered() == post_answer());
      attack.check_aftermath({});
      session.send_poll();
      CHECK(session.poll_answered() == poll_answer("6\x1e"
                                                   "1"));
      attack.check_aftermath(is_deferred ? Strings{disconnect} : Strings{});
      session.check_gone();
    }
  }
  SECTION("unsent packets are delivered first") {
    PollingAttacker session(attack);
    session.join();
    for (const char* packet : {R"(421["echo","first"])", "4abc"}) {
      session.send_post(packet);
      CHECK(session.post_answered() == post_answer());
    }
    session.send_poll();
    CHECK(session.poll_answered() == poll_answer(R"(431["first"])"));
    session.send_poll();
    CHECK(session.poll_answered() == poll_answer("6\x1e"
                                                 "1"));
    attack.check_aftermath(
        {"error /: unknown packet type a", "malformed: unknown packet type a", "disconnect /: forced close"});
    session.check_gone();
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a session whose client does not fetch the close packet ends after its timeout",
          "[adversarial][socketio][polling][timeouts]") {
  Settings settings;
  settings.server.close_timeout = 30ms;
  Attack attack(settings);
  PollingAttacker session(attack);
  session.join();
  session.send_post("4abc");
  CHECK(session.post_answered() == post_answer());
  attack.check_aftermath(
      {"error /: unknown packet type a", "malformed: unknown packet type a", "disconnect /: forced close"});
  session.check_gone();
}

TEST_CASE("a client that joins no namespace in time is disconnected", "[adversarial][socketio][timeouts]") {
  Settings settings;
  settings.server.connect_timeout = 300ms;
  Attack attack(settings);
  const ClientPtr silent = open_joined(attack, {});
  const ClientPtr refused = open_joined(attack, {});
  refused->send(text_frame("40/other,"));
  CHECK(attack.message(*refused) == R"(44/other,{"message":"Invalid namespace"})");
  const ClientPtr waiting = open_joined(attack, {});
  waiting->send(text_frame("40/slow,"));
  PollingAttacker polling(attack);
  polling.send_poll();
  for (RawClient* client : {silent.get(), refused.get(), waiting.get()}) CHECK(attack.websocket_end(*client) == "8800");
  CHECK(polling.poll_answered() == poll_answer("1"));
  attack.check_aftermath({});
  CHECK(attack.session_count() == 0);
}

TEST_CASE("the end of a connection discards an incomplete packet", "[adversarial][socketio]") {
  Attack attack;
  const ClientPtr client = open_joined(attack);
  client->send(with_attachments(R"(4510-["note"])", Strings(9, std::string(100'000, 'x'))));
  attack.check_aftermath({});
  client->reset();
  attack.check_aftermath({"disconnect /: transport close"});
}
