// SPDX-License-Identifier: MIT
// The adapter of a namespace as a handle: its rooms, listeners to their changes, and counts.
#pragma once

#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room_events.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/fwd.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace socketio {

/// What `Namespace::adapter` returns. A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread. Listeners run on the thread of the socket that joins or leaves;
/// on
///                     a server of several threads possibly on several at the same time, and changes of one room by
///                     two threads may be told in another order than they happened.
template <class Config>
class BasicNamespaceAdapter : public detail::RoomEventVerbs<BasicNamespaceAdapter<Config>> {
 public:
  /// For the library; users call `Namespace::adapter`.
  explicit BasicNamespaceAdapter(std::shared_ptr<detail::NamespaceState> nsp) : nsp_(std::move(nsp)) {}

  /// The names of the rooms that exist, those of the sockets' ids included.
  std::vector<std::string> rooms() const { return nsp_->rooms(); }

  /// How many servers share this namespace, this one included.
  std::size_t server_count() const { return nsp_->server_count(); }

  /// What connection state recovery holds for this namespace.
  RecoveryUsage recovery_usage() const { return nsp_->recovery_usage(); }

 private:
  friend class detail::RoomEventVerbs<BasicNamespaceAdapter>;

  detail::RoomSource room_source() const { return {*nsp_, std::nullopt}; }

  std::shared_ptr<detail::NamespaceState> nsp_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/core.ipp>
#endif
