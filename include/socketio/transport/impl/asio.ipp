// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio.hpp>: listening and closing. Transport layer.
#pragma once

#include <socketio/transport/asio.hpp>
#include <socketio/transport/asio_listener.hpp>

#include <asio/error.hpp>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace socketio {

inline AsioTransport::AsioTransport(asio::io_context& context, Options options)
    : AsioTransport(context, options, nullptr) {}

inline AsioTransport::AsioTransport(asio::io_context& context, Options options,
                                    std::unique_ptr<detail::WebSocketProtocolFactory> websocket_protocols)
    : shard_(std::make_shared<detail::AsioShard>(context, options, std::move(websocket_protocols))) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) throw std::invalid_argument("socketio::AsioTransportOptions: " + problems);
}

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
  return listen_with(nullptr, port, address);
}

inline std::uint16_t AsioTransport::listen_with(const std::shared_ptr<const detail::AsioConnectionMaker>& maker,
                                                std::uint16_t port, const std::string& address) {
  using asio::ip::tcp;
  std::error_code error;
  const auto try_listen = [&](const tcp::endpoint& endpoint, bool dual_stack) -> std::uint16_t {
    auto acceptor = detail::open_acceptor(*shard_, endpoint, dual_stack, error);
    if (error) return 0;
    auto listener = std::make_shared<detail::AsioListener>(shard_, std::move(acceptor), maker);
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
