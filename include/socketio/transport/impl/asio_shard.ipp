// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_shard.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_shard.hpp>

#include <asio/post.hpp>

#include <cstdint>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL AsioShard::AsioShard(asio::io_context& context, const AsioTransportOptions& transport_options,
                                   std::unique_ptr<WebSocketProtocolFactory> websocket_protocols)
    : options(transport_options),
      scheduler(context),
      protocols(std::move(websocket_protocols)),
#if defined(__linux__)
      epoll_(new EpollSet(context, &AsioShard::end_turn, this)),
#endif
      read_buffer_(std::make_unique_for_overwrite<char[]>(read_buffer_bytes)),
      close_timer_([](void* self) { static_cast<AsioShard*>(self)->abandon(false); }, this) {
}

SOCKETIO_DECL AsioShard::~AsioShard() {
#if defined(__linux__)
  epoll_->close();
#endif
}

SOCKETIO_DECL std::unique_ptr<AsioOutQueue> AsioShard::take_queue() {
  if (spare_queues_.empty()) return std::make_unique<AsioOutQueue>();
  auto queue = std::move(spare_queues_.back());
  spare_queues_.pop_back();
  return queue;
}

SOCKETIO_DECL void AsioShard::give_back(std::unique_ptr<AsioOutQueue> queue) {
  if (queue->recycle() && spare_queues_.size() < max_spare_queues) spare_queues_.push_back(std::move(queue));
}

SOCKETIO_DECL void AsioShard::set_exchange_handler(ExchangeHandler handler) {
  exchange_handler_.reset(new ExchangeHandler(std::move(handler)));
}

SOCKETIO_DECL void AsioShard::deliver(ExchangePtr exchange) {
  // A copy keeps the handler alive: it may set another one.
  if (const auto handler = exchange_handler_; handler && *handler) (*handler)(std::move(exchange));
}

SOCKETIO_DECL void AsioShard::flush_later(std::shared_ptr<AsioConnection> connection) {
  dirty_.push_back(std::move(connection));
  if (dirty_.size() > 1) return;
#if defined(__linux__)
  if (epoll_->is_in_turn()) return;
#endif
  asio::post(scheduler.context(), [shard = shared_from_this()] { shard->flush_dirty(); });
}

#if defined(__linux__)
SOCKETIO_DECL void AsioShard::end_turn(void* self) {
  auto& shard = *static_cast<AsioShard*>(self);
  if (shard.dirty_.empty()) return;
  const auto kept = shard.shared_from_this();
  shard.flush_dirty();
}
#endif

SOCKETIO_DECL void AsioShard::flush_dirty() {
  // The messages that listeners send from on_drain belong to the next turn.
  auto batch = std::exchange(dirty_, std::move(spare_batch_));
  for (const auto& connection : batch) connection->flush();
  batch.clear();
  spare_batch_ = std::move(batch);
}

SOCKETIO_DECL std::shared_ptr<AsioShard> AsioShard::next_of_group() {
  if (group->shards.empty()) return shared_from_this();
  return group->shards[group->next++ % group->shards.size()];
}

SOCKETIO_DECL std::shared_ptr<AsioShard> AsioShard::other(std::size_t index) const {
  return index < group->shards.size() ? group->shards[index] : nullptr;
}

SOCKETIO_DECL void AsioShard::add(std::shared_ptr<AsioConnection> connection) {
  connection->index_in_shard = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
}

SOCKETIO_DECL void AsioShard::remove(AsioConnection& connection) {
  const std::size_t index = connection.index_in_shard;
  if (index >= connections_.size() || connections_[index].get() != &connection) return;
  group->connections.fetch_sub(1, std::memory_order_relaxed);
  hand_over(connection);
}

SOCKETIO_DECL void AsioShard::hand_over(AsioConnection& connection) {
  const std::size_t index = connection.index_in_shard;
  const auto removed = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index_in_shard = static_cast<std::uint32_t>(index);
  }
  connections_.pop_back();
  if (!connections_.empty()) return;
  scheduler.cancel(close_timer_);
  if (!empty_handlers_.empty()) post_empty();
}

SOCKETIO_DECL void AsioShard::when_empty(EmptyHandlers::Handler handler) {
  empty_handlers_.add(std::move(handler));
  if (connections_.empty()) post_empty();
}

SOCKETIO_DECL void AsioShard::post_empty() {
  scheduler.post([shard = shared_from_this()] {
    // A connection may have come since the post; then its end calls the handlers.
    if (shard->connections_.empty()) shard->empty_handlers_.call();
  });
}

SOCKETIO_DECL void AsioShard::open() {
  closing_ = false;
  scheduler.cancel(close_timer_);
  scheduler.release_when_idle(false);
}

SOCKETIO_DECL void AsioShard::open_later() {
  scheduler.post([shard = shared_from_this()] { shard->open(); });
}

SOCKETIO_DECL void AsioShard::close() {
  if (closing_) return;
  closing_ = true;
  const auto all = connections_;
  for (const auto& connection : all) connection->shut_down();
  if (!connections_.empty()) scheduler.arm(close_timer_, options.shutdown_timeout);
  scheduler.release_when_idle(true);
}

SOCKETIO_DECL void AsioShard::abandon(bool silently) {
  const auto self = shared_from_this();
  if (silently) empty_handlers_.clear();
  const auto all = connections_;
  for (const auto& connection : all) connection->abandon(silently);
  dirty_.clear();
}

}  // namespace socketio::detail
