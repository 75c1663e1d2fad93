// SPDX-License-Identifier: MIT
// What can be wrong with a packet. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <system_error>
#include <type_traits>

namespace socketio {

/// Why bytes from a peer are not a packet. The messages are the reference implementation's where it has one.
enum class ProtocolErrc {
  unknown_packet_type = 1,       // the first character is not a digit from 0 to 6; msgpack: no `type` from 0 to 4
  illegal_attachment_count,      // "5" or "6" not followed by a number from 1 on and a "-"
  too_many_attachments,          // more than ParserLimits::max_attachments; msgpack: max_binary_values
  invalid_ack_id,                // larger than 2^53 - 1, hence not the number that the peer meant; msgpack: no integer
  invalid_payload,               // not JSON (or msgpack), or not what this type of packet carries
  payload_too_deep,              // nested deeper than ParserLimits::max_depth
  invalid_utf8,                  // the text is not UTF-8
  illegal_attachment_reference,  // a placeholder that names no attachment of its packet
  packet_too_large,              // text and attachments together exceed ParserLimits::max_packet_bytes
  unexpected_binary,             // binary data that no packet announced
  unexpected_text,               // text while attachments are still missing, or to a parser that takes none
  invalid_namespace              // not a string (msgpack only)
};

SOCKETIO_DECL const std::error_category& protocol_category() noexcept;

SOCKETIO_DECL std::error_code make_error_code(ProtocolErrc code) noexcept;

}  // namespace socketio

template <>
struct std::is_error_code_enum<socketio::ProtocolErrc> : std::true_type {};

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/error.ipp>
#endif
