// SPDX-License-Identifier: MIT
// What the connections of one event loop share: buffers, timers, and the flush at the end of a turn. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/ip_address.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/asio_out_queue.hpp>
#include <socketio/transport/asio_scheduler.hpp>
#include <socketio/transport/empty_handlers.hpp>
#include <socketio/transport/epoll_set.hpp>
#include <socketio/transport/websocket_deflate.hpp>
#include <socketio/transport/websocket_protocol.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace socketio::detail {

class AsioConnection;
class AsioShard;

/// The shards that serve one server together.
struct AsioShardGroup {
  std::vector<std::shared_ptr<AsioShard>> shards;  // in the order of their indices; empty if there is only one
  std::size_t next = 0;                            // gets the next connection; belongs to the thread that accepts
  std::atomic<std::size_t> connections{0};         // accepted and not ended, on all shards
};

/// @par Thread safety  Owner's thread only, except `open_later`.
class AsioShard : public std::enable_shared_from_this<AsioShard> {
 public:
  /// @param websocket_protocols  makes the implementations of RFC 6455; nullptr: connections use WebSocketParser
  AsioShard(asio::io_context& context, const AsioTransportOptions& transport_options,
            std::unique_ptr<WebSocketProtocolFactory> websocket_protocols = nullptr);
  AsioShard(const AsioShard&) = delete;
  AsioShard& operator=(const AsioShard&) = delete;
  ~AsioShard();

#if defined(__linux__)
  /// Where connections over plain sockets wait.
  EpollSet& epoll() noexcept { return *epoll_; }
#endif

  const AsioTransportOptions options;
  const PeerList proxies{options.proxy_protocol_from};
  AsioScheduler scheduler;
  std::shared_ptr<AsioShardGroup> group{new AsioShardGroup()};  // set before anything happens
  const std::unique_ptr<WebSocketProtocolFactory> protocols;

  /// The one buffer into which every connection reads; it keeps its content until the current handler returns.
  std::span<char> read_buffer() noexcept { return {read_buffer_.get(), read_buffer_bytes}; }

  /// The part of it that one read of HTTP may fill: requests may have to wait in memory until it is their turn.
  static constexpr std::size_t max_http_read_bytes = 64 * 1024;

  std::unique_ptr<AsioOutQueue> take_queue();
  void give_back(std::unique_ptr<AsioOutQueue> queue);

  DeflatePool& deflate_pool() noexcept { return deflate_pool_; }

  std::vector<asio::const_buffer>& buffers() noexcept { return buffers_; }

  /// Flushes `connection` at the end of this turn of the loop.
  void flush_later(std::shared_ptr<AsioConnection> connection);

  void set_exchange_handler(ExchangeHandler handler);
  void deliver(ExchangePtr exchange);

  /// The shard that gets the next connection.
  std::shared_ptr<AsioShard> next_of_group();
  /// Another shard of the group; null if there is none with this index.
  std::shared_ptr<AsioShard> other(std::size_t index) const;

  void add(std::shared_ptr<AsioConnection> connection);
  void remove(AsioConnection& connection);
  /// Removes a connection that another shard of the group will `add`; the group counts it meanwhile.
  void hand_over(AsioConnection& connection);
  std::size_t connection_count() const noexcept { return connections_.size(); }
  /// Calls `handler` in a later turn, when there is no connection.
  void when_empty(EmptyHandlers::Handler handler);

  /// Whether close() was called and open() not since.
  bool closing() const noexcept { return closing_; }
  void open();
  void open_later();
  void close();
  /// Ends every connection at once; with `silently`, without a call to a listener or handler.
  void abandon(bool silently);

 private:
  // The parser does not copy a message that arrives in one piece, so the buffer should hold most messages.
  static constexpr std::size_t read_buffer_bytes = 256 * 1024;
  static constexpr std::size_t max_spare_queues = 1024;

  void flush_dirty();
  void post_empty();

#if defined(__linux__)
  static void end_turn(void* self);
  std::shared_ptr<EpollSet> epoll_;
#endif
  std::unique_ptr<char[]> read_buffer_;
  std::vector<asio::const_buffer> buffers_;
  std::vector<std::unique_ptr<AsioOutQueue>> spare_queues_;
  DeflatePool deflate_pool_;
  std::vector<std::shared_ptr<AsioConnection>> dirty_;
  std::vector<std::shared_ptr<AsioConnection>> spare_batch_;  // empty; takes turns with dirty_, to reuse its memory
  std::vector<std::shared_ptr<AsioConnection>> connections_;
  std::shared_ptr<ExchangeHandler> exchange_handler_;
  EmptyHandlers empty_handlers_;
  Timer close_timer_;
  bool closing_ = false;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_shard.ipp>
#endif
