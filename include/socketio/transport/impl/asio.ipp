// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio.hpp>: accepting connections. Transport layer.
#pragma once

#include <socketio/transport/asio.hpp>

#include <asio/error.hpp>
#include <asio/ip/v6_only.hpp>

#include <chrono>
#include <system_error>
#include <utility>

namespace socketio {

namespace detail {

/// Accepts the connections of one address until it is closed.
class AsioListener : public std::enable_shared_from_this<AsioListener> {
 public:
  using Executor = asio::io_context::executor_type;
  using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
  using Endpoint = asio::ip::tcp::endpoint;

  explicit AsioListener(std::shared_ptr<AsioShard> shard)
      : shard_(std::move(shard)),
        acceptor_(shard_->scheduler.context()),
        retry_timer_([](void* self) { static_cast<AsioListener*>(self)->accept(); }, this) {}

  std::error_code open(const Endpoint& endpoint, bool dual_stack) {
    std::error_code error;
    const AsioTransportOptions& options = shard_->options;
    acceptor_.open(endpoint.protocol(), error);
    if (!error && options.reuse_address) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && endpoint.protocol() == asio::ip::tcp::v6())
      acceptor_.set_option(asio::ip::v6_only(!dual_stack), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(options.backlog, error);
    return error;
  }

  std::uint16_t port() const {
    std::error_code error;
    return acceptor_.local_endpoint(error).port();
  }

  void accept() {
    const auto target = shard_->next_of_group();
    const Executor executor = target->scheduler.context().get_executor();
    acceptor_.async_accept(executor, peer_,
                           [self = shared_from_this(), target](const std::error_code& error, Socket socket) {
                             self->on_accept(error, std::move(socket), target);
                           });
  }

  void close() {
    std::error_code ignored;
    acceptor_.close(ignored);
    shard_->scheduler.cancel(retry_timer_);
  }

 private:
  static constexpr std::chrono::milliseconds retry_delay{100};

  void on_accept(const std::error_code& error, Socket socket, const std::shared_ptr<AsioShard>& target) {
    if (!acceptor_.is_open()) return;
    if (!error) {
      serve(std::move(socket), target);
    } else if (error != asio::error::connection_aborted) {
      // Out of descriptors or memory: the peer waits in the backlog, and trying again at once would only burn time.
      return shard_->scheduler.arm(retry_timer_, retry_delay);
    }
    if (acceptor_.is_open()) accept();
  }

  void serve(Socket socket, const std::shared_ptr<AsioShard>& target) {
    const AsioTransportOptions& options = shard_->options;
    std::atomic<std::size_t>& count = shard_->group->connections;
    if (options.max_connections != 0 && count.load(std::memory_order_relaxed) >= options.max_connections) return;
    std::error_code error;
    socket.non_blocking(true, error);
    if (error) return;
    if (options.tcp_nodelay) socket.set_option(asio::ip::tcp::no_delay(true), error);
    AsioPeer peer{peer_.address().to_string(), peer_.port(), false};
    auto connection = std::make_shared<AsioStreamConnection<Socket>>(target, std::move(peer), std::move(socket));
    count.fetch_add(1, std::memory_order_relaxed);
    if (target == shard_) return connection->start();
    target->scheduler.post([connection = std::move(connection)] { connection->start(); });
  }

  std::shared_ptr<AsioShard> shard_;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
  Endpoint peer_;
  Timer retry_timer_;
};

}  // namespace detail

inline AsioTransport::AsioTransport(asio::io_context& context, Options options)
    : AsioTransport(context, options, nullptr) {}

inline AsioTransport::AsioTransport(asio::io_context& context, Options options,
                                    std::unique_ptr<detail::WebSocketProtocolFactory> websocket_protocols)
    : shard_(std::make_shared<detail::AsioShard>(context, options, std::move(websocket_protocols))) {}

inline void AsioTransport::link(std::span<AsioTransport* const> transports) {
  const auto group = std::make_shared<detail::AsioShardGroup>();
  for (AsioTransport* const transport : transports) {
    group->shards.push_back(transport->shard_);
    transport->shard_->group = group;
  }
}

inline AsioTransport::~AsioTransport() {
  for (const auto& listener : listeners_) listener->close();
  shard_->abandon(true);
  shard_->group = std::make_shared<detail::AsioShardGroup>();  // the shards of a group hold each other
  shard_->scheduler.release_when_idle(true);
}

inline std::uint16_t AsioTransport::listen(std::uint16_t port, const std::string& address) {
  using asio::ip::tcp;
  std::error_code error;
  const auto try_listen = [&](const tcp::endpoint& endpoint, bool dual_stack) -> std::uint16_t {
    auto listener = std::make_shared<detail::AsioListener>(shard_);
    error = listener->open(endpoint, dual_stack);
    if (error) return 0;
    shard_->open();
    for (const auto& other : shard_->group->shards)
      if (other != shard_) other->open_later();
    listener->accept();
    listeners_.push_back(std::move(listener));
    return listeners_.back()->port();
  };

  std::uint16_t bound = 0;
  if (address.empty()) {
    bound = try_listen(tcp::endpoint(tcp::v6(), port), true);
    // Where there is no IPv6, as in many containers, IPv4 is everything.
    if (error && error != asio::error::address_in_use && error != asio::error::access_denied)
      bound = try_listen(tcp::endpoint(tcp::v4(), port), false);
  } else if (const auto literal = asio::ip::make_address(address, error); !error) {
    bound = try_listen(tcp::endpoint(literal, port), false);
  } else {
    tcp::resolver resolver(shard_->scheduler.context());
    const auto found = resolver.resolve(address, std::to_string(port), tcp::resolver::passive, error);
    if (!error) bound = try_listen(found.begin()->endpoint(), false);
  }
  if (error) {
    const std::string where = address.empty() ? "*" : address;
    const bool bracketed = where.find(':') != std::string::npos;
    throw std::system_error(error,
                            "cannot listen on " + (bracketed ? "[" + where + "]" : where) + ":" + std::to_string(port));
  }
  return bound;
}

inline void AsioTransport::close() {
  const auto shard = shard_;
  for (const auto& listener : std::exchange(listeners_, {})) listener->close();
  shard->close();
}

}  // namespace socketio
