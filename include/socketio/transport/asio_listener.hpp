// SPDX-License-Identifier: MIT
// Accepts the connections of one address for the Asio transport. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/transport/asio_peer.hpp>
#include <socketio/transport/epoll_set.hpp>
#include <socketio/transport/listening_socket.hpp>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <system_error>

namespace socketio::detail {

class AsioConnection;
class AsioShard;

using AsioAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

/// An acceptor that listens at `endpoint`, unless `error` tells why it does not.
SOCKETIO_DECL AsioAcceptor open_acceptor(AsioShard& shard, const asio::ip::tcp::endpoint& endpoint, bool dual_stack,
                                         std::error_code& error);

/// An acceptor for a socket that listens, which it owns from now on.
SOCKETIO_DECL AsioAcceptor adopt_acceptor(AsioShard& shard, ListeningSocket::native_handle_type socket,
                                          std::error_code& error);

using AsioSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
#if defined(__linux__)
using AcceptedSocket = int;  // a descriptor that the receiver owns
#else
using AcceptedSocket = AsioSocket;
#endif

/// Makes the connections of a listener that does not accept plain ones.
///
/// @par Thread safety  Any thread.
class AsioConnectionMaker {
 public:
  virtual ~AsioConnectionMaker() = default;

  virtual std::shared_ptr<AsioConnection> make(const std::shared_ptr<AsioShard>& shard, AsioPeer peer,
                                               AcceptedSocket socket) const = 0;
};

/// The part of a listener that is the same on all systems: how many clients may connect, and which shard serves them.
class AsioListenerBase {
 public:
  using Socket = AsioSocket;
  using Endpoint = asio::ip::tcp::endpoint;

  AsioListenerBase(std::shared_ptr<AsioShard> shard, const AsioAcceptor& acceptor,
                   std::shared_ptr<const AsioConnectionMaker> maker, std::shared_ptr<SocketHolders> holders);

  /// 0 on a Unix socket.
  std::uint16_t port() const noexcept { return port_; }

  const std::shared_ptr<SocketHolders>& holders() const noexcept { return holders_; }

 protected:
  // The process is out of descriptors or memory: the peer waits in the backlog, and an immediate retry would only burn
  // time.
  static constexpr std::chrono::milliseconds retry_delay{100};

  ~AsioListenerBase();

  AsioShard& shard() const noexcept { return *shard_; }
  /// Counts a connection that has been accepted; false if there are too many.
  bool reserve() noexcept;
  /// Serves a connection that is counted.
  void serve(const std::shared_ptr<AsioShard>& target, const Endpoint& from, AcceptedSocket socket);
  void let_go() noexcept { holders_.reset(); }

 private:
  std::shared_ptr<AsioShard> shard_;
  std::shared_ptr<const AsioConnectionMaker> maker_;  // null: the connections are plain
  std::shared_ptr<SocketHolders> holders_;            // never null until it is closed
  std::uint16_t port_ = 0;
};

#if defined(__linux__)

/// Accepts in a row the connections that have come in a turn of the epoll set. Asio would accept one connection in a
/// turn, and register it with its own reactor, which AsioStreamConnection does not use.
class AsioListener final : public AsioListenerBase, public std::enable_shared_from_this<AsioListener>, EpollWatch {
 public:
  AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
               std::shared_ptr<const AsioConnectionMaker> maker, std::shared_ptr<SocketHolders> holders);
  ~AsioListener();

  void accept();
  /// Accepts those that wait, as far as there are descriptors.
  void accept_waiting();
  void close();
  ListeningSocket::native_handle_type native_handle() noexcept { return descriptor(); }

 private:
  // As many as other work may wait for; the next turn accepts the rest.
  static constexpr int max_accepted_per_turn = 64;

  SOCKETIO_DECL void on_ready(bool readable, bool writable) override;
  enum class Accepted { one, none_waiting, failed };
  Accepted accept_one();

  Timer retry_timer_;
  bool is_closed_ = false;
};

#else

/// Accepts one connection after the other.
class AsioListener final : public AsioListenerBase, public std::enable_shared_from_this<AsioListener> {
 public:
  AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
               std::shared_ptr<const AsioConnectionMaker> maker, std::shared_ptr<SocketHolders> holders);

  void accept();
  void accept_waiting() {}
  void close();
  ListeningSocket::native_handle_type native_handle() { return acceptor_.native_handle(); }

 private:
  void on_accept(const std::error_code& error, Socket socket, const std::shared_ptr<AsioShard>& target);
  void prepare_and_serve(Socket socket, const std::shared_ptr<AsioShard>& target);

  AsioAcceptor acceptor_;
  Endpoint peer_;
  Timer retry_timer_;
};

#endif

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_listener.ipp>
#endif
