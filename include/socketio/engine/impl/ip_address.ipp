// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/ip_address.hpp>. Engine layer.
#pragma once

#include <socketio/engine/ip_address.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace socketio {

namespace detail {

SOCKETIO_DECL std::optional<unsigned> take_number(std::string_view& text, unsigned base, unsigned max) noexcept {
  unsigned value = 0;
  std::size_t digits = 0;
  for (; digits < text.size(); ++digits) {
    const char c = text[digits];
    unsigned digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) break;
    value = value * base + digit;
    if (value > max) return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

inline bool parse_ipv4(std::string_view text, std::span<std::uint8_t, 4> into) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != '.') return false;
      text.remove_prefix(1);
    }
    // A leading zero would be octal to some readers and decimal to others.
    if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') return false;
    const auto number = take_number(text, 10, 255);
    if (!number) return false;
    into[i] = static_cast<std::uint8_t>(*number);
  }
  return text.empty();
}

inline bool parse_ipv6(std::string_view text, std::array<std::uint8_t, 16>& into) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;
  std::size_t gap = 16;  // where "::" stands, in bytes
  if (text.substr(0, 2) == "::") {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (size == 16) return false;
    if (text.find(':') == std::string_view::npos && text.find('.') != std::string_view::npos) {
      if (size > 12 || !parse_ipv4(text, std::span<std::uint8_t, 4>(bytes.data() + size, 4))) return false;
      size += 4;
      break;
    }
    const std::size_t before = text.size();
    const auto group = take_number(text, 16, 0xFFFF);
    if (!group || before - text.size() > 4) return false;
    bytes[size++] = static_cast<std::uint8_t>(*group >> 8);
    bytes[size++] = static_cast<std::uint8_t>(*group & 0xFF);
    if (text.empty()) break;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    if (text.empty()) return false;
    if (text.front() != ':') continue;
    if (gap != 16) return false;
    gap = size;
    text.remove_prefix(1);
  }
  if (gap == 16 ? size != 16 : size > 14) return false;
  if (gap != 16) {
    const std::size_t missing = 16 - size;
    std::copy_backward(bytes.begin() + static_cast<std::ptrdiff_t>(gap),
                       bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(gap), missing, std::uint8_t{0});
  }
  into = bytes;
  return true;
}

inline constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace detail

SOCKETIO_DECL IpAddress::IpAddress(std::span<const std::uint8_t, 4> bytes) noexcept {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin() + 12);
}

SOCKETIO_DECL IpAddress::IpAddress(std::span<const std::uint8_t, 16> bytes) noexcept {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  bits_ = std::equal(detail::mapped_prefix.begin(), detail::mapped_prefix.end(), bytes_.begin()) ? 32 : 128;
}

SOCKETIO_DECL std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  if (text.find(':') == std::string_view::npos) {
    std::array<std::uint8_t, 4> four;
    if (!detail::parse_ipv4(text, four)) return std::nullopt;
    return IpAddress(std::span<const std::uint8_t, 4>(four));
  }
  if (const std::size_t zone = text.find('%'); zone != std::string_view::npos) {
    if (zone + 1 == text.size()) return std::nullopt;
    text = text.substr(0, zone);
  }
  std::array<std::uint8_t, 16> sixteen;
  if (!detail::parse_ipv6(text, sixteen)) return std::nullopt;
  return IpAddress(std::span<const std::uint8_t, 16>(sixteen));
}

SOCKETIO_DECL IpAddress IpAddress::network(unsigned prefix) const noexcept {
  IpAddress result = *this;
  const unsigned kept = 128u - bits_ + (std::min)(prefix, unsigned{bits_});
  for (unsigned i = 0; i < 16; ++i) {
    if (8 * i >= kept)
      result.bytes_[i] = 0;
    else if (8 * i + 8 > kept)
      result.bytes_[i] = static_cast<std::uint8_t>(result.bytes_[i] & (0xFF00u >> (kept - 8 * i)));
  }
  return result;
}

