// SPDX-License-Identifier: MIT
// The client behind a socket as a handle: one connection, and its sockets in all namespaces.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/fwd.hpp>
#include <socketio/socket.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace socketio {

/// What `Socket::client` returns. A small handle: copying it is cheap, and using it after the client has gone does
/// nothing.
///
/// @par Thread safety  All functions from any thread.
template <class Config>
class BasicClient {
 public:
  /// For the library; users call `Socket::client`.
  explicit BasicClient(std::shared_ptr<detail::SocketState> socket) : socket_(std::move(socket)) {}

  /// The Engine.IO session, see `Socket::conn`.
  const Session& conn() const noexcept { return socket_->session(); }

  /// The HTTP request that began the session.
  const HttpRequest& request() const noexcept { return conn().request(); }

  /// The sockets of this client, in the order in which it joined their namespaces.
  std::vector<BasicSocket<Config>> sockets() const {
    std::vector<BasicSocket<Config>> sockets;
    for (const auto& socket : socket_->connection()->sockets(socket_->shard()))
      sockets.push_back(BasicSocket<Config>(socket));
    return sockets;
  }

  /// Disconnects the client from all namespaces and closes its connection.
  void disconnect() const { BasicSocket<Config>(socket_).disconnect(true); }

  friend bool operator==(const BasicClient& a, const BasicClient& b) noexcept {
    return a.socket_->connection() == b.socket_->connection();
  }

 private:
  std::shared_ptr<detail::SocketState> socket_;
};

template <class Config>
BasicClient<Config> BasicSocket<Config>::client() const {
  return BasicClient<Config>(state_);
}

}  // namespace socketio
