// SPDX-License-Identifier: MIT
// The bodies of the transport that uses WebSocket++, for this project's programs.
#include <socketio/impl/websocketpp_src.hpp>
