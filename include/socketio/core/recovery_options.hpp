// SPDX-License-Identifier: MIT
// Settings of connection state recovery: what is kept for clients that come back, how long and how much. Core layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace socketio {

/// Settings of connection state recovery: a client whose connection was cut for a moment gets its id, its rooms, its
/// data and the events that it missed back.
///
/// The bounds hold for each namespace, except `max_total_bytes`. What they push out is the oldest; clients that would
/// have needed it connect as new ones.
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

  /// Bytes of what is kept for all namespaces of a server together: events, and sessions with their rooms and data.
  std::size_t max_total_bytes = 128 * 1024 * 1024;

  /// Every problem in words; empty if there is none.
  SOCKETIO_DECL std::vector<std::string> validate() const;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/recovery_options.ipp>
#endif
