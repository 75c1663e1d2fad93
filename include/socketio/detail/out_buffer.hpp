// SPDX-License-Identifier: MIT
// A byte buffer with room in front, so that each layer puts its header before the payload without moving it.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace socketio::detail {

/// Bytes that grow at the end and, cheaply, at the front.
///
/// A packet is written once: the arguments by the parser, then its header in front of them, then the Engine.IO type
/// and the WebSocket frame header in front of that. 48 bytes hold all of these for the main namespace and for
/// namespaces of up to 16 characters; a longer header moves the payload once.
class OutBuffer {
 public:
  static constexpr std::size_t headroom = 48;

  OutBuffer() : bytes_(headroom, '\0'), begin_(headroom) {}

  void reserve(std::size_t payload_bytes) { bytes_.reserve(begin_ + payload_bytes); }
  void append(char c) { bytes_.push_back(c); }
  void append(std::string_view text) { bytes_.append(text); }

  void prepend(char c) { prepend(std::string_view(&c, 1)); }
  void prepend(std::string_view text) {
    if (text.size() > begin_) {
      const std::size_t more = text.size() - begin_ + headroom;
      bytes_.insert(0, more, '\0');
      begin_ += more;
    }
    begin_ -= text.size();
    std::memcpy(bytes_.data() + begin_, text.data(), text.size());
  }

  std::string_view view() const noexcept { return {bytes_.data() + begin_, bytes_.size() - begin_}; }
  std::size_t size() const noexcept { return bytes_.size() - begin_; }
  bool empty() const noexcept { return size() == 0; }

 private:
  std::string bytes_;
  std::size_t begin_;
};

}  // namespace socketio::detail
