// SPDX-License-Identifier: MIT
// A room as a handle: a namespace and a name; it owns nothing.
#pragma once

#include <socketio/broadcast_operator.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room_events.hpp>
#include <socketio/fwd.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace socketio {

/// The sockets that are in one room of one namespace at the time of a call.
///
/// A room exists while a socket is in it; a handle may name a room that does not exist, and then reaches no socket.
///
/// @par Thread safety  All functions from any thread. Handlers run on the thread of the socket that joins or leaves.
template <class Config>
class BasicRoom : public detail::BroadcastVerbs<BasicRoom<Config>, Config>,
                  public detail::RoomEventVerbs<BasicRoom<Config>> {
 public:
  /// For the library; users call `Server::room` or `Namespace::room`.
  BasicRoom(std::shared_ptr<detail::NamespaceState> nsp, std::string name)
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
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  friend class detail::RoomEventVerbs<BasicRoom>;

  detail::RoomSource room_source() const { return {*nsp_, name_}; }
  BasicBroadcastOperator<Config> selection() const { return {nsp_, BroadcastOptions{{name_}, {}, {}}}; }

  std::shared_ptr<detail::NamespaceState> nsp_;
  std::string name_;
};

}  // namespace socketio
