// SPDX-License-Identifier: MIT
// Bodies of coroutines.hpp. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>

#include <asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL void spawn(Shard& shard, asio::awaitable<void> coroutine) {
  asio::co_spawn(shard.executor(), std::move(coroutine), [](std::exception_ptr) {});
}

}  // namespace socketio::detail
