// SPDX-License-Identifier: MIT
// The bodies of WebsocketppTransport, for a program that compiles the library's bodies once: include this in one source
// file, beside <socketio/impl/src.hpp>. It needs WebSocket++, which the rest of the program then does not.
#pragma once

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#error "Define SOCKETIO_SEPARATE_COMPILATION in all files of the program, or do not include this header."
#endif

#include <socketio/transport/impl/websocketpp.ipp>
#include <socketio/transport/impl/websocketpp_config.ipp>
#include <socketio/transport/impl/websocketpp_protocol.ipp>
