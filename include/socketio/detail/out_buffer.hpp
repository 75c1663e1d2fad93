// SPDX-License-Identifier: MIT
// A byte buffer with room in front, so that each layer puts its header before the payload without moving it.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace socketio::detail {

/// Bytes that grow at the end and, cheaply, at the front.
///
/// A packet is written once: the arguments by the parser, then its header in front of them, then the Engine.IO type
/// and the WebSocket frame header in front of that. 48 bytes hold all of these for the main namespace and for
/// namespaces of up to 16 characters; a longer header moves the payload once.
///
/// In front of all that there is a place for the object that is going to own the bytes, so that it needs no allocation
/// of its own: see `release`.
///
/// Not a std::string: an append of few bytes is a call of its own there, which doubled the time to write numbers.
class OutBuffer {
 public:
  static constexpr std::size_t headroom = 48;
  static constexpr std::size_t place_bytes = 96;  // aligned as if from malloc

  OutBuffer() noexcept = default;
  OutBuffer(const OutBuffer& other) : OutBuffer() { append(other.view()); }
  OutBuffer(OutBuffer&& other) noexcept { swap(other); }
  OutBuffer& operator=(OutBuffer other) noexcept {
    swap(other);
    return *this;
  }
  ~OutBuffer() = default;

  void reserve(std::size_t payload_bytes) {
    if (begin_ + payload_bytes > capacity_) grow_to(begin_ + payload_bytes);
  }

  void append(char c) {
    *room(1) = c;
    ++end_;
  }
  void append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(room(text.size()), text.data(), text.size());
    end_ += text.size();
  }

  /// Room for `max_bytes` at the end, to be written directly; `commit` says how many of them were.
  char* room(std::size_t max_bytes) {
    if (max_bytes > capacity_ - end_ || bytes_ == nullptr) grow_by(max_bytes);
    return data() + end_;
  }
  void commit(std::size_t bytes) noexcept { end_ += bytes; }

  void prepend(char c) {
    if (begin_ == 0 || bytes_ == nullptr) return prepend(std::string_view(&c, 1));
    data()[--begin_] = c;
  }
  void prepend(std::string_view text);

  std::string_view view() const noexcept {
    return bytes_ == nullptr ? std::string_view() : std::string_view(data() + begin_, size());
  }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return size() == 0; }

  /// Gives up the memory, in which what `view` returned stays valid until std::free.
  ///
  /// @return  its start, where the place is; null if nothing was ever written
  [[nodiscard]] char* release() noexcept {
    begin_ = end_ = capacity_ = headroom;
    return bytes_.release();
  }

 private:
  struct Free {
    void operator()(char* bytes) const noexcept { std::free(bytes); }
  };

  char* data() const noexcept { return bytes_.get() + place_bytes; }

  void swap(OutBuffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

  void grow_by(std::size_t bytes);
  void grow_to(std::size_t capacity);
  void make_headroom(std::size_t bytes);

  std::unique_ptr<char[], Free> bytes_;  // the place first; what follows counts from behind it
  std::size_t begin_ = headroom;
  std::size_t end_ = headroom;
  std::size_t capacity_ = headroom;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/detail/impl/out_buffer.ipp>
#endif
