// SPDX-License-Identifier: MIT
// Listeners to rooms that are created and deleted, and to sockets that join and leave them. Core layer.
#pragma once

#include <socketio/core/rooms.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/detail/unique_function.hpp>

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace socketio::detail {

/// The names of RoomEvent::Kind, in its order.
inline constexpr std::array<std::string_view, 4> room_event_names{"create-room", "delete-room", "join-room",
                                                                  "leave-room"};

/// @throws std::invalid_argument  for a name that is not "create-room", "delete-room", "join-room" or "leave-room"
SOCKETIO_DECL RoomEvent::Kind to_room_event(std::string_view name);

/// What a listener listens to.
struct RoomTopic {
  RoomEvent::Kind kind;
  std::optional<std::string> room;  // null: every room

  friend bool operator==(const RoomTopic&, const RoomTopic&) = default;
};

/// @par Thread safety  Any thread.
class RoomListeners {
 public:
  using Function = UniqueFunction<void(const std::string& room, const std::string& id)>;

  SOCKETIO_DECL void add(RoomTopic topic, Function function, const Registration& how);
  /// Removes those that were added for the same room, or for every room.
  ///
  /// @param kind      null: all kinds
  /// @param listener  null: all listeners
  SOCKETIO_DECL void remove(std::optional<RoomEvent::Kind> kind, const std::optional<std::string>& room,
                            std::optional<socketio::Listener> listener);
  SOCKETIO_DECL std::vector<socketio::Listener> listeners(const RoomTopic& topic) const;

  /// As NamespaceSetup::end.
  SOCKETIO_DECL void end();

  /// Calls the listeners to an event; their exceptions are reported.
  SOCKETIO_DECL void notify(const RoomEvent& event, const Shard& shard, std::string_view nsp);

 private:
  mutable std::mutex mutex_;
  ListenerList<Listening<Function>, RoomTopic> list_;
};

/// On how many shards each room has members: a room that is new on one of them may be there on another already.
///
/// @par Thread safety  Any thread.
class RoomCensus {
 public:
  /// @return whether no shard had the room
  SOCKETIO_DECL bool add(std::string_view room);
  /// @return whether no shard has the room any more
  SOCKETIO_DECL bool remove(std::string_view room);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> shards_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/room_listeners.ipp>
#endif
