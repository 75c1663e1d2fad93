// SPDX-License-Identifier: MIT
// The default transport: HTTP/1.1 and RFC 6455 on standalone Asio. Transport layer.
#pragma once

#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/fwd.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_stream.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace socketio {

namespace detail {
class AsioConnectionMaker;
class AsioListener;
}  // namespace detail

/// Listens on TCP and serves HTTP and WebSockets on one `asio::io_context`.
///
/// @par Thread safety  Owner's thread only: the one that runs the io_context, or any before that. `get_executor` and
///                     what Scheduler allows: any thread.
/// @par Lifetime       Must be destroyed before the io_context, after the engine that it serves; may be destroyed
/// inside
///                     any of its callbacks. Destroying it ends everything without a word; call `close` and let the
///                     io_context run out of work for an orderly end.
/// @par Errors         What peers do, and running out of descriptors, never throws.
class AsioTransport {
 public:
  using Options = AsioTransportOptions;
  using executor_type = asio::io_context::executor_type;

  /// @throws std::invalid_argument  naming every invalid option
  explicit AsioTransport(asio::io_context& context, Options options = {});

  /// Makes transports on several event loops serve one server, see ShardedTransport.
  static void link(std::span<AsioTransport* const> transports);

  AsioTransport(const AsioTransport&) = delete;
  AsioTransport& operator=(const AsioTransport&) = delete;
  ~AsioTransport();

  Scheduler& scheduler() noexcept { return shard_->scheduler; }
  executor_type get_executor() noexcept { return shard_->scheduler.context().get_executor(); }

  /// Sets who receives the requests; those that come before are dropped.
  void on_exchange(ExchangeHandler handler) { shard_->set_exchange_handler(std::move(handler)); }

  /// Accepts connections; may be called again for further addresses, and after close().
  ///
  /// @param port     0: any free one
  /// @param address  an IPv4 or IPv6 address or a host name; empty: all of them, IPv6 and IPv4
  /// @return         the port that is listened on
  /// @throws         std::system_error, naming address and port
  std::uint16_t listen(std::uint16_t port, const std::string& address = {});

  /// The same over TLS. Needs <socketio/tls.hpp>.
  std::uint16_t listen(std::uint16_t port, const Tls& tls, const std::string& address = {});

  /// Stops listening and ends all connections: idle ones at once, the others after what they are about to send
  /// (responses given, close frames; open WebSockets are closed with 1001), at the latest after
  /// the shutdown timeout.
  ///
  /// Then nothing of the transport keeps the io_context running.
  void close();

  /// Connections that are open, in whatever phase.
  std::size_t connection_count() const noexcept { return shard_->connection_count(); }

 protected:
  /// For a transport that differs in who speaks the WebSocket protocol.
  AsioTransport(asio::io_context& context, Options options,
                std::unique_ptr<detail::WebSocketProtocolFactory> websocket_protocols);

 private:
  /// @param maker  of the connections; null: plain ones
  std::uint16_t listen_with(const std::shared_ptr<const detail::AsioConnectionMaker>& maker, std::uint16_t port,
                            const std::string& address);

  std::shared_ptr<detail::AsioShard> shard_;
  std::vector<std::shared_ptr<detail::AsioListener>> listeners_;
};

static_assert(ShardedTransport<AsioTransport>);

}  // namespace socketio

#include <socketio/transport/impl/asio.ipp>
