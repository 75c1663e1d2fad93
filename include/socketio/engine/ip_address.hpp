// SPDX-License-Identifier: MIT
// IP addresses and networks as values: to compare peers, to count them, and to know proxies. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// An IPv4 or IPv6 address. IPv4 addresses inside IPv6 (`::ffff:192.0.2.1`) are the IPv4 addresses that they stand for.
///
/// @par Thread safety  As a plain value.
class IpAddress {
 public:
  /// The address 0.0.0.0.
  IpAddress() noexcept = default;

  /// An address of 4 or 16 bytes, in network order.
  explicit IpAddress(std::span<const std::uint8_t, 4> bytes) noexcept;
  explicit IpAddress(std::span<const std::uint8_t, 16> bytes) noexcept;

  /// Reads an address as RFC 4291 writes it, without brackets and port; a zone (`%eth0`) is left out.
  static std::optional<IpAddress> parse(std::string_view text) noexcept;

  bool is_v4() const noexcept { return bits_ == 32; }

  /// Bits of the whole address: 32 or 128.
  unsigned bits() const noexcept { return bits_; }

  /// 16 bytes, those of an IPv4 address as `::ffff:192.0.2.1`.
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

  /// The address with zeros after its first bits; `prefix` may be larger than `bits()`.
  IpAddress network(unsigned prefix) const noexcept;

  /// The text in the form of RFC 5952: "192.0.2.1", "2001:db8::1".
  std::string to_string() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};
  std::uint8_t bits_ = 32;
};

/// A list of addresses and networks, and of "unix" for peers without an address: those of Unix sockets.
///
/// @par Thread safety  As a standard container.
class PeerList {
 public:
  PeerList() = default;

  /// @param entries  "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "unix"; invalid ones are left out, see `problem`
  explicit PeerList(const std::vector<std::string>& entries);

  /// What is wrong with an entry, in words; empty if nothing is.
  static std::string problem(std::string_view entry);

  bool empty() const noexcept { return networks_.empty() && !has_unix_; }

  bool contains(const IpAddress& address) const noexcept;

  /// The same for the text of an address; an empty one is that of a Unix socket.
  bool contains(std::string_view address) const noexcept;

 private:
  struct Network {
    IpAddress address;
    unsigned prefix;
  };
  static std::optional<Network> parse(std::string_view entry) noexcept;

  std::vector<Network> networks_;
  bool has_unix_ = false;
};

namespace detail {

/// Takes a number from the front of the text.
///
/// @param base  10 or 16
/// @return      nothing without a digit, or for a number above `max`
SOCKETIO_DECL std::optional<unsigned> take_number(std::string_view& text, unsigned base, unsigned max) noexcept;

/// What is counted per address: an IPv4 address, the network of an IPv6 address, or the hash of another text.
using AddressKey = std::array<std::uint8_t, 16>;

/// The key of an address.
///
/// @param ipv6_prefix  how many bits of an IPv6 address are one client: 1 to 128
/// @return             nothing for an empty text: peers without an address are not counted
SOCKETIO_DECL std::optional<AddressKey> address_key(std::string_view address, unsigned ipv6_prefix) noexcept;

/// SipHash with one and three rounds: clients choose their IPv6 addresses, but cannot choose which ones collide.
class AddressHash {
 public:
  /// With a random key.
  SOCKETIO_DECL AddressHash();

  SOCKETIO_DECL std::size_t operator()(const AddressKey& key) const noexcept;

 private:
  std::array<std::uint64_t, 2> secret_;
};

}  // namespace detail

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/ip_address.ipp>
#endif
