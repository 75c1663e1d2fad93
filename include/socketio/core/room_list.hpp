// SPDX-License-Identifier: MIT
// The ways in which rooms can be named: one, several, or a range of names. Core layer.
#pragma once

#include <concepts>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::detail {

template <class T>
concept RoomName = std::convertible_to<const T&, std::string_view>;

template <class T>
concept RoomNames = !RoomName<T> && requires(const T& rooms) {
  { *std::begin(rooms) } -> std::convertible_to<std::string_view>;
  std::end(rooms);
};

/// One room, or a range of rooms.
template <class T>
concept RoomArgument = RoomName<T> || RoomNames<T>;

template <RoomArgument T>
void append_rooms(std::vector<std::string>& out, const T& rooms) {
  if constexpr (RoomName<T>) {
    out.emplace_back(std::string_view(rooms));
  } else {
    for (const auto& room : rooms) out.emplace_back(std::string_view(room));
  }
}

template <RoomArgument... Rooms>
std::vector<std::string> room_list(const Rooms&... rooms) {
  std::vector<std::string> list;
  (append_rooms(list, rooms), ...);
  return list;
}

}  // namespace socketio::detail
