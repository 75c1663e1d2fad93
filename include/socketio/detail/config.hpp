// SPDX-License-Identifier: MIT
// How the library is compiled: header-only, or its bodies once for a whole program. Detail layer.
#pragma once

/// Precedes what is declared in a header and has its body in a file below `impl/`.
///
/// Header-only, which is the default, headers include their bodies, and functions are `inline`. A program that defines
/// SOCKETIO_SEPARATE_COMPILATION in all of its files compiles the bodies once, in one file that includes
/// <socketio/impl/src.hpp>.
#if defined(SOCKETIO_SEPARATE_COMPILATION)
#define SOCKETIO_DECL
#else
#define SOCKETIO_DECL inline
#endif
