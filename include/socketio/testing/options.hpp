// SPDX-License-Identifier: MIT
// How a scripted client connects. Testing.
#pragma once

#include <socketio/protocol/value.hpp>

#include <string>
#include <utility>
#include <vector>

namespace socketio::testing {

/// How a connection begins; one that polls can go over to a WebSocket, see `Client::upgrade`.
enum class Via { websocket, polling };

/// What a scripted client says of itself when it connects.
///
/// @par Example  `io.connect({.nsp = "/chat", .via = testing::Via::polling, .query = {{"version", "2"}}})`
struct ClientOptions {
  std::string nsp = "/";
  Value auth{};  // an object; null: none
  Via via = Via::websocket;
  std::vector<std::pair<std::string, std::string>> query{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string address = "127.0.0.1";
};

}  // namespace socketio::testing
