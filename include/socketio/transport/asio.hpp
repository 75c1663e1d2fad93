// SPDX-License-Identifier: MIT
// The default transport: HTTP/1.1 and RFC 6455 on standalone Asio. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/fwd.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/listening_socket.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace socketio {

namespace detail {
class AsioConnectionMaker;
class AsioListener;
class AsioShard;
class WebSocketProtocolFactory;
}  // namespace detail

/// Listens on TCP and serves HTTP and WebSockets on one `asio::io_context`.
///
/// @par Thread safety  Owner's thread only: the one that runs the io_context, or any before that. `get_executor` and
///                     what Scheduler allows: any thread.
/// @par Lifetime       Must be destroyed before the io_context, after the engine that it serves; may be destroyed
///                     inside any of its callbacks. The destructor ends everything and calls no handler; for an
///                     orderly end call `close` and let the io_context run out of work.
/// @par Errors         Nothing that peers do makes it throw, nor does a lack of descriptors.
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

  Scheduler& scheduler() noexcept;
  executor_type get_executor() noexcept;

  /// Sets the handler that gets the requests; the transport drops those that come before.
  void on_exchange(ExchangeHandler handler);

  /// Accepts connections; may be called again for further addresses, and after close().
  ///
  /// @param port     0: any free one
  /// @param address  an IPv4 or IPv6 address or a host name; empty: all of them, IPv6 and IPv4
  /// @return         the port on which it listens
  /// @throws         std::system_error, naming address and port
  std::uint16_t listen(std::uint16_t port, const std::string& address = {});

  /// The same over TLS. Needs <socketio/tls.hpp>.
  std::uint16_t listen(std::uint16_t port, const Tls& tls, const std::string& address = {});

  /// Accepts connections on a Unix socket. These have no address: `HttpRequest::remote_address` is empty.
  ///
  /// @throws std::system_error  naming the path
  void listen(const UnixSocket& where);
  void listen(const UnixSocket& where, const Tls& tls);

  /// Accepts connections on a socket that listens already.
  ///
  /// @return  its port; 0 if it is a Unix socket
  /// @throws std::system_error
  std::uint16_t listen(const ListeningSocket& socket);
  std::uint16_t listen(const ListeningSocket& socket, const Tls& tls);

  /// The sockets on which it listens, to be passed to another process. As long as there is a copy of one, clients can
  /// connect to it, and wait, also after `stop_listening`.
  ///
  /// @throws std::system_error  if the process has no descriptor left
  std::vector<ListeningSocket> listening_sockets() const;

  /// Accepts no more connections; those that there are go on.
  ///
  /// @param only_where_others_do  goes on with the sockets that no other process has: what connects there would be
  ///                              refused. Others have those that were inherited or sent, and ports with `reuse_port`.
  void stop_listening(bool only_where_others_do = false);

  /// Stops listening and ends all connections: idle ones at once, the others when they have sent their responses and
  /// close frames (1001 to open WebSockets), at the latest after the shutdown timeout.
  ///
  /// Afterwards the transport has no work in the io_context.
  void close();

  /// As `close`, but waits for nothing: ends all connections at once. What is unsent is lost.
  void terminate();

  /// The number of connections that have not ended.
  std::size_t connection_count() const noexcept;

  /// Calls `handler` once, in a later turn, when there is no connection that has not ended: at the next opportunity if
  /// there is none now. The destructor drops handlers that still wait.
  void when_empty(detail::UniqueFunction<void()> handler);

 protected:
  /// For a transport with another implementation of the WebSocket protocol.
  AsioTransport(asio::io_context& context, Options options,
                std::unique_ptr<detail::WebSocketProtocolFactory> websocket_protocols);

 private:
  /// @param maker  makes the connections; null: they are plain
  using MakerPtr = std::shared_ptr<const detail::AsioConnectionMaker>;
  std::uint16_t listen_with(const MakerPtr& maker, std::uint16_t port, const std::string& address);
  void listen_with(const MakerPtr& maker, const UnixSocket& where);
  std::uint16_t listen_with(const MakerPtr& maker, const ListeningSocket& socket);
  /// Begins to accept. @return the port
  std::uint16_t add(std::shared_ptr<detail::AsioListener> listener);

  std::shared_ptr<detail::AsioShard> shard_;
  std::vector<std::shared_ptr<detail::AsioListener>> listeners_;
};

static_assert(ShardedTransport<AsioTransport>);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio.ipp>
#endif
