// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_shard.hpp>. Transport layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_shard.hpp>

#include <cstring>

namespace socketio::detail {

inline void AsioOutQueue::gather(std::vector<asio::const_buffer>& buffers, std::span<char> scratch) const {
  buffers.clear();
  std::size_t used = 0;
  bool last_is_copy = false;
  std::size_t skip = written_;
  for (std::size_t i = first_; i < items_.size(); ++i) {
    const std::string_view piece = items_[i].bytes.substr(skip);
    skip = 0;
    if (piece.size() <= max_copied_bytes && piece.size() <= scratch.size() - used) {
      std::memcpy(scratch.data() + used, piece.data(), piece.size());
      if (last_is_copy) {
        buffers.back() = asio::const_buffer(buffers.back().data(), buffers.back().size() + piece.size());
      } else {
        if (buffers.size() == max_buffers) return;
        buffers.emplace_back(scratch.data() + used, piece.size());
      }
      used += piece.size();
      last_is_copy = true;
    } else {
      if (buffers.size() == max_buffers) return;
      buffers.emplace_back(piece.data(), piece.size());
      last_is_copy = false;
    }
  }
}

inline void AsioOutQueue::consume(std::size_t bytes) {
  bytes_ -= bytes;
  written_ += bytes;
  while (first_ < items_.size() && written_ >= items_[first_].bytes.size()) {
    written_ -= items_[first_].bytes.size();
    pongs_ -= items_[first_].is_pong ? 1u : 0u;
    items_[first_] = {};
    ++first_;
  }
  // A slow receiver's queue may never run empty: what is written makes room in time.
  if (first_ >= 256 && first_ * 2 >= items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

inline bool AsioOutQueue::recycle() {
  items_.clear();
  first_ = written_ = bytes_ = pongs_ = 0;
  return items_.capacity() <= 64;
}

inline void AsioShard::flush_later(std::shared_ptr<AsioConnection> connection) {
  dirty_.push_back(std::move(connection));
  if (dirty_.size() > 1) return;
  asio::post(scheduler.context(), [shard = shared_from_this()] { shard->flush_dirty(); });
}

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
  const auto removed = std::move(connections_[index]);
  group->connections.fetch_sub(1, std::memory_order_relaxed);
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
