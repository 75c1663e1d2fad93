// SPDX-License-Identifier: MIT
// The default parser: a text header, JSON, and attachments in messages of their own. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/error.hpp>
#include <socketio/protocol/json_writer.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace socketio {

/// Encodes and decodes Socket.IO packets as every client does by default. Models Parser.
///
/// @par Thread safety    Distinct objects: safe. Shared objects: unsafe, except for the static functions.
/// @par Untrusted input  everything given to the decode functions; ParserLimits bound it. What is malformed comes
///                       back as an error in the result, with nothing kept.
/// @par Specification    Socket.IO protocol, revision 5, "Packet encoding".
class JsonParser {
 public:
  using Writer = JsonWriter;
  using DecodeResult = socketio::DecodeResult;

  /// What is kept for one connection: the packet whose attachments are still missing.
  class Decoder {
   public:
    bool is_idle() const noexcept { return pending_ == nullptr; }

    /// What there is of the packet whose attachments are missing; not while it is idle.
    Packet& incomplete() const noexcept { return *pending_; }

   private:
    friend class JsonParser;
    PacketPtr pending_;
  };

  explicit JsonParser(ParserLimits limits = {}) noexcept : limits_(limits) {}

  /// Encodes a packet with data.
  ///
  /// @param write  called once with a `Writer&`; writes exactly one value. Binary data of events and
  ///               acknowledgements becomes attachments; JavaScript clients accept up to ten of them. Packets of other
  ///               types have none: there it is written as JSON.stringify writes a Buffer.
  template <class WriteData>
  static EncodedPacket encode(const PacketHeader& header, WriteData&& write) {
    EncodedPacket packet;
    packet.text.reserve(encoded_bytes_guess);
    const bool may_have_attachments = plain(header.type) == PacketType::event || plain(header.type) == PacketType::ack;
    JsonWriter writer(packet.text, may_have_attachments ? &packet.attachments : nullptr,
                      JsonWriter::InlineBinary::buffer);
    std::forward<WriteData>(write)(writer);
    prepend_header(header, packet);
    return packet;
  }

  /// Encodes a packet without data.
  static EncodedPacket encode(const PacketHeader& header);

  /// Decodes a message with text.
  DecodeResult decode_text(Decoder& decoder, std::string_view text) const;

  /// Takes an attachment of the packet announced before.
  DecodeResult decode_binary(Decoder& decoder, Binary bytes) const;

  /// Forgets an incomplete packet.
  void reset(Decoder& decoder) const noexcept { decoder.pending_.reset(); }

 private:
  // Most packets of a chat or a game fit; one that does not costs a reallocation.
  static constexpr std::size_t encoded_bytes_guess = 100;

  struct Header {
    PacketType type = PacketType::connect;
    std::size_t attachment_count = 0;
    std::size_t nsp_at = 0;
    std::size_t nsp_size = 0;  // 0 if none is named
    std::uint64_t id = 0;
    bool has_id = false;
    std::size_t data_at = 0;
  };

  static constexpr PacketType plain(PacketType type) noexcept {
    if (type == PacketType::binary_event) return PacketType::event;
    if (type == PacketType::binary_ack) return PacketType::ack;
    return type;
  }
  static constexpr bool is_binary(PacketType type) noexcept { return plain(type) != type; }

  static void prepend_header(const PacketHeader& header, EncodedPacket& packet);

  // What the functions below return when all is well. Not a std::optional, which is stored in two parts and loaded in
  // one: waiting for that was 2 % of a server's time where packets are small.
  static constexpr ProtocolErrc no_error{};

  ProtocolErrc read_text(Decoder& decoder, std::string_view text, PacketPtr& complete) const;
  ProtocolErrc read_header(std::string_view text, Header& header) const;
  ProtocolErrc read_attachment_count(std::string_view text, std::size_t& at, std::size_t& count) const;
  ProtocolErrc read_data(detail::PacketParts& parts, std::size_t from) const;
  static bool is_acceptable(detail::PacketParts& parts);
  static bool has_valid_placeholders(ValueView view);
  static DecodeResult failure(ProtocolErrc error, std::string_view text = {});

  ParserLimits limits_;
};

static_assert(Parser<JsonParser>);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/json_parser.ipp>
#endif
