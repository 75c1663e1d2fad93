// SPDX-License-Identifier: MIT
// Bodies of json_parser.hpp: the grammar of packets. Protocol layer.
#pragma once

#include <socketio/protocol/impl/json_writer.ipp>
#include <socketio/protocol/impl/packet.ipp>
#include <socketio/protocol/impl/utf8.ipp>
#include <socketio/protocol/json_parser.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

SOCKETIO_DECL void JsonParser::prepend_header(const PacketHeader& header, EncodedPacket& packet) {
  detail::NumberBuffer number;
  if (header.id) packet.text.prepend(detail::integer_text(number, *header.id));
  if (!header.nsp.empty() && header.nsp != "/") {
    packet.text.prepend(',');
    packet.text.prepend(header.nsp);
  }
  PacketType type = plain(header.type);
  if (packet.is_binary()) {
    packet.text.prepend('-');
    packet.text.prepend(detail::integer_text(number, packet.attachments.size()));
    type = type == PacketType::event ? PacketType::binary_event : PacketType::binary_ack;
  }
  packet.text.prepend(static_cast<char>('0' + static_cast<int>(type)));
}

SOCKETIO_DECL EncodedPacket JsonParser::encode(const PacketHeader& header) {
  EncodedPacket packet;
  prepend_header(header, packet);
  return packet;
}

SOCKETIO_DECL DecodeResult JsonParser::failure(ProtocolErrc error, std::string_view text) {
  DecodeResult result;
  result.error = error;
  result.message = result.error.message();
  if (error == ProtocolErrc::unknown_packet_type) {
    result.message += ' ';
    const bool is_ascii = !text.empty() && static_cast<unsigned char>(text[0]) < 0x80;
    const std::size_t bytes =
        text.empty() || is_ascii ? 1 : detail::utf8_character_bytes(text.data(), text.data() + text.size());
    result.message += bytes > 0 ? text.substr(0, bytes) : detail::utf8_replacement;
  }
  return result;
}

SOCKETIO_DECL ProtocolErrc JsonParser::read_attachment_count(std::string_view text, std::size_t& at,
                                                             std::size_t& count) const {
  const std::size_t begin = at;
  count = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    // Stops growing once it is too large, whatever the number of digits.
    if (count <= limits_.max_attachments) count = count * 10 + static_cast<std::size_t>(text[at] - '0');
  }
  if (at == begin || at == text.size() || text[at] != '-' || count == 0) return ProtocolErrc::illegal_attachment_count;
  ++at;
  if (count > limits_.max_attachments) return ProtocolErrc::too_many_attachments;
  return no_error;
}

SOCKETIO_DECL ProtocolErrc JsonParser::read_header(std::string_view text, Header& header) const {
  if (text.empty() || text[0] < '0' || text[0] > '6') return ProtocolErrc::unknown_packet_type;
  header.type = static_cast<PacketType>(text[0] - '0');
  std::size_t at = 1;
  if (is_binary(header.type)) {
    if (const ProtocolErrc error = read_attachment_count(text, at, header.attachment_count); error != no_error)
      return error;
  }
  if (at < text.size() && text[at] == '/') {
    const std::size_t end = (std::min)(text.find(',', at), text.size());
    header.nsp_at = at;
    header.nsp_size = end - at;
    at = (std::min)(end + 1, text.size());
  }
  if (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    std::uint64_t id = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      id = id * 10 + static_cast<std::uint64_t>(text[at] - '0');
      if (id > max_ack_id) return ProtocolErrc::invalid_ack_id;
    }
    header.id = id;
    header.has_id = true;
  }
  header.data_at = at;
  return no_error;
}

SOCKETIO_DECL bool JsonParser::is_acceptable(detail::PacketParts& parts) {
  const JsonValue& data = parts.root;
  switch (parts.type) {
    case PacketType::connect: return data.IsObject();
    case PacketType::disconnect: return false;
    case PacketType::ack:
    case PacketType::binary_ack: return data.IsArray();
    case PacketType::connect_error: return data.IsObject() || data.IsString();
    case PacketType::event:
    case PacketType::binary_event: break;
  }
  return data.IsArray() && detail::read_event_name(parts);
}

