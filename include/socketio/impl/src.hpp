// SPDX-License-Identifier: MIT
// Every body of the library, for the one file of a program that compiles them: see docs/compiling.md.
#pragma once

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#error \
    "socketio: <socketio/impl/src.hpp> is for programs that define SOCKETIO_SEPARATE_COMPILATION in all of their files."
#else

#include <socketio/impl/core_src.hpp>
#include <socketio/impl/engine_src.hpp>

#endif
