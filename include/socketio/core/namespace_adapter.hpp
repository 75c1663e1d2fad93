// SPDX-License-Identifier: MIT
// The adapter of a namespace as a handle: which rooms there are, and what happens to them. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room_listeners.hpp>
#include <socketio/fwd.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

// clang-format off
template <class F>
concept RoomAndIdListener = std::is_invocable_r_v<void, std::decay_t<F>&, const std::string&, const std::string&>;
// clang-format on

template <class F>
concept RoomListener = !RoomAndIdListener<F> && std::is_invocable_r_v<void, std::decay_t<F>&, const std::string&>;

}  // namespace detail

/// What `Namespace::adapter` returns. A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread. Listeners run on the thread of the socket that joins or leaves;
/// on a
///                     server of several threads possibly on several at the same time, and what two threads do to one
///                     room may be told in another order than it was done.
template <class Config>
class BasicNamespaceAdapter {
 public:
  /// For the library; users call `Namespace::adapter`.
  explicit BasicNamespaceAdapter(std::shared_ptr<detail::NamespaceState<Config>> nsp) : nsp_(std::move(nsp)) {}

  /// Registers what happens when rooms change: "create-room" and "delete-room" with the room, "join-room" and
  /// "leave-room" with the room and the id of the socket.
  ///
  /// A room is created before its first socket joins it, and deleted after its last one has left. What changes nothing
  /// is not told. The room of a socket's own id is one like any other.
  ///
  /// @param listener  a function of (room) or (room, id), both strings, or a member function and its object; the id is
  ///                  empty where there is none. It may do to rooms and sockets whatever it wants.
  /// @throws std::invalid_argument  for any other name
  /// @par Errors     What a listener throws goes to the error hook.
  template <class... F>
  const BasicNamespaceAdapter& on(std::string_view event, F&&... listener) const {
    add(event, Listener::make(), false, std::forward<F>(listener)...);
    return *this;
  }

  /// As `on`, for the next change only.
  template <class... F>
  const BasicNamespaceAdapter& once(std::string_view event, F&&... listener) const {
    add(event, Listener::make(), true, std::forward<F>(listener)...);
    return *this;
  }

  /// As `on`; what is returned takes this one listener away again.
  template <class... F>
  Listener add_listener(std::string_view event, F&&... listener) const {
    const Listener added = Listener::make();
    add(event, added, false, std::forward<F>(listener)...);
    return added;
  }
  const BasicNamespaceAdapter& remove_listener(std::string_view event, Listener listener) const {
    nsp_->remove_room_listener(checked(event), listener);
    return *this;
  }

  /// Removes all listeners of an event.
  ///
  /// @throws std::invalid_argument  for a name that is none
  const BasicNamespaceAdapter& off(std::string_view event) const {
    nsp_->remove_room_listeners(checked(event));
    return *this;
  }

  /// The names of the rooms that exist, those of the sockets' ids included.
  std::vector<std::string> rooms() const { return nsp_->rooms(); }

  /// How many servers share this namespace, this one included.
  std::size_t server_count() const { return nsp_->server_count(); }

  /// What connection state recovery holds for this namespace.
  RecoveryUsage recovery_usage() const { return nsp_->recovery_usage(); }

 private:
  static RoomEvent::Kind checked(std::string_view event) {
    if (const auto kind = detail::to_room_event(event)) return *kind;
    throw std::invalid_argument('"' + std::string(event) +
                                "\" is not an event of an adapter; these are create-room, delete-room, join-room and "
                                "leave-room");
  }

  template <class F>
  void add(std::string_view event, Listener listener, bool once, F&& function) const {
    static_assert(detail::RoomAndIdListener<F> || detail::RoomListener<F>,
                  "socketio: a listener to rooms is callable as f(const std::string& room) or as "
                  "f(const std::string& room, const std::string& id).");
    if constexpr (detail::RoomAndIdListener<F> || detail::RoomListener<F>)
      nsp_->add_room_listener(checked(event), listener, erase(std::forward<F>(function)), once);
  }
  template <class Member, class Object>
  void add(std::string_view event, Listener listener, bool once, Member member, Object&& object) const {
    add(event, listener, once, detail::bind_member(member, std::forward<Object>(object)));
  }

  template <class F>
  static detail::RoomListeners::Function erase(F&& listener) {
    using Function = std::decay_t<F>;
    if constexpr (detail::RoomAndIdListener<F>) {
      static_assert(!detail::is_awaitable<std::invoke_result_t<Function&, const std::string&, const std::string&>>,
                    "socketio: a listener to rooms cannot be a coroutine.");
      return std::forward<F>(listener);
    } else {
      static_assert(!detail::is_awaitable<std::invoke_result_t<Function&, const std::string&>>,
                    "socketio: a listener to rooms cannot be a coroutine.");
      return [function = Function(std::forward<F>(listener))](const std::string& room, const std::string&) mutable {
        function(room);
      };
    }
  }

  std::shared_ptr<detail::NamespaceState<Config>> nsp_;
};

}  // namespace socketio
