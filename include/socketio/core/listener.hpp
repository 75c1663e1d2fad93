// SPDX-License-Identifier: MIT
// The name of a registered handler, by which it can be taken away again. Core layer.
#pragma once

#include <atomic>
#include <cstdint>

namespace socketio {

/// Identifies one registration of a handler: what `on`, `once`, `on_any` and their kin return.
///
/// In JavaScript a listener is taken away by naming the function; lambdas of C++ cannot be compared, so that a
/// registration has a name of its own. Small, copyable, keeps nothing alive; one that is default-constructed names
/// none.
///
/// @par Example
/// @code
/// const socketio::Listener ticks = socket.on("tick", handler);
/// socket.off("tick", ticks);
/// @endcode
class Listener {
 public:
  constexpr Listener() noexcept = default;

  /// For the library: one that no other equals.
  static Listener make() noexcept {
    static std::atomic<std::uint64_t> last{0};
    Listener listener;
    listener.id_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
    return listener;
  }

  friend constexpr bool operator==(Listener, Listener) noexcept = default;

 private:
  std::uint64_t id_ = 0;
};

}  // namespace socketio
