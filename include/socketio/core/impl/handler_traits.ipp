// SPDX-License-Identifier: MIT
// Bodies of handler_traits.hpp. Core layer.
#pragma once

#include <socketio/core/handler_traits.hpp>

#include <exception>

namespace socketio::detail {

SOCKETIO_DECL void report_missing_argument(std::string_view expected, ConvertError& error) {
  error.expected = expected;
  error.found = "nothing";
}

SOCKETIO_DECL void report_thrown_by_converter(std::string_view expected, ConvertError& error) {
  error.expected = expected;
  try {
    throw;
  } catch (const std::exception& thrown) {
    error.found = std::string("exception: ") + thrown.what();
  } catch (...) {
    error.found = "exception";
  }
}

SOCKETIO_DECL const JsonValue& null_json() noexcept {
  static const JsonValue null;
  return null;
}

SOCKETIO_DECL std::string describe_argument_error(std::size_t position, const ConvertError& error) {
  return "argument " + std::to_string(position) + ": " + error.message();
}

}  // namespace socketio::detail