SOCKETIO_DECL ProtocolErrc JsonParser::read_data(detail::PacketParts& parts, std::size_t from) const {
  switch (detail::parse_json_in_place(parts.text, from, limits_.max_depth, parts.arena, parts.root)) {
    case detail::JsonStatus::ok: break;
    case detail::JsonStatus::syntax_error: return ProtocolErrc::invalid_payload;
    case detail::JsonStatus::too_deep: return ProtocolErrc::payload_too_deep;
  }
  parts.has_data = true;
  if (!is_acceptable(parts)) return ProtocolErrc::invalid_payload;
  return no_error;
}

SOCKETIO_DECL DecodeResult JsonParser::decode_text(Decoder& decoder, std::string_view text) const {
  DecodeResult result;
  if (const ProtocolErrc error = read_text(decoder, text, result.packet); error != no_error)
    result = failure(error, text);
  return result;
}

/// @param complete  out: the packet, unless attachments are to follow
SOCKETIO_DECL ProtocolErrc JsonParser::read_text(Decoder& decoder, std::string_view text, PacketPtr& complete) const {
  if (decoder.pending_) {
    reset(decoder);
    return ProtocolErrc::unexpected_text;
  }
  Header header;
  if (const ProtocolErrc error = read_header(text, header); error != no_error) return error;
  if (!is_valid_utf8(text)) return ProtocolErrc::invalid_utf8;
  if (is_binary(header.type) && text.size() > limits_.max_packet_bytes) return ProtocolErrc::packet_too_large;

  PacketPtr packet = make_packet();
  detail::PacketParts& parts = detail::parts(*packet);
  parts.text.assign(text);
  parts.type = plain(header.type);
  parts.was_binary = is_binary(header.type);
  if (header.has_id) parts.id = header.id;
  parts.nsp = header.nsp_size > 0 ? std::string_view(parts.text).substr(header.nsp_at, header.nsp_size) : "/";
  if (header.data_at < text.size()) {
    if (const ProtocolErrc error = read_data(parts, header.data_at); error != no_error) return error;
  }
  if (parts.was_binary) {
    parts.missing_attachments = header.attachment_count;
    parts.held_bytes = text.size();
    decoder.pending_ = std::move(packet);
  } else {
    complete = std::move(packet);
  }
  return no_error;
}

SOCKETIO_DECL bool JsonParser::has_valid_placeholders(ValueView view) {
  // As deep as the parser let the document become.
  if (view.is_placeholder()) return view.attachment_index() < view.attachments().size();
  const JsonValue& json = view.json();
  if (json.IsArray()) {
    return std::all_of(json.Begin(), json.End(), [&](const JsonValue& item) {
      return has_valid_placeholders(ValueView(item, view.attachments()));
    });
  }
  if (json.IsObject()) {
    return std::all_of(json.MemberBegin(), json.MemberEnd(), [&](const auto& member) {
      return has_valid_placeholders(ValueView(member.value, view.attachments()));
    });
  }
  return true;
}

SOCKETIO_DECL DecodeResult JsonParser::decode_binary(Decoder& decoder, Binary bytes) const {
  if (!decoder.pending_) return failure(ProtocolErrc::unexpected_binary);
  detail::PacketParts& parts = detail::parts(*decoder.pending_);
  if (bytes.size() > limits_.max_packet_bytes - parts.held_bytes) {
    reset(decoder);
    return failure(ProtocolErrc::packet_too_large);
  }
  parts.held_bytes += bytes.size();
  parts.attachments.push_back(std::move(bytes));
  if (--parts.missing_attachments > 0) return {};

  PacketPtr packet = std::move(decoder.pending_);
  if (!has_valid_placeholders(packet->data())) return failure(ProtocolErrc::illegal_attachment_reference);
  DecodeResult result;
  result.packet = std::move(packet);
  return result;
}

}  // namespace socketio
