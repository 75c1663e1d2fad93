// SPDX-License-Identifier: MIT
// Volatile packets: when a client is ready over each channel, and which clients of a broadcast get them.

#include "../support/client.hpp"

#include <asio/post.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// A server whose sockets the test uses on the server's thread, several times in one turn of its loop.
struct Stage {
  Stage() {
    harness.io.on("connection", [this](TestSocket socket) {
      socket.volatile_().emit("dropped: CONNECT is on its way");
      sockets.push_back(socket);
    });
  }

  template <class F>
  void act(F action) {
    bool done = false;
    asio::post(harness.io.get_executor(), [&] {
      action();
      done = true;
    });
    REQUIRE(harness.until([&] { return done; }));
  }

  Harness::WebSocket open_websocket() {
    auto client = open_socket(harness);
    CHECK_FALSE(client.has_message());
    return client;
  }

  /// Joins over polling. @return the target of the session's requests
  std::string open_polling() {
    const std::string target = std::string(polling_target) + "&sid=" + sid_in(harness.get(polling_target).body());
    CHECK(harness.post(target, "40").body() == "ok");
    const std::string joined = harness.get(target).body();
    CHECK(joined.substr(0, 4) == "40{\"");
    CHECK(joined.find('\x1e') == std::string::npos);
    return target;
  }

  /// A poll that waits in the server.
  Harness::Request park(const std::string& target, const TestSocket& socket) {
    auto poll = harness.get(target);
    REQUIRE(harness.until([&] { return socket.is_writable(); }));
    return poll;
  }

  Harness harness;
  std::vector<TestSocket> sockets;
};

const std::string binary_event = R"(451-["b",{"_placeholder":true,"num":0}])";

}  // namespace

TEST_CASE("over WebSocket the first packet of a turn is sent, volatile packets after it are dropped",
          "[behaviour][volatile]") {
  Stage stage;
  auto client = stage.open_websocket();
  const TestSocket& socket = stage.sockets.at(0);
  SECTION("volatile first") {
    stage.act([&] {
      socket.volatile_().emit("first");
      socket.volatile_().emit("dropped");
      socket.emit("second");
    });
    CHECK(client.next() == R"(42["first"])");
    CHECK(client.next() == R"(42["second"])");
  }
  SECTION("volatile between others") {
    stage.act([&] {
      socket.emit("first");
      socket.volatile_().emit("dropped");
      socket.emit("second");
    });
    CHECK(client.next() == R"(42["first"])");
    CHECK(client.next() == R"(42["second"])");
  }
  SECTION("with its binary data as one packet") {
    stage.act([&] {
      socket.volatile_().emit("b", Binary(std::string("1")));
      socket.volatile_().emit("b", Binary(std::string("2")));
    });
    CHECK(client.next() == binary_event);
    CHECK(client.next() == "<binary>1");
  }
  SECTION("each in its own turn") {
    for (const char* event : {"one", "two"}) {
      stage.act([&] { socket.volatile_().emit(event); });
      CHECK(client.next() == R"(42[")" + std::string(event) + R"("])");
      REQUIRE(stage.harness.until([&] { return socket.is_writable(); }));
    }
  }
  CHECK_FALSE(client.has_message());
}

TEST_CASE("over polling a volatile packet is sent in the waiting poll, or dropped", "[behaviour][volatile][polling]") {
  Stage stage;
  const std::string target = stage.open_polling();
  const TestSocket& socket = stage.sockets.at(0);
  SECTION("no poll waits") {
    stage.act([&] {
      socket.volatile_().emit("dropped");
      socket.volatile_().emit("b", Binary(std::string("dropped")));
      socket.emit("kept");
    });
    CHECK(stage.harness.get(target).body() == R"(42["kept"])");
  }
  SECTION("a poll waits") {
    auto poll = stage.park(target, socket);
    stage.act([&] {
      socket.volatile_().emit("first");
      socket.volatile_().emit("dropped");
      socket.emit("second");
    });
    CHECK(poll.body() == R"(42["first"])");
    CHECK(stage.harness.get(target).body() == R"(42["second"])");
  }
  SECTION("another packet takes the poll") {
    auto poll = stage.park(target, socket);
    stage.act([&] {
      socket.emit("first");
      socket.volatile_().emit("dropped");
      socket.emit("second");
    });
    CHECK(poll.body() == R"(42["first"])");
    CHECK(stage.harness.get(target).body() == R"(42["second"])");
  }
  SECTION("with binary data") {
    auto poll = stage.park(target, socket);
    stage.act([&] { socket.volatile_().emit("b", Binary(std::string("1"))); });
    CHECK(poll.body() == binary_event + "\x1e" + "bMQ==");
  }
}

TEST_CASE("a volatile broadcast is dropped only for clients that are not ready", "[behaviour][volatile][rooms]") {
  Stage stage;
  auto ready = stage.open_websocket();
  auto busy = stage.open_websocket();
  const std::string waiting = stage.open_polling();
  const std::string away = stage.open_polling();
  auto poll = stage.park(waiting, stage.sockets.at(2));
  stage.act([&] {
    stage.sockets.at(1).emit("earlier");
    stage.harness.io.volatile_().emit("b", Binary(std::string("1")));
    stage.harness.io.emit("later");
  });
  CHECK(ready.next() == binary_event);
  CHECK(ready.next() == "<binary>1");
  CHECK(ready.next() == R"(42["later"])");
  CHECK(busy.next() == R"(42["earlier"])");
  CHECK(busy.next() == R"(42["later"])");
  CHECK(poll.body() == binary_event + "\x1e" + "bMQ==");
  CHECK(stage.harness.get(waiting).body() == R"(42["later"])");
  CHECK(stage.harness.get(away).body() == R"(42["later"])");
}

TEST_CASE("a flag belongs to the new operator, not to the one that it was set on", "[behaviour][volatile]") {
  Stage stage;
  auto client = stage.open_websocket();
  const auto plain = stage.harness.io.except("nobody");
  const auto flagged = plain.volatile_().compress(false).local();
  CHECK(flagged.options().flags.is_volatile);
  CHECK_FALSE(flagged.options().flags.compress);
  CHECK_FALSE(plain.options().flags.is_volatile);
  CHECK(plain.options().flags.compress);
  CHECK_FALSE(plain.options().flags.local);
  stage.act([&] {
    plain.emit("1");
    flagged.to("nobody").except("nobody").emit("nowhere");
    flagged.emit("dropped");
    plain.emit("2");
    stage.sockets.at(0).volatile_();
    stage.sockets.at(0).emit("3");
  });
  for (const char* expected : {R"(42["1"])", R"(42["2"])", R"(42["3"])"}) CHECK(client.next() == expected);
  CHECK_FALSE(client.has_message());
}

TEST_CASE("compress(false) applies to one emit only", "[behaviour][flags]") {
  Stage stage;
  const std::string target = stage.open_polling();
  const TestSocket& socket = stage.sockets.at(0);
  stage.act([&] {
    const auto bytes = Binary(std::string("1"));
    socket.emit("x");
    socket.compress(false).emit("x", bytes);
    socket.compress(true).emit("x");
    stage.harness.io.emit("x");
    stage.harness.io.compress(false).emit("x");
    std::vector<bool> allowed;
    for (const MessagePtr& message : socket.conn().write_buffer()) allowed.push_back(message->compress());
    CHECK(allowed == std::vector<bool>{true, false, false, true, true, false});
  });
}
