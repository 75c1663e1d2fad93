// SPDX-License-Identifier: MIT
// Bodies of recovery_options.hpp. Core layer.
#pragma once

#include <socketio/core/recovery_options.hpp>

namespace socketio {

SOCKETIO_DECL std::vector<std::string> ConnectionStateRecoveryOptions::validate() const {
  std::vector<std::string> problems;
  const auto require = [&](bool holds, const char* problem) {
    if (!holds) problems.emplace_back(std::string("connection_state_recovery.") + problem);
  };
  require(max_disconnection_duration.count() > 0, "max_disconnection_duration must be positive");
  require(max_log_entries > 0, "max_log_entries must be at least 1");
  require(max_log_bytes > 0, "max_log_bytes must be at least 1");
  require(max_sessions > 0, "max_sessions must be at least 1");
  require(max_total_bytes > 0, "max_total_bytes must be at least 1");
  return problems;
}

}  // namespace socketio
