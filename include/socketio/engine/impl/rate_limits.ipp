// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/rate_limits.hpp>. Engine layer.
#pragma once

#include <socketio/engine/rate_limits.hpp>

#include <algorithm>

namespace socketio {

SOCKETIO_DECL std::vector<std::string> RateLimits::validate() const {
  std::vector<std::string> problems;
  const auto check = [&problems](const RateLimit& limit, const std::string& name) {
    // One in a day to a million in a second, and bursts that come back within a year: no calculation overflows.
    constexpr double least = 1.0 / 86'400;
    constexpr double seconds_of_a_year = 365.0 * 86'400;
    if (!limit.is_on()) return;
    if (!(limit.per_second >= least && limit.per_second <= 1e6))
      problems.push_back("rate_limits." + name + ".per_second is not between one in a day and 1,000,000");
    else if (static_cast<double>(limit.burst) / limit.per_second > seconds_of_a_year)
      problems.push_back("rate_limits." + name + ".burst takes more than a year to come back");
  };
  check(per_socket, "per_socket");
  for (const auto& each : per_event) {  // no structured binding: Clang 14 does not let a lambda capture it
    const auto& event = each.first;
    const RateLimit& limit = each.second;
    check(limit, "per_event '" + event + '\'');
    if (!limit.is_on()) problems.push_back("rate_limits.per_event '" + event + "' has no per_second");
    if (std::count_if(per_event.begin(), per_event.end(), [&](const auto& other) { return other.first == event; }) > 1)
      problems.push_back("rate_limits.per_event '" + event + "' is there more than once");
  }
  check(per_address, "per_address");
  check(handshakes_per_address, "handshakes_per_address");
  if (max_addresses == 0 || max_addresses > std::size_t{1} << 24)
    problems.emplace_back("rate_limits.max_addresses is not between 1 and 16,777,216");
  return problems;
}

}  // namespace socketio
