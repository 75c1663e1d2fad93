// SPDX-License-Identifier: MIT
// Other functions of the handles: the client behind a socket, adding and removing connection handlers, server-side
// events.

#include "../support/client.hpp"

#include <asio/detached.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <optional>
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

TEST_CASE("connection handlers may be for one client, and may be removed", "[behaviour][connect]") {
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

TEST_CASE("a connection handler that removes all handlers is called, and so are the others of that client",
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

TEST_CASE("server_side_emit_with_ack on a single server completes with no answers", "[behaviour][server-side]") {
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

TEST_CASE("a coroutine on a single server awaits no answers of other servers", "[behaviour][server-side]") {
  Harness harness;
  std::optional<std::size_t> answers;
  std::optional<std::size_t> count;
  std::error_code error = make_error_code(Errc::timed_out);
  harness.io.server_side_emit_with_ack<int>("hello", 1, [&](std::error_code code, std::vector<int> all) {
    error = code;
    answers = all.size();
  });
  harness.io.of("/n").server_side_emit_with_ack<void>("hello", [&](std::error_code, std::size_t n) { count = n; });
  CHECK_FALSE(answers);
  REQUIRE(harness.until([&] { return answers && count; }));
  CHECK_FALSE(error);
  CHECK(answers == 0u);
  CHECK(count == 0u);
  CHECK_THROWS_AS(harness.io.server_side_emit_with_ack("connect", asio::detached), std::invalid_argument);
}

TEST_CASE("a socket is found by its id, also when it has left its own room", "[behaviour][rooms]") {
  Harness harness;
  std::vector<TestSocket> sockets;
  harness.io.on("connection", [&](TestSocket socket) { sockets.push_back(socket); });
  auto first = open_socket(harness);
  auto second = open_socket(harness);
  CHECK(harness.io.find_socket(sockets[0].id()) == sockets[0]);
  sockets[1].join(sockets[0].id());
  CHECK(harness.io.find_socket(sockets[0].id()) == sockets[0]);
  sockets[0].leave(sockets[0].id());
  CHECK(harness.io.of("/").find_socket(sockets[0].id()) == sockets[0]);
  CHECK_FALSE(harness.io.find_socket("nobody"));
  CHECK_FALSE(harness.io.of("/other").find_socket(sockets[0].id()));
  sockets[0].disconnect();
  CHECK(harness.until([&] { return !harness.io.find_socket(sockets[0].id()); }));
}

TEST_CASE("a single connection handler is removed by its Listener", "[behaviour][connect]") {
  Harness harness;
  std::string log;
  harness.io.on("connection", [&](TestSocket) { log += "on "; });
  const Listener first = harness.io.on("connection", [&](TestSocket) { log += "first "; });
  const Listener second = harness.io.of("/").on("connect", [&](TestSocket) { log += "second "; });
  auto one = open_socket(harness);
  CHECK(log == "second on first ");
  log.clear();
  harness.io.off("connect", first);  // no handler of that event
  harness.io.of("/").off("connect", second);
  auto two = open_socket(harness);
  CHECK(log == "on first ");
  log.clear();
  harness.io.off("connection", first);
  harness.io.off("connection", first);
  auto three = open_socket(harness);
  CHECK(log == "on ");
  CHECK_THROWS_AS(harness.io.on("message", [](TestSocket) {}), std::invalid_argument);
}

TEST_CASE("the executor of a socket is that of its thread", "[behaviour][threads]") {
  Harness harness;
  std::optional<TestSocket> kept;
  harness.io.on("connection", [&](TestSocket socket) { kept = socket; });
  auto client = open_socket(harness);
  bool ran = false;
  asio::post(kept->get_executor(), [&] { ran = true; });
  CHECK_FALSE(ran);
  CHECK(harness.until([&] { return ran; }));
}
