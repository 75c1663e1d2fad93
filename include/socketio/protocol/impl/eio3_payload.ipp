// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/eio3_payload.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/eio3_payload.hpp>
#include <socketio/protocol/utf8.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace socketio {

SOCKETIO_DECL std::optional<Eio3Record> Eio3PayloadReader::next() noexcept {
  while (!failed_ && !rest_.empty()) {
    if (is_binary_) return next_binary();
    const std::optional<std::size_t> units = length('0', '9', ':');
    const std::optional<std::size_t> bytes = units ? bytes_of(*units) : std::nullopt;
    if (!bytes) return fail();
    if (*bytes == 0) continue;
    if (const auto packet = decode_eio3_packet(take(*bytes))) return Eio3Record{*packet, false};
    return fail();
  }
  return std::nullopt;
}

SOCKETIO_DECL std::optional<Eio3Record> Eio3PayloadReader::next_binary() noexcept {
  const char kind = rest_.front();
  rest_.remove_prefix(1);
  const std::optional<std::size_t> bytes = length('\0', '\x09', '\xFF');
  if (!bytes || *bytes > rest_.size() || (kind != '\0' && kind != '\x01')) return fail();
  const std::string_view record = take(*bytes);
  const bool is_raw = kind == '\x01';
  const auto packet = is_raw                  ? decode_eio3_binary_packet(record)
                      : is_valid_utf8(record) ? decode_eio3_packet(record)
                                              : std::nullopt;
  if (!packet) return fail();
  return Eio3Record{*packet, is_raw};
}

SOCKETIO_DECL std::optional<std::size_t> Eio3PayloadReader::length(char zero, char nine, char end) noexcept {
  const std::size_t digits = rest_.find(end);
  if (digits == std::string_view::npos || digits == 0) return std::nullopt;
  std::size_t value = 0;
  for (const char digit : rest_.substr(0, digits)) {
    if (digit < zero || digit > nine || value > rest_.size()) return std::nullopt;
    value = value * 10 + static_cast<std::size_t>(digit - zero);
  }
  rest_.remove_prefix(digits + 1);
  return value;
}

SOCKETIO_DECL std::optional<std::size_t> Eio3PayloadReader::bytes_of(std::size_t units) const noexcept {
  std::size_t at = 0;
  while (units > 0 && at < rest_.size()) {
    const auto byte = static_cast<unsigned char>(rest_[at]);
    const std::size_t width = byte >= 0xF0 ? 2 : 1;
    if (width > units) return std::nullopt;
    units -= width;
    at += byte >= 0xF0 ? 4u : byte >= 0xE0 ? 3u : byte >= 0xC0 ? 2u : 1u;
  }
  if (units > 0 || at > rest_.size()) return std::nullopt;
  return at;
}

SOCKETIO_DECL std::string_view Eio3PayloadReader::take(std::size_t bytes) noexcept {
  const std::string_view taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

SOCKETIO_DECL std::nullopt_t Eio3PayloadReader::fail() noexcept {
  failed_ = true;
  return std::nullopt;
}

SOCKETIO_DECL void append_eio3_text(std::string_view packet, std::string& out) {
  out += std::to_string(utf16_length(packet));
  out += ':';
  out += packet;
}

SOCKETIO_DECL void append_eio3_head(bool is_binary, std::size_t bytes, std::string& out) {
  out += is_binary ? '\x01' : '\0';
  for (const char digit : std::to_string(bytes)) out += static_cast<char>(digit - '0');
  out += '\xFF';
}

}  // namespace socketio
