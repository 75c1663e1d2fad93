// SPDX-License-Identifier: MIT
// Arguments whose number and types are known at run time only. Core layer.
#pragma once

#include <socketio/protocol/value.hpp>

#include <vector>

namespace socketio {

/// All remaining arguments of an event, as JavaScript's `...args`.
///
/// As a handler's parameter it takes every argument that is left; given to an emit, an acknowledgement, or returned
/// from a handler, each of its items is an argument of its own.
///
/// @par Example  `socket.on("message", [=](socketio::Args args) { socket.emit("message-back", args); });`
struct Args : std::vector<Value> {
  using std::vector<Value>::vector;
};

}  // namespace socketio
