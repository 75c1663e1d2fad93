// SPDX-License-Identifier: MIT
// How long, and how much of, what clients miss is kept for them. Core layer.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace socketio {

/// Settings of connection state recovery: a client whose connection was cut for a moment gets its id, its rooms, its
/// data and the events that it missed back.
///
/// The bounds hold for each namespace. What they push out is the oldest; clients that would have needed it connect as
/// new ones.
struct ConnectionStateRecoveryOptions {
  /// How long after its disconnection a client may come back; events are kept for at least as long.
  std::chrono::milliseconds max_disconnection_duration{120'000};

  /// Whether clients that come back pass without the namespace's middleware.
  bool skip_middlewares = true;

  /// Events that are kept.
  std::size_t max_log_entries = 100'000;

  /// Bytes of the events that are kept, as they are sent and with what it takes to keep them.
  std::size_t max_log_bytes = 64 * 1024 * 1024;

  /// Disconnected clients that are remembered.
  std::size_t max_sessions = 10'000;

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const {
    std::vector<std::string> problems;
    const auto require = [&](bool holds, const char* problem) {
      if (!holds) problems.emplace_back(std::string("connection_state_recovery.") + problem);
    };
    require(max_disconnection_duration.count() > 0, "max_disconnection_duration must be positive");
    require(max_log_entries > 0, "max_log_entries must be at least 1");
    require(max_log_bytes > 0, "max_log_bytes must be at least 1");
    require(max_sessions > 0, "max_sessions must be at least 1");
    return problems;
  }
};

}  // namespace socketio
