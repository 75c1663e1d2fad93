// SPDX-License-Identifier: MIT
// Coroutines of users: started on a shard, with nobody waiting for their end. Core layer.
#pragma once

#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>

#if !__has_include(<asio/awaitable.hpp>)
#error \
    "socketio needs Asio 1.22 or newer without Boost (Debian and Ubuntu: libasio-dev). Boost.Asio is another library."
#endif

#include <asio/awaitable.hpp>

#if !defined(ASIO_HAS_CO_AWAIT)
#error "socketio needs coroutines: Asio does not see that this compiler has them."
#endif

#include <memory>

namespace socketio::detail {

class EventReceiver;

/// Starts a coroutine of the library's on the thread of a shard; it contains its exceptions.
///
/// Not a template, so that `asio::co_spawn` is compiled once and not for every handler.
SOCKETIO_DECL void spawn(Shard& shard, asio::awaitable<void> coroutine);

/// The same for an event: while the coroutine runs, something is owed to the receiver's client.
SOCKETIO_DECL void spawn(const std::shared_ptr<EventReceiver>& receiver, asio::awaitable<void> coroutine);

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/coroutines.ipp>
#endif
