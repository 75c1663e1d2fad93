// SPDX-License-Identifier: MIT
// What connection state recovery remembers: the events of a namespace, and the clients that may come back. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/recovery_options.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace socketio::detail {

/// Whether a packet was for a socket, whose rooms `is_in` knows.
template <class IsIn>
bool is_addressed(const std::vector<std::string>& rooms, const std::vector<std::string>& except, const IsIn& is_in) {
  return (rooms.empty() || std::any_of(rooms.begin(), rooms.end(), is_in)) &&
         std::none_of(except.begin(), except.end(), is_in);
}

/// A log of bounded size, and the sessions of those who may ask for what comes after a place in it.
///
/// An offset names one entry. It is made where the event is encoded, which may be on any thread; its place is where the
/// event is appended, in the order in which events are sent.
///
/// @par Cost           append, persist: O(1) amortised. restore: O(1) to find the place, then one step for each entry
///                     after it.
/// @par Thread safety  Owner's thread only, except `next_offset`.
/// @par Specification  The session-aware adapter of socket.io-adapter 2.5; a session is restored once.
class SessionLog {
 public:
  using TimePoint = Adapter::TimePoint;

  explicit SessionLog(const ConnectionStateRecoveryOptions& options) : options_(options) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365 * 100);  // what a clock can compare with
    options_.max_disconnection_duration = std::min(options_.max_disconnection_duration, longest);
  }

  /// Unique to this log, and unlikely to be the last argument of an event by chance: clients take any for an offset.
  /// Any thread.
  std::string next_offset() {
    std::uint64_t number = next_number_.fetch_add(1, std::memory_order_relaxed);
    std::string offset;
    for (; number != 0; number /= 64) offset += digits[number % 64];
    offset += prefix_;
    std::reverse(offset.begin(), offset.end());
    return offset;
  }

  /// Appends a packet that was encoded with this offset; what is too old or too much is forgotten.
  void append(std::string_view offset, const OutgoingPacket& packet, const BroadcastOptions& options, TimePoint now) {
    Entry entry{number_of(offset).value_or(0), packet, options.rooms, options.except, now, 0};
    entry.bytes = sizeof(Entry) + bytes_of_index + packet.bytes();
    for (const auto* names : {&entry.rooms, &entry.except})
      for (const std::string& name : *names) entry.bytes += sizeof(std::string) + name.size();
    bytes_ += entry.bytes;
    positions_[entry.number] = first_position_ + entries_.size();
    entries_.push_back(std::move(entry));
    while (entries_.size() > options_.max_log_entries || bytes_ > options_.max_log_bytes) drop_first();
    drop_old_entries(now);
  }

  void persist(RecoverableSession session, TimePoint now) {
    if (const auto known = by_pid_.find(session.pid); known != by_pid_.end()) forget(known->second);
    sessions_.push_back({std::move(session), now});
    by_pid_.emplace(std::string_view(sessions_.back().session.pid), std::prev(sessions_.end()));
    if (sessions_.size() > options_.max_sessions) forget(sessions_.begin());
    drop_old_sessions(now);
  }

  /// Gives a session back, once, with what was sent to it after `offset`; null if it is unknown, too old, or if not all
  /// that came after the offset is still here.
  std::optional<RestoredSession> restore(std::string_view pid, std::string_view offset, TimePoint now) {
    const auto known = by_pid_.find(pid);
    if (known == by_pid_.end() || is_old(known->second->disconnected, now)) return std::nullopt;
    const auto after = position_after(offset);
    if (!after) return std::nullopt;
    const auto place = known->second;
    by_pid_.erase(known);  // first: its key lies in the session
    RestoredSession restored{std::move(place->session), {}};
    sessions_.erase(place);

    std::unordered_set<std::string_view> rooms(restored.session.rooms.begin(), restored.session.rooms.end());
    rooms.insert(restored.session.sid);  // what is sent to the socket itself, even if it has left the room of its id
    const auto is_in = [&](const std::string& room) { return rooms.count(room) != 0; };
    for (std::size_t i = *after; i < entries_.size(); ++i)
      if (is_addressed(entries_[i].rooms, entries_[i].except, is_in)) restored.missed.push_back(entries_[i].packet);
    return restored;
  }

  /// Forgets what is older than ConnectionStateRecoveryOptions::max_disconnection_duration.
  void purge(TimePoint now) {
    drop_old_entries(now);
    drop_old_sessions(now);
  }

  RecoveryUsage usage() const noexcept { return {sessions_.size(), entries_.size(), bytes_}; }

 private:
  static constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  static constexpr std::size_t bytes_of_index = 64;  // about what a node of the hash table takes

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
  };
  using Sessions = std::list<Stored>;

  bool is_old(TimePoint time, TimePoint now) const { return now - time > options_.max_disconnection_duration; }

  /// The number in an offset of this log.
  std::optional<std::uint64_t> number_of(std::string_view offset) const {
    constexpr std::size_t most = 10;  // digits: 60 bits
    if (offset.size() <= prefix_.size() || offset.size() > prefix_.size() + most) return std::nullopt;
    if (!std::equal(prefix_.rbegin(), prefix_.rend(), offset.begin())) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : offset.substr(prefix_.size())) {
      const std::size_t digit = digits.find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      number = number * 64 + digit;
    }
    return number;
  }

  /// The index of the first entry after an offset.
  std::optional<std::size_t> position_after(std::string_view offset) const {
    const auto number = number_of(offset);
    if (!number) return std::nullopt;
    if (*number == last_dropped_) return 0;  // gone itself, and nothing after it
    const auto found = positions_.find(*number);
    if (found == positions_.end()) return std::nullopt;
    return static_cast<std::size_t>(found->second - first_position_) + 1;
  }

  void drop_first() {
    const Entry& first = entries_.front();
    last_dropped_ = first.number;
    bytes_ -= first.bytes;
    positions_.erase(first.number);
    entries_.pop_front();
    ++first_position_;
  }
  void drop_old_entries(TimePoint now) {
    while (!entries_.empty() && is_old(entries_.front().time, now)) drop_first();
  }

  void forget(Sessions::iterator session) {
    by_pid_.erase(std::string_view(session->session.pid));
    sessions_.erase(session);
  }
  void drop_old_sessions(TimePoint now) {
    while (!sessions_.empty() && is_old(sessions_.front().disconnected, now)) forget(sessions_.begin());
  }

  ConnectionStateRecoveryOptions options_;
  std::string prefix_ = make_sid().substr(0, 6);  // random, in the order in which offsets are put together: reversed
  std::atomic<std::uint64_t> next_number_{1};
  std::deque<Entry> entries_;
  std::uint64_t first_position_ = 0;                            // of the first entry, counted from the first ever
  std::unordered_map<std::uint64_t, std::uint64_t> positions_;  // by number
  std::uint64_t last_dropped_ = 0;                              // number of the entry before the first; 0: none yet
  std::size_t bytes_ = 0;
  Sessions sessions_;  // in the order of their disconnections
  std::unordered_map<std::string_view, Sessions::iterator> by_pid_;
};

}  // namespace socketio::detail
