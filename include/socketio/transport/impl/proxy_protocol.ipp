// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/proxy_protocol.hpp>. Transport layer.
#pragma once

#include <socketio/transport/proxy_protocol.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace socketio {

namespace detail {

/// A port as version 1 writes it: decimal, without leading zeros.
inline std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

}  // namespace detail

SOCKETIO_DECL std::size_t ProxyProtocolDecoder::wanted() const noexcept {
  if (status_ != Status::incomplete) return 0;
  const std::size_t size = kept_.size();
  if (size < shortest_line) return shortest_line - size;
  if (is_block()) {
    if (size < fixed_part) return fixed_part - size;
    return fixed_part + block_bytes() - size - skipped_;
  }
  // At the least, "\r\n" is missing, or the second half of it.
  return kept_.back() == '\r' ? 1 : (std::min)(std::size_t{2}, max_line_bytes - size);
}

SOCKETIO_DECL ProxyProtocolDecoder::Status ProxyProtocolDecoder::take(std::string_view bytes) {
  while (!bytes.empty() && status_ == Status::incomplete) {
    std::string_view piece = bytes.substr(0, wanted());
    bytes.remove_prefix(piece.size());
    if (is_block() && kept_.size() >= fixed_part) {
      const std::string_view kept = piece.substr(0, kept_of_block() - kept_.size());
      kept_ += kept;
      skipped_ += piece.size() - kept.size();
    } else {
      kept_ += piece;
    }
    status_ = is_block() ? check_block() : check_line();
  }
  return status_;
}

SOCKETIO_DECL std::size_t ProxyProtocolDecoder::block_bytes() const noexcept {
  return static_cast<std::size_t>(static_cast<unsigned char>(kept_[14]) << 8 | static_cast<unsigned char>(kept_[15]));
}

/// How many bytes are kept of the whole block: nothing but addresses of IPv4 or IPv6 is read.
SOCKETIO_DECL std::size_t ProxyProtocolDecoder::kept_of_block() const noexcept {
  return fixed_part + (std::min)(block_bytes(), std::size_t{36});
}

SOCKETIO_DECL ProxyProtocolDecoder::Status ProxyProtocolDecoder::check_line() {
  constexpr std::string_view begin = "PROXY ";
  if (kept_.compare(0, begin.size(), begin, 0, (std::min)(kept_.size(), begin.size())) != 0) return Status::failed;
  if (kept_.size() < shortest_line) return Status::incomplete;
  // A line that is broken anywhere has no other end to wait for.
  const std::size_t end = kept_.find_first_of("\r\n");
  if (end == std::string::npos || (kept_[end] == '\r' && end + 1 == kept_.size()))
    return kept_.size() >= max_line_bytes ? Status::failed : Status::incomplete;
  if (end + 2 != kept_.size() || kept_.compare(end, 2, "\r\n") != 0) return Status::failed;
  return read_line() ? Status::complete : Status::failed;
}

SOCKETIO_DECL bool ProxyProtocolDecoder::read_line() {
  std::string_view rest = std::string_view(kept_).substr(6, kept_.size() - 8);
  const auto next = [&rest] {
    const std::size_t blank = rest.find(' ');
    const std::string_view field = rest.substr(0, blank);
    rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
    return field;
  };
  const std::string_view family = next();
  if (family == "UNKNOWN") return true;  // whatever follows it
  if (family != "TCP4" && family != "TCP6") return false;
  const std::string_view from_text = next();
  const std::string_view to_text = next();
  const auto from_port = detail::parse_port(next());
  const auto to_port = detail::parse_port(rest);
  const bool is_v6 = family == "TCP6";
  const auto is_of_family = [is_v6](std::string_view text) {
    return (text.find(':') != std::string_view::npos) == is_v6 && text.find('%') == std::string_view::npos;
  };
  const auto from = IpAddress::parse(from_text);
  if (!from || !IpAddress::parse(to_text) || !from_port || !to_port) return false;
  if (!is_of_family(from_text) || !is_of_family(to_text)) return false;
  source_ = Source{*from, *from_port};
  return true;
}

SOCKETIO_DECL ProxyProtocolDecoder::Status ProxyProtocolDecoder::check_block() {
  const std::size_t known = (std::min)(kept_.size(), signature.size());
  if (std::string_view(kept_).substr(0, known) != signature.substr(0, known)) return Status::failed;
  if (kept_.size() < fixed_part) return Status::incomplete;
  const auto command = static_cast<unsigned char>(kept_[12]);
  if (command != 0x20 && command != 0x21) return Status::failed;  // LOCAL and PROXY of version 2
  if (block_bytes() > max_block_bytes) return Status::failed;
  if (wanted() != 0) return Status::incomplete;
  return read_block() ? Status::complete : Status::failed;
}

SOCKETIO_DECL bool ProxyProtocolDecoder::read_block() {
  if (kept_[12] == 0x20) return true;
  const auto byte = [this](std::size_t index) { return static_cast<std::uint8_t>(kept_[fixed_part + index]); };
  const auto family = static_cast<unsigned char>(kept_[13]);
  const bool is_v4 = family == 0x11, is_v6 = family == 0x21;  // over TCP; of others there is nothing to tell
  if (!is_v4 && !is_v6) return (family >> 4) <= 3 && (family & 0xF) <= 2;
  if (block_bytes() < (is_v4 ? 12u : 36u)) return false;
  std::array<std::uint8_t, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = is_v4 && i >= 4 ? std::uint8_t{0} : byte(i);
  const std::size_t port_at = is_v4 ? 8 : 32;
  const std::span<const std::uint8_t, 16> all(bytes);
  source_ = Source{is_v4 ? IpAddress(all.first<4>()) : IpAddress(all),
                   static_cast<std::uint16_t>(byte(port_at) << 8 | byte(port_at + 1))};
  return true;
}

}  // namespace socketio
