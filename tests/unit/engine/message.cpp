// SPDX-License-Identifier: MIT
#include <socketio/engine/message.hpp>
// Outgoing packets as WebSocket frames and as records of a polling payload.
#include <tests/support/catch.hpp>

#include <string>

using socketio::Binary;
using socketio::EioPacketType;
using socketio::Message;
using socketio::MessagePtr;

namespace {

std::string frame(const MessagePtr& message) {
  std::string bytes;
  for (const std::string_view piece : message->frame()) bytes += piece;
  CHECK(bytes.size() == message->frame_bytes());
  return bytes;
}

std::string record(const MessagePtr& message) {
  std::string text;
  message->append_to_polling_payload(text);
  return text;
}

}  // namespace

TEST_CASE("a text message is one frame with its type in front", "[engine][message]") {
  const MessagePtr message = Message::text("hello");
  CHECK(message->type() == EioPacketType::message);
  CHECK_FALSE(message->is_binary());
  CHECK(message->compress());
  CHECK(message->payload() == "4hello");
  CHECK(frame(message) ==
        "\x81\x06"
        "4hello");
  CHECK(message->frame()[1].empty());
  CHECK(record(message) == "4hello");
  CHECK_FALSE(Message::text("x", false)->compress());
}

TEST_CASE("a raw text message has no type in front", "[engine][message]") {
  const MessagePtr message = Message::raw_text("hello");
  CHECK_FALSE(message->is_binary());
  CHECK(message->payload() == "hello");
  CHECK(frame(message) ==
        "\x81\x05"
        "hello");
  CHECK(message->compress());
  CHECK_FALSE(Message::raw_text("x", false)->compress());
  CHECK(Message::raw_text("")->payload().empty());
  CHECK(frame(Message::raw_text("")) == std::string("\x81\0", 2));
  CHECK(frame(Message::raw_text(std::string(126, 'x'))).substr(0, 5) == std::string("\x81\x7E\x00\x7Ex", 5));
}

namespace {

/// Whether a message could be made of a text that it does not own.
template <class M>
concept MakeableFromOutside = requires(std::string_view text) {
  M({}, EioPacketType::message, text, 1, true);
}
|| requires(Binary bytes) { M({}, bytes, true); };

}  // namespace

TEST_CASE("only the factories make messages", "[engine][message]") {
  STATIC_REQUIRE_FALSE(MakeableFromOutside<Message>);
}

TEST_CASE("a packet of any type may have data or none", "[engine][message]") {
  CHECK(Message::packet(EioPacketType::ping)->payload() == "2");
  CHECK(frame(Message::packet(EioPacketType::ping)) ==
        "\x81\x01"
        "2");
  CHECK(record(Message::packet(EioPacketType::pong, "probe")) == "3probe");
}

TEST_CASE("a binary message travels raw in a frame and as base64 in a payload", "[engine][message]") {
  const MessagePtr message = Message::binary(Binary("\0\xFF", 2));
  CHECK(message->is_binary());
  CHECK(message->payload() == std::string_view("\0\xFF", 2));
  CHECK(frame(message) == std::string("\x82\x02\0\xFF", 4));
  CHECK(record(message) == "bAP8=");
  const MessagePtr text = Message::base64(*message);
  CHECK_FALSE(text->is_binary());
  CHECK(text->payload() == "bAP8=");
  CHECK(frame(text) ==
        "\x81\x05"
        "bAP8=");
  CHECK(record(text) == "bAP8=");
}

TEST_CASE("the frame header grows with the payload", "[engine][message]") {
  const auto header = [](std::size_t payload_bytes) {
    return frame(Message::text(std::string(payload_bytes - 1, 'x'))).substr(0, 12);
  };
  CHECK(header(125).substr(0, 3) ==
        "\x81\x7D"
        "4");
  CHECK(header(126).substr(0, 5) == std::string("\x81\x7E\x00\x7E"
                                                "4",
                                                5));
  CHECK(header(65535).substr(0, 5) ==
        "\x81\x7E\xFF\xFF"
        "4");
  CHECK(header(65536).substr(0, 11) == std::string("\x81\x7F\0\0\0\0\0\x01\0\0"
                                                   "4",
                                                   11));
}
