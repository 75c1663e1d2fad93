// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio.hpp>: listening and closing. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/websocket_protocol.hpp>

#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace socketio {

SOCKETIO_DECL AsioTransport::AsioTransport(asio::io_context& context, Options options)
    : AsioTransport(context, options, nullptr) {}

SOCKETIO_DECL AsioTransport::AsioTransport(asio::io_context& context, Options options,
                                           std::unique_ptr<detail::WebSocketProtocolFactory> websocket_protocols)
    : shard_(new detail::AsioShard(context, options, std::move(websocket_protocols))) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) throw std::invalid_argument("socketio::AsioTransportOptions: " + problems);
}

SOCKETIO_DECL void AsioTransport::link(std::span<AsioTransport* const> transports) {
  const std::shared_ptr<detail::AsioShardGroup> group(new detail::AsioShardGroup());
  for (AsioTransport* const transport : transports) {
    group->shards.push_back(transport->shard_);
    transport->shard_->group = group;
  }
}

SOCKETIO_DECL AsioTransport::~AsioTransport() {
  for (const auto& listener : listeners_) listener->close();
  shard_->abandon(true);
  shard_->group.reset(new detail::AsioShardGroup());  // the shards of a group hold each other
  shard_->scheduler.release_when_idle(true);
}

SOCKETIO_DECL Scheduler& AsioTransport::scheduler() noexcept { return shard_->scheduler; }

SOCKETIO_DECL AsioTransport::executor_type AsioTransport::get_executor() noexcept {
  return shard_->scheduler.context().get_executor();
}

SOCKETIO_DECL void AsioTransport::on_exchange(ExchangeHandler handler) {
  shard_->set_exchange_handler(std::move(handler));
}

SOCKETIO_DECL std::size_t AsioTransport::connection_count() const noexcept { return shard_->connection_count(); }

SOCKETIO_DECL void AsioTransport::when_empty(detail::UniqueFunction<void()> handler) {
  shard_->when_empty(std::move(handler));
}

SOCKETIO_DECL std::uint16_t AsioTransport::listen(std::uint16_t port, const std::string& address) {
  return listen_with(nullptr, port, address);
}

SOCKETIO_DECL void AsioTransport::listen(const UnixSocket& where) { listen_with(nullptr, where); }

SOCKETIO_DECL std::uint16_t AsioTransport::listen(const ListeningSocket& socket) {
  return listen_with(nullptr, socket);
}

SOCKETIO_DECL std::uint16_t AsioTransport::add(std::shared_ptr<detail::AsioListener> listener) {
  shard_->open();
  for (const auto& other : shard_->group->shards)
    if (other != shard_) other->open_later();
  listener->accept();
  listeners_.push_back(std::move(listener));
  return listeners_.back()->port();
}

SOCKETIO_DECL void AsioTransport::listen_with(const MakerPtr& maker, const UnixSocket& where) {
  std::error_code error;
  std::shared_ptr<detail::SocketHolders> holders;
  const auto socket = detail::listen_on_unix(where, shard_->options.backlog, holders, error);
  if (error) throw std::system_error(error, "cannot listen on the Unix socket " + where.path);
  auto acceptor = detail::adopt_acceptor(*shard_, socket, error);
  if (error) throw std::system_error(error, "cannot listen on the Unix socket " + where.path);
  add(std::make_shared<detail::AsioListener>(shard_, std::move(acceptor), maker, std::move(holders)));
}

SOCKETIO_DECL std::uint16_t AsioTransport::listen_with(const MakerPtr& maker, const ListeningSocket& socket) {
  std::error_code error;
  const auto descriptor = detail::duplicate(socket.native_handle(), error);
  if (error) throw std::system_error(error, "cannot listen on a socket");
  auto acceptor = detail::adopt_acceptor(*shard_, descriptor, error);
  if (error) throw std::system_error(error, "cannot listen on a socket");
  return add(std::make_shared<detail::AsioListener>(shard_, std::move(acceptor), maker, socket.holders()));
}

SOCKETIO_DECL std::vector<ListeningSocket> AsioTransport::listening_sockets() const {
  std::vector<ListeningSocket> sockets;
  for (const auto& listener : listeners_) {
    std::error_code error;
    const auto descriptor = detail::duplicate(listener->native_handle(), error);
    if (error) throw std::system_error(error, "cannot duplicate a socket");
    sockets.push_back(ListeningSocket(ListeningSocket::make_state(descriptor, listener->holders())));
  }
  return sockets;
}

SOCKETIO_DECL void AsioTransport::stop_listening(bool only_where_others_do) {
  for (const auto& listener : std::exchange(listeners_, {})) {
    if (only_where_others_do && !listener->holders()->is_shared()) {
      listeners_.push_back(listener);
      continue;
    }
    // With a queue of its own: whoever waits in it would be refused when it is closed.
    if (shard_->options.reuse_port) listener->accept_waiting();
    listener->close();
  }
}

SOCKETIO_DECL void AsioTransport::terminate() {
  const auto shard = shard_;
  close();
  shard->abandon(false);
}

SOCKETIO_DECL std::uint16_t AsioTransport::listen_with(const MakerPtr& maker, std::uint16_t port,
                                                       const std::string& address) {
  using asio::ip::tcp;
  std::error_code error;
  const auto try_listen = [&](const tcp::endpoint& endpoint, bool dual_stack) -> std::uint16_t {
    auto acceptor = detail::open_acceptor(*shard_, endpoint, dual_stack, error);
    if (error) return 0;
    return add(std::make_shared<detail::AsioListener>(
        shard_, std::move(acceptor), maker, std::make_shared<detail::SocketHolders>(shard_->options.reuse_port)));
  };

  std::uint16_t bound = 0;
  if (address.empty()) {
    bound = try_listen(tcp::endpoint(tcp::v6(), port), true);
    // Systems without IPv6, as many containers are, can still listen with IPv4.
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

SOCKETIO_DECL void AsioTransport::close() {
  const auto shard = shard_;
  stop_listening();
  shard->close();
}

}  // namespace socketio
