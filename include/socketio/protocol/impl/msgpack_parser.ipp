// SPDX-License-Identifier: MIT
// Bodies of msgpack_parser.hpp: what a packet must be. Protocol layer.
#pragma once

#include <socketio/protocol/impl/msgpack_reader.ipp>
#include <socketio/protocol/impl/packet.ipp>
#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/protocol/utf8.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

namespace detail {

/// A number that JavaScript calls an integer, from 0 to `max`.
inline std::optional<std::uint64_t> to_bounded_integer(const MsgpackItem& item, std::uint64_t max) noexcept {
  if (item.kind == MsgpackKind::integer) {
    const auto value = static_cast<std::uint64_t>(item.integer);
    return item.integer >= 0 && value <= max ? std::optional(value) : std::nullopt;
  }
  if (item.kind != MsgpackKind::number || std::trunc(item.number) != item.number) return std::nullopt;
  if (item.number < 0 || item.number > static_cast<double>(max)) return std::nullopt;
  return static_cast<std::uint64_t>(item.number);
}

}  // namespace detail

SOCKETIO_DECL EncodedPacket MsgpackParser::encode(const PacketHeader& header) {
  return encode_members(header, 0, [](Writer&) {});
}

SOCKETIO_DECL DecodeResult MsgpackParser::failure(ProtocolErrc error, std::string message) {
  DecodeResult result;
  result.error = error;
  result.message = message.empty() ? result.error.message() : std::move(message);
  return result;
}

SOCKETIO_DECL bool MsgpackParser::read_type(const detail::MsgpackMembers& members, detail::PacketParts& parts) {
  const auto type = detail::to_bounded_integer(members.read(members.type), 4);
  if (type) parts.type = static_cast<PacketType>(*type);
  return type.has_value();
}

SOCKETIO_DECL bool MsgpackParser::read_nsp(const detail::MsgpackMembers& members, detail::PacketParts& parts) {
  if (members.nsp == nullptr) return false;
  detail::MsgpackCursor cursor(members.nsp, members.end);
  detail::MsgpackItem item;
  if (!cursor.read(item) || item.kind != detail::MsgpackKind::string) return false;
  parts.nsp = {cursor.at(), item.bytes};
  if (!is_valid_utf8(parts.nsp)) {
    const std::string valid = to_valid_utf8(parts.nsp);
    char* const copy = static_cast<char*>(parts.arena.allocator().Malloc(valid.size()));
    std::memcpy(copy, valid.data(), valid.size());
    parts.nsp = {copy, valid.size()};
  }
  return true;
}

SOCKETIO_DECL bool MsgpackParser::read_id(const detail::MsgpackMembers& members, detail::PacketParts& parts) {
  const detail::MsgpackItem item = members.read(members.id);
  if (item.kind == detail::MsgpackKind::undefined) return true;
  parts.id = detail::to_bounded_integer(item, max_ack_id);
  return parts.id.has_value();
}

SOCKETIO_DECL std::optional<ProtocolErrc> MsgpackParser::read_data(const detail::MsgpackMembers& members,
                                                                   detail::PacketParts& parts) const {
  using detail::MsgpackKind;
  const MsgpackKind kind = members.read(members.data).kind;
  const bool is_array = kind == MsgpackKind::array || kind == MsgpackKind::extension;
  bool is_acceptable = is_array;
  if (parts.type == PacketType::connect) is_acceptable = kind == MsgpackKind::undefined || kind == MsgpackKind::map;
  if (parts.type == PacketType::disconnect) is_acceptable = kind == MsgpackKind::undefined;
  if (parts.type == PacketType::connect_error) is_acceptable = kind == MsgpackKind::string || kind == MsgpackKind::map;
  if (!is_acceptable) return ProtocolErrc::invalid_payload;
  if (kind == MsgpackKind::undefined) return std::nullopt;

  switch (
      detail::read_msgpack_in_place(members.data, members.end, limits_, parts.attachments, parts.arena, parts.root)) {
    case detail::MsgpackStatus::ok: break;
    case detail::MsgpackStatus::not_a_key: return ProtocolErrc::invalid_payload;
    case detail::MsgpackStatus::too_deep: return ProtocolErrc::payload_too_deep;
    case detail::MsgpackStatus::too_many_binaries: return ProtocolErrc::too_many_attachments;
  }
  parts.has_data = true;
  if (parts.type != PacketType::event) return std::nullopt;
  if (parts.root.Empty()) {
    parts.root.SetNull();
    parts.has_data = false;
    return std::nullopt;
  }
  if (!detail::read_event_name(parts)) return ProtocolErrc::invalid_payload;
  return std::nullopt;
}

SOCKETIO_DECL DecodeResult MsgpackParser::decode_text(Decoder&, std::string_view) const {
  return failure(ProtocolErrc::unexpected_text, "got plaintext data where packets are binary");
}

SOCKETIO_DECL DecodeResult MsgpackParser::decode_binary(Decoder&, Binary bytes) const {
  if (bytes.size() > limits_.max_packet_bytes) return failure(ProtocolErrc::packet_too_large);
  PacketPtr packet = make_packet();
  detail::PacketParts& parts = detail::parts(*packet);
  parts.text.assign(bytes.view());

  detail::MsgpackMembers members;
  detail::MsgpackCursor cursor(parts.text.data(), parts.text.data() + parts.text.size());
  if (!detail::find_msgpack_members(cursor, members)) return failure(ProtocolErrc::invalid_payload, "Could not parse");
  if (cursor.left() > 0) {
    return failure(ProtocolErrc::invalid_payload, std::to_string(cursor.left()) + " trailing bytes");
  }
  if (!read_type(members, parts)) return failure(ProtocolErrc::unknown_packet_type, "invalid packet type");
  if (!read_nsp(members, parts)) return failure(ProtocolErrc::invalid_namespace);
  if (const auto error = read_data(members, parts)) return failure(*error);
  if (!read_id(members, parts)) return failure(ProtocolErrc::invalid_ack_id, "invalid packet id");

  DecodeResult result;
  result.packet = std::move(packet);
  return result;
}

}  // namespace socketio
