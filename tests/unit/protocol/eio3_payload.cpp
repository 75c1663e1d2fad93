// SPDX-License-Identifier: MIT
// Packets and payloads of Engine.IO revision 3, written and read, and invalid ones.
#include <socketio/protocol/eio3_payload.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <string_view>

using socketio::Eio3PayloadReader;
using socketio::EioPacketType;
using namespace std::string_view_literals;

namespace {

/// The packets of a payload, each with a letter for its form, and "!" for an error.
std::string read(std::string_view payload, bool is_binary = false) {
  std::string all;
  Eio3PayloadReader reader(payload, is_binary);
  while (const auto record = reader.next()) {
    all += record->is_raw ? 'r' : record->packet.is_binary ? 'b' : 't';
    all += to_char(record->packet.type);
    all += record->packet.data;
    all += ';';
  }
  CHECK_FALSE(reader.next().has_value());
  return reader.failed() ? all + '!' : all;
}

std::string read_binary(std::string_view payload) { return read(payload, true); }

}  // namespace

TEST_CASE("text payloads count in UTF-16 code units", "[protocol][eio3]") {
  CHECK(read("2:40") == "t40;");
  CHECK(read("1:21:35:4\xC5\xBE\xE2\x82\xAC\xF0\x9F\xA6\x84"
             "2:4x") == "t2;t3;t4\xC5\xBE\xE2\x82\xAC\xF0\x9F\xA6\x84;t4x;");
  CHECK(read("6:b4AQI=") == "b4AQI=;");
  CHECK(read("0:") == "");
  CHECK(read("0:2:4x0:") == "t4x;");
  CHECK(read("002:4x") == "t4x;");
  CHECK(read("4:4:1:") == "t4:1:;");
}

TEST_CASE("truncated or invalid text payloads end at the error", "[protocol][eio3]") {
  for (const std::string_view bad : {"", ":", "4", "x:4", "-1:4", "1 :4", "2:4", "1:", "2:4\xF0\x9F\xA6\x84", "0x1:4",
                                     "1e0:4", "99999999999999999999999999:4", "1:7", "1:b", "2:b7", "3:bb4", "4x"})
    CHECK(read(bad) == "!");
  CHECK(read("2:4a9:4b") == "t4a;!");
  CHECK(read("2:4a2") == "t4a;!");
  CHECK(read(std::string(400, '9') + ":4") == "!");
}

TEST_CASE("binary payloads hold text and bytes", "[protocol][eio3]") {
  CHECK(read_binary("\x00\x02\xFF"
                    "40"
                    "\x01\x03\xFF\x04\x00\xFF"sv) == "t40;r4\x00\xFF;"sv);
  CHECK(read_binary("\x00\x01\x01\xFF"
                    "4123456789A"sv) == "t4123456789A;");
  CHECK(read_binary("\x00\x06\xFF"
                    "b4AQI="sv) == "b4AQI=;");
  CHECK(read_binary("\x00\x03\xFF"
                    "4\xC5\xBE"sv) == "t4\xC5\xBE;");
  CHECK(read_binary("") == "");
  CHECK(read_binary("\x01\x01\xFF\x04"sv) == "r4;");
}

TEST_CASE("truncated or invalid binary payloads end at the error", "[protocol][eio3]") {
  for (const std::string_view bad :
       {"\x00"sv, "\x00\x02"sv, "\x00\xFF"sv, "\x00\x02\xFF\x34"sv, "\x02\x01\xFF\x34"sv, "\x00\x0A\xFF\x34"sv,
        "\x00\x00\xFF"sv, "\x01\x00\xFF"sv, "\x01\x01\xFF\x07"sv, "\x00\x02\xFF\x34\xC5"sv, "1:4"sv})
    CHECK(read_binary(bad) == "!");
  CHECK(read_binary('\0' + std::string(400, '\x09') + "\xFF" + "4") == "!");
  CHECK(read_binary("\x00\x01\xFF\x34\x00"sv) == "t4;!");
}

TEST_CASE("a written payload is read back", "[protocol][eio3]") {
  std::string text;
  std::string binary;
  std::string expected;
  for (const std::size_t size : {1u, 9u, 10u, 99u, 100u, 1000u}) {
    std::string packet = "4";
    while (packet.size() < size) packet += "\xF0\x9F\xA6\x84";
    socketio::append_eio3_text(packet, text);
    socketio::append_eio3_head(false, packet.size(), binary);
    binary += packet;
    expected += 't' + packet + ';';
  }
  CHECK(read(text) == expected);
  CHECK(read_binary(binary) == expected);
  CHECK(socketio::utf16_length("a\xC5\xBE\xE2\x82\xAC\xF0\x9F\xA6\x84") == 5);
}

TEST_CASE("a binary packet begins with its type", "[protocol][eio3]") {
  CHECK(socketio::decode_eio3_binary_packet("\x04"
                                            "ab")
            ->data == "ab");
  CHECK(socketio::decode_eio3_binary_packet("\x02")->type == EioPacketType::ping);
  CHECK_FALSE(socketio::decode_eio3_binary_packet(""));
  CHECK_FALSE(socketio::decode_eio3_binary_packet("4"));
  CHECK_FALSE(socketio::decode_eio3_packet("").has_value());
  CHECK(socketio::decode_eio3_packet("b4")->is_binary);
}
