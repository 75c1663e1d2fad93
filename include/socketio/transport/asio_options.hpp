// SPDX-License-Identifier: MIT
// The limits and timeouts of the Asio transport. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/http_limits.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace socketio {

/// How the Asio transport treats its peers; the defaults are those of Node.js and `ws` where they have any.
struct AsioTransportOptions {
  HttpLimits http{};

  // Zero: no limit.
  std::chrono::milliseconds tls_handshake_timeout{120'000};  // for the handshake of a connection with TLS
  std::chrono::milliseconds head_timeout{60'000};            // for the head of a request to arrive; then 408
  std::chrono::milliseconds request_timeout{300'000};   // for its body to arrive after that; then 408. Also for a peer
                                                        // that does not read its response at all; then the end
  std::chrono::milliseconds keep_alive_timeout{5'000};  // between two requests of one connection

  std::chrono::milliseconds close_timeout{30'000};    // for the peer's part of a WebSocket's closing handshake
  std::chrono::milliseconds shutdown_timeout{2'000};  // for everything after close() of the transport: a server that
                                                      // shuts down does not wait for a client that hangs
  std::chrono::milliseconds linger_timeout{2'000};    // for the peer to read a last response before the connection ends

  std::size_t max_connections = 0;              // of this transport; it closes more when it accepts them; 0: no limit
  std::size_t max_pipelined_bytes = 64 * 1024;  // received beyond the request being answered, before reading pauses
  std::size_t max_unsent_response_bytes = 256 * 1024;  // above which no further pipelined request is begun
  std::size_t max_discarded_bytes = 1024 * 1024;  // of a body that nobody reads; beyond that the connection is closed
  std::size_t max_pending_pongs = 60;             // not yet written; more end the connection

  /// Proxies that begin every connection with a header of the PROXY protocol, version 1 or 2, before TLS if there is
  /// any: addresses, networks such as "10.0.0.0/8", and "unix" for peers on Unix sockets. The header tells the address
  /// of the client. Connections from these peers must have it, within `head_timeout`, and end without an answer
  /// otherwise; connections from other peers must not. Empty: nobody sends it.
  std::vector<std::string> proxy_protocol_from{};

  int backlog = 511;
  bool tcp_nodelay = true;
  bool reuse_address = true;
  bool reuse_port = false;  // lets several processes listen on one port at a time (SO_REUSEPORT); not on Windows

  /// Limits and timeouts for a server that anybody can reach; docs/security.md has the reasons, line by line. Use it
  /// with `ServerOptions::hardened()`.
  SOCKETIO_DECL static AsioTransportOptions hardened();

  /// Every problem in words; empty if there is none.
  SOCKETIO_DECL std::vector<std::string> validate() const;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_options.ipp>
#endif
