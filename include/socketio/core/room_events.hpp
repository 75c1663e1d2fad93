// SPDX-License-Identifier: MIT
// Handlers for changes of rooms, the same on adapters and on rooms. Core layer.
#pragma once

#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room_listeners.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/listener.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

// clang-format off
template <class F>
concept RoomAndIdListener = std::is_invocable_r_v<void, std::decay_t<F>&, const std::string&, const std::string&>;
// clang-format on

template <class F>
concept RoomListener = !RoomAndIdListener<F> && std::is_invocable_r_v<void, std::decay_t<F>&, const std::string&>;

/// Brings the forms of a listener to one.
template <class F>
RoomListeners::Function make_room_listener(F&& listener) {
  using Function = std::decay_t<F>;
  if constexpr (RoomAndIdListener<F>) {
    static_assert(!is_awaitable<std::invoke_result_t<Function&, const std::string&, const std::string&>>,
                  "socketio: a listener to rooms cannot be a coroutine.");
    return std::forward<F>(listener);
  } else {
    static_assert(!is_awaitable<std::invoke_result_t<Function&, const std::string&>>,
                  "socketio: a listener to rooms cannot be a coroutine.");
    return [function = Function(std::forward<F>(listener))](const std::string& room, const std::string&) mutable {
      function(room);
    };
  }
}

/// The rooms whose changes a handle tells of: one, or all of a namespace.
struct RoomSource {
  NamespaceState& nsp;
  std::optional<std::string> room;
};

/// @tparam Derived  a handle; has `room_source()`, a RoomSource
template <class Derived>
class RoomEventVerbs {
 public:
  /// Registers what happens when rooms change: "create-room" and "delete-room" with the room, "join-room" and
  /// "leave-room" with the room and the id of the socket. On an adapter it concerns all rooms of the namespace, on a
  /// room that room, also after it has been deleted and created again.
  ///
  /// A room is created before its first socket joins it, and deleted after its last one has left. What changes nothing
  /// is not told. The room of a socket's own id is one like any other.
  ///
  /// @param listener  a function of (room) or (room, id), both strings, or a member function and its object; the id is
  ///                  empty where there is none. It may do to rooms and sockets whatever it wants.
  /// @throws std::invalid_argument  for any other name; so do all functions that take one
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

  /// Removes one listener of an event, all of them, or those of all events. An adapter does not remove what a room has
  /// registered, nor a room what the adapter has.
  void off(std::string_view event, Listener listener) const { remove(to_room_event(event), listener); }
  void off(std::string_view event) const { remove(to_room_event(event), std::nullopt); }
  void off() const { remove(std::nullopt, std::nullopt); }

  /// The same as `off`.
  void remove_all_listeners(std::string_view event) const { off(event); }
  void remove_all_listeners() const { off(); }

  /// The events that have listeners, and the listeners of one.
  std::vector<std::string> event_names() const {
    std::vector<std::string> names;
    for (const std::string_view event : room_event_names)
      if (has_listeners(event)) names.emplace_back(event);
    return names;
  }
  std::vector<Listener> listeners(std::string_view event) const {
    const RoomSource source = derived().room_source();
    return source.nsp.room_listeners().listeners({to_room_event(event), source.room});
  }
  bool has_listeners(std::string_view event) const { return !listeners(event).empty(); }

 protected:
  ~RoomEventVerbs() = default;

 private:
  const Derived& derived() const noexcept { return static_cast<const Derived&>(*this); }

  template <class F>
  Listener add(std::string_view event, const Registration& how, F&& listener) const {
    static_assert(RoomAndIdListener<F> || RoomListener<F>,
                  "socketio: a listener to rooms is callable as f(const std::string& room) or as "
                  "f(const std::string& room, const std::string& id).");
    if constexpr (RoomAndIdListener<F> || RoomListener<F>) {
      const RoomSource source = derived().room_source();
      source.nsp.add_room_listener({to_room_event(event), source.room}, make_room_listener(std::forward<F>(listener)),
                                   how);
    }
    return how.listener;
  }
  template <class Member, class Object>
  Listener add(std::string_view event, const Registration& how, Member member, Object&& object) const {
    return add(event, how, bind_member(member, std::forward<Object>(object)));
  }

  void remove(std::optional<RoomEvent::Kind> kind, std::optional<Listener> listener) const {
    const RoomSource source = derived().room_source();
    source.nsp.room_listeners().remove(kind, source.room, listener);
  }
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/core.ipp>
#endif
