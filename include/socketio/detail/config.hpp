// SPDX-License-Identifier: MIT
// How the library is compiled: what it needs of the compiler and of Asio, and whether bodies stand in headers. Detail
// layer; every header includes it before anything else.
#pragma once

/// Precedes each function that a header declares and that has its body in a file below `impl/`.
///
/// By default headers include their bodies, and functions are `inline`. A program that defines
/// SOCKETIO_SEPARATE_COMPILATION in all of its files compiles the bodies once, in one file that includes
/// <socketio/impl/src.hpp>.
#if defined(SOCKETIO_SEPARATE_COMPILATION)
#define SOCKETIO_DECL
#else
#define SOCKETIO_DECL inline
#endif

// Asio was included before this file, without the macros below, and has decided what the compiler can do.
#if defined(ASIO_DETAIL_CONFIG_HPP)
#define SOCKETIO_ASIO_CAME_FIRST
#endif

// Asio without Boost.
#if !defined(ASIO_STANDALONE)
#define ASIO_STANDALONE 1
#endif

// Clang has coroutines, but before version 15 it does not announce them as libstdc++ expects it, and Asio 1.22 does not
// see those of any Clang.
#if defined(__clang__) && !defined(__apple_build_version__)
#if !defined(__cpp_impl_coroutine) && __has_include(<bits/c++config.h>)
#if defined(_GLIBCXX_COROUTINE)
#define SOCKETIO_COROUTINES_CAME_FIRST
#else
#define __cpp_impl_coroutine 201902L
#endif
#endif
#if !defined(ASIO_HAS_CO_AWAIT) && defined(__cpp_impl_coroutine)
#if defined(SOCKETIO_ASIO_CAME_FIRST)
#define SOCKETIO_COROUTINES_CAME_FIRST
#else
#define ASIO_HAS_CO_AWAIT 1
#if !defined(ASIO_HAS_STD_COROUTINE)
#define ASIO_HAS_STD_COROUTINE 1
#endif
#endif
#endif
#endif

#if __has_include(<asio/version.hpp>)
#include <asio/version.hpp>
#endif

// One sentence for each thing that may be missing. The compiler stops behind it.
#define SOCKETIO_CANNOT_COMPILE
#if defined(__clang__) && __clang_major__ < 14
#error "socketio needs Clang 14 or newer."
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#error "socketio needs GCC 12 or newer."
#elif defined(_MSC_VER) && !defined(__clang__) && _MSC_VER < 1930
#error "socketio needs Visual Studio 2022 or newer."
#elif (defined(_MSVC_LANG) && _MSVC_LANG < 202002L) || (!defined(_MSVC_LANG) && __cplusplus < 202002L)
#error "socketio needs C++20: compile with -std=c++20, with Visual Studio /std:c++20."
#elif defined(__GNUC__) && !defined(__clang__) && !defined(__cpp_impl_coroutine)
#error "socketio needs coroutines: compile without -fno-coroutines."
#elif defined(SOCKETIO_COROUTINES_CAME_FIRST)
#error \
    "socketio needs coroutines: include <socketio/socketio.hpp> before <asio.hpp> and <coroutine>, or compile with \
-D__cpp_impl_coroutine=201902L -DASIO_HAS_CO_AWAIT -DASIO_HAS_STD_COROUTINE, which this Clang needs."
#elif defined(ASIO_ENABLE_BOOST)
#error "socketio needs Asio without Boost: compile without ASIO_ENABLE_BOOST."
#elif defined(ASIO_VERSION) && ASIO_VERSION < 102200
#error "socketio needs Asio 1.22 or newer."
#else
#undef SOCKETIO_CANNOT_COMPILE
#endif
#if defined(SOCKETIO_CANNOT_COMPILE)
#include <see_the_error_above>  // no such file exists: the compiler stops here, before it adds errors that do not help
#endif

#undef SOCKETIO_ASIO_CAME_FIRST
