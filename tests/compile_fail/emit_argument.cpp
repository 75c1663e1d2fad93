// SPDX-License-Identifier: MIT
// expect: an argument of this emit cannot be converted to what clients receive
#include <socketio/socketio.hpp>

#include <thread>

void send(socketio::Server& io) { io.emit("event", 1, std::thread()); }
