// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_listener.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_stream.hpp>

#include <asio/detail/socket_option.hpp>
#include <asio/detail/socket_types.hpp>
#include <asio/error.hpp>
#include <asio/ip/v6_only.hpp>

#if defined(__linux__)
#include <sys/socket.h>

#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL AsioAcceptor open_acceptor(AsioShard& shard, const asio::ip::tcp::endpoint& endpoint, bool dual_stack,
                                         std::error_code& error) {
  AsioAcceptor acceptor(shard.scheduler.context());
#if defined(_WIN32)
  acceptor.open(endpoint.protocol(), error);
  if (!error) keep_from_children(acceptor.native_handle());
#else
  const int socket = open_stream_socket(endpoint.protocol().family(), error);
  if (!error) acceptor.assign(endpoint.protocol(), socket, error);
#endif
  if (!error && shard.options.reuse_address) acceptor.set_option(asio::socket_base::reuse_address(true), error);
#if defined(SO_REUSEPORT)
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (!error && shard.options.reuse_port) acceptor.set_option(ReusePort(true), error);
#else
  if (!error && shard.options.reuse_port) error = asio::error::operation_not_supported;
#endif
  if (!error && endpoint.protocol() == asio::ip::tcp::v6()) acceptor.set_option(asio::ip::v6_only(!dual_stack), error);
  if (!error) acceptor.bind(endpoint, error);
#if defined(__linux__)
  if (!error) acceptor.native_non_blocking(true, error);
  // The connections inherit it, which saves each a system call.
  if (!error && shard.options.tcp_nodelay) acceptor.set_option(asio::ip::tcp::no_delay(true), error);
#endif
  if (!error) acceptor.listen(shard.options.backlog, error);
  return acceptor;
}

SOCKETIO_DECL AsioAcceptor adopt_acceptor(AsioShard& shard, ListeningSocket::native_handle_type socket,
                                          std::error_code& error) {
  AsioAcceptor acceptor(shard.scheduler.context());
  // The protocol matters to nothing but the endpoints that Asio makes, and these are read for what they are.
  acceptor.assign(asio::ip::tcp::v6(), socket, error);
#if defined(__linux__)
  if (!error) acceptor.native_non_blocking(true, error);
  std::error_code ignored;  // Unix sockets have nothing to delay
  if (!error && shard.options.tcp_nodelay) acceptor.set_option(asio::ip::tcp::no_delay(true), ignored);
#endif
  return acceptor;
}

SOCKETIO_DECL bool is_internet(const asio::ip::tcp::endpoint& endpoint) noexcept {
  const auto family = endpoint.data()->sa_family;
  return family == ASIO_OS_DEF(AF_INET) || family == ASIO_OS_DEF(AF_INET6);
}

SOCKETIO_DECL AsioListenerBase::AsioListenerBase(std::shared_ptr<AsioShard> shard, const AsioAcceptor& acceptor,
                                                 std::shared_ptr<const AsioConnectionMaker> maker,
                                                 std::shared_ptr<SocketHolders> holders)
    : shard_(std::move(shard)), maker_(std::move(maker)), holders_(std::move(holders)) {
  std::error_code error;
  const Endpoint endpoint = acceptor.local_endpoint(error);
  if (is_internet(endpoint)) port_ = endpoint.port();
}

SOCKETIO_DECL AsioListenerBase::~AsioListenerBase() = default;

SOCKETIO_DECL bool AsioListenerBase::reserve() noexcept {
  std::atomic<std::size_t>& connections = shard_->group->connections;
  const std::size_t limit = shard_->options.max_connections;
  if (connections.fetch_add(1, std::memory_order_relaxed) < limit || limit == 0) return true;
  connections.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

SOCKETIO_DECL void AsioListenerBase::serve(const std::shared_ptr<AsioShard>& target, const Endpoint& from,
                                           AcceptedSocket socket) {
  AsioPeer peer{{}, 0, maker_ != nullptr};
  if (is_internet(from)) {
    peer.address = from.address().to_string();
    peer.port = from.port();
  }
  std::shared_ptr<AsioConnection> connection;
  if (maker_)
    connection = maker_->make(target, std::move(peer), std::move(socket));
  else
    connection = std::make_shared<AsioStreamConnection<Socket>>(target, std::move(peer), std::move(socket));
  if (target == shard_) return connection->start();
  target->scheduler.post([connection = std::move(connection)] { connection->start(); });
}

#if defined(__linux__)

SOCKETIO_DECL AsioListener::AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
                                         std::shared_ptr<const AsioConnectionMaker> maker,
                                         std::shared_ptr<SocketHolders> holders)
    : AsioListenerBase(std::move(shard), acceptor, std::move(maker), std::move(holders)),
      EpollWatch(acceptor.release()),
      retry_timer_([](void* self) { static_cast<AsioListener*>(self)->accept(); }, this) {}

