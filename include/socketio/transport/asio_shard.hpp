// SPDX-License-Identifier: MIT
// What the connections of one event loop share: buffers, timers, and the flush at the end of a turn. Transport layer.
#pragma once

#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/asio_out_queue.hpp>
#include <socketio/transport/asio_scheduler.hpp>
#include <socketio/transport/epoll_set.hpp>
#include <socketio/transport/websocket_deflate.hpp>
#include <socketio/transport/websocket_protocol.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace socketio::detail {

class AsioConnection;
class AsioShard;

/// The shards that serve one server together.
struct AsioShardGroup {
  std::vector<std::shared_ptr<AsioShard>> shards;  // in the order of their indices; empty if there is only one
  std::size_t next = 0;                            // who gets the next connection; the accepting thread's
  std::atomic<std::size_t> connections{0};         // accepted and not ended, on all shards
};

/// @par Thread safety  Owner's thread only, except `open_later`.
class AsioShard : public std::enable_shared_from_this<AsioShard> {
 public:
  /// @param websocket_protocols  who speaks RFC 6455; nullptr: WebSocketParser
  AsioShard(asio::io_context& context, const AsioTransportOptions& transport_options,
            std::unique_ptr<WebSocketProtocolFactory> websocket_protocols = nullptr)
      : options(transport_options),
        scheduler(context),
        protocols(std::move(websocket_protocols)),
        read_buffer_(std::make_unique_for_overwrite<char[]>(read_buffer_bytes)) {}
  AsioShard(const AsioShard&) = delete;
  AsioShard& operator=(const AsioShard&) = delete;
#if defined(__linux__)
  ~AsioShard() { epoll_->close(); }

  /// Where connections over plain sockets wait.
  EpollSet& epoll() noexcept { return *epoll_; }
#endif

  const AsioTransportOptions options;
  AsioScheduler scheduler;
  std::shared_ptr<AsioShardGroup> group = std::make_shared<AsioShardGroup>();  // set before anything happens
  const std::unique_ptr<WebSocketProtocolFactory> protocols;

  /// The one buffer that every connection reads into; its content is gone after the current handler.
  std::span<char> read_buffer() noexcept { return {read_buffer_.get(), read_buffer_bytes}; }

  /// How much of it is for one read of HTTP, whose requests may have to wait in memory for their turn.
  static constexpr std::size_t max_http_read_bytes = 64 * 1024;

  std::unique_ptr<AsioOutQueue> take_queue() {
    if (spare_queues_.empty()) return std::make_unique<AsioOutQueue>();
    auto queue = std::move(spare_queues_.back());
    spare_queues_.pop_back();
    return queue;
  }
  void give_back(std::unique_ptr<AsioOutQueue> queue) {
    if (queue->recycle() && spare_queues_.size() < max_spare_queues) spare_queues_.push_back(std::move(queue));
  }

  DeflatePool& deflate_pool() noexcept { return deflate_pool_; }

  std::vector<asio::const_buffer>& buffers() noexcept { return buffers_; }

  /// Has `connection` flushed at the end of this turn of the loop.
  void flush_later(std::shared_ptr<AsioConnection> connection);

  void set_exchange_handler(ExchangeHandler handler) {
    exchange_handler_ = std::make_shared<ExchangeHandler>(std::move(handler));
  }
  void deliver(ExchangePtr exchange) {
    // Kept while it runs: it may set another one.
    if (const auto handler = exchange_handler_; handler && *handler) (*handler)(std::move(exchange));
  }

  /// The shard that gets the next connection, and another one of the group.
  std::shared_ptr<AsioShard> next_of_group();
  std::shared_ptr<AsioShard> other(std::size_t index) const {
    return index < group->shards.size() ? group->shards[index] : nullptr;
  }

  void add(std::shared_ptr<AsioConnection> connection);
  void remove(AsioConnection& connection);
  /// As `remove`, for a connection that another shard of the group will `add`: it counts meanwhile.
  void hand_over(AsioConnection& connection);
  std::size_t connection_count() const noexcept { return connections_.size(); }

  /// Whether close() was called and listen() not since.
  bool closing() const noexcept { return closing_; }
  void open();
  void open_later() {
    scheduler.post([shard = shared_from_this()] { shard->open(); });
  }
  void close();
  /// Ends every connection at once; with `silently`, nobody is told.
  void abandon(bool silently);

 private:
  // A WebSocket message that arrives in one piece is not copied, so that it pays if most messages fit.
  static constexpr std::size_t read_buffer_bytes = 256 * 1024;
  static constexpr std::size_t max_spare_queues = 1024;

  void flush_dirty();

#if defined(__linux__)
  static void end_turn(void* self);
  std::shared_ptr<EpollSet> epoll_ = std::make_shared<EpollSet>(scheduler.context(), &AsioShard::end_turn, this);
#endif
  std::unique_ptr<char[]> read_buffer_;
  std::vector<asio::const_buffer> buffers_;
  std::vector<std::unique_ptr<AsioOutQueue>> spare_queues_;
  DeflatePool deflate_pool_;
  std::vector<std::shared_ptr<AsioConnection>> dirty_;
  std::vector<std::shared_ptr<AsioConnection>> spare_batch_;  // empty; its memory is used in turns with dirty_'s
  std::vector<std::shared_ptr<AsioConnection>> connections_;
  std::shared_ptr<ExchangeHandler> exchange_handler_;
  Timer close_timer_{[](void* self) { static_cast<AsioShard*>(self)->abandon(false); }, this};
  bool closing_ = false;
};

}  // namespace socketio::detail
