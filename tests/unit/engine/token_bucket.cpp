// SPDX-License-Identifier: MIT
#include <socketio/engine/token_bucket.hpp>

#include <socketio/engine/rate_limits.hpp>

#include <tests/support/catch.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using socketio::RateLimit;
using socketio::RateLimits;
using socketio::detail::address_key;
using socketio::detail::AddressBuckets;
using socketio::detail::TokenBucket;
using socketio::detail::TokenRate;

namespace {

const TokenBucket::TimePoint start{24h};

/// How many tokens there are to take now.
std::size_t take_all(TokenBucket& bucket, const TokenRate& rate, TokenBucket::TimePoint now) {
  std::size_t taken = 0;
  while (taken < 10'000 && bucket.take(rate, now) == 0ns) ++taken;
  return taken;
}

auto key_of(int number) {
  return *address_key("10." + std::to_string(number / 65'536) + '.' + std::to_string(number / 256 % 256) + '.' +
                          std::to_string(number % 256),
                      64);
}

}  // namespace

TEST_CASE("a bucket gives its burst at once, and then as much as its rate", "[engine][rates]") {
  const TokenRate rate(RateLimit{.per_second = 10, .burst = 5});
  TokenBucket bucket;
  CHECK(bucket.is_full(start));
  CHECK(take_all(bucket, rate, start) == 5);
  CHECK(bucket.take(rate, start) == 100ms);
  CHECK(bucket.take(rate, start + 99ms) == 1ms);
  CHECK(bucket.take(rate, start + 100ms) == 0ms);
  CHECK(bucket.take(rate, start + 100ms) == 100ms);
  CHECK(take_all(bucket, rate, start + 350ms) == 2);
  CHECK_FALSE(bucket.is_full(start + 400ms));
  CHECK(take_all(bucket, rate, start + 10min) == 5);
}

TEST_CASE("what a bucket refuses costs nothing", "[engine][rates]") {
  const TokenRate rate(RateLimit{.per_second = 1, .burst = 1});
  TokenBucket bucket;
  CHECK(bucket.take(rate, start) == 0s);
  for (int i = 0; i < 1'000; ++i) CHECK(bucket.take(rate, start + 500ms) == 500ms);
  CHECK(bucket.take(rate, start + 1s) == 0s);
}

TEST_CASE("without a burst a bucket holds the tokens of a second, at least one", "[engine][rates]") {
  const auto burst_of = [](double per_second) {
    TokenBucket bucket;
    return take_all(bucket, TokenRate(RateLimit{.per_second = per_second}), start);
  };
  CHECK(burst_of(7) == 7);
  CHECK(burst_of(1) == 1);
  CHECK(burst_of(2.9) == 2);
  CHECK(burst_of(0.1) == 1);
}

TEST_CASE("a rate may be less than one in a second", "[engine][rates]") {
  const TokenRate rate(RateLimit{.per_second = 0.1, .burst = 1});
  TokenBucket bucket;
  CHECK(bucket.take(rate, start) == 0s);
  CHECK(bucket.take(rate, start + 9s) == 1s);
  CHECK(bucket.take(rate, start + 10s) == 0s);
}

TEST_CASE("a rate of zero is no limit", "[engine][rates]") {
  CHECK_FALSE(TokenRate().is_on());
  CHECK_FALSE(TokenRate(RateLimit{}).is_on());
  CHECK(TokenRate(RateLimit{.per_second = 1}).is_on());
  CHECK(TokenRate(RateLimit{.per_second = 1e6, .burst = 1}).is_on());
}

TEST_CASE("the clock of another thread may be a little late", "[engine][rates]") {
  const TokenRate rate(RateLimit{.per_second = 1, .burst = 1});
  TokenBucket bucket;
  CHECK(bucket.take(rate, start + 1s) == 0s);
  CHECK(bucket.take(rate, start) == 2s);
  CHECK(bucket.take(rate, start + 2s) == 0s);
}

TEST_CASE("every address has a bucket of its own", "[engine][rates]") {
  AddressBuckets buckets({.per_second = 1, .burst = 2}, 64);
  CHECK(buckets.take(key_of(1), start) == 0s);
  CHECK(buckets.take(key_of(1), start) == 0s);
  CHECK(buckets.take(key_of(1), start) == 1s);
  CHECK(buckets.take(key_of(2), start) == 0s);
  CHECK(buckets.take(key_of(1), start + 1s) == 0s);
  CHECK(buckets.take(key_of(1), start + 1s) == 1s);
}

TEST_CASE("the table of addresses has a fixed size", "[engine][rates]") {
  const auto size_for = [](std::size_t max) { return AddressBuckets({.per_second = 1}, max).size(); };
  CHECK(size_for(1) == 8);
  CHECK(size_for(8) == 8);
  CHECK(size_for(9) == 16);
  CHECK(size_for(65'536) == 65'536);
}

TEST_CASE("a flood of addresses does not make the table forget who uses up his tokens", "[engine][rates]") {
  AddressBuckets buckets({.per_second = 1, .burst = 10}, 8);
  for (int i = 0; i < 10; ++i) CHECK(buckets.take(key_of(0), start) == 0s);
  for (int other = 1; other < 5'000; ++other) {
    static_cast<void>(buckets.take(key_of(other), start));
    if (other % 500 == 0) CHECK(buckets.take(key_of(0), start) == 1s);
  }
}

TEST_CASE("addresses that have rested give their places to new ones", "[engine][rates]") {
  AddressBuckets buckets({.per_second = 1, .burst = 2}, 8);
  for (int i = 0; i < 8; ++i) {
    CHECK(buckets.take(key_of(i), start) == 0s);
    CHECK(buckets.take(key_of(i), start) == 0s);
  }
  // All are full again: eight others take the places, and each is limited as the first ones were.
  const auto later = start + 2s;
  for (int i = 100; i < 108; ++i) {
    CHECK(buckets.take(key_of(i), later) == 0s);
    CHECK(buckets.take(key_of(i), later) == 0s);
  }
  for (int i = 100; i < 108; ++i) CHECK(buckets.take(key_of(i), later) == 1s);
}

TEST_CASE("rates that cannot be meant are refused with a message", "[engine][rates][options]") {
  using Problems = std::vector<std::string>;
  const auto problems = [](RateLimit limit) { return RateLimits{.per_socket = limit}.validate(); };
  CHECK(problems({}).empty());
  CHECK(problems({.per_second = 1.0 / 86'400}).empty());
  CHECK(problems({.per_second = 1e6}).empty());
  CHECK(problems({.per_second = 1, .burst = 365 * 86'400}).empty());
  const Problems bad_rate{"rate_limits.per_socket.per_second is not between one in a day and 1,000,000"};
  CHECK(problems({.per_second = -1}) == bad_rate);
  CHECK(problems({.per_second = 1e-9}) == bad_rate);
  CHECK(problems({.per_second = 1e6 + 1}) == bad_rate);
  CHECK(problems({.per_second = std::numeric_limits<double>::quiet_NaN()}) == bad_rate);
  CHECK(problems({.per_second = 1, .burst = 365 * 86'400 + 1}) ==
        Problems{"rate_limits.per_socket.burst takes more than a year to come back"});
  CHECK(RateLimits{.per_event = {{"a", {}}}}.validate() == Problems{"rate_limits.per_event 'a' has no per_second"});
  CHECK(RateLimits{.per_event = {{"a", {.per_second = 1}}, {"b", {.per_second = 1}}}}.validate().empty());
  CHECK(RateLimits{.per_event = {{"a", {.per_second = 1}}, {"a", {.per_second = 2}}}}.validate().size() == 2);
  CHECK(RateLimits{.per_address = {.per_second = -1}}.validate() ==
        Problems{"rate_limits.per_address.per_second is not between one in a day and 1,000,000"});
  CHECK(RateLimits{.handshakes_per_address = {.per_second = -1}}.validate() ==
        Problems{"rate_limits.handshakes_per_address.per_second is not between one in a day and 1,000,000"});
  CHECK(RateLimits{.max_addresses = 1}.validate().empty());
  CHECK(RateLimits{.max_addresses = 1 << 24}.validate().empty());
  const Problems bad_table{"rate_limits.max_addresses is not between 1 and 16,777,216"};
  CHECK(RateLimits{.max_addresses = 0}.validate() == bad_table);
  CHECK(RateLimits{.max_addresses = (1 << 24) + 1}.validate() == bad_table);
}
