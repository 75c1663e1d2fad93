// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_connection.hpp>: how a connection changes its shard. Transport layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>

#include <utility>

namespace socketio::detail {

inline bool AsioConnection::is_moving() const noexcept { return http_ && http_->move; }

inline bool AsioConnection::move_to(std::size_t shard, HttpRequest request, bool is_upgrade) {
  auto target = shard_->other(shard);
  if (!target || target == shard_) return false;
  http_->exchange = nullptr;
  http_->move = std::make_unique<Move>(Move{std::move(target), std::move(request), is_upgrade});
  resume_input_later();  // and leave then: not from inside the reading of this request
  return true;
}

/// Leaves as soon as nothing of this shard refers to the connection: nothing to be written, no posted task, no wait.
inline void AsioConnection::try_move() {
  if (!is_moving() || queue_ || dirty_ || http_->resuming) return;
  if (waiting_readable_ && cancel_wait_readable()) return;
  waiting_readable_ = false;
  if (shard_->closing()) {
    http_->move = nullptr;
    return http_refuse(503);
  }
  const auto self = shared_from_this();
  Move move = std::move(*std::exchange(http_->move, nullptr));
  shard_->scheduler.cancel(http_->timer);
  http_->deadline = HttpDeadline::none;
  if (!move_stream(*move.target)) return end();
  shard_->hand_over(*this);
  shard_ = move.target;
  shard_->scheduler.post([self, request = std::move(move.request), is_upgrade = move.is_upgrade]() mutable {
    self->arrive(std::move(request), is_upgrade);
  });
}

/// The first turn on the new shard.
inline void AsioConnection::arrive(HttpRequest request, bool is_upgrade) {
  shard_->add(shared_from_this());
  if (shard_->closing()) return http_refuse(503);
  http_deliver(std::move(request), is_upgrade);
  if (phase_ == Phase::http) http_update_deadline(!http_->tail.empty());
  update_reading();
}

inline bool AsioExchange::move_to(std::size_t shard) {
  if (!connection_) return true;
  if (!connection_->move_to(shard, request_, is_upgrade_)) return false;
  finish();
  return true;
}

}  // namespace socketio::detail
