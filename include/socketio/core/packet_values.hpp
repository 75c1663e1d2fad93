// SPDX-License-Identifier: MIT
// The arguments of a packet as values of their own. Core layer.
#pragma once

#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/protocol/value_view.hpp>

#include <cstddef>
#include <vector>

namespace socketio::detail {

/// Copies the value that a view shows.
inline Value to_value(ValueView view) {
  Value value;
  ConvertError error;
  static_cast<void>(read_value(view, value, error));  // every view is a value
  return value;
}

/// Copies the arguments of an event or an acknowledgement.
inline std::vector<Value> values_of(const Packet& packet) {
  std::vector<Value> values;
  values.reserve(packet.arg_count());
  for (std::size_t i = 0; i < packet.arg_count(); ++i) values.push_back(to_value(packet.arg(i)));
  return values;
}

}  // namespace socketio::detail
