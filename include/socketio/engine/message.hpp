// SPDX-License-Identifier: MIT
// One outgoing Engine.IO packet, encoded once and shared by all its receivers. Engine layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/eio_packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

class Message;
using MessagePtr = std::shared_ptr<const Message>;

/// An Engine.IO packet in the two forms in which it leaves: a WebSocket frame, or a piece of a polling payload.
///
/// A text packet lies in memory as [frame header][type]["payload"] without gaps, so that sending it to one
/// connection or to ten thousand is a pointer to the same bytes. The object itself lies in front of them.
///
/// @par Thread safety  Immutable; safe to share between threads.
/// @par Specification  Engine.IO v4 packet encoding; RFC 6455 section 5.2 (unmasked, unfragmented frames).
class Message {
  /// Only members can make one: it is no aggregate, hence `{}` makes none.
  class Private {
   private:
    friend class Message;
    Private() noexcept {}
  };

 public:
  /// A `message` packet with text; `payload` comes without the packet type.
  static MessagePtr text(detail::OutBuffer&& payload, bool compress = true);
  static MessagePtr text(std::string_view payload, bool compress = true);

  /// A `message` packet with binary data: on a WebSocket, a binary message with these bytes and nothing else.
  static MessagePtr binary(Binary bytes, bool compress = true);

  /// A text message of a WebSocket as it stands, without a packet type: for tests of transports, and for WebSockets
  /// that do not speak Engine.IO. A session must not send it.
  ///
  /// @param payload  valid UTF-8; may be empty
  static MessagePtr raw_text(std::string_view payload, bool compress = true);

  /// A binary packet in its text form, for a client that takes no binary frames.
  static MessagePtr base64(const Message& binary);

  /// The same two for a client of Engine.IO revision 3, where the packet type stands before the data.
  static MessagePtr eio3_binary(const Message& binary);
  static MessagePtr eio3_base64(const Message& binary);

  /// A text packet of any type.
  static MessagePtr packet(EioPacketType type, detail::OutBuffer&& data, bool compress = true);
  static MessagePtr packet(EioPacketType type, std::string_view data = {}, bool compress = true);

  /// @param text  the frame, in the memory where the message lies
  Message(Private, EioPacketType type, std::string_view text, std::size_t payload_bytes, bool compress) noexcept;
  Message(Private, Binary bytes, bool compress);
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  EioPacketType type() const noexcept { return type_; }
  bool is_binary() const noexcept { return is_binary_; }

  /// Whether this packet may be compressed (the `compress` flag of the emit; noop and close never are).
  bool compress() const noexcept { return compress_; }

  /// What a WebSocket message carries: the type character and the data, or the raw text, or the raw binary data.
  std::string_view payload() const noexcept {
    return is_binary_ ? binary_.view() : text_.substr(text_.size() - payload_bytes_);
  }

  /// The complete server-to-client frame in at most two pieces (the second is empty for text).
  std::array<std::string_view, 2> frame() const noexcept { return {text_, binary_.view()}; }
  std::size_t frame_bytes() const noexcept { return text_.size() + binary_.size(); }

  /// About the memory that this packet takes where it is kept until it can leave: the bytes, the object with its
  /// headroom and what the allocator adds, and a pointer in a list.
  std::size_t kept_bytes() const noexcept { return payload_bytes_ + overhead_bytes; }
  static constexpr std::size_t overhead_bytes = 320;

  /// Appends this packet as one record of a polling payload, without separator.
  void append_to_polling_payload(std::string& out) const;

 private:
  /// @param payload  as it stands on the wire; its memory is taken
  static MessagePtr place(EioPacketType type, detail::OutBuffer& payload, bool compress);

  static std::size_t write_frame_header(std::array<char, 10>& header, unsigned opcode, std::uint64_t size);

  std::string_view text_;  // the frame of a text packet; only the frame header of a binary one, which is in `header_`
  Binary binary_;
  std::size_t payload_bytes_;
  EioPacketType type_ = EioPacketType::message;
  bool is_binary_ = false;
  bool compress_;
  std::array<char, 10> header_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/message.ipp>
#endif
