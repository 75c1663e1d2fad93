// SPDX-License-Identifier: MIT
// Bodies of event_rates.hpp. Core layer.
#pragma once

#include <socketio/core/event_rates.hpp>

namespace socketio::detail {

SOCKETIO_DECL EventRates::EventRates(const RateLimits& limits, unsigned ipv6_prefix) : ipv6_prefix_(ipv6_prefix) {
  const auto set = [](Limit& limit, const RateLimit& chosen) {
    limit.rate = TokenRate(chosen);
    limit.action = chosen.action;
  };
  set(per_socket_, limits.per_socket);
  set(per_address_, limits.per_address);
  if (limits.per_address.is_on()) addresses_.reset(new AddressBuckets(limits.per_address, limits.max_addresses));
  for (const auto& [event, chosen] : limits.per_event) {
    Limit& limit = per_event_[event];
    set(limit, chosen);
    limit.index = per_event_.size() - 1;
  }
}

SOCKETIO_DECL std::unique_ptr<SocketRates> EventRates::make_socket(std::string_view address) const {
  return std::make_unique<SocketRates>(*this, addresses_ ? address_key(address, ipv6_prefix_) : std::nullopt);
}

SOCKETIO_DECL RateLimitCounts EventRates::counts() const noexcept {
  RateLimitCounts counts;
  counts.per_socket = per_socket_.refused.load(std::memory_order_relaxed);
  for (const auto& [event, limit] : per_event_) counts.per_event += limit.refused.load(std::memory_order_relaxed);
  counts.per_address = per_address_.refused.load(std::memory_order_relaxed);
  return counts;
}

SOCKETIO_DECL SocketRates::SocketRates(const EventRates& limits, std::optional<AddressKey> address)
    : limits_(limits), address_(address), by_event_(limits.per_event_.size()) {}

SOCKETIO_DECL std::optional<SocketRates::Refusal> SocketRates::admit(std::string_view event,
                                                                     Scheduler::Clock::time_point now) {
  if (limits_.per_socket_.rate.is_on())
    if (const auto refusal =
            judge(limits_.per_socket_, "per_socket", socket_is_refusing_, bucket_.take(limits_.per_socket_.rate, now)))
      return refusal;
  if (!by_event_.empty())
    if (const auto found = limits_.per_event_.find(event); found != limits_.per_event_.end()) {
      const EventRates::Limit& limit = found->second;
      if (const auto refusal =
              judge(limit, "per_event", event_is_refusing_, by_event_[limit.index].take(limit.rate, now)))
        return refusal;
    }
  if (address_)
    return judge(limits_.per_address_, "per_address", address_is_refusing_, limits_.addresses_->take(*address_, now));
  return std::nullopt;
}

SOCKETIO_DECL std::optional<SocketRates::Refusal> SocketRates::judge(const EventRates::Limit& limit, const char* name,
                                                                     bool& is_refusing, TokenBucket::Duration wait) {
  const bool was_refusing = is_refusing;
  is_refusing = wait != TokenBucket::Duration::zero();
  if (!is_refusing) return std::nullopt;
  limit.refused.fetch_add(1, std::memory_order_relaxed);
  return Refusal{limit.action, std::chrono::ceil<std::chrono::milliseconds>(wait), name, !was_refusing};
}

}  // namespace socketio::detail
