// SPDX-License-Identifier: MIT
// What else the handles offer: the client behind a socket, connection handlers that come and go, server-side events.

#include "../support/client.hpp"

#include <asio/post.hpp>

#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

template <class F>
void act(Harness& harness, F action) {
  bool done = false;
  asio::post(harness.io.get_executor(), [&] {
    action();
    done = true;
  });
  REQUIRE(harness.until([&] { return done; }));
}

}  // namespace

TEST_CASE("the client of a socket knows its sockets in all namespaces", "[behaviour][client]") {
  Harness harness;
  std::vector<TestSocket> sockets;
  const auto keep = [&](TestSocket socket) { sockets.push_back(socket); };
  harness.io.on("connection", keep);
  harness.io.of("/n").on("connection", keep);
  auto client = open_socket(harness);
  join(client, "/n");
  auto other = open_socket(harness);
  REQUIRE(sockets.size() == 3);
  act(harness, [&] {
    CHECK(sockets[0].client() == sockets[1].client());
    CHECK_FALSE(sockets[0].client() == sockets[2].client());
    CHECK(sockets[1].client().sockets() == std::vector<TestSocket>{sockets[0], sockets[1]});
    CHECK(&sockets[0].client().conn() == &sockets[1].conn());
    CHECK(sockets[1].client().request().target == websocket_target);
    CHECK(sockets[0].request().method == "GET");
  });
  sockets[1].client().disconnect();
  CHECK(client.next() == "41");
  CHECK(client.next() == "41/n,");
  CHECK(client.closed());
  act(harness, [&] { CHECK(sockets[0].client().sockets().empty()); });
  CHECK_FALSE(other.has_message());
}

TEST_CASE("connection handlers may be for one client, and may be taken away", "[behaviour][connect]") {
  Harness harness;
  std::string log;
  harness.io.on("connection", [&](TestSocket) { log += "on "; });
  harness.io.once("connection", [&](TestSocket) { log += "once "; });
  harness.io.of("/").once("connect", [&](TestSocket) { log += "connect "; });
  auto first = open_socket(harness);
  auto second = open_socket(harness);
  CHECK(log == "connect on once on ");
  harness.io.off("connection");
  harness.io.on("connect", [&](TestSocket) { log += "late "; });
  auto third = open_socket(harness);
  CHECK(log == "connect on once on late ");
  harness.io.remove_all_listeners();
  auto fourth = open_socket(harness);
  CHECK(log == "connect on once on late ");
  CHECK_THROWS_AS(harness.io.off("message"), std::invalid_argument);
}

TEST_CASE("a connection handler that takes all away is called, and so are those registered with it",
          "[behaviour][connect]") {
  Harness harness;
  std::string log;
  harness.io.on("connection", [&](TestSocket) {
    log += "1";
    harness.io.remove_all_listeners("connection");
  });
  harness.io.on("connection", [&](TestSocket) { log += "2"; });
  auto first = open_socket(harness);
  auto second = open_socket(harness);
  CHECK(log == "12");
}

TEST_CASE("a server that is alone has no other servers to ask", "[behaviour][server-side]") {
  Harness harness;
  int calls = 0;
  std::error_code error = make_error_code(Errc::timed_out);
  harness.io.server_side_emit("hello", 1, "text");
  harness.io.of("/n").server_side_emit("hello", 1, [&](std::error_code code, std::vector<std::string> answers) {
    error = code;
    calls += 1 + static_cast<int>(answers.size());
  });
  harness.io.server_side_emit("hello",
                              [&](std::vector<Value> answers) { calls += 10 + static_cast<int>(answers.size()); });
  CHECK(calls == 0);
  REQUIRE(harness.until([&] { return calls == 11; }));
  CHECK_FALSE(error);
  for (const char* name : {"connect", "connection", "new_namespace"})
    CHECK_THROWS_WITH(harness.io.server_side_emit(name), '"' + std::string(name) + "\" is a reserved event name");
}
