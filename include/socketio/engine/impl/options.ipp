// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/options.hpp>. Engine layer.
#pragma once

#include <socketio/engine/ip_address.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/protocol/utf8.hpp>

#include <algorithm>

namespace socketio {

SOCKETIO_DECL std::vector<std::string> EngineOptions::validate() const {
  std::vector<std::string> problems;
  const auto require = [&problems](bool holds, std::string_view problem) {
    if (!holds) problems.emplace_back(problem);
  };
  const auto is_path_character = [](char c) { return c > 0x20 && c < 0x7F && c != '?' && c != '#'; };
  require(!path.empty() && path.front() == '/', "path does not begin with '/'");
  require(std::all_of(path.begin(), path.end(), is_path_character),
          "path contains a blank, '?', '#' or a character that is not ASCII");
  require(
      health_path.empty() || (health_path.front() == '/' && health_path.compare(0, path.size(), path) != 0 &&
                              std::all_of(health_path.begin(), health_path.end(), is_path_character)),
      "health_path does not begin with '/', is within path, or contains a blank, '?', '#' or a character that is not "
      "ASCII");
  require(ping_interval.count() > 0, "ping_interval is not positive");
  require(ping_timeout.count() > 0, "ping_timeout is not positive");
  require(upgrade_timeout.count() > 0, "upgrade_timeout is not positive");
  require(http_request_body_timeout.count() >= 0, "http_request_body_timeout is negative");
  require(close_timeout.count() >= 0, "close_timeout is negative");
  require(destroy_upgrade_timeout.count() >= 0, "destroy_upgrade_timeout is negative");
  require(ping_interval <= longest_delay, "ping_interval is longer than 50 years");
  require(ping_timeout <= longest_delay, "ping_timeout is longer than 50 years");
  require(upgrade_timeout <= longest_delay, "upgrade_timeout is longer than 50 years");
  require(http_request_body_timeout <= longest_delay, "http_request_body_timeout is longer than 50 years");
  require(close_timeout <= longest_delay, "close_timeout is longer than 50 years");
  require(destroy_upgrade_timeout <= longest_delay, "destroy_upgrade_timeout is longer than 50 years");
  require(max_packets_per_turn <= 16'383, "max_packets_per_turn is greater than 16383");
  require(max_http_buffer_size > 0, "max_http_buffer_size is zero");
  require(transports.polling || transports.websocket, "transports offers neither polling nor websocket");
  require(!cors || !cors_delegate, "cors and cors_delegate are both set");
  require(!initial_packet || is_valid_utf8(*initial_packet), "initial_packet is not UTF-8");

  const auto append = [&problems](std::vector<std::string> more) {
    for (std::string& problem : more) problems.push_back(std::move(problem));
  };
  if (http_compression) append(http_compression->validate());
  if (per_message_deflate) append(per_message_deflate->validate());
  if (serve_client) append(serve_client->validate());
  if (cors) append(cors->validate());
  if (cookie) append(cookie->validate());
  append(rate_limits.validate());
  require(ipv6_prefix >= 1 && ipv6_prefix <= 128, "ipv6_prefix is not between 1 and 128");
  for (const std::string& proxy : trusted_proxies)
    if (const std::string problem = PeerList::problem(proxy); !problem.empty())
      problems.push_back("trusted_proxies: " + problem);
  require(detail::is_http_token(client_address_header), "client_address_header is no name of a header");
  return problems;
}

}  // namespace socketio
