// SPDX-License-Identifier: MIT
// The adapter of a namespace as a handle: its rooms, listeners to their changes, and counts.
#pragma once

#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room_listeners.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/fwd.hpp>
#include <socketio/listener.hpp>

#include <cstddef>
#include <memory>
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
/// on
///                     a server of several threads possibly on several at the same time, and changes of one room by
///                     two threads may be told in another order than they happened.
template <class Config>
class BasicNamespaceAdapter {
 public:
  /// For the library; users call `Namespace::adapter`.
  explicit BasicNamespaceAdapter(std::shared_ptr<detail::NamespaceState> nsp) : nsp_(std::move(nsp)) {}

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
  /// @return         what `off` takes this listener away by
  template <class... F>
  Listener on(std::string_view event, F&&... listener) const {
    return add(event, {}, std::forward<F>(listener)...);
  }

  /// As `on`, for the next change only.
  template <class... F>
  Listener once(std::string_view event, F&&... listener) const {
    return add(event, {.once = true}, std::forward<F>(listener)...);
  }

  /// As `on` and `once`, before the listeners that are there already.
  template <class... F>
  Listener prepend(std::string_view event, F&&... listener) const {
    return add(event, {.first = true}, std::forward<F>(listener)...);
  }
  template <class... F>
  Listener prepend_once(std::string_view event, F&&... listener) const {
    return add(event, {.once = true, .first = true}, std::forward<F>(listener)...);
  }

  /// Removes one listener of an event, or all of them.
  ///
  /// @throws std::invalid_argument  for a name that is none
  void off(std::string_view event, Listener listener) const {
    nsp_->room_listeners().remove(detail::to_room_event(event), listener);
  }
  void off(std::string_view event) const { nsp_->room_listeners().remove(detail::to_room_event(event)); }

  /// The names of the rooms that exist, those of the sockets' ids included.
  std::vector<std::string> rooms() const { return nsp_->rooms(); }

  /// How many servers share this namespace, this one included.
  std::size_t server_count() const { return nsp_->server_count(); }

  /// What connection state recovery holds for this namespace.
  RecoveryUsage recovery_usage() const { return nsp_->recovery_usage(); }

 private:
  template <class F>
  Listener add(std::string_view event, const detail::Registration& how, F&& function) const {
    static_assert(detail::RoomAndIdListener<F> || detail::RoomListener<F>,
                  "socketio: a listener to rooms is callable as f(const std::string& room) or as "
                  "f(const std::string& room, const std::string& id).");
    if constexpr (detail::RoomAndIdListener<F> || detail::RoomListener<F>)
      nsp_->add_room_listener(detail::to_room_event(event), erase(std::forward<F>(function)), how);
    return how.listener;
  }
  template <class Member, class Object>
  Listener add(std::string_view event, const detail::Registration& how, Member member, Object&& object) const {
    return add(event, how, detail::bind_member(member, std::forward<Object>(object)));
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

  std::shared_ptr<detail::NamespaceState> nsp_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/core.ipp>
#endif
