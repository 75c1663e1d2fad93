// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_shard.hpp>. Transport layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_shard.hpp>

#include <utility>

namespace socketio::detail {

inline void AsioShard::flush_later(std::shared_ptr<AsioConnection> connection) {
  dirty_.push_back(std::move(connection));
  if (dirty_.size() > 1) return;
#if defined(__linux__)
  if (epoll_->is_in_turn()) return;
#endif
  asio::post(scheduler.context(), [shard = shared_from_this()] { shard->flush_dirty(); });
}

#if defined(__linux__)
inline void AsioShard::end_turn(void* self) {
  auto& shard = *static_cast<AsioShard*>(self);
  if (shard.dirty_.empty()) return;
  const auto kept = shard.shared_from_this();
  shard.flush_dirty();
}
#endif

inline void AsioShard::flush_dirty() {
  // What the listeners send from on_drain belongs to the next turn.
  auto batch = std::exchange(dirty_, std::move(spare_batch_));
  for (const auto& connection : batch) connection->flush();
  batch.clear();
  spare_batch_ = std::move(batch);
}

inline std::shared_ptr<AsioShard> AsioShard::next_of_group() {
  if (group->shards.empty()) return shared_from_this();
  return group->shards[group->next++ % group->shards.size()];
}

inline void AsioShard::add(std::shared_ptr<AsioConnection> connection) {
  connection->index_in_shard = connections_.size();
  connections_.push_back(std::move(connection));
}

inline void AsioShard::remove(AsioConnection& connection) {
  const std::size_t index = connection.index_in_shard;
  if (index >= connections_.size() || connections_[index].get() != &connection) return;
  group->connections.fetch_sub(1, std::memory_order_relaxed);
  hand_over(connection);
}

inline void AsioShard::hand_over(AsioConnection& connection) {
  const std::size_t index = connection.index_in_shard;
  const auto removed = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index_in_shard = index;
  }
  connections_.pop_back();
  if (connections_.empty()) scheduler.cancel(close_timer_);
}

inline void AsioShard::open() {
  closing_ = false;
  scheduler.cancel(close_timer_);
  scheduler.release_when_idle(false);
}

inline void AsioShard::close() {
  if (closing_) return;
  closing_ = true;
  const auto all = connections_;
  for (const auto& connection : all) connection->shut_down();
  if (!connections_.empty()) scheduler.arm(close_timer_, options.shutdown_timeout);
  scheduler.release_when_idle(true);
}

inline void AsioShard::abandon(bool silently) {
  const auto self = shared_from_this();
  const auto all = connections_;
  for (const auto& connection : all) connection->abandon(silently);
  dirty_.clear();
}

}  // namespace socketio::detail