SOCKETIO_DECL AsioListener::~AsioListener() { close(); }

SOCKETIO_DECL void AsioListener::accept() {
  if (!shard().epoll().wait_readable(*this)) shard().scheduler.arm(retry_timer_, retry_delay);
}

SOCKETIO_DECL void AsioListener::close() {
  if (std::exchange(is_closed_, true)) return;
  shard().epoll().remove(*this);
  shard().scheduler.cancel(retry_timer_);
  static_cast<void>(::close(descriptor()));
  let_go();
}

SOCKETIO_DECL AsioListener::Accepted AsioListener::accept_one() {
  Endpoint from;
  auto size = static_cast<socklen_t>(from.capacity());
  const int socket = ::accept4(descriptor(), from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Accepted::none_waiting;
    if (errno == ECONNABORTED || errno == EPROTO || errno == EINTR) return Accepted::one;
    return Accepted::failed;
  }
  from.resize((std::min)(static_cast<std::size_t>(size), from.capacity()));
  if (reserve())
    serve(shard().next_of_group(), from, socket);
  else
    ::close(socket);
  return Accepted::one;
}

SOCKETIO_DECL void AsioListener::accept_waiting() {
  for (int i = 0; i < shard().options.backlog && accept_one() == Accepted::one;) ++i;
}

SOCKETIO_DECL void AsioListener::on_ready(bool, bool) {
  const auto self = shared_from_this();
  for (int i = 0; i < max_accepted_per_turn; ++i) {
    const Accepted accepted = accept_one();
    if (accepted == Accepted::none_waiting) break;
    if (accepted == Accepted::failed) return shard().scheduler.arm(retry_timer_, retry_delay);
  }
  accept();
}

#else

SOCKETIO_DECL AsioListener::AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
                                         std::shared_ptr<const AsioConnectionMaker> maker,
                                         std::shared_ptr<SocketHolders> holders)
    : AsioListenerBase(std::move(shard), acceptor, std::move(maker), std::move(holders)),
      acceptor_(std::move(acceptor)),
      retry_timer_([](void* self) { static_cast<AsioListener*>(self)->accept(); }, this) {}

SOCKETIO_DECL void AsioListener::accept() {
  const auto target = shard().next_of_group();
  acceptor_.async_accept(target->scheduler.context().get_executor(), peer_,
                         [self = shared_from_this(), target](const std::error_code& error, Socket socket) {
                           self->on_accept(error, std::move(socket), target);
                         });
}

SOCKETIO_DECL void AsioListener::close() {
  std::error_code ignored;
  acceptor_.close(ignored);
  shard().scheduler.cancel(retry_timer_);
  let_go();
}

SOCKETIO_DECL void AsioListener::on_accept(const std::error_code& error, Socket socket,
                                           const std::shared_ptr<AsioShard>& target) {
  if (!acceptor_.is_open()) return;
  if (!error)
    prepare_and_serve(std::move(socket), target);
  else if (error != asio::error::connection_aborted)
    return shard().scheduler.arm(retry_timer_, retry_delay);
  if (acceptor_.is_open()) accept();
}

SOCKETIO_DECL void AsioListener::prepare_and_serve(Socket socket, const std::shared_ptr<AsioShard>& target) {
  keep_from_children(socket.native_handle());
  std::error_code error;
  socket.non_blocking(true, error);
  if (error) return;
  if (shard().options.tcp_nodelay) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (reserve()) serve(target, peer_, std::move(socket));
}

#endif

}  // namespace socketio::detail
