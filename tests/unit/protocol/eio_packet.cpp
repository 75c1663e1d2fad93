// SPDX-License-Identifier: MIT
#include <socketio/protocol/eio_packet.hpp>

#include <tests/support/catch.hpp>

#include <string>
#include <string_view>

using socketio::decode_eio_packet;
using socketio::EioPacketType;
using socketio::to_char;

TEST_CASE("every Engine.IO packet type decodes to itself", "[protocol][eio]") {
  for (int i = 0; i <= 6; ++i) {
    const auto type = static_cast<EioPacketType>(i);
    const std::string text = std::string(1, to_char(type)) + "probe";
    const auto packet = decode_eio_packet(text);
    REQUIRE(packet);
    CHECK(packet->type == type);
    CHECK_FALSE(packet->is_binary);
    CHECK(packet->has_data);
    CHECK(packet->data == "probe");
  }
  CHECK(to_char(EioPacketType::open) == '0');
  CHECK(to_char(EioPacketType::noop) == '6');
}

TEST_CASE("an Engine.IO packet of one character has no data", "[protocol][eio]") {
  const auto packet = decode_eio_packet("4");
  REQUIRE(packet);
  CHECK(packet->type == EioPacketType::message);
  CHECK_FALSE(packet->has_data);
  CHECK(packet->data.empty());
}

TEST_CASE("an Engine.IO packet that begins with b is a binary message", "[protocol][eio]") {
  const auto packet = decode_eio_packet("bAQIDBA==");
  REQUIRE(packet);
  CHECK(packet->type == EioPacketType::message);
  CHECK(packet->is_binary);
  CHECK(packet->data == "AQIDBA==");
  const auto empty = decode_eio_packet("b");
  REQUIRE(empty);
  CHECK(empty->is_binary);
  CHECK(empty->has_data);
  CHECK(empty->data.empty());
}

TEST_CASE("any other first character is an error", "[protocol][eio]") {
  CHECK_FALSE(decode_eio_packet(""));
  for (int c = 0; c < 256; ++c) {
    const char first = static_cast<char>(c);
    const std::string text = std::string(1, first) + "x";
    CHECK(decode_eio_packet(text).has_value() == ((first >= '0' && first <= '6') || first == 'b'));
  }
}
