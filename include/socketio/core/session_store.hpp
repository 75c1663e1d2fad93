// SPDX-License-Identifier: MIT
// The contract of the place where connection state recovery keeps sessions and missed packets. Core layer.
#pragma once

#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/scheduler.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// What is kept of a socket that has disconnected, so that its client may come back.
struct RecoverableSession {
  std::string sid;  // the socket's id
  std::string pid;  // its private id, known to its client only
  std::vector<std::string> rooms;
  std::shared_ptr<void> data;  // the Config::SocketData; null if the program has not used them
  std::size_t data_bytes = 0;  // about what they take: exactly known of a Value, else the size of the type
};

/// A session whose client has come back, and the packets that were sent to it meanwhile.
struct RestoredSession {
  RecoverableSession session;
  std::vector<OutgoingPacket> missed;  // in the order of sending
};

/// What connection state recovery holds for one namespace.
struct RecoveryUsage {
  std::size_t sessions = 0;
  std::size_t log_entries = 0;
  std::size_t log_bytes = 0;
  std::size_t session_bytes = 0;  // with rooms and data
};

/// Where connection state recovery keeps what clients of one namespace may come back for: in the memory of the server
/// unless the adapter of the namespace brings a store of its own (`Adapter::session_store`).
///
/// @par Thread safety  `next_offset`: any thread. The others: any thread of the server, one at a time; also while no
///                     thread of it runs.
/// @par Specification  The session-aware adapter of socket.io-adapter 2.5.
class SessionStore {
 public:
  using TimePoint = Scheduler::Clock::time_point;
  using RestoreDone = detail::UniqueFunction<void(std::optional<RestoredSession>)>;

  virtual ~SessionStore() = default;

  /// The offset for a packet that is about to be encoded, which gets it as its last argument.
  virtual std::string next_offset() = 0;

  /// Remembers a packet that has an offset. Called right before the packet is sent, in the order of sending; also for
  /// packets to one socket, whose only room is the socket's id then.
  virtual void record(std::string_view offset, const OutgoingPacket& packet, const BroadcastOptions& options,
                      TimePoint now) = 0;

  /// Remembers a socket that has disconnected.
  virtual void persist_session(RecoverableSession session, TimePoint now) = 0;

  /// Gives a session back, to one caller only, with all packets that were sent to it after the packet with that offset.
  ///
  /// @param done  gets null if there is no such session, or if packets after the offset are missing; called once,
  ///              possibly at once
  virtual void restore_session(std::string_view pid, std::string_view offset, TimePoint now, RestoreDone done) = 0;

  /// Forgets packets and sessions that are too old; called from time to time.
  virtual void purge(TimePoint now) = 0;

  virtual RecoveryUsage usage() const = 0;
};

}  // namespace socketio
