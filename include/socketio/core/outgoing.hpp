// SPDX-License-Identifier: MIT
// A Socket.IO packet on its way out: encoded once, then handed to any number of sessions. Core layer.
#pragma once

#include <socketio/core/args.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// The flags of one emit, as Socket.IO's modifiers set them.
struct EmitFlags {
  bool is_volatile = false;  // drop the packet where it cannot be sent at once
  bool compress = true;      // allow compression
  bool local = false;        // do not send it to the other servers of a cluster
};

/// One encoded packet: a text message and its attachments, which no other packet of the connection may separate; or,
/// from a parser that writes no text, its binary data alone.
///
/// @par Thread safety  Immutable; copies share the bytes.
class OutgoingPacket {
 public:
  OutgoingPacket() = default;
  explicit OutgoingPacket(EncodedPacket&& encoded, bool compress = true, bool ends_with_offset = false)
      : ends_with_offset_(ends_with_offset) {
    auto attachment = encoded.attachments.begin();
    head_ = encoded.text.empty() && attachment != encoded.attachments.end()
                ? Message::binary(std::move(*attachment++), compress)
                : Message::text(std::move(encoded.text), compress);
    if (attachment == encoded.attachments.end()) return;
    unit_.reserve(1 + encoded.attachments.size());
    unit_.push_back(head_);
    for (; attachment != encoded.attachments.end(); ++attachment)
      unit_.push_back(Message::binary(std::move(*attachment), compress));
  }

  /// The packet as its receivers will see it: what was given to an emit exists in its encoded form only.
  template <class Parser>
  PacketPtr decode() const {
    constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
    Parser parser{ParserLimits{any, any, any}};
    typename Parser::Decoder decoder;
    DecodeResult result = decode_message(parser, decoder, *head_);
    for (std::size_t i = 1; i < unit_.size() && !result.error && !result.packet; ++i)
      result = decode_message(parser, decoder, *unit_[i]);
    return std::move(result.packet);
  }

  void send_to(Session& session) const {
    if (unit_.empty())
      session.send(head_);
    else
      session.send(std::span<const MessagePtr>(unit_));
  }

  /// Whether the last argument is an offset that connection state recovery has added.
  bool ends_with_offset() const noexcept { return ends_with_offset_; }

  /// Of the frames in which it leaves; 0 for an empty packet.
  std::size_t bytes() const noexcept {
    if (unit_.empty()) return head_ ? head_->frame_bytes() : 0;
    std::size_t sum = 0;
    for (const MessagePtr& message : unit_) sum += message->frame_bytes();
    return sum;
  }

 private:
  template <class Parser>
  static DecodeResult decode_message(Parser& parser, typename Parser::Decoder& decoder, const Message& message) {
    if (message.is_binary()) return parser.decode_binary(decoder, Binary(std::string(message.payload())));
    return parser.decode_text(decoder, message.payload().substr(1));  // without the Engine.IO packet type
  }

  MessagePtr head_;
  std::vector<MessagePtr> unit_;  // all messages, `head_` first; empty if there is only that
  bool ends_with_offset_ = false;
};

namespace detail {

/// Throws for names that would be taken for events of the library on the other side.
inline void require_emittable(std::string_view event) {
  if (is_reserved_event(event)) throw std::invalid_argument('"' + std::string(event) + "\" is a reserved event name");
}

template <class Argument>
concept EmittableArgument = Writable<std::remove_cvref_t<Argument>> || Writable<std::decay_t<Argument>>;

/// The last argument of an event that may be sent again to a client that comes back; no argument if it is empty.
struct PacketOffset {
  std::string_view text;
};

template <class Argument>
concept PacketArgument = EmittableArgument<Argument> || std::is_same_v<Argument, PacketOffset>;

template <class Writer, class Argument>
void write_argument(Writer& writer, const Argument& argument) {
  if constexpr (std::is_same_v<Argument, Args>) {
    for (const Value& item : argument) write_value(writer, item);
  } else if constexpr (std::is_same_v<Argument, PacketOffset>) {
    if (!argument.text.empty()) writer.string(argument.text);
  } else if constexpr (Writable<Argument>) {
    write_value(writer, argument);
  } else {
    write_value(writer, static_cast<const std::decay_t<Argument>&>(argument));
  }
}

template <class Argument>
bool is_offset(const Argument& argument) {
  if constexpr (std::is_same_v<Argument, PacketOffset>)
    return !argument.text.empty();
  else
    return false;
}

template <class Argument>
std::size_t argument_count(const Argument& argument) {
  if constexpr (std::is_same_v<Argument, Args>)
    return argument.size();
  else if constexpr (std::is_same_v<Argument, PacketOffset>)
    return argument.text.empty() ? 0 : 1;
  else
    return 1;
}

/// A packet with more attachments than clients accept is a mistake of the program, so it throws.
inline void require_few_attachments(const EncodedPacket& packet, std::size_t max, const std::string& what) {
  if (packet.attachments.size() > max)
    throw std::invalid_argument(what + " has " + std::to_string(packet.attachments.size()) +
                                " binary arguments; clients refuse more than " + std::to_string(max));
}

template <class Parser, class... Arguments>
OutgoingPacket encode_event(std::string_view nsp, const std::optional<std::uint64_t>& ack_id, const EmitFlags& flags,
                            std::size_t max_attachments, std::string_view event, const Arguments&... args) {
  PacketHeader header{PacketType::event, nsp, {}};
  // Most events have none; copied as a whole, that which was just stored in parts would have to be waited for.
  if (ack_id) header.id = *ack_id;
  EncodedPacket encoded = Parser::encode(header, [&](auto& writer) {
    writer.begin_array((1 + ... + argument_count(args)));
    writer.string(event);
    (write_argument(writer, args), ...);
    writer.end_array();
  });
  if (encoded.is_binary()) require_few_attachments(encoded, max_attachments, "event \"" + std::string(event) + '"');
  return OutgoingPacket(std::move(encoded), flags.compress, (is_offset(args) || ...));
}

}  // namespace detail
}  // namespace socketio
