// SPDX-License-Identifier: MIT
// How often clients may send events: the limits of a server, and what one socket has used of them. Core layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/ip_address.hpp>
#include <socketio/engine/rate_limits.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/token_bucket.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::detail {

class SocketRates;

/// The limits of events of one server: see RateLimits.
///
/// @par Thread safety  Any thread.
class EventRates {
 public:
  SOCKETIO_DECL EventRates(const RateLimits& limits, unsigned ipv6_prefix);

  /// What a new socket has.
  SOCKETIO_DECL std::unique_ptr<SocketRates> make_socket(std::string_view address) const;

  /// How often events were not let through; without handshakes.
  SOCKETIO_DECL RateLimitCounts counts() const noexcept;

 private:
  friend class SocketRates;

  struct Limit {
    TokenRate rate;
    RateLimitAction action = RateLimitAction::refuse;
    std::size_t index = 0;  // of an event's: in SocketRates
    mutable std::atomic<std::uint64_t> refused{0};
  };

  Limit per_socket_;
  std::map<std::string, Limit, std::less<>> per_event_;
  Limit per_address_;
  std::unique_ptr<AddressBuckets> addresses_;  // null: not limited
  unsigned ipv6_prefix_;
};

/// What one socket has used of the limits.
///
/// When the socket leaves, its connection keeps it for the next socket: a client that leaves a namespace and joins
/// again, or joins another one, does not get new tokens by that.
///
/// @par Thread safety  The thread of the socket.
/// @par Cost           48 bytes and 8 for each event that has a limit; only for servers with limits of events.
class SocketRates {
 public:
  /// What becomes of an event that is not let through.
  struct Refusal {
    RateLimitAction action;
    std::chrono::milliseconds retry_after;  // at least 1
    const char* limit;                      // its name: "per_socket"
    bool is_first;                          // since that limit has let an event through: to be reported
  };

  SOCKETIO_DECL SocketRates(const EventRates& limits, std::optional<AddressKey> address);

  /// Another one of the same connection, while no socket uses this one.
  std::unique_ptr<SocketRates> next;

  /// Counts an event; nothing if all limits let it through.
  SOCKETIO_DECL std::optional<Refusal> admit(std::string_view event, Scheduler::Clock::time_point now);

 private:
  std::optional<Refusal> judge(const EventRates::Limit& limit, const char* name, bool& is_refusing,
                               TokenBucket::Duration wait);

  const EventRates& limits_;
  std::optional<AddressKey> address_;  // nothing: not limited
  TokenBucket bucket_;
  std::vector<TokenBucket> by_event_;
  bool socket_is_refusing_ = false;
  bool event_is_refusing_ = false;
  bool address_is_refusing_ = false;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/event_rates.ipp>
#endif
