// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/token_bucket.hpp>. Engine layer.
#pragma once

#include <socketio/engine/token_bucket.hpp>

#include <algorithm>
#include <bit>

namespace socketio::detail {

SOCKETIO_DECL TokenRate::TokenRate(const RateLimit& limit) noexcept {
  if (!limit.is_on()) return;
  const double most = limit.burst != 0 ? static_cast<double>(limit.burst) : (std::max)(limit.per_second, 1.0);
  const std::chrono::duration<double> seconds(1.0 / limit.per_second);
  token = std::chrono::duration_cast<Duration>(seconds);
  capacity = token * static_cast<Duration::rep>(most);
}

SOCKETIO_DECL AddressBuckets::AddressBuckets(const RateLimit& limit, std::size_t max_addresses)
    : rate_(limit),
      row_count_((std::max)(std::bit_ceil(max_addresses) / places_of_row, std::size_t{1})),
      rows_(new Row[row_count_]) {}

SOCKETIO_DECL TokenBucket::Duration AddressBuckets::take(const AddressKey& key, TokenBucket::TimePoint now) {
  const std::size_t index = hash_(key) & (row_count_ - 1);
  const std::lock_guard lock(mutexes_[index % mutexes_.size()]);
  Row& row = rows_[index];
  auto place = std::find_if(row.begin(), row.end(), [&](const Place& each) { return each.key == key; });
  if (place == row.end()) {
    place = std::min_element(row.begin(), row.end(),
                             [](const Place& a, const Place& b) { return a.bucket.full_at() < b.bucket.full_at(); });
    *place = {key, {}};
  }
  return place->bucket.take(rate_, now);
}

}  // namespace socketio::detail
