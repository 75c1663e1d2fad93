// SPDX-License-Identifier: MIT
// Packets and polling payloads of Engine.IO revision 3, which clients of Socket.IO v2 speak. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/eio_packet.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace socketio {

/// The length of valid UTF-8 as JavaScript counts it.
constexpr std::size_t utf16_length(std::string_view text) noexcept {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0) == 0x80 ? 0u : byte >= 0xF0 ? 2u : 1u;
  }
  return units;
}

/// Decodes a text packet: as in revision 4, except that the type of binary data stands before it ("b4AQI=").
///
/// @return  no value if the text is not a packet
/// @par Untrusted input  Any text.
[[nodiscard]] constexpr std::optional<EioPacketView> decode_eio3_packet(std::string_view text) noexcept {
  const bool is_binary = !text.empty() && text.front() == 'b';
  if (is_binary) text.remove_prefix(1);
  std::optional<EioPacketView> packet = decode_eio_packet(text);
  if (!is_binary || !packet) return packet;
  if (packet->is_binary) return std::nullopt;
  packet->is_binary = packet->has_data = true;
  return packet;
}

/// Decodes a binary packet: a byte for the type, and the data.
[[nodiscard]] constexpr std::optional<EioPacketView> decode_eio3_binary_packet(std::string_view bytes) noexcept {
  if (bytes.empty() || static_cast<unsigned char>(bytes.front()) > 6) return std::nullopt;
  return EioPacketView{static_cast<EioPacketType>(bytes.front()), true, true, bytes.substr(1)};
}

/// One packet of a payload.
struct Eio3Record {
  EioPacketView packet;

  /// Whether the data of a binary packet is there as it is, and not in base64.
  bool is_raw = false;
};

/// Reads the packets of a payload one after the other.
///
/// Two forms: text, "<length>:<packet>" with the length in UTF-16 code units; and binary, where each packet comes as a
/// byte that says whether it is binary, its length in bytes with one byte for each digit, 0xFF, and the packet.
///
/// Where the reference implementation shrugs at a record that is cut short or whose length is odd, this is an error.
///
/// @par Untrusted input  Any bytes; text must be valid UTF-8.
class Eio3PayloadReader {
 public:
  constexpr Eio3PayloadReader(std::string_view payload, bool is_binary) noexcept
      : rest_(payload), is_binary_(is_binary), failed_(!is_binary && payload.empty()) {}

  /// @return  the next packet, or nothing at the end of the payload and from the first erroneous packet on
  [[nodiscard]] std::optional<Eio3Record> next() noexcept;

  /// What has not been read yet.
  constexpr std::string_view rest() const noexcept { return rest_; }

  /// Whether all packets have been read, or one was erroneous.
  constexpr bool is_done() const noexcept { return failed_ || rest_.empty(); }

  /// Whether reading ended at an error.
  constexpr bool failed() const noexcept { return failed_; }

 private:
  std::optional<Eio3Record> next_binary() noexcept;

  /// Takes a number and what ends it; no value if there is none, or one that exceeds the rest.
  std::optional<std::size_t> length(char zero, char nine, char end) noexcept;

  /// How many bytes of the rest are that many UTF-16 code units.
  std::optional<std::size_t> bytes_of(std::size_t units) const noexcept;
  std::string_view take(std::size_t bytes) noexcept;
  std::nullopt_t fail() noexcept;

  std::string_view rest_;
  bool is_binary_;
  bool failed_;
};

/// Appends a text packet, type included, to a payload in text form.
SOCKETIO_DECL void append_eio3_text(std::string_view packet, std::string& out);

/// Appends the head of a packet of that many bytes to a payload in binary form; the packet follows.
SOCKETIO_DECL void append_eio3_head(bool is_binary, std::size_t bytes, std::string& out);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/eio3_payload.ipp>
#endif
