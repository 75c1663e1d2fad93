// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/converter.hpp>: what an error says. Protocol layer.
#pragma once

#include <socketio/protocol/converter.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace socketio {

SOCKETIO_DECL std::string ConvertError::message() const {
  std::string text = "expected ";
  text.append(expected).append(", got ").append(found);
  if (!path.empty()) text.append(" at ").append(path);
  return text;
}

namespace detail {

SOCKETIO_DECL bool failed_to_convert(std::string_view expected, ValueView found, ConvertError& error) {
  error = {std::string(expected), std::string(to_string(found.kind())), {}};
  return false;
}

SOCKETIO_DECL bool failed_by_range(std::string_view expected, std::string_view type, ConvertError& error) {
  error = {std::string(expected), "number out of range for ", {}};
  error.found += type;
  return false;
}

SOCKETIO_DECL bool failed_by_size(std::size_t expected, std::size_t found, ConvertError& error) {
  error = {"array of ", "array of ", {}};
  error.expected += std::to_string(expected);
  error.found += std::to_string(found);
  return false;
}

SOCKETIO_DECL bool failed_by_absence(std::string_view expected, ConvertError& error) {
  error = {std::string(expected), "nothing", {}};
  return false;
}

SOCKETIO_DECL bool failed_at_index(std::size_t index, ConvertError& error) {
  std::string step = "[";
  step += std::to_string(index);
  step += ']';
  error.path.insert(0, step);
  return false;
}

SOCKETIO_DECL bool failed_at_key(std::string_view key, ConvertError& error) {
  error.path.insert(0, key);
  error.path.insert(0, 1, '.');
  return false;
}

}  // namespace detail

}  // namespace socketio
