// SPDX-License-Identifier: MIT
// Asio's coroutines, or one readable line where they are missing. Core layer.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

// Asio 1.22 does not see that Clang before 15 has coroutines; the CMake target says so by itself.
#if !defined(ASIO_HAS_CO_AWAIT)
#error \
    "socketio needs C++20 coroutines in Asio. With Clang before 15 compile with -D__cpp_impl_coroutine=201902L \
-DASIO_HAS_CO_AWAIT -DASIO_HAS_STD_COROUTINE; the CMake target socketio::socketio does it for you."
#endif
