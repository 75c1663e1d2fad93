// SPDX-License-Identifier: MIT
// Bodies of room_listeners.hpp. Core layer.
#pragma once

#include <socketio/core/room_listeners.hpp>

#include <stdexcept>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL RoomEvent::Kind to_room_event(std::string_view name) {
  for (std::size_t i = 0; i < room_event_names.size(); ++i)
    if (room_event_names[i] == name) return static_cast<RoomEvent::Kind>(i);
  throw std::invalid_argument('"' + std::string(name) +
                              "\" is not an event of an adapter; these are create-room, delete-room, join-room and "
                              "leave-room");
}

SOCKETIO_DECL void RoomListeners::add(RoomTopic topic, Function function, const Registration& how) {
  list_.add(mutex_, std::move(topic), make_listening(how, std::move(function)), how.first);
}

SOCKETIO_DECL void RoomListeners::remove(std::optional<RoomEvent::Kind> kind, const std::optional<std::string>& room,
                                         std::optional<socketio::Listener> listener) {
  list_.remove_if(mutex_, [&](const RoomTopic& topic, const auto& each) {
    return topic.room == room && (!kind || topic.kind == *kind) && (!listener || each.listener == *listener);
  });
}

SOCKETIO_DECL std::vector<socketio::Listener> RoomListeners::listeners(const RoomTopic& topic) const {
  std::vector<socketio::Listener> all;
  list_.for_each(mutex_, [&](const RoomTopic& its, const auto& each) {
    if (its == topic) all.push_back(each.listener);
  });
  return all;
}

SOCKETIO_DECL void RoomListeners::end() { list_.end(mutex_); }

SOCKETIO_DECL void RoomListeners::notify(const RoomEvent& event, const Shard& shard, std::string_view nsp) {
  // Copied: a listener may do to the room whatever it wants.
  const std::string room(event.room);
  const std::string id(event.id);
  const RoomEvent::Kind kind = event.kind;
  list_.dispatch(
      mutex_, [&](const RoomTopic& topic) { return topic.kind == kind && (!topic.room || *topic.room == room); },
      [&](const auto& each) {
        WatchedCall call;
        if (shard.is_watched())
          shard.watch(call, BlockedCall::Kind::room, nsp, id, room_event_names[static_cast<std::size_t>(kind)]);
        try {
          each.function(room, id);
        } catch (...) {
          shard.report_current_exception(nsp, id, room_event_names[static_cast<std::size_t>(kind)]);
        }
      });
}

SOCKETIO_DECL bool RoomCensus::add(std::string_view room) {
  const std::lock_guard lock(mutex_);
  return ++shards_[std::string(room)] == 1;
}

SOCKETIO_DECL bool RoomCensus::remove(std::string_view room) {
  const std::lock_guard lock(mutex_);
  const auto found = shards_.find(std::string(room));
  if (found == shards_.end() || --found->second != 0) return false;
  shards_.erase(found);
  return true;
}

}  // namespace socketio::detail
