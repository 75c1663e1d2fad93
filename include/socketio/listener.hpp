// SPDX-License-Identifier: MIT
// The identity of a registered handler, by which it can be removed.
#pragma once

#include <atomic>
#include <cstdint>

namespace socketio {

/// Identifies one registration of a handler: `on`, `once`, `prepend`, `on_any` and the like return it, `off` takes it.
///
/// JavaScript removes a listener by naming its function. C++ cannot compare lambdas, so each registration has an
/// identity of its own. A Listener is small, can be copied and ignored, and keeps nothing alive; a default-constructed
/// one identifies no registration.
///
/// @par Example
/// @code
/// const socketio::Listener ticks = socket.on("tick", handler);
/// socket.off("tick", ticks);
/// @endcode
class Listener {
 public:
  constexpr Listener() noexcept = default;

  /// For the library: a Listener that equals no other.
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
