// SPDX-License-Identifier: MIT
// Bodies of server_context.hpp. Core layer.
#pragma once

#include <socketio/core/server_context.hpp>

namespace socketio::detail {

SOCKETIO_DECL std::size_t memory_of(const Value& value) {
  std::size_t bytes = sizeof(Value);
  if (value.is_string()) {
    bytes += value.as_string().capacity();
  } else if (value.is_binary()) {
    bytes += value.as_binary().size();
  } else if (value.is_array()) {
    for (const Value& item : value.as_array()) bytes += memory_of(item);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object())
      bytes += sizeof(std::string) + key.capacity() + memory_of(member);
  }
  return bytes;
}

}  // namespace socketio::detail