SOCKETIO_DECL std::string IpAddress::to_string() const {
  if (is_v4()) {
    std::string text;
    for (std::size_t i = 12; i < 16; ++i) text += (i == 12 ? "" : ".") + std::to_string(bytes_[i]);
    return text;
  }
  const auto group = [this](std::size_t i) { return static_cast<unsigned>(bytes_[2 * i] << 8 | bytes_[2 * i + 1]); };
  // "::" stands for the longest row of zeros, the first one of several, of at least two.
  std::size_t gap = 8, gap_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && group(i + length) == 0) ++length;
    if (length > gap_length) {
      gap = i;
      gap_length = length;
    }
    i += length;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    const unsigned value = group(i);
    for (int shift = 12; shift >= 0; shift -= 4)
      if (shift == 0 || value >> shift != 0) text += digits[value >> shift & 0xF];
  }
  return text;
}

SOCKETIO_DECL PeerList::PeerList(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    if (entry == "unix")
      has_unix_ = true;
    else if (const auto network = parse(entry))
      networks_.push_back(*network);
  }
}

SOCKETIO_DECL std::optional<PeerList::Network> PeerList::parse(std::string_view entry) noexcept {
  const std::size_t slash = entry.find('/');
  const auto address = IpAddress::parse(entry.substr(0, slash));
  if (!address) return std::nullopt;
  unsigned prefix = address->bits();
  if (slash != std::string_view::npos) {
    std::string_view rest = entry.substr(slash + 1);
    const auto number = detail::take_number(rest, 10, address->bits());
    if (!number || !rest.empty()) return std::nullopt;
    prefix = *number;
  }
  if (address->network(prefix) != *address) return std::nullopt;  // "10.0.0.1/8": a slip of the pen
  return Network{*address, prefix};
}

SOCKETIO_DECL std::string PeerList::problem(std::string_view entry) {
  if (entry == "unix" || parse(entry)) return {};
  return "'" + std::string(entry) + "' is no address, no network such as 10.0.0.0/8, and not unix";
}

SOCKETIO_DECL bool PeerList::contains(const IpAddress& address) const noexcept {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return network.address.is_v4() == address.is_v4() && address.network(network.prefix) == network.address;
  });
}

SOCKETIO_DECL bool PeerList::contains(std::string_view address) const noexcept {
  if (address.empty()) return has_unix_;
  const auto parsed = IpAddress::parse(address);
  return parsed && contains(*parsed);
}

namespace detail {

SOCKETIO_DECL std::optional<AddressKey> address_key(std::string_view address, unsigned ipv6_prefix) noexcept {
  if (address.empty()) return std::nullopt;
  if (const auto parsed = IpAddress::parse(address))
    return parsed->is_v4() ? parsed->bytes() : parsed->network(ipv6_prefix).bytes();
  // Some other transport's: FNV-1a, of the text and of the text once more.
  std::array<std::uint64_t, 2> words{};
  std::uint64_t hash = 14695981039346656037u;
  for (std::uint64_t& word : words) {
    for (const char c : address) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    word = hash;
  }
  AddressKey key;
  std::memcpy(key.data(), words.data(), key.size());
  return key;
}

SOCKETIO_DECL AddressHash::AddressHash() { fill_random(std::as_writable_bytes(std::span(secret_))); }

SOCKETIO_DECL std::size_t AddressHash::operator()(const AddressKey& key) const noexcept {
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), key.data(), key.size());
  std::uint64_t a = secret_[0] ^ 0x736f6d6570736575u, b = secret_[1] ^ 0x646f72616e646f6du;
  std::uint64_t c = secret_[0] ^ 0x6c7967656e657261u, d = secret_[1] ^ 0x7465646279746573u;
  const auto rotate = [](std::uint64_t value, unsigned by) { return value << by | value >> (64 - by); };
  const auto round = [&] {
    a += b;
    c += d;
    b = rotate(b, 13) ^ a;
    d = rotate(d, 16) ^ c;
    a = rotate(a, 32) + d;
    c += b;
    d = rotate(d, 21) ^ a;
    b = rotate(b, 17) ^ c;
    c = rotate(c, 32);
  };
  for (const std::uint64_t word : {words[0], words[1], std::uint64_t{16} << 56}) {
    d ^= word;
    round();
    a ^= word;
  }
  c ^= 0xFF;
  for (int i = 0; i < 3; ++i) round();
  return static_cast<std::size_t>(a ^ b ^ c ^ d);
}

}  // namespace detail

}  // namespace socketio
