// SPDX-License-Identifier: MIT
// Bodies of session_log.hpp. Core layer.
#pragma once

#include <socketio/core/session_log.hpp>

#include <chrono>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace socketio::detail {

inline constexpr std::string_view offset_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

SOCKETIO_DECL SessionLog::SessionLog(const ConnectionStateRecoveryOptions& options,
                                     std::shared_ptr<RecoveryBudget> budget)
    : options_(options), budget_(std::move(budget)) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365 * 100);  // what a clock can compare with
  options_.max_disconnection_duration = std::min(options_.max_disconnection_duration, longest);
}

SOCKETIO_DECL SessionLog::~SessionLog() {
  if (bytes() != 0) budget_->subtract(bytes(), true);
}

SOCKETIO_DECL void SessionLog::hold(std::size_t& sum, std::size_t bytes) {
  budget_->add(bytes, this->bytes() == 0);
  sum += bytes;
}

SOCKETIO_DECL void SessionLog::let_go(std::size_t& sum, std::size_t bytes) noexcept {
  sum -= bytes;
  budget_->subtract(bytes, this->bytes() == 0);
}

SOCKETIO_DECL void SessionLog::keep_within_budget() {
  while (budget_->is_exceeded() && bytes() > budget_->share()) drop_oldest();
  if (!budget_->is_exceeded()) return;
  while (budget_->is_exceeded() && bytes() != 0) drop_oldest();
  budget_->ask_for_trim();
}

SOCKETIO_DECL void SessionLog::trim() {
  while (bytes() > budget_->share()) drop_oldest();
}

SOCKETIO_DECL void SessionLog::drop_oldest() {
  const bool is_entry =
      sessions_.empty() || (!entries_.empty() && entries_.front().time <= sessions_.front().disconnected);
  if (is_entry)
    drop_first();
  else
    forget(sessions_.begin());
}

SOCKETIO_DECL std::string SessionLog::next_offset() {
  std::uint64_t number = next_number_.fetch_add(1, std::memory_order_relaxed);
  std::string offset;
  for (; number != 0; number /= 64) offset += offset_digits[number % 64];
  offset += prefix_;
  std::reverse(offset.begin(), offset.end());
  return offset;
}

SOCKETIO_DECL void SessionLog::record(std::string_view offset, const OutgoingPacket& packet,
                                      const BroadcastOptions& options, TimePoint now) {
  Entry entry{number_of(offset).value_or(0), packet, options.rooms, options.except, now, 0};
  constexpr std::size_t bytes_of_index = 64;  // about what a node of the hash table takes
  entry.bytes = sizeof(Entry) + bytes_of_index;
  for (const MessagePtr& message : packet.messages()) entry.bytes += message->kept_bytes();
  for (const auto* names : {&entry.rooms, &entry.except})
    for (const std::string& name : *names) entry.bytes += sizeof(std::string) + name.size();
  hold(log_bytes_, entry.bytes);
  positions_[entry.number] = first_position_ + entries_.size();
  entries_.push_back(std::move(entry));
  while (entries_.size() > options_.max_log_entries || log_bytes_ > options_.max_log_bytes) drop_first();
  drop_old_entries(now);
  keep_within_budget();
}

SOCKETIO_DECL void SessionLog::persist_session(RecoverableSession session, TimePoint now) {
  if (const auto known = by_pid_.find(session.pid); known != by_pid_.end()) forget(known->second);
  constexpr std::size_t bytes_of_index = 96;  // about what the nodes of the list and of the hash table add
  std::size_t bytes = sizeof(Stored) + bytes_of_index + session.sid.size() + session.pid.size() + session.data_bytes;
  for (const std::string& room : session.rooms) bytes += sizeof(std::string) + room.size();
  hold(session_bytes_, bytes);
  sessions_.push_back({std::move(session), now, bytes});
  by_pid_.emplace(std::string_view(sessions_.back().session.pid), std::prev(sessions_.end()));
  if (sessions_.size() > options_.max_sessions) forget(sessions_.begin());
  drop_old_sessions(now);
  keep_within_budget();
}

SOCKETIO_DECL void SessionLog::restore_session(std::string_view pid, std::string_view offset, TimePoint now,
                                               RestoreDone done) {
  done(restore(pid, offset, now));
}

SOCKETIO_DECL std::optional<RestoredSession> SessionLog::restore(std::string_view pid, std::string_view offset,
                                                                 TimePoint now) {
  const auto known = by_pid_.find(pid);
  if (known == by_pid_.end() || is_old(known->second->disconnected, now)) return std::nullopt;
  const auto after = position_after(offset);
  if (!after) return std::nullopt;
  const auto place = known->second;
  by_pid_.erase(known);  // first: its key lies in the session
  let_go(session_bytes_, place->bytes);
  RestoredSession restored{std::move(place->session), {}};
  sessions_.erase(place);

  std::unordered_set<std::string_view> rooms(restored.session.rooms.begin(), restored.session.rooms.end());
  rooms.insert(restored.session.sid);  // what is sent to the socket itself, even if it has left the room of its id
  const auto is_in = [&](const std::string& room) { return rooms.count(room) != 0; };
  for (std::size_t i = *after; i < entries_.size(); ++i)
    if (is_addressed(entries_[i].rooms, entries_[i].except, is_in)) restored.missed.push_back(entries_[i].packet);
  return restored;
}

SOCKETIO_DECL void SessionLog::purge(TimePoint now) {
  drop_old_entries(now);
  drop_old_sessions(now);
}

SOCKETIO_DECL std::optional<std::uint64_t> SessionLog::number_of(std::string_view offset) const {
  constexpr std::size_t most = 10;  // digits: 60 bits
  if (offset.size() <= prefix_.size() || offset.size() > prefix_.size() + most) return std::nullopt;
  if (!std::equal(prefix_.rbegin(), prefix_.rend(), offset.begin())) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : offset.substr(prefix_.size())) {
    const std::size_t digit = offset_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    number = number * 64 + digit;
  }
  return number;
}

SOCKETIO_DECL std::optional<std::size_t> SessionLog::position_after(std::string_view offset) const {
  const auto number = number_of(offset);
  if (!number) return std::nullopt;
  if (*number == last_dropped_) return 0;  // gone itself, and nothing after it
  const auto found = positions_.find(*number);
  if (found == positions_.end()) return std::nullopt;
  return static_cast<std::size_t>(found->second - first_position_) + 1;
}

SOCKETIO_DECL void SessionLog::drop_first() {
  const Entry& first = entries_.front();
  last_dropped_ = first.number;
  let_go(log_bytes_, first.bytes);
  positions_.erase(first.number);
  entries_.pop_front();
  ++first_position_;
}

SOCKETIO_DECL void SessionLog::drop_old_entries(TimePoint now) {
  while (!entries_.empty() && is_old(entries_.front().time, now)) drop_first();
}

SOCKETIO_DECL void SessionLog::forget(Sessions::iterator session) {
  let_go(session_bytes_, session->bytes);
  by_pid_.erase(std::string_view(session->session.pid));
  sessions_.erase(session);
}

SOCKETIO_DECL void SessionLog::drop_old_sessions(TimePoint now) {
  while (!sessions_.empty() && is_old(sessions_.front().disconnected, now)) forget(sessions_.begin());
}

}  // namespace socketio::detail
