// SPDX-License-Identifier: MIT
// The session store in memory: the packets of a namespace, and the clients that may come back. Core layer.
#pragma once

#include <socketio/core/recovery_budget.hpp>
#include <socketio/core/recovery_options.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace socketio::detail {

/// Whether a packet was for a socket, whose rooms `is_in` knows.
template <class IsIn>
bool is_addressed(const std::vector<std::string>& rooms, const std::vector<std::string>& except, const IsIn& is_in) {
  return (rooms.empty() || std::any_of(rooms.begin(), rooms.end(), is_in)) &&
         std::none_of(except.begin(), except.end(), is_in);
}

/// A log of bounded size, and the sessions of clients that may ask for the packets after a place in it.
///
/// An offset names one entry. It is made where the event is encoded, which may be on any thread; its place is where the
/// event is recorded, in the order in which events are sent.
///
/// @par Cost           record, persist: O(1) amortised. restore: O(1) to find the place, then one step for each entry
///                     after it.
/// @par Specification  The session-aware adapter of socket.io-adapter 2.5; a session is restored once.
class SessionLog final : public SessionStore {
 public:
  SOCKETIO_DECL SessionLog(const ConnectionStateRecoveryOptions& options, std::shared_ptr<RecoveryBudget> budget);
  /// A log with a budget of its own.
  explicit SessionLog(const ConnectionStateRecoveryOptions& options)
      : SessionLog(options, std::make_shared<RecoveryBudget>(options.max_total_bytes)) {}
  SessionLog(const SessionLog&) = delete;
  SessionLog& operator=(const SessionLog&) = delete;
  SOCKETIO_DECL ~SessionLog() override;

  /// Unique to this log, and unlikely to be the last argument of an event by chance: clients take any for an offset.
  SOCKETIO_DECL std::string next_offset() override;

  /// Forgets entries that are too old, and the oldest while the log is too long.
  SOCKETIO_DECL void record(std::string_view offset, const OutgoingPacket& packet, const BroadcastOptions& options,
                            TimePoint now) override;
  SOCKETIO_DECL void persist_session(RecoverableSession session, TimePoint now) override;
  SOCKETIO_DECL void restore_session(std::string_view pid, std::string_view offset, TimePoint now,
                                     RestoreDone done) override;

  /// Gives a session back, once, with the packets that were sent to it after `offset`; null if the session is unknown
  /// or too old, or if the log no longer has all packets after the offset.
  SOCKETIO_DECL std::optional<RestoredSession> restore(std::string_view pid, std::string_view offset, TimePoint now);

  /// Forgets what is older than ConnectionStateRecoveryOptions::max_disconnection_duration.
  SOCKETIO_DECL void purge(TimePoint now) override;
  RecoveryUsage usage() const noexcept override {
    return {sessions_.size(), entries_.size(), log_bytes_, session_bytes_};
  }

  /// Drops the oldest beyond this log's share of the budget.
  SOCKETIO_DECL void trim();

 private:
  struct Entry {
    std::uint64_t number;
    OutgoingPacket packet;
    std::vector<std::string> rooms;
    std::vector<std::string> except;
    TimePoint time;
    std::size_t bytes;
  };
  struct Stored {
    RecoverableSession session;
    TimePoint disconnected;
    std::size_t bytes;
  };
  using Sessions = std::list<Stored>;

  bool is_old(TimePoint time, TimePoint now) const { return now - time > options_.max_disconnection_duration; }

  /// The number in an offset of this log.
  std::optional<std::uint64_t> number_of(std::string_view offset) const;

  /// The index of the first entry after an offset.
  std::optional<std::size_t> position_after(std::string_view offset) const;

  std::size_t bytes() const noexcept { return log_bytes_ + session_bytes_; }
  void hold(std::size_t& sum, std::size_t bytes);
  void let_go(std::size_t& sum, std::size_t bytes) noexcept;
  void keep_within_budget();
  void drop_oldest();
  void drop_first();
  void drop_old_entries(TimePoint now);
  void forget(Sessions::iterator session);
  void drop_old_sessions(TimePoint now);

  ConnectionStateRecoveryOptions options_;
  std::string prefix_ = make_sid().substr(0, 6);  // random, in the order in which offsets are put together: reversed
  std::atomic<std::uint64_t> next_number_{1};
  std::deque<Entry> entries_;
  std::uint64_t first_position_ = 0;                            // of the first entry, counted from the first ever
  std::unordered_map<std::uint64_t, std::uint64_t> positions_;  // by number
  std::uint64_t last_dropped_ = 0;                              // number of the entry before the first; 0: none yet
  std::size_t log_bytes_ = 0;
  std::size_t session_bytes_ = 0;
  std::shared_ptr<RecoveryBudget> budget_;
  Sessions sessions_;  // in the order of their disconnections
  std::unordered_map<std::string_view, Sessions::iterator> by_pid_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/session_log.ipp>
#endif
