// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/empty_handlers.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/empty_handlers.hpp>

#include <cstddef>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL void EmptyHandlers::add(Handler handler) { handlers_.push_back(std::move(handler)); }

SOCKETIO_DECL void EmptyHandlers::call() {
  // One by one, because a handler may destroy the transport, and then the others must not be called.
  for (std::size_t left = handlers_.size(); left > 0 && !handlers_.empty(); --left) {
    const Handler handler = std::move(handlers_.front());
    handlers_.erase(handlers_.begin());
    handler();
  }
}

SOCKETIO_DECL void EmptyHandlers::clear() {
  // Moved out first, because a handler may own an object whose destructor calls the transport.
  const auto dropped = std::exchange(handlers_, {});
}

}  // namespace socketio::detail
