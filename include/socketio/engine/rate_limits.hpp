// SPDX-License-Identifier: MIT
// How often clients may connect and send events, and what happens to those who do it more often. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace socketio {

/// What happens to an event that comes too early.
enum class RateLimitAction : std::uint8_t {
  drop,       // nothing: no handler is called, and no acknowledgement is sent
  refuse,     // as `drop`; if the client has asked for an acknowledgement, it gets
              // `{error: "rate limited", retry_after_ms: 250}` with the time after which the event would be accepted
  disconnect  // the client is disconnected from all namespaces, reason `rate limited`, and its connection ends
};

/// A token bucket: it holds `burst` tokens, each event takes one, and `per_second` tokens come back in a second.
struct RateLimit {
  /// 0: no limit. May be a fraction: 0.1 is one in ten seconds.
  double per_second = 0;

  /// How many may come at once, after a rest. 0: as many as in a second, at least 1.
  std::size_t burst = 0;

  RateLimitAction action = RateLimitAction::refuse;

  bool is_on() const noexcept { return per_second != 0; }

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// How often clients may do something; each limit is off unless it is set.
///
/// An event of a client passes `per_socket`, then that of its name, then `per_address`, before any handler, catch-all
/// handler or middleware is called; what one of them does not let through is not counted by the next. Acknowledgements
/// are not limited. The first event that a limit does not let through is reported to the error hook
/// (`Errc::rate_limited`); the limit is silent from then on until it has let an event through.
/// `Server::rate_limit_counts` counts all.
///
/// @par Limits  The memory for addresses is fixed: 2 tables (events, handshakes) of `max_addresses` places of 32 bytes.
struct RateLimits {
  /// Events of one socket, whatever their names: a client has one socket in each namespace. One that leaves and joins
  /// again, or joins another namespace, keeps the tokens that it had.
  RateLimit per_socket{};

  /// Events of one name of one socket: `{{"chat message", {.per_second = 2, .burst = 10}}}`.
  std::vector<std::pair<std::string, RateLimit>> per_event{};

  /// Events of all clients of one address; see `ServerOptions::ipv6_prefix` and `ServerOptions::trusted_proxies`.
  RateLimit per_address{};

  /// Handshakes of one address; more of them are answered with 429 and `Retry-After`. The action does not matter.
  RateLimit handshakes_per_address{};

  /// How many addresses are remembered, rounded up to a power of 2. When there are more that have sent something
  /// lately, the one that is nearest to having all its tokens again is forgotten; an address cannot make the server
  /// forget itself.
  std::size_t max_addresses = 65'536;

  /// Whether a limit of events is set.
  bool limits_events() const noexcept { return per_socket.is_on() || per_address.is_on() || !per_event.empty(); }

  /// Every problem in words; empty if there is none.
  SOCKETIO_DECL std::vector<std::string> validate() const;
};

/// How often each limit has not let something through, since the server was made.
struct RateLimitCounts {
  std::uint64_t per_socket = 0;
  std::uint64_t per_event = 0;
  std::uint64_t per_address = 0;
  std::uint64_t handshakes_per_address = 0;

  friend bool operator==(const RateLimitCounts&, const RateLimitCounts&) = default;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/rate_limits.ipp>
#endif
