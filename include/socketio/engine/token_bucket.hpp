// SPDX-License-Identifier: MIT
// Token buckets: one, and a table of bounded size with one for each address. Engine layer, internal.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/ip_address.hpp>
#include <socketio/engine/rate_limits.hpp>
#include <socketio/engine/scheduler.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>

namespace socketio::detail {

/// A RateLimit as times.
struct TokenRate {
  using Duration = Scheduler::Clock::duration;

  TokenRate() = default;
  SOCKETIO_DECL explicit TokenRate(const RateLimit& limit) noexcept;

  bool is_on() const noexcept { return capacity.count() != 0; }

  Duration token{0};     // in which one token comes back
  Duration capacity{0};  // in which an empty bucket becomes full; 0: no limit
};

/// The tokens of one client, as one time: when the bucket will be full. It is full at first.
///
/// @par Thread safety  As a plain value.
class TokenBucket {
 public:
  using TimePoint = Scheduler::Clock::time_point;
  using Duration = TokenRate::Duration;

  /// Takes a token, if there is one.
  ///
  /// @return  zero; or how long until there is a token, and nothing has changed
  Duration take(const TokenRate& rate, TimePoint now) noexcept {
    const TimePoint full_then = (full_at_ > now ? full_at_ : now) + rate.token;
    const Duration missing = full_then - now - rate.capacity;
    if (missing > Duration::zero()) return missing;
    full_at_ = full_then;
    return Duration::zero();
  }

  bool is_full(TimePoint now) const noexcept { return full_at_ <= now; }
  TimePoint full_at() const noexcept { return full_at_; }

 private:
  TimePoint full_at_{};
};

/// A bucket for each address that has taken a token lately, in a table that never grows.
///
/// A secret hash assigns each address to a row of 8 places. A new address takes the place of the bucket that is nearest
/// to being full, which is most often a full one: then nothing is lost. An address that keeps taking tokens has the
/// emptiest bucket of its row, so it cannot have itself forgotten; another address gains at most the tokens that it
/// would have got back by itself before any other of its row.
///
/// @par Thread safety  Any thread; threads wait for each other only in the same part of the table.
/// @par Cost           32 bytes for each place, from the beginning.
class AddressBuckets {
 public:
  static constexpr std::size_t places_of_row = 8;

  /// @param max_addresses  rounded up to a power of 2, at least 8
  SOCKETIO_DECL AddressBuckets(const RateLimit& limit, std::size_t max_addresses);

  /// As TokenBucket::take, for the bucket of an address.
  SOCKETIO_DECL TokenBucket::Duration take(const AddressKey& key, TokenBucket::TimePoint now);

  /// How many places the table has.
  std::size_t size() const noexcept { return row_count_ * places_of_row; }

 private:
  struct Place {
    AddressKey key{};
    TokenBucket bucket;
  };
  using Row = std::array<Place, places_of_row>;

  const TokenRate rate_;
  const AddressHash hash_;
  const std::size_t row_count_;
  std::unique_ptr<Row[]> rows_;
  std::array<std::mutex, 16> mutexes_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/token_bucket.ipp>
#endif
