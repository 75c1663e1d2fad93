// SPDX-License-Identifier: MIT
// Whom a broadcast is for, and how it is sent. Core layer.
#pragma once

#include <string>
#include <vector>

namespace socketio {

/// The flags of one emit, as Socket.IO's modifiers set them.
struct EmitFlags {
  bool is_volatile = false;  // drop the packet where it cannot be sent at once
  bool compress = true;      // allow compression
  bool local = false;        // do not send it to the other servers of a cluster
};

/// Whom a broadcast is for: everyone in one of `rooms` (in the namespace, if there are none) and in none of `except`.
struct BroadcastOptions {
  std::vector<std::string> rooms;
  std::vector<std::string> except;
  EmitFlags flags;
};

}  // namespace socketio
