// SPDX-License-Identifier: MIT
// Bodies of options.hpp. Core layer.
#pragma once

#include <socketio/core/options.hpp>
#include <socketio/engine/scheduler.hpp>

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

namespace socketio {

SOCKETIO_DECL ServerOptions ServerOptions::hardened() {
  using namespace std::chrono_literals;
  ServerOptions options;
  options.connect_timeout = 10s;
  options.max_namespaces_per_connection = 20;
  options.max_rooms_per_socket = 200;
  options.max_namespace_name_bytes = 128;
  options.max_event_name_bytes = 128;
  options.max_room_name_bytes = 256;
  options.max_handlers_in_progress = 100;
  options.max_unjoined_bytes = 16'000;
  options.max_packets_per_turn = 64;
  options.max_pending_acks = 1'000;
  options.cleanup_empty_child_namespaces = true;
  options.max_binary_values = 100;
  options.max_depth = 32;
  options.close_timeout = 10s;
  options.max_http_buffer_size = 100'000;
  options.http_request_body_timeout = 10s;
  options.max_buffered_chunks = 1'000;
  options.http_compression.reset();
  options.max_sessions = 10'000;
  options.max_sessions_per_address = 100;
  options.rate_limits.per_socket = {50, 100, RateLimitAction::refuse};
  options.rate_limits.per_address = {500, 1'000, RateLimitAction::refuse};
  options.rate_limits.handshakes_per_address = {5, 100, RateLimitAction::refuse};
  options.max_unsent_bytes = 1024 * 1024;
  return options;
}

SOCKETIO_DECL std::size_t ServerOptions::thread_count() const {
  return threads != 0 ? threads : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

SOCKETIO_DECL EngineOptions ServerOptions::engine_options() const {
  EngineOptions engine;
  engine.path = path;
  engine.add_trailing_slash = add_trailing_slash;
  engine.max_first_message_bytes = max_unjoined_bytes;
#define SOCKETIO_OPTION(name, value, ...) engine.name = name;
#include <socketio/engine/option_list.inc>
#undef SOCKETIO_OPTION
  return engine;
}

SOCKETIO_DECL ParserLimits ServerOptions::parser_limits() const {
  ParserLimits limits;
  limits.max_attachments = max_attachments;
  limits.max_binary_values = max_binary_values;
  limits.max_depth = max_depth;
  // What can arrive: a text and its attachments, each as large as a message may be.
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  limits.max_packet_bytes =
      max_http_buffer_size > most / (max_attachments + 1) ? most : max_http_buffer_size * (max_attachments + 1);
  return limits;
}

SOCKETIO_DECL std::vector<std::string> ServerOptions::validate() const {
  std::vector<std::string> problems = engine_options().validate();
  if (threads > 1024) problems.emplace_back("threads must be at most 1024");
  if (connect_timeout.count() <= 0) problems.emplace_back("connect_timeout must be positive");
  if (connect_timeout > longest_delay) problems.emplace_back("connect_timeout must be at most 50 years");
  if (shutdown_notice.count() < 0) problems.emplace_back("shutdown_notice must not be negative");
  if (shutdown_notice > longest_delay) problems.emplace_back("shutdown_notice must be at most 50 years");
  if (connection_state_recovery)
    for (std::string& problem : connection_state_recovery->validate()) problems.push_back(std::move(problem));
  if (max_matched_name_bytes == 0) problems.emplace_back("max_matched_name_bytes must be at least 1");
  if (max_attachments == 0) problems.emplace_back("max_attachments must be at least 1");
  if (max_depth == 0) problems.emplace_back("max_depth must be at least 1");
  if (blocked_call_limit.count() < 0) problems.emplace_back("blocked_call_limit must not be negative");
  if (blocked_call_limit > longest_delay) problems.emplace_back("blocked_call_limit must be at most 50 years");
  return problems;
}

}  // namespace socketio
