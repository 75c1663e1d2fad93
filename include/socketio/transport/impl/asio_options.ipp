// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_options.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/ip_address.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/transport/asio_options.hpp>

namespace socketio {

SOCKETIO_DECL AsioTransportOptions AsioTransportOptions::hardened() {
  using namespace std::chrono_literals;
  AsioTransportOptions options;
  options.http.max_head_bytes = 8 * 1024;
  options.http.max_header_count = 100;
  options.tls_handshake_timeout = 10s;
  options.head_timeout = 10s;
  options.request_timeout = 30s;
  options.close_timeout = 5s;
  options.max_connections = 20'000;
  options.max_pipelined_bytes = 16 * 1024;
  options.max_unsent_response_bytes = 64 * 1024;
  options.max_discarded_bytes = 64 * 1024;
  options.max_pending_pongs = 10;
  return options;
}

SOCKETIO_DECL std::vector<std::string> AsioTransportOptions::validate() const {
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
  for (const std::string& proxy : proxy_protocol_from)
    if (const std::string problem = PeerList::problem(proxy); !problem.empty())
      problems.push_back("proxy_protocol_from: " + problem);
  if (backlog <= 0) problems.emplace_back("backlog is not positive");
  return problems;
}

}  // namespace socketio
