// SPDX-License-Identifier: MIT
// Accepts the connections of one address for the Asio transport. Transport layer.
#pragma once

#include <socketio/engine/timer_queue.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_stream.hpp>
#include <socketio/transport/epoll_set.hpp>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>

#if defined(__linux__)
#include <sys/socket.h>

#include <unistd.h>
#endif

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace socketio::detail {

using AsioAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

/// An acceptor that listens at `endpoint`, unless `error` says why it does not.
inline AsioAcceptor open_acceptor(AsioShard& shard, const asio::ip::tcp::endpoint& endpoint, bool dual_stack,
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

using AsioSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
#if defined(__linux__)
using AcceptedSocket = int;  // a descriptor, to be owned
#else
using AcceptedSocket = AsioSocket;
#endif

/// Makes connections of accepted sockets, where they are not to be plain ones.
///
/// @par Thread safety  Any thread.
class AsioConnectionMaker {
 public:
  virtual ~AsioConnectionMaker() = default;

  virtual std::shared_ptr<AsioConnection> make(const std::shared_ptr<AsioShard>& shard, AsioPeer peer,
                                               AcceptedSocket socket) const = 0;
};

/// What accepting is like on all systems: how many may connect, and who serves them.
class AsioListenerBase {
 public:
  using Socket = AsioSocket;
  using Endpoint = asio::ip::tcp::endpoint;

  AsioListenerBase(std::shared_ptr<AsioShard> shard, const AsioAcceptor& acceptor,
                   std::shared_ptr<const AsioConnectionMaker> maker)
      : shard_(std::move(shard)), maker_(std::move(maker)) {
    std::error_code error;
    port_ = acceptor.local_endpoint(error).port();
  }

  std::uint16_t port() const noexcept { return port_; }

 protected:
  // Out of descriptors or memory: the peer waits in the backlog, and trying again at once would only burn time.
  static constexpr std::chrono::milliseconds retry_delay{100};

  ~AsioListenerBase() = default;

  AsioShard& shard() const noexcept { return *shard_; }
  bool is_full() const noexcept {
    const std::size_t limit = shard_->options.max_connections;
    return limit != 0 && shard_->group->connections.load(std::memory_order_relaxed) >= limit;
  }

  void serve(const std::shared_ptr<AsioShard>& target, const Endpoint& from, AcceptedSocket socket) {
    AsioPeer peer{from.address().to_string(), from.port(), maker_ != nullptr};
    std::shared_ptr<AsioConnection> connection;
    if (maker_)
      connection = maker_->make(target, std::move(peer), std::move(socket));
    else
      connection = std::make_shared<AsioStreamConnection<Socket>>(target, std::move(peer), std::move(socket));
    shard_->group->connections.fetch_add(1, std::memory_order_relaxed);
    if (target == shard_) return connection->start();
    target->scheduler.post([connection = std::move(connection)] { connection->start(); });
  }

 private:
  std::shared_ptr<AsioShard> shard_;
  std::shared_ptr<const AsioConnectionMaker> maker_;  // null: the connections are plain
  std::uint16_t port_ = 0;
};

#if defined(__linux__)

/// Accepts in a row what has come in a turn of the epoll set. Asio would accept one connection in a turn, and register
/// it with its own reactor, which AsioStreamConnection does not use.
class AsioListener final : public AsioListenerBase, public std::enable_shared_from_this<AsioListener>, EpollWatch {
 public:
  AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
               std::shared_ptr<const AsioConnectionMaker> maker)
      : AsioListenerBase(std::move(shard), acceptor, std::move(maker)),
        EpollWatch(acceptor.release()),
        retry_timer_([](void* self) { static_cast<AsioListener*>(self)->accept(); }, this) {}
  ~AsioListener() { close(); }

  void accept() {
    if (!shard().epoll().wait_readable(*this)) shard().scheduler.arm(retry_timer_, retry_delay);
  }

  void close() {
    if (std::exchange(is_closed_, true)) return;
    shard().epoll().remove(*this);
    shard().scheduler.cancel(retry_timer_);
    static_cast<void>(::close(descriptor()));
  }

 private:
  // As many as others wait for; the rest is accepted in the next turn.
  static constexpr int max_accepted_per_turn = 64;

  void on_ready(bool, bool) override {
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
      if (is_full())
        ::close(socket);
      else
        serve(shard().next_of_group(), from, socket);
    }
    accept();
  }

  Timer retry_timer_;
  bool is_closed_ = false;
};

#else

/// Accepts one connection after the other.
class AsioListener final : public AsioListenerBase, public std::enable_shared_from_this<AsioListener> {
 public:
  AsioListener(std::shared_ptr<AsioShard> shard, AsioAcceptor acceptor,
               std::shared_ptr<const AsioConnectionMaker> maker)
      : AsioListenerBase(std::move(shard), acceptor, std::move(maker)),
        acceptor_(std::move(acceptor)),
        retry_timer_([](void* self) { static_cast<AsioListener*>(self)->accept(); }, this) {}

  void accept() {
    const auto target = shard().next_of_group();
    acceptor_.async_accept(target->scheduler.context().get_executor(), peer_,
                           [self = shared_from_this(), target](const std::error_code& error, Socket socket) {
                             self->on_accept(error, std::move(socket), target);
                           });
  }

  void close() {
    std::error_code ignored;
    acceptor_.close(ignored);
    shard().scheduler.cancel(retry_timer_);
  }

 private:
  void on_accept(const std::error_code& error, Socket socket, const std::shared_ptr<AsioShard>& target) {
    if (!acceptor_.is_open()) return;
    if (!error)
      prepare_and_serve(std::move(socket), target);
    else if (error != asio::error::connection_aborted)
      return shard().scheduler.arm(retry_timer_, retry_delay);
    if (acceptor_.is_open()) accept();
  }

  void prepare_and_serve(Socket socket, const std::shared_ptr<AsioShard>& target) {
    if (is_full()) return;
    std::error_code error;
    socket.non_blocking(true, error);
    if (error) return;
    if (shard().options.tcp_nodelay) socket.set_option(asio::ip::tcp::no_delay(true), error);
    serve(target, peer_, std::move(socket));
  }

  AsioAcceptor acceptor_;
  Endpoint peer_;
  Timer retry_timer_;
};

#endif

}  // namespace socketio::detail
