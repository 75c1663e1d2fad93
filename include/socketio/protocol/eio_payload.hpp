// SPDX-License-Identifier: MIT
// Polling payloads: the packets of one HTTP body, joined by a separator. Protocol layer.
#pragma once

#include <socketio/protocol/eio_packet.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace socketio {

/// Stands between two packets of a payload. Text never contains it: JSON escapes control characters.
inline constexpr char eio_payload_separator = '\x1e';

/// Reads the packets of a polling payload in their order.
///
/// An empty payload is one empty packet, hence an erroneous one, as in the reference implementation.
///
/// @par Lifetime         the packets point into the payload.
/// @par Specification    Engine.IO protocol, revision 4, "HTTP long-polling".
class EioPayloadReader {
 public:
  explicit constexpr EioPayloadReader(std::string_view payload) noexcept : rest_(payload) {}

  /// @return  the next packet, or nothing at the end of the payload and from the first erroneous packet on.
  [[nodiscard]] constexpr std::optional<EioPacketView> next() noexcept {
    if (done_) return std::nullopt;
    const std::size_t end = rest_.find(eio_payload_separator);
    const std::optional<EioPacketView> packet = decode_eio_packet(rest_.substr(0, end));
    failed_ = !packet;
    done_ = failed_ || end == std::string_view::npos;
    if (!done_) rest_.remove_prefix(end + 1);
    return packet;
  }

  /// What has not been read yet; empty at the end.
  constexpr std::string_view rest() const noexcept { return done_ ? std::string_view() : rest_; }

  /// Whether all packets have been read, or one was erroneous.
  constexpr bool is_done() const noexcept { return done_; }

  /// Whether reading ended at an erroneous packet.
  constexpr bool failed() const noexcept { return failed_; }

 private:
  std::string_view rest_;
  bool done_ = false;
  bool failed_ = false;
};

/// Calls `handle` with each packet of `payload` in order, up to the first erroneous one.
///
/// @param handle  `void(const EioPacketView&)`, or `bool(const EioPacketView&)` where false ends the reading.
/// @return        false if an erroneous packet was met.
template <class Handle>
constexpr bool for_each_packet(std::string_view payload, Handle&& handle) {
  EioPayloadReader reader(payload);
  while (const std::optional<EioPacketView> packet = reader.next()) {
    if constexpr (std::is_void_v<std::invoke_result_t<Handle&, const EioPacketView&>>) {
      handle(*packet);
    } else {
      if (!handle(*packet)) return true;
    }
  }
  return !reader.failed();
}

}  // namespace socketio
