// SPDX-License-Identifier: MIT
// Session ids that cannot be guessed. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <string>

namespace socketio {

/// A new session, socket or private id: 20 characters of `A-Za-z0-9_-`.
///
/// 96 random bits make it unguessable, a 24-bit counter keeps ids of one process apart. Nothing random is kept
/// between calls, so that processes forked from one another never share an id.
///
/// @par Errors         throws std::system_error if the system's random source fails.
/// @par Thread safety  safe from any thread.
/// @par Cost           one system call.
[[nodiscard]] SOCKETIO_DECL std::string make_sid();

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/sid.ipp>
#endif
