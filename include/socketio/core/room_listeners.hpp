// SPDX-License-Identifier: MIT
// Who wants to know of rooms that come and go, and of sockets that join and leave them. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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

/// @par Thread safety  Any thread.
class RoomListeners {
 public:
  using Function = UniqueFunction<void(const std::string& room, const std::string& id)>;

  void add(RoomEvent::Kind kind, Listener listener, Function function, bool once) {
    Entry entry{listener, std::make_shared<const Function>(std::move(function)), once};
    const std::lock_guard lock(mutex_);
    if (!has_ended_) of(kind).push_back(std::move(entry));
  }
  void remove(RoomEvent::Kind kind) {
    List removed;
    const std::lock_guard lock(mutex_);
    removed.swap(of(kind));
  }
  void remove(RoomEvent::Kind kind, Listener listener) {
    Entry removed;
    const std::lock_guard lock(mutex_);
    List& list = of(kind);
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Entry& entry) { return entry.listener == listener; });
    if (found == list.end()) return;
    removed = std::move(*found);
    list.erase(found);
  }

  /// As NamespaceSetup::end.
  void end() {
    std::array<List, room_event_names.size()> removed;
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    removed.swap(lists_);
  }

  /// Calls every listener registered now, whatever the listeners do; what one of them throws is reported.
  void notify(const RoomEvent& event, const Shard& shard, std::string_view nsp) {
    List listeners;
    {
      const std::lock_guard lock(mutex_);
      listeners = of(event.kind);
      std::erase_if(of(event.kind), [](const Entry& entry) { return entry.once; });
    }
    if (listeners.empty()) return;
    const std::string room(event.room);
    const std::string id(event.id);
    for (const Entry& entry : listeners) {
      try {
        (*entry.function)(room, id);
      } catch (...) {
        shard.report_current_exception(nsp, id, room_event_names[static_cast<std::size_t>(event.kind)]);
      }
    }
  }

 private:
  struct Entry {
    Listener listener;
    std::shared_ptr<const Function> function;
    bool once = false;
  };
  using List = std::vector<Entry>;

  List& of(RoomEvent::Kind kind) { return lists_[static_cast<std::size_t>(kind)]; }

  std::mutex mutex_;
  std::array<List, room_event_names.size()> lists_;
  bool has_ended_ = false;
};

/// On how many shards each room has members: a room that is new on one of them may be there on another already.
///
/// @par Thread safety  Any thread.
class RoomCensus {
 public:
  /// @return whether no shard had the room
  bool add(std::string_view room) {
    const std::lock_guard lock(mutex_);
    return ++shards_[std::string(room)] == 1;
  }
  /// @return whether no shard has the room any more
  bool remove(std::string_view room) {
    const std::lock_guard lock(mutex_);
    const auto found = shards_.find(std::string(room));
    if (found == shards_.end() || --found->second != 0) return false;
    shards_.erase(found);
    return true;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> shards_;
};

}  // namespace socketio::detail
