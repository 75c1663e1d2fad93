// SPDX-License-Identifier: MIT
// The parser of a server as the core reaches it: an object instead of a template argument. Core layer.
#pragma once

#include <socketio/core/outgoing.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/parser.hpp>
#include <socketio/protocol/value.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::detail {

/// Encodes the packets that the core itself sends and decodes those that clients send.
///
/// The handles encode users' events with `Config::Parser` directly, before the core sees them. Everything else of the
/// core reaches the parser through this class, so that it is compiled once for all parsers.
///
/// @par Thread safety  Encoding and `decode`: any thread. `decode_text` and `decode_binary`: one thread, that of the
///                     connections.
class PacketCodec {
 public:
  /// A packet of one connection whose attachments have not all arrived.
  class Incomplete {
   public:
    virtual ~Incomplete() = default;

    /// What there is of it; null if the parser does not show it.
    virtual Packet* packet() const noexcept = 0;
  };
  using IncompletePtr = std::unique_ptr<Incomplete>;

  virtual ~PacketCodec() = default;

  /// A CONNECT or DISCONNECT packet without data.
  virtual EncodedPacket encode(const PacketHeader& header) const = 0;

  /// A packet with one value as its data.
  virtual EncodedPacket encode(const PacketHeader& header, const Value& data) const = 0;

  /// A packet whose data is the array of these values.
  virtual EncodedPacket encode(const PacketHeader& header, std::span<const Value> items) const = 0;

  /// The answer to a CONNECT.
  ///
  /// @param pid  the private id of connection state recovery; empty without it
  virtual EncodedPacket encode_connected(std::string_view nsp, std::string_view sid, std::string_view pid) const = 0;

  /// A packet as its receivers will see it; null if it cannot be read back.
  virtual PacketPtr decode(const OutgoingPacket& packet) const = 0;

  /// Decodes one message of a connection.
  ///
  /// @param incomplete  what the connection keeps between two messages; null if nothing is missing
  virtual DecodeResult decode_text(IncompletePtr& incomplete, std::string_view text) = 0;
  virtual DecodeResult decode_binary(IncompletePtr& incomplete, Binary bytes) = 0;

 protected:
  PacketCodec() = default;
  PacketCodec(const PacketCodec&) = delete;
  PacketCodec& operator=(const PacketCodec&) = delete;
};

/// The codec of one parser.
template <Parser P>
class PacketCodecOf final : public PacketCodec {
 public:
  explicit PacketCodecOf(const ParserLimits& limits) : parser_(limits) {}

  EncodedPacket encode(const PacketHeader& header) const override { return P::encode(header); }
  EncodedPacket encode(const PacketHeader& header, const Value& data) const override {
    return P::encode(header, [&](auto& writer) { write_value(writer, data); });
  }
  EncodedPacket encode(const PacketHeader& header, std::span<const Value> items) const override {
    return P::encode(header, [&](auto& writer) {
      writer.begin_array(items.size());
      for (const Value& item : items) write_value(writer, item);
      writer.end_array();
    });
  }
  EncodedPacket encode_connected(std::string_view nsp, std::string_view sid, std::string_view pid) const override {
    return P::encode(PacketHeader{PacketType::connect, nsp, {}}, [&](auto& writer) {
      writer.begin_object(pid.empty() ? 1 : 2);
      writer.key("sid");
      writer.string(sid);
      if (!pid.empty()) {
        writer.key("pid");
        writer.string(pid);
      }
      writer.end_object();
    });
  }

  PacketPtr decode(const OutgoingPacket& packet) const override {
    constexpr std::size_t any = (std::numeric_limits<std::size_t>::max)();
    PacketCodecOf unlimited(ParserLimits{any, any, any});
    IncompletePtr incomplete;
    DecodeResult result;
    for (const MessagePtr& message : packet.messages()) {
      if (result.error || result.packet) break;
      result = message->is_binary()
                   ? unlimited.decode_binary(incomplete, Binary(std::string(message->payload())))
                   : unlimited.decode_text(incomplete, message->payload().substr(1));  // without the packet type
    }
    return std::move(result.packet);
  }

  DecodeResult decode_text(IncompletePtr& incomplete, std::string_view text) override {
    return decode_with(incomplete, [&](auto& decoder) { return parser_.decode_text(decoder, text); });
  }
  DecodeResult decode_binary(IncompletePtr& incomplete, Binary bytes) override {
    return decode_with(incomplete, [&](auto& decoder) { return parser_.decode_binary(decoder, std::move(bytes)); });
  }

 private:
  struct Kept final : Incomplete {
    explicit Kept(typename P::Decoder&& begun) : decoder(std::move(begun)) {}
    Packet* packet() const noexcept override {
      if constexpr (requires { decoder.incomplete(); })
        return &decoder.incomplete();
      else
        return nullptr;
    }
    typename P::Decoder decoder;
  };

  // A decoder is kept only while attachments are missing, so that an idle connection pays for a pointer alone. Two
  // functions, each with one result to return: it is not copied on the way up.
  template <class Decode>
  static DecodeResult decode_with(IncompletePtr& incomplete, const Decode& decode) {
    return incomplete ? go_on(incomplete, decode) : begin(incomplete, decode);
  }
  template <class Decode>
  static DecodeResult begin(IncompletePtr& incomplete, const Decode& decode) {
    typename P::Decoder decoder{};
    DecodeResult result = decode(decoder);
    if (!result.packet && !result.error) incomplete = std::make_unique<Kept>(std::move(decoder));
    return result;
  }
  template <class Decode>
  static DecodeResult go_on(IncompletePtr& incomplete, const Decode& decode) {
    DecodeResult result = decode(static_cast<Kept&>(*incomplete).decoder);
    if (result.packet || result.error) incomplete.reset();
    return result;
  }

  P parser_;
};

}  // namespace socketio::detail
