// SPDX-License-Identifier: MIT
// Who wants to know of rooms that come and go, and of sockets that join and leave them. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// The names of RoomEvent::Kind, in its order.
inline constexpr std::array<std::string_view, 4> room_event_names{"create-room", "delete-room", "join-room",
                                                                  "leave-room"};

inline std::optional<RoomEvent::Kind> to_room_event(std::string_view name) noexcept {
  for (std::size_t i = 0; i < room_event_names.size(); ++i)
    if (room_event_names[i] == name) return static_cast<RoomEvent::Kind>(i);
  return std::nullopt;
}

/// @par Thread safety  Owner's thread only.
class RoomListeners {
 public:
  using Listener = UniqueFunction<void(const std::string& room, const std::string& id)>;

  void add(RoomEvent::Kind kind, Listener listener) {
    of(kind).push_back(std::make_shared<const Listener>(std::move(listener)));
  }
  void remove(RoomEvent::Kind kind) { const auto removed = std::exchange(of(kind), {}); }

  /// Calls every listener registered now, whatever the listeners do; what one of them throws is reported.
  void notify(const RoomEvent& event, const Shard& shard, std::string_view nsp) {
    const auto listeners = of(event.kind);
    if (listeners.empty()) return;
    const std::string room(event.room);
    const std::string id(event.id);
    for (const auto& listener : listeners) {
      try {
        (*listener)(room, id);
      } catch (...) {
        shard.report_current_exception(nsp, id, room_event_names[static_cast<std::size_t>(event.kind)]);
      }
    }
  }

 private:
  using List = std::vector<std::shared_ptr<const Listener>>;

  List& of(RoomEvent::Kind kind) { return lists_[static_cast<std::size_t>(kind)]; }

  std::array<List, room_event_names.size()> lists_;
};

}  // namespace socketio::detail
