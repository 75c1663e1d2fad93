// SPDX-License-Identifier: MIT
// One outgoing Engine.IO packet, encoded once and shared by all its receivers. Engine layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/eio_packet.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

class Message;
using MessagePtr = std::shared_ptr<const Message>;

/// An Engine.IO packet in the two forms in which it leaves: a WebSocket frame, or a piece of a polling payload.
///
/// A text packet lies in memory as [frame header][type]["payload"] without gaps, so that sending it to one
/// connection or to ten thousand is a pointer to the same bytes.
///
/// @par Thread safety  Immutable; safe to share between threads.
/// @par Specification  Engine.IO v4 packet encoding; RFC 6455 section 5.2 (unmasked, unfragmented frames).
class Message {
  struct Private {};

 public:
  /// A `message` packet with text; `payload` comes without the packet type.
  static MessagePtr text(detail::OutBuffer payload, bool compress = true) {
    return packet(EioPacketType::message, std::move(payload), compress);
  }
  static MessagePtr text(std::string_view payload, bool compress = true) {
    return packet(EioPacketType::message, payload, compress);
  }

  /// A `message` packet with binary data.
  static MessagePtr binary(Binary bytes, bool compress = true) {
    return std::make_shared<const Message>(Private{}, std::move(bytes), compress);
  }

  /// A binary packet in its text form, for a client that takes no binary frames.
  static MessagePtr base64(const Message& binary) {
    std::string payload;
    binary.append_to_polling_payload(payload);
    detail::OutBuffer text;
    text.append(payload);
    return std::make_shared<const Message>(Private{}, EioPacketType::message, std::move(text), binary.compress_);
  }

  /// The same two for a client of Engine.IO revision 3, where the packet type stands before the data.
  static MessagePtr eio3_binary(const Message& binary) {
    std::string bytes(1, static_cast<char>(binary.type_));
    bytes += binary.payload();
    return Message::binary(Binary(std::move(bytes)), binary.compress_);
  }
  static MessagePtr eio3_base64(const Message& binary) {
    std::string payload{'b', to_char(binary.type_)};
    base64_encode(binary.binary_.bytes(), payload);
    detail::OutBuffer text;
    text.append(payload);
    return std::make_shared<const Message>(Private{}, EioPacketType::message, std::move(text), binary.compress_);
  }

  /// A text packet of any type.
  static MessagePtr packet(EioPacketType type, detail::OutBuffer data, bool compress = true) {
    data.prepend(to_char(type));
    return std::make_shared<const Message>(Private{}, type, std::move(data), compress);
  }
  static MessagePtr packet(EioPacketType type, std::string_view data = {}, bool compress = true) {
    detail::OutBuffer buffer;
    buffer.append(data);
    return packet(type, std::move(buffer), compress);
  }

  Message(Private, EioPacketType type, detail::OutBuffer text, bool compress)
      : text_(std::move(text)), payload_bytes_(text_.size()), type_(type), compress_(compress) {
    std::array<char, 10> header;
    text_.prepend(std::string_view(header.data(), write_frame_header(header, 0x1, payload_bytes_)));
  }
  Message(Private, Binary bytes, bool compress)
      : binary_(std::move(bytes)), payload_bytes_(binary_.size()), is_binary_(true), compress_(compress) {
    std::array<char, 10> header;
    text_.append(std::string_view(header.data(), write_frame_header(header, 0x2, payload_bytes_)));
  }

  EioPacketType type() const noexcept { return type_; }
  bool is_binary() const noexcept { return is_binary_; }

  /// Whether this packet may be compressed (the `compress` flag of the emit; noop and close never are).
  bool compress() const noexcept { return compress_; }

  /// What a WebSocket message carries: the type character and the data, or the raw binary data.
  std::string_view payload() const noexcept {
    return is_binary_ ? binary_.view() : text_.view().substr(text_.size() - payload_bytes_);
  }

  /// The complete server-to-client frame in at most two pieces (the second is empty for text).
  std::array<std::string_view, 2> frame() const noexcept { return {text_.view(), binary_.view()}; }
  std::size_t frame_bytes() const noexcept { return text_.size() + binary_.size(); }

  /// Appends this packet as one record of a polling payload, without separator.
  void append_to_polling_payload(std::string& out) const {
    if (is_binary_) {
      out += 'b';
      base64_encode(binary_.bytes(), out);
    } else {
      out += payload();
    }
  }

 private:
  static std::size_t write_frame_header(std::array<char, 10>& header, unsigned opcode, std::uint64_t size) {
    header[0] = static_cast<char>(0x80u | opcode);
    if (size < 126) {
      header[1] = static_cast<char>(size);
      return 2;
    }
    const bool wide = size > 0xFFFF;
    const std::size_t length_bytes = wide ? 8 : 2;
    header[1] = static_cast<char>(wide ? 127 : 126);
    for (std::size_t i = 0; i < length_bytes; ++i)
      header[2 + i] = static_cast<char>(size >> (8 * (length_bytes - 1 - i)));
    return 2 + length_bytes;
  }

  detail::OutBuffer text_;  // the frame of a text packet; only the frame header of a binary one
  Binary binary_;
  std::size_t payload_bytes_;
  EioPacketType type_ = EioPacketType::message;
  bool is_binary_ = false;
  bool compress_;
};

}  // namespace socketio
