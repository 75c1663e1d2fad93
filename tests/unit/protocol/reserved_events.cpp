// SPDX-License-Identifier: MIT
#include <socketio/protocol/reserved_events.hpp>

#include <tests/support/catch.hpp>

#include <string_view>

TEST_CASE("six event names are reserved", "[protocol][events]") {
  CHECK(socketio::reserved_events.size() == 6);
  for (const std::string_view name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CHECK(socketio::is_reserved_event(name));
  }
}

TEST_CASE("names that only resemble reserved names are allowed", "[protocol][events]") {
  for (const std::string_view name : {"connection", "error", "message", "Connect", "connect ", "", "newlistener"}) {
    CHECK_FALSE(socketio::is_reserved_event(name));
  }
}
