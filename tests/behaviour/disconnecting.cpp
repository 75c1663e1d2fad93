// SPDX-License-Identifier: MIT
// How sockets disconnect, which handlers are called, and the end of a server.

#include "../support/client.hpp"

using namespace socketio;
using namespace socketio::test;

namespace {

/// The disconnection events of a server's sockets.
struct Departures {
  explicit Departures(Harness& harness) {
    const auto listen = [this](TestSocket socket) {
      sockets.push_back(socket);
      socket.join("room");
      socket.on("disconnecting", [this, socket](DisconnectReason reason) {
        log.push_back("disconnecting " + socket.nsp().name() + ": " + std::string(to_string(reason)) + ", rooms " +
                      std::to_string(socket.rooms().size()) + (socket.connected() ? ", connected" : ""));
      });
      socket.on("disconnect", [this, socket](DisconnectReason reason) {
        log.push_back("disconnect " + socket.nsp().name() + ": " + std::string(to_string(reason)) + ", rooms " +
                      std::to_string(socket.rooms().size()) + (socket.connected() ? ", connected" : ""));
      });
    };
    harness.io.on("connection", listen);
    harness.io.of("/n").on("connection", listen);
    harness.pump();
  }
  static std::vector<std::string> both(const std::string& nsp, const std::string& reason) {
    return {"disconnecting " + nsp + ": " + reason + ", rooms 2, connected",
            "disconnect " + nsp + ": " + reason + ", rooms 0"};
  }
  std::vector<TestSocket> sockets;
  std::vector<std::string> log;
};

}  // namespace

TEST_CASE("a client that disconnects a namespace gets no reply", "[behaviour][disconnect]") {
  Harness harness;
  Departures departures(harness);
  auto client = open_socket(harness);
  client.text("41");
  CHECK_FALSE(client.has_message());
  CHECK(departures.log == departures.both("/", "client namespace disconnect"));
  join(client);
  CHECK(departures.sockets.size() == 2);
}

TEST_CASE("the server disconnects one namespace and keeps the connection", "[behaviour][disconnect]") {
  Harness harness;
  Departures departures(harness);
  auto client = open_engine(harness);
  join(client);
  join(client, "/n");
  departures.sockets[1].disconnect();
  departures.sockets[1].disconnect();
  CHECK(client.next() == "41/n,");
  CHECK_FALSE(client.has_message());
  CHECK(departures.log == departures.both("/n", "server namespace disconnect"));
  harness.io.emit("x");
  CHECK(client.next() == R"(42["x"])");
}

TEST_CASE("packets that were on their way when the server disconnected a namespace are dropped",
          "[behaviour][disconnect]") {
  Harness harness;
  Departures departures(harness);
  auto client = open_engine(harness);
  join(client);
  join(client, "/n");
  departures.sockets[1].disconnect();
  client.text(R"(42/n,["late"])");
  client.text("43/n,0[]");
  client.text("41/n,");
  CHECK(client.next() == "41/n,");
  CHECK_FALSE(client.has_message());
  SECTION("and the client may join again") {
    join(client, "/n");
    CHECK(departures.sockets.size() == 3);
    CHECK(departures.log == departures.both("/n", "server namespace disconnect"));
  }
  SECTION("but a packet that clients never send is still a violation") {
    client.text("44/n,{}");
    CHECK(client.closed());
  }
  SECTION("but not after the client has joined again and left") {
    join(client, "/n");
    client.text("41/n,");
    client.text(R"(42/n,["x"])");
    CHECK(client.closed());
  }
}

TEST_CASE("disconnect(true) ends every namespace and the connection", "[behaviour][disconnect]") {
  Harness harness;
  Departures departures(harness);
  auto client = open_engine(harness);
  join(client);
  join(client, "/n");
  departures.sockets[1].disconnect(true);
  CHECK(client.next() == "41");
  CHECK(client.next() == "41/n,");
  CHECK(client.closed());
  CHECK(client.close_code() == 1005);
  auto expected = departures.both("/", "server namespace disconnect");
  for (auto& line : departures.both("/n", "server namespace disconnect")) expected.push_back(line);
  CHECK(departures.log == expected);
}

TEST_CASE("a connection that breaks or closes ends the sockets of all namespaces", "[behaviour][disconnect]") {
  Harness harness;
  Departures departures(harness);
  auto client = open_engine(harness);
  join(client);
  join(client, "/n");
  SECTION("by a close frame") { client.close(); }
  SECTION("without a close frame") { client.abort(); }
  CHECK(harness.until([&] { return departures.log.size() == 4; }));
  auto expected = departures.both("/", "transport close");
  for (auto& line : departures.both("/n", "transport close")) expected.push_back(line);
  CHECK(departures.log == expected);
  CHECK(harness.io.sockets().empty());
}

TEST_CASE("a client that does not answer a ping is disconnected", "[behaviour][disconnect][memory]") {
  Harness harness(on_memory, {.ping_interval = 300ms, .ping_timeout = 200ms});
  Departures departures(harness);
  auto client = open_socket(harness);
  harness.wait(300ms);
  CHECK(client.next() == "2");
  harness.wait(199ms);
  CHECK(departures.log.empty());
  harness.wait(1ms);
  CHECK(departures.log == departures.both("/", "ping timeout"));
}

TEST_CASE("closing the server disconnects every client, and the server can listen again", "[behaviour][close]") {
  Harness harness;
  Departures departures(harness);
  auto client = open_engine(harness);
  join(client);
  join(client, "/n");
  auto polling = harness.get(polling_target);
  const std::string target = std::string(polling_target) + "&sid=" + sid_in(polling.body());
  harness.post(target, "40").body();
  CHECK(harness.get(target).body().substr(0, 4) == "40{\"");
  auto parked = harness.get(target);
  harness.pump();
  harness.io.close();
  CHECK(client.closed());
  CHECK_FALSE(client.has_message());
  CHECK(parked.body() == "1");
  CHECK(harness.until([&] { return departures.log.size() == 6; }));
  CHECK(departures.log[0] == "disconnecting /: server shutting down, rooms 2, connected");
  for (const std::string& line : departures.log) CHECK(line.find("server shutting down") != std::string::npos);
  CHECK(harness.io.sockets().empty());
  CHECK(harness.io.engine().clients_count() == 0);
}

TEST_CASE("closing a server that never listened, or twice, is harmless", "[behaviour][close]") {
  asio::io_context context;
  TestServer io(context);
  io.close();
  io.close();
  context.poll();
  CHECK(io.sockets().empty());
}

TEST_CASE("run returns when the server has closed, and runs again", "[behaviour][close]") {
  Server io;
  for (int round = 0; round < 2; ++round) {
    CHECK(io.listen(0, "127.0.0.1") != 0);
    asio::post(io.get_executor(), [&] { io.close(); });
    io.run();
  }
  CHECK_THROWS_AS(
      [&] {
        const std::uint16_t port = io.listen(0, "127.0.0.1");
        Server other;
        other.listen(port, "127.0.0.1");
      }(),
      std::system_error);
}
