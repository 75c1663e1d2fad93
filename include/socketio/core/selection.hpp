// SPDX-License-Identifier: MIT
// Socket.IO's chain of to, in and except, for all handles that have it. Core layer.
#pragma once

#include <socketio/core/room_list.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// @tparam Derived  has `to_rooms(rooms)` and `except_rooms(rooms)`, which return the new selection
template <class Derived>
class RoomSelection {
 public:
  /// Adds rooms to send to: everyone in at least one of them, once. Unknown rooms match no socket; with an empty list
  /// nothing is added. On a socket: everyone in these rooms but the socket itself.
  template <RoomArgument... Rooms>
  auto to(const Rooms&... rooms) const {
    return derived().to_rooms(room_list(rooms...));
  }
  auto to(std::initializer_list<std::string_view> rooms) const { return derived().to_rooms(room_list(rooms)); }

  /// The same as `to`.
  template <RoomArgument... Rooms>
  auto in(const Rooms&... rooms) const {
    return derived().to_rooms(room_list(rooms...));
  }
  auto in(std::initializer_list<std::string_view> rooms) const { return derived().to_rooms(room_list(rooms)); }

  /// Leaves out everyone in these rooms; a socket's id is the room of that socket alone. On a socket: everyone but the
  /// socket itself and those in these rooms.
  template <RoomArgument... Rooms>
  auto except(const Rooms&... rooms) const {
    return derived().except_rooms(room_list(rooms...));
  }
  auto except(std::initializer_list<std::string_view> rooms) const { return derived().except_rooms(room_list(rooms)); }

 protected:
  ~RoomSelection() = default;

 private:
  const Derived& derived() const noexcept { return static_cast<const Derived&>(*this); }
};

}  // namespace socketio::detail
