// SPDX-License-Identifier: MIT
// Bodies of outgoing.hpp. Core layer.
#pragma once

#include <socketio/core/outgoing.hpp>
#include <socketio/engine/session.hpp>

#include <stdexcept>

namespace socketio {

SOCKETIO_DECL OutgoingPacket::OutgoingPacket(EncodedPacket&& encoded, bool compress, bool ends_with_offset)
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

SOCKETIO_DECL void OutgoingPacket::send_to(Session& session) const {
  if (unit_.empty())
    session.send(head_);
  else
    session.send(std::span<const MessagePtr>(unit_));
}

SOCKETIO_DECL std::size_t OutgoingPacket::bytes() const noexcept {
  std::size_t sum = 0;
  for (const MessagePtr& message : messages()) sum += message->frame_bytes();
  return sum;
}

namespace detail {

SOCKETIO_DECL void require_emittable(std::string_view event) {
  if (is_reserved_event(event)) throw std::invalid_argument('"' + std::string(event) + "\" is a reserved event name");
}

SOCKETIO_DECL void require_few_attachments(const EncodedPacket& packet, std::size_t max, std::string_view event) {
  if (packet.attachments.size() <= max) return;
  const std::string what = event.empty() ? "the acknowledgement" : "event \"" + std::string(event) + '"';
  throw std::invalid_argument(what + " has " + std::to_string(packet.attachments.size()) +
                              " binary arguments; clients refuse more than " + std::to_string(max));
}

}  // namespace detail
}  // namespace socketio
