// SPDX-License-Identifier: MIT
// What a dynamic value can be. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstdint>
#include <string_view>

namespace socketio {

/// JSON's kinds, with binary data beside them and numbers told apart by what holds them without loss.
enum class ValueKind : std::uint8_t {
  null,
  boolean,
  integer,           // fits std::int64_t
  unsigned_integer,  // fits only std::uint64_t
  number,            // any other number
  string,
  binary,
  array,
  object
};

/// The kind in the words of error messages.
constexpr std::string_view to_string(ValueKind kind) noexcept {
  switch (kind) {
    case ValueKind::null: return "null";
    case ValueKind::boolean: return "boolean";
    case ValueKind::integer: return "integer";
    case ValueKind::unsigned_integer: return "integer";
    case ValueKind::number: return "number";
    case ValueKind::string: return "string";
    case ValueKind::binary: return "binary";
    case ValueKind::array: return "array";
    case ValueKind::object: return "object";
  }
  return "";
}

}  // namespace socketio
