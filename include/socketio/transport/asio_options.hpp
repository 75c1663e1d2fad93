// SPDX-License-Identifier: MIT
// The limits and timeouts of the Asio transport. Transport layer.
#pragma once

#include <socketio/engine/scheduler.hpp>
#include <socketio/transport/http_parser.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace socketio {

/// How the Asio transport treats its peers; the defaults are those of Node.js and `ws` where they have any.
struct AsioTransportOptions {
  HttpLimits http{};

  // Zero: no limit.
  std::chrono::milliseconds tls_handshake_timeout{120'000};  // where TLS is spoken, before anything else
  std::chrono::milliseconds head_timeout{60'000};            // for the head of a request to arrive; then 408
  std::chrono::milliseconds request_timeout{300'000};   // for its body to arrive after that; then 408. Also for a peer
                                                        // that does not read its response at all; then the end
  std::chrono::milliseconds keep_alive_timeout{5'000};  // between two requests of one connection

  std::chrono::milliseconds close_timeout{30'000};    // for the peer's part of a WebSocket's closing handshake
  std::chrono::milliseconds shutdown_timeout{2'000};  // after close() of the transport, for everything: a server
                                                      // that shuts down does not wait for a client that has hung
  std::chrono::milliseconds linger_timeout{2'000};    // for the peer to read a last response before the connection ends

  std::size_t max_connections = 0;              // of this transport; more are closed when accepted; 0: no limit
  std::size_t max_pipelined_bytes = 64 * 1024;  // received beyond the request being answered, before reading pauses
  std::size_t max_unsent_response_bytes = 256 * 1024;  // above which no further pipelined request is begun
  std::size_t max_discarded_bytes = 1024 * 1024;  // of a body nobody reads; for more the connection is closed instead
  std::size_t max_pending_pongs = 60;             // not yet written; more end the connection

  int backlog = 511;
  bool tcp_nodelay = true;
  bool reuse_address = true;

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const {
    std::vector<std::string> problems;
    const auto require_delay = [&problems](std::chrono::milliseconds delay, const char* name) {
      if (delay.count() < 0) problems.emplace_back(std::string(name) + " is negative");
      if (delay > longest_delay) problems.emplace_back(std::string(name) + " is longer than 50 years");
    };
    require_delay(tls_handshake_timeout, "tls_handshake_timeout");
    require_delay(head_timeout, "head_timeout");
    require_delay(request_timeout, "request_timeout");
    require_delay(keep_alive_timeout, "keep_alive_timeout");
    require_delay(close_timeout, "close_timeout");
    require_delay(shutdown_timeout, "shutdown_timeout");
    require_delay(linger_timeout, "linger_timeout");
    if (http.max_head_bytes == 0) problems.emplace_back("http.max_head_bytes is zero");
    if (http.max_header_count == 0) problems.emplace_back("http.max_header_count is zero");
    if (max_pipelined_bytes == 0) problems.emplace_back("max_pipelined_bytes is zero");
    if (backlog <= 0) problems.emplace_back("backlog is not positive");
    return problems;
  }
};

}  // namespace socketio
