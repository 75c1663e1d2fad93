// SPDX-License-Identifier: MIT
// The events that the benchmarks of both parsers encode and decode.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/packet.hpp>

#include <cstddef>
#include <string>

namespace socketio::benchmarks {

/// An event of a chat.
struct SmallEvent {
  template <class Writer>
  static void write(Writer& writer) {
    writer.begin_array(2);
    writer.string("chat message");
    writer.string("Hello, how are you today?");
    writer.end_array();
  }
};

/// An event of a game: a name and ten arguments of every plain kind.
struct TenArguments {
  template <class Writer>
  static void write(Writer& writer) {
    writer.begin_array(11);
    writer.string("move");
    for (int i = 0; i < 4; ++i) writer.integer(1000 * i + 7);
    for (int i = 0; i < 3; ++i) writer.number(0.25 + i);
    writer.boolean(true);
    writer.null();
    writer.string("north");
    writer.end_array();
  }
};

/// An object of about 1 KiB of JSON: nineteen records of two levels.
struct NestedObject {
  template <class Writer>
  static void write(Writer& writer) {
    writer.begin_array(2);
    writer.string("state");
    writer.begin_object(1);
    writer.key("players");
    writer.begin_array(19);
    for (int i = 0; i < 19; ++i) {
      writer.begin_object(3);
      writer.key("id");
      writer.integer(10'000 + i);
      writer.key("name");
      writer.string("player");
      writer.key("at");
      writer.begin_object(2);
      writer.key("x");
      writer.number(12.5 + i);
      writer.key("y");
      writer.number(-3.25);
      writer.end_object();
      writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    writer.end_array();
  }
};

/// One string of 64 KiB.
struct LongString {
  template <class Writer>
  static void write(Writer& writer) {
    static const std::string text(64 * 1024, 'x');
    writer.begin_array(2);
    writer.string("file");
    writer.string(text);
    writer.end_array();
  }
};

/// Two attachments of 1 KiB.
struct TwoBinaries {
  template <class Writer>
  static void write(Writer& writer) {
    static const Binary bytes(std::string(1024, '\x7f'));
    writer.begin_array(3);
    writer.string("frame");
    writer.binary(bytes);
    writer.binary(bytes);
    writer.end_array();
  }
};

/// An event, encoded.
template <class Parser, class Event>
EncodedPacket encode() {
  return Parser::encode(PacketHeader{}, [](auto& writer) { Event::write(writer); });
}

/// Bytes of all messages of a packet.
inline std::size_t size_of(const EncodedPacket& packet) {
  std::size_t bytes = packet.text.size();
  for (const Binary& attachment : packet.attachments) bytes += attachment.size();
  return bytes;
}

}  // namespace socketio::benchmarks
