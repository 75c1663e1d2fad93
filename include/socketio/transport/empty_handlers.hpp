// SPDX-License-Identifier: MIT
// The handlers that wait until a transport has no connection any more. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>

#include <vector>

namespace socketio::detail {

/// @par Thread safety  Owner's thread only.
class EmptyHandlers {
 public:
  using Handler = UniqueFunction<void()>;

  bool empty() const noexcept { return handlers_.empty(); }
  void add(Handler handler);

  /// Calls each handler once, except those that are added meanwhile.
  ///
  /// A handler may clear this list. The caller keeps it alive.
  void call();

  /// Forgets all handlers.
  void clear();

 private:
  std::vector<Handler> handlers_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/empty_handlers.ipp>
#endif
