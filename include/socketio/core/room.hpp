// SPDX-License-Identifier: MIT
// A room as a handle: a namespace and a name; it owns nothing. Core layer.
#pragma once

#include <socketio/core/broadcast_operator.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/fwd.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace socketio {

/// The sockets of one room of one namespace, whoever they are at the time of a call.
///
/// A room exists while somebody is in it; a handle on one that does not is a handle on nobody.
///
/// @par Thread safety  All functions from any thread.
template <class Config>
class BasicRoom : public detail::BroadcastVerbs<BasicRoom<Config>, Config> {
 public:
  /// For the library; users call `Server::room` or `Namespace::room`.
  BasicRoom(std::shared_ptr<detail::NamespaceState<Config>> nsp, std::string name)
      : nsp_(std::move(nsp)), name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }
  BasicNamespace<Config> nsp() const { return BasicNamespace<Config>(nsp_); }

  /// Who is in the room on this server.
  std::vector<BasicSocket<Config>> members() const { return this->fetch_sockets(); }

  /// How many are in the room on this server; those whom a middleware has put there count before they are connected.
  std::size_t size() const { return nsp_->room_size(name_); }
  bool empty() const { return size() == 0; }
  bool contains(const BasicSocket<Config>& socket) const { return socket.is_in(name_); }

 private:
  friend class detail::BroadcastVerbs<BasicRoom, Config>;

  BasicBroadcastOperator<Config> selection() const { return {nsp_, BroadcastOptions{{name_}, {}, {}}}; }

  std::shared_ptr<detail::NamespaceState<Config>> nsp_;
  std::string name_;
};

}  // namespace socketio
