// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_connection.hpp>: how a connection changes its shard. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_http.hpp>
#include <socketio/transport/asio_shard.hpp>

#include <utility>

namespace socketio::detail {

SOCKETIO_DECL bool AsioConnection::is_moving() const noexcept { return http_ && http_->is_moving(); }

SOCKETIO_DECL bool AsioConnection::move_to(std::size_t shard, HttpRequest request, bool is_upgrade) {
  auto target = shard_->other(shard);
  if (!target || target == shard_) return false;
  http_->begin_move({std::move(target), std::move(request), is_upgrade});
  return true;
}

/// Leaves as soon as nothing of this shard refers to the connection: nothing to be written, no posted task, no wait.
SOCKETIO_DECL void AsioConnection::try_move() {
  if (!is_moving() || queue_ || dirty_ || http_->is_resuming()) return;
  if (waiting_readable_ && cancel_wait_readable()) return;
  waiting_readable_ = false;
  const auto self = shared_from_this();
  AsioMove move = http_->take_move();
  if (shard_->closing()) return http_->refuse(503);
  if (!move_stream(*move.target)) return end();
  shard_->hand_over(*this);
  shard_ = move.target;
  shard_->scheduler.post([self, request = std::move(move.request), is_upgrade = move.is_upgrade]() mutable {
    self->arrive(std::move(request), is_upgrade);
  });
}

/// The first turn on the new shard.
SOCKETIO_DECL void AsioConnection::arrive(HttpRequest request, bool is_upgrade) {
  shard_->add(shared_from_this());
  if (shard_->closing()) return http_->refuse(503);
  http_->deliver(std::move(request), is_upgrade);
  if (phase_ == Phase::http) http_->update_deadline(http_->has_kept_input());
  update_reading();
}

}  // namespace socketio::detail
