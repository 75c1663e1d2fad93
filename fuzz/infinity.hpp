// SPDX-License-Identifier: MIT
// Numbers beyond the range of doubles: they are read as infinite, and JSON has no text for that.
#pragma once

#include <socketio/protocol/json.hpp>

#include <algorithm>
#include <cmath>

namespace fuzz {

/// Whether a document contains an infinite number: it is not the same after writing and reading.
inline bool has_infinity(const socketio::JsonValue& value) {
  if (value.IsDouble()) return std::isinf(value.GetDouble());
  if (value.IsArray()) return std::any_of(value.Begin(), value.End(), has_infinity);
  return value.IsObject() && std::any_of(value.MemberBegin(), value.MemberEnd(),
                                         [](const auto& member) { return has_infinity(member.value); });
}

}  // namespace fuzz
