// SPDX-License-Identifier: MIT
// The parser of socket.io-msgpack-parser: each packet is one binary message, whatever it holds. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/error.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/msgpack_writer.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/parser.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

namespace detail {

struct MsgpackMembers;

}  // namespace detail

/// Encodes and decodes Socket.IO packets for clients with the npm package socket.io-msgpack-parser or one of its
/// counterparts: smaller than JSON where there are many numbers or binary data. Models Parser.
///
/// @code
/// struct MsgpackConfig : socketio::DefaultConfig {
///   using Parser = socketio::MsgpackParser;
/// };
/// socketio::BasicServer<MsgpackConfig> io;
/// @endcode
///
/// Handlers see what they would see with JSON: a `Date` is its ISO 8601 text, an undefined member is missing, an
/// undefined item or argument is null, an invalid date is null, a key that is a number, a boolean or nil is its text.
/// Integers keep all their 64 bits, and numbers may be NaN or infinite. The standard's own timestamps are dates too,
/// as other languages' clients send them; any other extension is the array of its type and its bytes.
///
/// Refused is what the reference refuses, in its words, and beyond that: an acknowledgement id that is negative or
/// above 2^53 - 1; an event whose name is reserved or neither a string nor a number; keys that are arrays, objects,
/// binary data or dates, which no object of JavaScript has; what is nested deeper than ParserLimits::max_depth; more
/// binary values than ParserLimits::max_binary_values. An event without a name is accepted and has no data, so that
/// nothing is called.
///
/// The decoder is our own and not msgpack-cxx: that one builds a tree of its own types, to be copied into a packet node
/// by node; it has neither undefined nor this dialect of dates, and lets a length that is merely announced reserve
/// memory. Reading msgpack is less work than that translation, and so the parser needs no other library.
///
/// @par Thread safety    Distinct objects: safe. Shared objects: unsafe, except for the static functions.
/// @par Untrusted input  everything given to the decode functions. Memory is taken for what has arrived, never for a
///                       length that was only announced; nothing recurses.
/// @par Specification    socket.io-msgpack-parser 3 (its protocol is revision 5), over notepack.io 2.
class MsgpackParser {
 public:
  using Writer = MsgpackWriter;

  /// Nothing is kept between two messages.
  struct Decoder {};

  explicit MsgpackParser(ParserLimits limits = {}) noexcept : limits_(limits) {}

  /// Encodes a packet with data.
  ///
  /// @param write  called once with a `Writer&`; writes exactly one value.
  template <class WriteData>
  static EncodedPacket encode(const PacketHeader& header, WriteData&& write) {
    return encode_members(header, 1, [&](Writer& writer) {
      writer.key("data");
      std::forward<WriteData>(write)(writer);
    });
  }

  /// Encodes a packet without data.
  static EncodedPacket encode(const PacketHeader& header);

  /// Refuses the message: clients with this parser send no text.
  DecodeResult decode_text(Decoder& decoder, std::string_view text) const;

  /// Decodes a message.
  DecodeResult decode_binary(Decoder& decoder, Binary bytes) const;

  void reset(Decoder&) const noexcept {}

 private:
  // Most packets of a game fit; one that does not costs a reallocation.
  static constexpr std::size_t encoded_bytes_guess = 100;

  template <class WriteMembers>
  static EncodedPacket encode_members(const PacketHeader& header, std::size_t member_count, WriteMembers&& write) {
    std::string bytes;
    bytes.reserve(encoded_bytes_guess);
    MsgpackWriter writer(bytes);
    // In the order of the reference, so that the bytes are the same.
    writer.begin_object(2 + member_count + (header.id ? 1 : 0));
    writer.key("type");
    writer.unsigned_integer(plain_type_number(header.type));
    std::forward<WriteMembers>(write)(writer);
    if (header.id) {
      writer.key("id");
      writer.unsigned_integer(*header.id);
    }
    writer.key("nsp");
    writer.string(header.nsp.empty() ? "/" : header.nsp);
    writer.end_object();
    EncodedPacket packet;
    packet.attachments.emplace_back(std::move(bytes));
    return packet;
  }

  static constexpr unsigned plain_type_number(PacketType type) noexcept {
    if (type == PacketType::binary_event) type = PacketType::event;
    if (type == PacketType::binary_ack) type = PacketType::ack;
    return static_cast<unsigned>(type);
  }

  static bool read_type(const detail::MsgpackMembers& members, detail::PacketParts& parts);
  static bool read_nsp(const detail::MsgpackMembers& members, detail::PacketParts& parts);
  static bool read_id(const detail::MsgpackMembers& members, detail::PacketParts& parts);
  std::optional<ProtocolErrc> read_data(const detail::MsgpackMembers& members, detail::PacketParts& parts) const;
  static DecodeResult failure(ProtocolErrc error, std::string message = {});

  ParserLimits limits_;
};

static_assert(Parser<MsgpackParser>);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/msgpack_parser.ipp>
#endif
