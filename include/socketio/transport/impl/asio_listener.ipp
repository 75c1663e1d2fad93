// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_listener.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_stream.hpp>

#include <asio/error.hpp>
#include <asio/ip/v6_only.hpp>

#if defined(__linux__)
#include <sys/socket.h>

#include <unistd.h>
#endif

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL AsioAcceptor open_acceptor(AsioShard& shard, const asio::ip::tcp::endpoint& endpoint, bool dual_stack,
                                         std::error_code& error) {
  AsioAcceptor acceptor(shard.scheduler.context());
  acceptor.open(endpoint.protocol(), error);
  if (!error && shard.options.reuse_address) acceptor.set_option(asio::socket_base::reuse_address(true), error);
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

SOCKETIO_DECL AsioListenerBase::AsioListenerBase(std::shared_ptr<AsioShard> shard, const AsioAcceptor& acceptor,
                                                 std::shared_ptr<const AsioConnectionMaker> maker)
    : shard_(std::move(shard)), maker_(std::move(maker)) {
  std::error_code error;
  port_ = acceptor.local_endpoint(error).port();
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
  AsioPeer peer{from.address().to_string(), from.port(), maker_ != nullptr};
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
                                         std::shared_ptr<const AsioConnectionMaker> maker)
    : AsioListenerBase(std::move(shard), acceptor, std::move(maker)),
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
}

SOCKETIO_DECL void AsioListener::on_ready(bool, bool) {
  const auto self = shared_from_this();
  for (int i = 0; i < max_accepted_per_turn; ++i) {
    Endpoint from;
    auto size = static_cast<socklen_t>(from.capacity());
    const int socket = ::accept4(descriptor(), from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (errno == ECONNABORTED || errno == EPROTO || errno == EINTR) continue;
      return shard().scheduler.arm(retry_timer_, retry_delay);
    }
    from.resize(size);
    if (reserve())
      serve(shard().next_of_group(), from, socket);
    else
      ::close(socket);
  }
  accept();
}

#else

SOCKETIO_DECL AsioListener::AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
                                         std::shared_ptr<const AsioConnectionMaker> maker)
    : AsioListenerBase(std::move(shard), acceptor, std::move(maker)),
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
  std::error_code error;
  socket.non_blocking(true, error);
  if (error) return;
  if (shard().options.tcp_nodelay) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (reserve()) serve(target, peer_, std::move(socket));
}

#endif

}  // namespace socketio::detail
