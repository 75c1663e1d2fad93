// SPDX-License-Identifier: MIT
// Packets that a client may not send: its connection ends, and other clients are not affected.

#include "../support/client.hpp"

using namespace socketio;
using namespace socketio::test;

TEST_CASE("a packet that cannot be decoded ends the connection that sent it", "[behaviour][malformed]") {
  const auto [packet, message] = GENERATE(table<std::string, std::string>({
      {"4abc", "unknown packet type a"},
      {"49", "unknown packet type 9"},
      {"4", ""},
      {"42{}", "invalid payload"},
      {"42[]", "invalid payload"},
      {"42[true]", "invalid payload"},
      {"42[null]", "invalid payload"},
      {R"(42[{"toString":"foo"}])", "invalid payload"},
      {R"(42["connect"])", "invalid payload"},
      {R"(42["disconnect","x"])", "invalid payload"},
      {R"(42abc["x"])", "invalid payload"},
      {R"(42["x"])"
       "trailing",
       "invalid payload"},
      {R"(42["x",)", "invalid payload"},
      {"43{}", "invalid payload"},
      {"41{}", "invalid payload"},
      {"45woooot", "Illegal attachments"},
      {"45", "Illegal attachments"},
      {R"(450-["x"])", ""},
      {R"(4511-["x"])", "too many attachments"},
      {R"(452/n,["x"])", "Illegal attachments"},
  }));
  Harness harness;
  std::string error;
  std::string reason;
  std::vector<ErrorReport> reports;
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("error", [&](std::string text) { error = text; });
    socket.on("disconnect", [&](std::string text) { reason = text; });
  });
  auto client = open_socket(harness);
  auto other = open_socket(harness);
  INFO(packet);
  client.text(packet);
  CHECK(client.closed());
  CHECK(client.close_code() == 1005);
  CHECK(reason == "forced close");
  if (!message.empty()) CHECK(error == message);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].code == Errc::malformed_packet);
  harness.io.emit("still", "here");
  CHECK(other.next() == R"(42["still","here"])");
}

TEST_CASE("a missing or unexpected attachment is a violation", "[behaviour][malformed]") {
  Harness harness;
  std::string error;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("error", [&](std::string text) { error = text; }); });
  auto client = open_socket(harness);
  SECTION("a binary message that no packet announced") {
    client.binary("x");
    CHECK(client.closed());
    CHECK(error == "got binary data when not reconstructing a packet");
  }
  SECTION("text instead of an attachment") {
    client.text(R"(451-["x",{"_placeholder":true,"num":0}])");
    client.text(R"(42["y"])");
    CHECK(client.closed());
    CHECK(error == "got plaintext data when reconstructing a packet");
  }
  SECTION("a placeholder for a missing attachment") {
    client.text(R"(451-["x",{"_placeholder":true,"num":1}])");
    client.binary("x");
    CHECK(client.closed());
    CHECK(error == "illegal attachments");
  }
}

TEST_CASE("a packet that is not allowed in the current state ends its connection", "[behaviour][malformed]") {
  Harness harness;
  std::vector<ErrorReport> reports;
  std::string reason;
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  harness.io.of("/n");
  harness.io.on("connection",
                [&](TestSocket socket) { socket.on("disconnect", [&](std::string text) { reason = text; }); });
  auto client = open_engine(harness);
  SECTION("an event before CONNECT") { client.text(R"(42["x"])"); }
  SECTION("an event for a namespace that it has not joined") {
    join(client);
    client.text(R"(42/n,["x"])");
  }
  SECTION("an acknowledgement for a namespace that it has not joined") { client.text("43/n,1[]"); }
  SECTION("DISCONNECT before CONNECT") { client.text("41"); }
  SECTION("CONNECT_ERROR") {
    join(client);
    client.text(R"(44{"message":"x"})");
  }
  SECTION("an event after it has left") {
    join(client);
    client.text("41");
    reason.clear();
    client.text(R"(42["x"])");
  }
  CHECK(client.closed());
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].code == Errc::protocol_violation);
  CHECK((reason.empty() || reason == "forced close"));
}

TEST_CASE("deep nesting and large packets are limited", "[behaviour][malformed][limits]") {
  Harness harness({.max_depth = 8, .max_http_buffer_size = 2000});
  int calls = 0;
  harness.io.on("connection", [&](TestSocket socket) { socket.on("x", [&](Value) { ++calls; }); });
  auto client = open_socket(harness);
  auto other = open_socket(harness);
  const auto nested = [](int depth) {  // the arguments themselves are one level
    return R"(42["x",)" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + ']';
  };
  client.text(nested(7));
  client.text(nested(8));
  client.text(R"(42["x",")" + std::string(2000 - 10, 'a') + R"("])");
  CHECK_FALSE(client.has_message());
  CHECK(calls == 3);
  SECTION("one level too deep") { client.text(nested(9)); }
  SECTION("exactly the largest depth") { client.text("42[" + std::string(1990, '[')); }
  SECTION("one byte too many") {
    client.text(R"(42["x",")" + std::string(2000 - 9, 'a') + R"("])");
    CHECK(client.close_code() == 1009);
  }
  CHECK(client.closed());
  CHECK(calls == 3);
  harness.io.emit("x");
  CHECK(other.next() == R"(42["x"])");
}

TEST_CASE("over polling a violation is answered with a close packet on the next free poll",
          "[behaviour][malformed][memory]") {
  Harness harness(on_memory);
  std::string reason;
  harness.io.on("connection",
                [&](TestSocket socket) { socket.on("disconnect", [&](std::string text) { reason = text; }); });
  auto opened = harness.get(polling_target);
  const std::string target = std::string(polling_target) + "&sid=" + sid_in(opened.body());
  harness.post(target, "40");
  SECTION("after the CONNECT reply") {
    CHECK(harness.get(target).body().substr(0, 4) == "40{\"");
    CHECK(harness.post(target, "44{}").body() == "ok");
    CHECK(reason == "forced server close");
    CHECK(harness.get(target).body() ==
          "6\x1e"
          "1");
  }
  SECTION("with a poll waiting") {
    CHECK(harness.get(target).body().substr(0, 4) == "40{\"");
    auto poll = harness.get(target);
    CHECK(harness.post(target, R"(42/n,["x"])").body() == "ok");
    CHECK(poll.body() == "1");
    CHECK(reason == "forced close");
  }
  SECTION("undecodable, without a poll: the next poll ends the socket") {
    CHECK(harness.get(target).body().substr(0, 4) == "40{\"");
    CHECK(harness.post(target, "4abc").body() == "ok");
    CHECK(reason.empty());
    CHECK(harness.get(target).body() ==
          "6\x1e"
          "1");
    CHECK(reason == "forced close");
  }
}

TEST_CASE("attachments may be as large as messages may be", "[behaviour][limits]") {
  Harness harness({.max_attachments = 2, .max_http_buffer_size = 12'000'000});
  std::size_t bytes = 0;
  harness.io.on("connection",
                [&](TestSocket socket) { socket.on("x", [&](Binary a, Binary b) { bytes = a.size() + b.size(); }); });
  auto client = open_socket(harness);
  client.text(R"(452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  client.binary(std::string(12'000'000, 'a'));
  client.binary(std::string(12'000'000, 'b'));
  CHECK_FALSE(client.has_message());
  CHECK(bytes == 24'000'000);
  client.text(R"(453-["x"])");
  CHECK(client.closed());
}
