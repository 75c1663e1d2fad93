// SPDX-License-Identifier: MIT
// What can be wrong with a packet. Protocol layer.
#pragma once

#include <string>
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

namespace detail {

class ProtocolCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "socketio.protocol"; }

  std::string message(int code) const override {
    switch (static_cast<ProtocolErrc>(code)) {
      case ProtocolErrc::unknown_packet_type: return "unknown packet type";
      case ProtocolErrc::illegal_attachment_count: return "Illegal attachments";
      case ProtocolErrc::too_many_attachments: return "too many attachments";
      case ProtocolErrc::invalid_ack_id: return "invalid acknowledgement id";
      case ProtocolErrc::invalid_payload: return "invalid payload";
      case ProtocolErrc::payload_too_deep: return "payload nested too deeply";
      case ProtocolErrc::invalid_utf8: return "invalid UTF-8";
      case ProtocolErrc::illegal_attachment_reference: return "illegal attachments";
      case ProtocolErrc::packet_too_large: return "packet too large";
      case ProtocolErrc::unexpected_binary: return "got binary data when not reconstructing a packet";
      case ProtocolErrc::unexpected_text: return "got plaintext data when reconstructing a packet";
      case ProtocolErrc::invalid_namespace: return "invalid namespace";
    }
    return "unknown protocol error";
  }
};

}  // namespace detail

inline const std::error_category& protocol_category() noexcept {
  static const detail::ProtocolCategory category;
  return category;
}

inline std::error_code make_error_code(ProtocolErrc code) noexcept {
  return {static_cast<int>(code), protocol_category()};
}

}  // namespace socketio

template <>
struct std::is_error_code_enum<socketio::ProtocolErrc> : std::true_type {};
