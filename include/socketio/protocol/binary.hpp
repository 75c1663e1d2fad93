// SPDX-License-Identifier: MIT
// Binary data as an argument of an event: shared, immutable bytes.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

/// Immutable bytes, sent as an attachment wherever they occur in the arguments of an event.
///
/// Arrives in JavaScript as `Buffer` (Node.js) or `ArrayBuffer` (browsers).
///
/// @par Cost           A copy shares the bytes; nothing is copied when one is sent to many receivers.
/// @par Thread safety  Distinct objects: safe. Shared objects: safe for reading.
/// @par Lifetime       The views returned stay valid while any copy lives.
class Binary {
 public:
  Binary() = default;
  explicit Binary(std::string bytes);
  explicit Binary(std::span<const std::byte> bytes);
  Binary(const void* data, std::size_t size_bytes);

  std::size_t size() const noexcept { return bytes_ ? bytes_->size() : 0; }
  bool empty() const noexcept { return size() == 0; }
  const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(view().data()); }
  std::span<const std::byte> bytes() const noexcept { return {data(), size()}; }

  /// The same bytes as characters; not necessarily text.
  std::string_view view() const noexcept { return bytes_ ? std::string_view(*bytes_) : std::string_view("", 0); }

  friend bool operator==(const Binary& a, const Binary& b) noexcept { return a.view() == b.view(); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/binary.ipp>
#endif
