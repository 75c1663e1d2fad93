// SPDX-License-Identifier: MIT
// The address of a client behind proxies, from a header that a trusted proxy has written. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/ip_address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::detail {

/// An address, and the port if it is known.
struct ClientAddress {
  std::string address;
  std::uint16_t port = 0;  // 0: not known

  friend bool operator==(const ClientAddress&, const ClientAddress&) = default;
};

/// Finds the address of a client in the headers of its request.
///
/// Each proxy appends the address from which it got the request. So the list is read from its end, past the addresses
/// of trusted proxies, to the first other address, which is the client's; if all are trusted, it is the first of the
/// list. What stands before it is the client's word, and is not looked at.
///
/// @par Thread safety  Immutable.
class ClientAddressFinder {
 public:
  /// @param trusted  see PeerList
  /// @param header   "Forwarded" is read as RFC 7239 says, any other header as a list of addresses
  SOCKETIO_DECL ClientAddressFinder(const std::vector<std::string>& trusted, std::string header);

  /// The address of the client; nothing if the peer is not trusted, if it has sent no such header, or if what it has
  /// sent is not an address: then the peer's address is all that is known.
  SOCKETIO_DECL std::optional<ClientAddress> find(const HttpRequest& request) const;

 private:
  PeerList trusted_;
  std::string header_;
  bool is_forwarded_;
};

/// Reads an address with or without a port: "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80".
SOCKETIO_DECL std::optional<ClientAddress> parse_client_address(std::string_view text);

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/client_address.ipp>
#endif
