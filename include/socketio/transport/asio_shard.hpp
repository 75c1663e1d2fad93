// SPDX-License-Identifier: MIT
// What the connections of one event loop share: buffers, timers, and the flush at the end of a turn. Transport layer.
#pragma once

#include <socketio/engine/message.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/asio_scheduler.hpp>
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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

class AsioConnection;

/// What one connection has to write: shared messages and bytes of its own, in order.
///
/// Connections have one only while they are writing; the shard keeps the idle ones.
class AsioOutQueue {
 public:
  void push(MessagePtr message) {
    const auto [first, second] = message->frame();
    if (!second.empty())
      push(message, first), push(std::move(message), second);
    else
      push(std::move(message), first);
  }
  void push(std::string bytes, bool is_pong = false) {
    auto own = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *own;
    push(std::move(own), view, is_pong);
  }
  /// Queues bytes that `owner` keeps alive and unchanged.
  void push(std::shared_ptr<const void> owner, std::string_view bytes, bool is_pong = false) {
    bytes_ += bytes.size();
    pongs_ += is_pong ? 1u : 0u;
    items_.push_back({std::move(owner), bytes, is_pong});
  }
  void push(std::shared_ptr<const std::string> bytes) {
    const std::string_view view = *bytes;
    push(std::move(bytes), view);
  }

  bool empty() const noexcept { return first_ == items_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t pongs() const noexcept { return pongs_; }

  /// Lists what is to be written next; small pieces that follow each other are copied into `scratch` to form one.
  void gather(std::vector<asio::const_buffer>& buffers, std::span<char> scratch) const;

  /// Forgets the first bytes, which have been written.
  void consume(std::size_t bytes);

  /// Makes the queue as new; false if it has grown so much that it is not worth keeping.
  bool recycle();

 private:
  // At 512 bytes copying costs about as much as one more element of the vector that sendmsg walks.
  static constexpr std::size_t max_copied_bytes = 512;
  static constexpr std::size_t max_buffers = 64;

  struct Item {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
    bool is_pong;
  };

  std::vector<Item> items_;
  std::size_t first_ = 0;    // index of the first item that is not completely written
  std::size_t written_ = 0;  // bytes of it that are
  std::size_t bytes_ = 0;
  std::size_t pongs_ = 0;
};

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
        read_buffer_(read_buffer_bytes),
        scratch_(scratch_bytes) {}

  const AsioTransportOptions options;
  AsioScheduler scheduler;
  std::shared_ptr<AsioShardGroup> group = std::make_shared<AsioShardGroup>();  // set before anything happens
  const std::unique_ptr<WebSocketProtocolFactory> protocols;

  /// The one buffer that every connection reads into; its content is gone after the current handler.
  std::span<char> read_buffer() noexcept { return read_buffer_; }

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

  std::span<char> scratch() noexcept { return scratch_; }
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
  static constexpr std::size_t read_buffer_bytes = 64 * 1024;
  static constexpr std::size_t scratch_bytes = 64 * 1024;
  static constexpr std::size_t max_spare_queues = 1024;

  void flush_dirty();

  std::vector<char> read_buffer_;
  std::vector<char> scratch_;
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
