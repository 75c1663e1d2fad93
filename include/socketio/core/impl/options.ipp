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

SOCKETIO_DECL std::size_t ServerOptions::thread_count() const {
  return threads != 0 ? threads : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

SOCKETIO_DECL EngineOptions ServerOptions::engine_options() const {
  EngineOptions engine;
  engine.path = path;
  engine.add_trailing_slash = add_trailing_slash;
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
