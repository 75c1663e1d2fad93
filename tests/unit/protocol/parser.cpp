// SPDX-License-Identifier: MIT
#include <socketio/protocol/parser.hpp>

#include <socketio/protocol/json_parser.hpp>
#include <tests/support/catch.hpp>

#include <string_view>

namespace {

struct NotStatic : socketio::JsonParser {
  socketio::EncodedPacket encode(const socketio::PacketHeader&);
};

struct NoDecoder {
  using Writer = socketio::JsonWriter;
};

}  // namespace

TEST_CASE("JsonParser models the concept Parser, and other types do not", "[protocol][parser]") {
  STATIC_REQUIRE(socketio::Parser<socketio::JsonParser>);
  STATIC_REQUIRE_FALSE(socketio::Parser<NotStatic>);
  STATIC_REQUIRE_FALSE(socketio::Parser<NoDecoder>);
  STATIC_REQUIRE_FALSE(socketio::Parser<int>);
}
