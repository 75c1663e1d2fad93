// SPDX-License-Identifier: MIT
// One outgoing Engine.IO packet, encoded once and shared by all its receivers. Engine layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/eio_packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

class Message;
using MessagePtr = std::shared_ptr<const Message>;

namespace detail {

/// Puts the one object of an allocate_shared into the place of an OutBuffer, and frees the buffer with it.
template <class T>
class PlaceAllocator {
 public:
  using value_type = T;

  /// @param memory  what OutBuffer::release returned; not null
  explicit PlaceAllocator(char* memory) noexcept : memory_(memory) {}
  template <class U>
  PlaceAllocator(const PlaceAllocator<U>& other) noexcept : memory_(other.memory()) {}

  T* allocate(std::size_t) noexcept {
    static_assert(sizeof(T) <= OutBuffer::place_bytes && alignof(T) <= alignof(std::max_align_t));
    return reinterpret_cast<T*>(memory_);
  }
  void deallocate(T* object, std::size_t) noexcept { std::free(object); }

  char* memory() const noexcept { return memory_; }
  template <class U>
  friend bool operator==(const PlaceAllocator& a, const PlaceAllocator<U>& b) noexcept {
    return a.memory() == b.memory();
  }

 private:
  char* memory_;
};

}  // namespace detail

/// An Engine.IO packet in the two forms in which it leaves: a WebSocket frame, or a piece of a polling payload.
///
/// A text packet lies in memory as [frame header][type]["payload"] without gaps, so that sending it to one
/// connection or to ten thousand is a pointer to the same bytes. The object itself lies in front of them.
///
/// @par Thread safety  Immutable; safe to share between threads.
/// @par Specification  Engine.IO v4 packet encoding; RFC 6455 section 5.2 (unmasked, unfragmented frames).
class Message {
  struct Private {};

 public:
  /// A `message` packet with text; `payload` comes without the packet type.
  static MessagePtr text(detail::OutBuffer&& payload, bool compress = true) {
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
    return whole_text(EioPacketType::message, payload, binary.compress_);
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
    return whole_text(EioPacketType::message, payload, binary.compress_);
  }

  /// A text packet of any type.
  static MessagePtr packet(EioPacketType type, detail::OutBuffer&& data, bool compress = true) {
    data.prepend(to_char(type));
    return place(type, data, compress);
  }
  static MessagePtr packet(EioPacketType type, std::string_view data = {}, bool compress = true) {
    detail::OutBuffer buffer;
    buffer.append(data);
    return packet(type, std::move(buffer), compress);
  }

  /// @param text  the frame, in the memory where the message lies
  Message(Private, EioPacketType type, std::string_view text, std::size_t payload_bytes, bool compress) noexcept
      : text_(text), payload_bytes_(payload_bytes), type_(type), compress_(compress) {}
  Message(Private, Binary bytes, bool compress)
      : binary_(std::move(bytes)), payload_bytes_(binary_.size()), is_binary_(true), compress_(compress) {
    text_ = std::string_view(header_.data(), write_frame_header(header_, 0x2, payload_bytes_));
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  EioPacketType type() const noexcept { return type_; }
  bool is_binary() const noexcept { return is_binary_; }

  /// Whether this packet may be compressed (the `compress` flag of the emit; noop and close never are).
  bool compress() const noexcept { return compress_; }

  /// What a WebSocket message carries: the type character and the data, or the raw binary data.
  std::string_view payload() const noexcept {
    return is_binary_ ? binary_.view() : text_.substr(text_.size() - payload_bytes_);
  }

  /// The complete server-to-client frame in at most two pieces (the second is empty for text).
  std::array<std::string_view, 2> frame() const noexcept { return {text_, binary_.view()}; }
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
  static MessagePtr whole_text(EioPacketType type, std::string_view payload, bool compress) {
    detail::OutBuffer text;
    text.append(payload);
    return place(type, text, compress);
  }

  /// @param payload  with the packet type, hence not empty; its memory is taken
  static MessagePtr place(EioPacketType type, detail::OutBuffer& payload, bool compress) {
    const std::size_t payload_bytes = payload.size();
    if (payload_bytes < 126) {
      // Not by way of the array: to load two bytes at once that were stored one by one takes long.
      payload.prepend(static_cast<char>(payload_bytes));
      payload.prepend(static_cast<char>(0x81u));
    } else {
      std::array<char, 10> header;
      payload.prepend(std::string_view(header.data(), write_frame_header(header, 0x1, payload_bytes)));
    }
    const std::string_view frame = payload.view();
    return std::allocate_shared<Message>(detail::PlaceAllocator<Message>(payload.release()), Private{}, type, frame,
                                         payload_bytes, compress);
  }

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

  std::string_view text_;  // the frame of a text packet; only the frame header of a binary one, which is in `header_`
  Binary binary_;
  std::size_t payload_bytes_;
  EioPacketType type_ = EioPacketType::message;
  bool is_binary_ = false;
  bool compress_;
  std::array<char, 10> header_;
};

}  // namespace socketio
