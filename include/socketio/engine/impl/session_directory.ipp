// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/session_directory.hpp>. Engine layer.
#pragma once

#include <socketio/engine/session_directory.hpp>
#include <socketio/protocol/sid.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

SOCKETIO_DECL SessionDirectory::SessionDirectory(std::size_t engines, const EngineOptions& options)
    : engines_(engines),
      max_sessions_(options.max_sessions),
      max_per_address_(options.max_sessions_per_address),
      ipv6_prefix_(options.ipv6_prefix) {
  const RateLimits& rates = options.rate_limits;
  if (rates.handshakes_per_address.is_on())
    handshakes_.reset(new AddressBuckets(rates.handshakes_per_address, rates.max_addresses));
}

SOCKETIO_DECL std::string SessionDirectory::make_id(std::size_t engine) const {
  std::string id = make_sid();
  // Each try fits with a probability of 1 / engines. The first character is the one to change: it is random, unlike the
  // last ones, which count. Its 6 bits suffice for 64 engines; for more, other ids are drawn.
  for (std::size_t tries = 0; engine_by_text(id) != engine; ++tries) {
    if (tries % 64 == 63) id = make_sid();
    id.front() = digits[(digits.find(id.front()) + 1) % digits.size()];
  }
  return id;
}

SOCKETIO_DECL std::size_t SessionDirectory::engine_of(std::string_view id) const {
  if (engines_ == 1) return 0;
  if (has_claims_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    const auto found = claims_.find(std::string(id));
    if (found != claims_.end()) return found->second;
  }
  return engine_by_text(id);
}

SOCKETIO_DECL bool SessionDirectory::claim(const std::string& id, std::size_t engine) {
  if (engines_ == 1) return true;
  const std::lock_guard lock(mutex_);
  has_claims_.store(true, std::memory_order_release);
  return claims_.emplace(id, engine).second;
}

SOCKETIO_DECL void SessionDirectory::disclaim(const std::string& id) noexcept {
  if (!has_claims_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  claims_.erase(id);
}

SOCKETIO_DECL Scheduler::Clock::duration SessionDirectory::admit_handshake(const std::string& remote_address,
                                                                           Scheduler::Clock::time_point now) {
  using Duration = Scheduler::Clock::duration;
  if (!handshakes_) return Duration::zero();
  const auto key = address_key(remote_address, ipv6_prefix_);
  if (!key) return Duration::zero();
  const Duration wait = handshakes_->take(*key, now);
  if (wait != Duration::zero()) refused_handshakes_.fetch_add(1, std::memory_order_relaxed);
  return wait;
}

SOCKETIO_DECL bool SessionDirectory::enter(const std::string& remote_address) {
  if (max_sessions_ != 0) {
    std::size_t count = sessions_.load(std::memory_order_relaxed);
    do {
      if (count >= max_sessions_) return false;
    } while (!sessions_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed));
  } else {
    sessions_.fetch_add(1, std::memory_order_relaxed);
  }
  if (max_per_address_ == 0) return true;
  const auto key = address_key(remote_address, ipv6_prefix_);
  if (!key) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& here = per_address_[*key];
  if (here < max_per_address_) {
    ++here;
    return true;
  }
  sessions_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

SOCKETIO_DECL void SessionDirectory::leave(const std::string& remote_address) noexcept {
  sessions_.fetch_sub(1, std::memory_order_relaxed);
  if (max_per_address_ == 0) return;
  const auto key = address_key(remote_address, ipv6_prefix_);
  if (!key) return;
  const std::lock_guard lock(mutex_);
  const auto found = per_address_.find(*key);
  if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
}

SOCKETIO_DECL std::size_t SessionDirectory::engine_by_text(std::string_view id) const noexcept {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return static_cast<std::size_t>((hash >> 32) % engines_);
}

}  // namespace detail

}  // namespace socketio
