// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/error.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/error.hpp>

#include <string>
#include <system_error>

namespace socketio {

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

SOCKETIO_DECL const std::error_category& protocol_category() noexcept {
  static const detail::ProtocolCategory category;
  return category;
}

SOCKETIO_DECL std::error_code make_error_code(ProtocolErrc code) noexcept {
  return {static_cast<int>(code), protocol_category()};
}

}  // namespace socketio
