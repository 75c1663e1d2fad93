// SPDX-License-Identifier: MIT
// The PROXY protocol, versions 1 and 2: the line or the block before everything else in which a proxy tells whose
// connection it forwards. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/ip_address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace socketio {

/// Decodes the header of one connection from pieces of any size.
///
/// It says how many bytes it is certain to need, so that whoever reads from a socket does not read beyond the header:
/// what follows, HTTP or TLS, stays in the socket.
///
/// @par Limits         Version 1: the 107 bytes of its specification. Version 2: `max_block_bytes` behind its fixed
///                     part; addresses are kept, extensions are skipped unread.
/// @par Specification  The PROXY protocol, HAProxy's proxy-protocol.txt, 2020/03/05.
class ProxyProtocolDecoder {
 public:
  enum class Status {
    incomplete,
    complete,
    failed  // the peer does not speak the protocol, or crosses a limit
  };

  /// Where the connection comes from.
  struct Source {
    IpAddress address;
    std::uint16_t port = 0;
  };

  static constexpr std::size_t max_line_bytes = 107;
  static constexpr std::size_t max_block_bytes = 4096;

  /// How many bytes of the header are still missing at the least; 0 when it is complete or has failed.
  std::size_t wanted() const noexcept;

  /// Takes the next bytes, no more than `wanted()`.
  Status take(std::string_view bytes);

  Status status() const noexcept { return status_; }

  /// What a complete header tells; nothing if it tells no address (LOCAL, UNKNOWN, a Unix socket): then the connection
  /// is the proxy's own, or the proxy does not know.
  const std::optional<Source>& source() const noexcept { return source_; }

 private:
  // The shortest line, "PROXY UNKNOWN\r\n"; and the fixed part of the block.
  static constexpr std::size_t shortest_line = 15;
  static constexpr std::size_t fixed_part = 16;
  static constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};

  bool is_block() const noexcept { return !kept_.empty() && kept_.front() == '\r'; }
  std::size_t block_bytes() const noexcept;
  std::size_t kept_of_block() const noexcept;
  Status check_line();
  Status check_block();
  bool read_line();
  bool read_block();

  std::string kept_;         // the line; or the fixed part of the block and its addresses
  std::size_t skipped_ = 0;  // bytes of the block behind them
  Status status_ = Status::incomplete;
  std::optional<Source> source_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/proxy_protocol.ipp>
#endif
