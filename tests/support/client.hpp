// SPDX-License-Identifier: MIT
// Steps that most behaviour tests begin with.
#pragma once

#include "catch.hpp"
#include "harness.hpp"

#include <string>
#include <string_view>

namespace socketio::test {

inline constexpr const char* websocket_target = "/socket.io/?EIO=4&transport=websocket";
inline constexpr const char* polling_target = "/socket.io/?EIO=4&transport=polling";

/// The text between `"sid":"` and the next quote.
inline std::string sid_in(std::string_view text) {
  const std::size_t at = text.find("\"sid\":\"");
  REQUIRE(at != std::string_view::npos);
  const std::size_t begin = at + 7;
  return std::string(text.substr(begin, text.find('"', begin) - begin));
}

/// Opens a WebSocket connection that has joined no namespace yet.
template <class HarnessT>
auto open_engine(HarnessT& harness) {
  auto client = harness.open(websocket_target);
  REQUIRE(client.next().substr(0, 2) == "0{");
  return client;
}

/// Joins a namespace ("/" if none is named) and returns the socket's id.
template <class Client>
std::string join(Client& client, const std::string& nsp = {}, const std::string& auth = {}) {
  client.text("40" + (nsp.empty() ? "" : nsp + ",") + auth);
  const std::string reply = client.next();
  const std::string expected = "40" + (nsp.empty() ? "" : nsp + ",") + "{\"sid\":\"";
  REQUIRE(reply.substr(0, expected.size()) == expected);
  return sid_in(reply);
}

/// A client in the main namespace.
template <class HarnessT>
auto open_socket(HarnessT& harness) {
  auto client = open_engine(harness);
  join(client);
  return client;
}

}  // namespace socketio::test
