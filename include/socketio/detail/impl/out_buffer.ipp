// SPDX-License-Identifier: MIT
// Bodies of <socketio/detail/out_buffer.hpp>: growing. Detail layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace socketio::detail {

SOCKETIO_DECL void OutBuffer::prepend(std::string_view text) {
  if (text.empty()) return;
  if (bytes_ == nullptr) grow_by(0);
  if (text.size() > begin_) make_headroom(text.size() - begin_ + headroom);
  begin_ -= text.size();
  std::memcpy(data() + begin_, text.data(), text.size());
}

SOCKETIO_DECL void OutBuffer::grow_by(std::size_t bytes) {
  const std::size_t doubled = bytes_ == nullptr ? 0 : 2 * capacity_;
  grow_to(end_ + bytes > doubled ? end_ + bytes : doubled);
}

SOCKETIO_DECL void OutBuffer::grow_to(std::size_t capacity) {
  char* const grown = static_cast<char*>(std::realloc(bytes_.get(), place_bytes + capacity));
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(bytes_.release());
  bytes_.reset(grown);
  capacity_ = capacity;
}

SOCKETIO_DECL void OutBuffer::make_headroom(std::size_t bytes) {
  const std::size_t payload_bytes = size();
  room(bytes);
  std::memmove(data() + begin_ + bytes, data() + begin_, payload_bytes);
  begin_ += bytes;
  end_ += bytes;
}

}  // namespace socketio::detail
