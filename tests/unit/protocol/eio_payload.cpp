// SPDX-License-Identifier: MIT
#include <socketio/protocol/eio_payload.hpp>

#include <tests/support/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using socketio::EioPacketView;
using socketio::EioPayloadReader;
using socketio::for_each_packet;

namespace {

struct Outcome {
  std::vector<std::string> packets;
  bool complete;
};

Outcome read(std::string_view payload) {
  Outcome outcome;
  outcome.complete = for_each_packet(payload, [&](const EioPacketView& packet) {
    outcome.packets.push_back((packet.is_binary ? 'b' : to_char(packet.type)) + std::string(packet.data));
  });
  return outcome;
}

using Packets = std::vector<std::string>;

}  // namespace

TEST_CASE("a polling payload is read in order", "[protocol][eio]") {
  const Outcome outcome = read(
      "4hello\x1e"
      "2\x1e"
      "4\xE2\x82\xAC\x1e"
      "bAQID");
  CHECK(outcome.complete);
  CHECK(outcome.packets == Packets{"4hello", "2", "4\xE2\x82\xAC", "bAQID"});
  CHECK(read("4").packets == Packets{"4"});
}

TEST_CASE("an empty polling payload is an error", "[protocol][eio]") {
  const Outcome outcome = read("");
  CHECK_FALSE(outcome.complete);
  CHECK(outcome.packets.empty());
}

TEST_CASE("reading a polling payload stops at the first bad packet", "[protocol][eio]") {
  CHECK(read("4a\x1e"
             "abc\x1e"
             "4b")
            .packets == Packets{"4a"});
  CHECK_FALSE(read("4a\x1e"
                   "abc\x1e"
                   "4b")
                  .complete);
  CHECK(read("4a\x1e").packets == Packets{"4a"});  // a separator stands between packets, not after them
  CHECK_FALSE(read("4a\x1e").complete);
  CHECK(read("\x1e"
             "4a")
            .packets.empty());
  CHECK(read("4a\x1e\x1e"
             "4b")
            .packets == Packets{"4a"});
}

TEST_CASE("a handler ends the reading of a polling payload by returning false", "[protocol][eio]") {
  int seen = 0;
  CHECK(
      for_each_packet("4a\x1e"
                      "4b\x1e"
                      "bad",
                      [&](const EioPacketView&) { return ++seen < 2; }));
  CHECK(seen == 2);
  CHECK_FALSE(
      for_each_packet("4a\x1e"
                      "xbad",
                      [&](const EioPacketView&) { return true; }));
}

TEST_CASE("a payload reader delivers nothing after its end", "[protocol][eio]") {
  EioPayloadReader good("4a");
  CHECK(good.next());
  CHECK_FALSE(good.next());
  CHECK_FALSE(good.next());
  CHECK_FALSE(good.failed());
  EioPayloadReader bad(
      "x\x1e"
      "4a");
  CHECK_FALSE(bad.next());
  CHECK_FALSE(bad.next());
  CHECK(bad.failed());
}
