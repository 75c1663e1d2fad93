// SPDX-License-Identifier: MIT
// A Socket.IO packet on its way out: encoded once, then handed to any number of sessions. Core layer.
#pragma once

#include <socketio/core/args.hpp>
#include <socketio/core/broadcast_options.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

class Session;

/// One encoded packet: a text message and its attachments, which no other packet of the connection may separate; or,
/// from a parser that writes no text, its binary data alone.
///
/// @par Thread safety  Immutable; copies share the bytes.
class OutgoingPacket {
 public:
  OutgoingPacket() = default;
  SOCKETIO_DECL explicit OutgoingPacket(EncodedPacket&& encoded, bool compress = true, bool ends_with_offset = false);

  /// The text first, then the attachments; empty for an empty packet.
  std::span<const MessagePtr> messages() const noexcept {
    if (!unit_.empty()) return unit_;
    return {&head_, head_ ? std::size_t{1} : std::size_t{0}};
  }

  SOCKETIO_DECL void send_to(Session& session) const;

  /// Whether the last argument is an offset that connection state recovery has added.
  bool ends_with_offset() const noexcept { return ends_with_offset_; }

  /// Of the frames in which it leaves; 0 for an empty packet.
  SOCKETIO_DECL std::size_t bytes() const noexcept;

 private:
  MessagePtr head_;
  std::vector<MessagePtr> unit_;  // all messages, `head_` first; empty if there is only that
  bool ends_with_offset_ = false;
};

namespace detail {

/// @throws std::invalid_argument  for names that the other side would take for events of the library
SOCKETIO_DECL void require_emittable(std::string_view event);

/// @param event  its name; empty for an acknowledgement
/// @throws std::invalid_argument  for a packet with more attachments than clients accept: a mistake of the program
SOCKETIO_DECL void require_few_attachments(const EncodedPacket& packet, std::size_t max, std::string_view event);

template <class Argument>
concept EmittableArgument = Writable<std::remove_cvref_t<Argument>> || Writable<std::decay_t<Argument>>;

template <class Writer, class Argument>
void write_argument(Writer& writer, const Argument& argument) {
  if constexpr (std::is_same_v<Argument, Args>) {
    for (const Value& item : argument) write_value(writer, item);
  } else if constexpr (Writable<Argument>) {
    write_value(writer, argument);
  } else {
    write_value(writer, static_cast<const std::decay_t<Argument>&>(argument));
  }
}

template <class Argument>
std::size_t argument_count(const Argument& argument) {
  if constexpr (std::is_same_v<Argument, Args>)
    return argument.size();
  else
    return 1;
}

/// @param offset  of connection state recovery, written as the last argument; empty if there is none
template <class Parser, class... Arguments>
OutgoingPacket encode_event(std::string_view nsp, const std::optional<std::uint64_t>& ack_id, const EmitFlags& flags,
                            std::size_t max_attachments, std::string_view event, std::string_view offset,
                            const Arguments&... args) {
  PacketHeader header{PacketType::event, nsp, {}};
  // Most events have none; copied as a whole, that which was just stored in parts would have to be waited for.
  if (ack_id) header.id = *ack_id;
  EncodedPacket encoded = Parser::encode(header, [&](auto& writer) {
    writer.begin_array((1 + ... + argument_count(args)) + (offset.empty() ? 0 : 1));
    writer.string(event);
    (write_argument(writer, args), ...);
    if (!offset.empty()) writer.string(offset);
    writer.end_array();
  });
  if (encoded.is_binary()) require_few_attachments(encoded, max_attachments, event);
  return OutgoingPacket(std::move(encoded), flags.compress, !offset.empty());
}

/// The packet that answers an acknowledgement.
template <class Parser, class... Results>
OutgoingPacket encode_ack(std::string_view nsp, std::uint64_t id, std::size_t max_attachments,
                          const Results&... results) {
  EncodedPacket encoded = Parser::encode(PacketHeader{PacketType::ack, nsp, id}, [&](auto& writer) {
    writer.begin_array((std::size_t{0} + ... + argument_count(results)));
    (write_argument(writer, results), ...);
    writer.end_array();
  });
  if (encoded.is_binary()) require_few_attachments(encoded, max_attachments, {});
  return OutgoingPacket(std::move(encoded));
}

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/outgoing.ipp>
#endif
