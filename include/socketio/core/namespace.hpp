// SPDX-License-Identifier: MIT
// A namespace as a handle: who may connect, what happens then, and sending to everyone in it. Core layer.
#pragma once

#include <socketio/core/broadcast_operator.hpp>
#include <socketio/core/connection_verbs.hpp>
#include <socketio/core/namespace_adapter.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/fwd.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace socketio {

/// A part of the server with clients, rooms, middleware and handlers of its own, sharing the clients' connections.
///
/// A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread. On the owner's thread they act at once, elsewhere as soon as that
///                     thread gets to it.
template <class Config>
class BasicNamespace : public detail::BroadcastVerbs<BasicNamespace<Config>, Config>,
                       public detail::ConnectionVerbs<BasicNamespace<Config>, Config> {
 public:
  /// For the library; users call `Server::of`.
  explicit BasicNamespace(std::shared_ptr<detail::NamespaceState<Config>> state) : state_(std::move(state)) {}

  /// "/" or "/name".
  const std::string& name() const noexcept { return state_->name(); }

  BasicRoom<Config> room(std::string name) const { return {state_, std::move(name)}; }

  /// Who is connected to this namespace on this server.
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }

  /// Tells of rooms that come and go: `nsp.adapter().on("create-room", ...)`.
  BasicNamespaceAdapter<Config> adapter() const { return BasicNamespaceAdapter<Config>(state_); }

  /// The names of the rooms that exist, those of the sockets' ids included.
  std::vector<std::string> rooms() const { return state_->adapter().rooms(); }

  friend bool operator==(const BasicNamespace& a, const BasicNamespace& b) noexcept { return a.state_ == b.state_; }

 private:
  friend class detail::BroadcastVerbs<BasicNamespace, Config>;
  friend class detail::ConnectionVerbs<BasicNamespace, Config>;

  BasicBroadcastOperator<Config> selection() const { return {state_, BroadcastOptions{}}; }

  std::shared_ptr<detail::NamespaceState<Config>> state_;
};

}  // namespace socketio
