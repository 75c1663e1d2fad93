// SPDX-License-Identifier: MIT
// Which of the engines of one server has a session, and how many sessions there are altogether. Engine layer.
#pragma once

#include <socketio/protocol/sid.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace socketio::detail {

/// What the engines of one server share, one on each shard.
///
/// Ids that the library makes tell by themselves which engine has the session: nothing is looked up. Those that the
/// program makes (`EngineOptions::generate_id`) are listed.
///
/// @par Thread safety  Any thread.
class SessionDirectory {
 public:
  /// @param max_sessions, max_per_address  0: no limit
  SessionDirectory(std::size_t engines, std::size_t max_sessions, std::size_t max_per_address)
      : engines_(engines), max_sessions_(max_sessions), max_per_address_(max_per_address) {}

  std::size_t engines() const noexcept { return engines_; }

  /// A new id that belongs to this engine.
  std::string make_id(std::size_t engine) const {
    std::string id = make_sid();
    // Each try fits with a probability of 1 / engines. What gives way is the first character: random, as the last ones,
    // which count, are not. Its 6 bits suffice for 64 engines; for more, other ids are drawn.
    for (std::size_t tries = 0; engine_by_text(id) != engine; ++tries) {
      if (tries % 64 == 63) id = make_sid();
      id.front() = digits[(digits.find(id.front()) + 1) % digits.size()];
    }
    return id;
  }

  /// The engine that has the session, if any has it.
  std::size_t engine_of(std::string_view id) const {
    if (engines_ == 1) return 0;
    if (has_claims_.load(std::memory_order_acquire)) {
      const std::lock_guard lock(mutex_);
      const auto found = claims_.find(std::string(id));
      if (found != claims_.end()) return found->second;
    }
    return engine_by_text(id);
  }

  /// Lists an id of the program's; false if it is there already.
  bool claim(const std::string& id, std::size_t engine) {
    if (engines_ == 1) return true;
    const std::lock_guard lock(mutex_);
    has_claims_.store(true, std::memory_order_release);
    return claims_.emplace(id, engine).second;
  }
  void disclaim(const std::string& id) noexcept {
    if (!has_claims_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(mutex_);
    claims_.erase(id);
  }

  /// Counts a session, if there may be one more; until `leave`.
  bool enter(const std::string& remote_address) {
    if (max_sessions_ != 0) {
      std::size_t count = sessions_.load(std::memory_order_relaxed);
      do {
        if (count >= max_sessions_) return false;
      } while (!sessions_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed));
    } else {
      sessions_.fetch_add(1, std::memory_order_relaxed);
    }
    if (max_per_address_ == 0) return true;
    const std::lock_guard lock(mutex_);
    std::size_t& here = per_address_[remote_address];
    if (here < max_per_address_) {
      ++here;
      return true;
    }
    sessions_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void leave(const std::string& remote_address) noexcept {
    sessions_.fetch_sub(1, std::memory_order_relaxed);
    if (max_per_address_ == 0) return;
    const std::lock_guard lock(mutex_);
    const auto found = per_address_.find(remote_address);
    if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
  }

  std::size_t sessions() const noexcept { return sessions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  /// FNV-1a; the text of an id is random enough for anything.
  std::size_t engine_by_text(std::string_view id) const noexcept {
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return static_cast<std::size_t>((hash >> 32) % engines_);
  }

  const std::size_t engines_;
  const std::size_t max_sessions_;
  const std::size_t max_per_address_;
  std::atomic<std::size_t> sessions_{0};
  std::atomic<bool> has_claims_{false};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> claims_;
  std::unordered_map<std::string, std::size_t> per_address_;  // counted only if that is limited
};

}  // namespace socketio::detail
