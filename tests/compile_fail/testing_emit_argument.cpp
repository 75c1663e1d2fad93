// SPDX-License-Identifier: MIT
// expect: an argument of this emit cannot be converted to what servers receive
#include <socketio/testing/testing.hpp>

#include <thread>

void send(const socketio::testing::Client& client) { client.ask("event", 1, std::thread()); }
