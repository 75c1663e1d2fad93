// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/message.hpp>. Engine layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/protocol/base64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

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

SOCKETIO_DECL MessagePtr Message::text(detail::OutBuffer&& payload, bool compress) {
  return packet(EioPacketType::message, std::move(payload), compress);
}

SOCKETIO_DECL MessagePtr Message::text(std::string_view payload, bool compress) {
  return packet(EioPacketType::message, payload, compress);
}

SOCKETIO_DECL MessagePtr Message::binary(Binary bytes, bool compress) {
  return std::make_shared<const Message>(Private{}, std::move(bytes), compress);
}

SOCKETIO_DECL MessagePtr Message::base64(const Message& binary) {
  std::string payload;
  binary.append_to_polling_payload(payload);
  return raw_text(payload, binary.compress_);
}

SOCKETIO_DECL MessagePtr Message::eio3_binary(const Message& binary) {
  std::string bytes(1, static_cast<char>(binary.type_));
  bytes += binary.payload();
  return Message::binary(Binary(std::move(bytes)), binary.compress_);
}

SOCKETIO_DECL MessagePtr Message::eio3_base64(const Message& binary) {
  std::string payload{'b', to_char(binary.type_)};
  base64_encode(binary.binary_.bytes(), payload);
  return raw_text(payload, binary.compress_);
}

SOCKETIO_DECL MessagePtr Message::packet(EioPacketType type, detail::OutBuffer&& data, bool compress) {
  data.prepend(to_char(type));
  return place(type, data, compress);
}

SOCKETIO_DECL MessagePtr Message::packet(EioPacketType type, std::string_view data, bool compress) {
  detail::OutBuffer buffer;
  buffer.append(data);
  return packet(type, std::move(buffer), compress);
}

SOCKETIO_DECL Message::Message(Private, EioPacketType type, std::string_view text, std::size_t payload_bytes,
                               bool compress) noexcept
    : text_(text), payload_bytes_(payload_bytes), type_(type), compress_(compress) {}

SOCKETIO_DECL Message::Message(Private, Binary bytes, bool compress)
    : binary_(std::move(bytes)), payload_bytes_(binary_.size()), is_binary_(true), compress_(compress) {
  text_ = std::string_view(header_.data(), write_frame_header(header_, 0x2, payload_bytes_));
}

SOCKETIO_DECL void Message::append_to_polling_payload(std::string& out) const {
  if (is_binary_) {
    out += 'b';
    base64_encode(binary_.bytes(), out);
  } else {
    out += payload();
  }
}

SOCKETIO_DECL MessagePtr Message::raw_text(std::string_view payload, bool compress) {
  detail::OutBuffer text;
  text.append(payload);
  return place(EioPacketType::message, text, compress);
}

SOCKETIO_DECL MessagePtr Message::place(EioPacketType type, detail::OutBuffer& payload, bool compress) {
  const std::size_t payload_bytes = payload.size();
  if (payload_bytes < 126) {
    // Not by way of the array: to load two bytes at once that were stored one by one takes long.
    payload.prepend(static_cast<char>(payload_bytes));
    payload.prepend(static_cast<char>(0x81u));
  } else {
    std::array<char, 10> header;
    payload.prepend(std::string_view(header.data(), write_frame_header(header, 0x1, payload_bytes)));
  }
  std::string_view frame = payload.view();
  char* memory = payload.release();
  constexpr std::size_t large = 64 * 1024;
  if (frame.size() > large) {
    // Text that grew piece by piece may have left room for as much again, for as long as the message is kept.
    const auto at = static_cast<std::size_t>(frame.data() - memory);
    if (char* const fitting = static_cast<char*>(std::realloc(memory, at + frame.size()))) memory = fitting;
    frame = std::string_view(memory + at, frame.size());
  }
  return std::allocate_shared<Message>(detail::PlaceAllocator<Message>(memory), Private{}, type, frame, payload_bytes,
                                       compress);
}

SOCKETIO_DECL std::size_t Message::write_frame_header(std::array<char, 10>& header, unsigned opcode,
                                                      std::uint64_t size) {
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

}  // namespace socketio
