// SPDX-License-Identifier: MIT
// expect: an argument of this typed event has the wrong type
#include <socketio/testing/testing.hpp>

inline constexpr socketio::Event<"rename", void(std::string)> rename_event;

void send(const socketio::testing::Client& client) { client.emit(rename_event, 1); }
