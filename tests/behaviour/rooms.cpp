// SPDX-License-Identifier: MIT
// Rooms, selections of receivers, broadcasting, volatile packets.

#include "../support/client.hpp"

#include <algorithm>

using namespace socketio;
using namespace socketio::test;

namespace {

/// Clients "a", "b", "c" ... whose sockets join rooms and emit when the test says so.
struct Crowd {
  using Client = Harness::WebSocket;

  explicit Crowd(std::size_t size, ServerOptions options = {}) : harness(std::move(options)) {
    harness.io.on("connection", [this](TestSocket socket) { sockets.push_back(socket); });
    for (std::size_t i = 0; i < size; ++i) clients.push_back(open_socket(harness));
  }

  /// The letters of the clients that have received exactly `message`; no client may have received anything else.
  std::string receivers(const std::string& message) {
    std::string letters;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (!clients[i].has_message()) continue;
      CHECK(clients[i].next() == message);
      CHECK_FALSE(clients[i].has_message());
      letters += static_cast<char>('a' + i);
    }
    return letters;
  }

  Harness harness;
  std::vector<TestSocket> sockets;
  std::vector<Client> clients;
};

constexpr const char* x = R"(42["x"])";

}  // namespace

TEST_CASE("selections reach exactly the named sockets, each once", "[behaviour][rooms]") {
  Crowd crowd(5);
  auto& io = crowd.harness.io;
  auto& sockets = crowd.sockets;
  sockets[0].join("r1");
  sockets[1].join({"r1", "r2"});
  sockets[2].join(std::vector<std::string>{"r2"});
  sockets[3].join("r3", "r1");
  crowd.harness.pump();

  const auto everyone = "abcde";
  io.emit("x");
  CHECK(crowd.receivers(x) == everyone);
  io.to("r1").emit("x");
  CHECK(crowd.receivers(x) == "abd");
  io.to("r1").to("r2").emit("x");
  CHECK(crowd.receivers(x) == "abcd");
  io.to("r1", "r2").emit("x");
  CHECK(crowd.receivers(x) == "abcd");
  io.in({"r2", "r3"}).emit("x");
  CHECK(crowd.receivers(x) == "bcd");
  io.to("r1").except("r2").emit("x");
  CHECK(crowd.receivers(x) == "ad");
  io.except("r1").emit("x");
  CHECK(crowd.receivers(x) == "ce");
  io.except({"r1", "r2"}).emit("x");
  CHECK(crowd.receivers(x) == "e");
  io.to("r1").except("r1").emit("x");
  CHECK(crowd.receivers(x) == "");
  io.to("nobody").emit("x");
  CHECK(crowd.receivers(x) == "");
  io.to(std::vector<std::string>{}).emit("x");
  CHECK(crowd.receivers(x) == everyone);
  io.to(sockets[4].id()).emit("x");
  CHECK(crowd.receivers(x) == "e");
  io.except(sockets[4].id()).emit("x");
  CHECK(crowd.receivers(x) == "abcd");

  sockets[0].broadcast().emit("x");
  CHECK(crowd.receivers(x) == "bcde");
  sockets[0].to("r1").emit("x");
  CHECK(crowd.receivers(x) == "bd");
  sockets[4].in("r1").except("r2").emit("x");
  CHECK(crowd.receivers(x) == "ad");
  sockets[4].except("r2").emit("x");
  CHECK(crowd.receivers(x) == "ad");
  sockets[0].local().emit("x");
  CHECK(crowd.receivers(x) == "bcde");

  io.room("r2").emit("x");
  CHECK(crowd.receivers(x) == "bc");
  io.room("r2").except("r1").emit("x");
  CHECK(crowd.receivers(x) == "c");
}

TEST_CASE("an operator may be kept and used again", "[behaviour][rooms]") {
  Crowd crowd(3);
  crowd.sockets[0].join("r1");
  crowd.sockets[1].join("r2");
  crowd.harness.pump();
  const auto r1 = crowd.harness.io.to("r1");
  const auto both = r1.to("r2");
  const auto less = both.except("r1");
  r1.emit("x");
  CHECK(crowd.receivers(x) == "a");
  both.emit("x");
  CHECK(crowd.receivers(x) == "ab");
  less.emit("x");
  CHECK(crowd.receivers(x) == "b");
  r1.emit("x");
  CHECK(crowd.receivers(x) == "a");
}

TEST_CASE("rooms are created and deleted with their members", "[behaviour][rooms]") {
  Crowd crowd(2);
  auto& a = crowd.sockets[0];
  auto& b = crowd.sockets[1];
  auto room = crowd.harness.io.room("r");
  CHECK(room.empty());
  a.join("r");
  a.join("r");
  b.join("r");
  crowd.harness.pump();
  CHECK(room.size() == 2);
  CHECK(room.members() == std::vector<TestSocket>{a, b});
  CHECK(room.contains(a));
  CHECK(a.rooms() == std::vector<std::string>{a.id(), "r"});
  a.leave("r");
  a.leave("never joined");
  crowd.harness.pump();
  CHECK(room.size() == 1);
  CHECK_FALSE(room.contains(a));
  CHECK(a.rooms() == std::vector<std::string>{a.id()});
  crowd.clients[1].abort();
  CHECK(crowd.harness.until([&] { return !b.connected(); }));
  CHECK(room.empty());
  CHECK(crowd.harness.io.of("/").rooms() == std::vector<std::string>{a.id()});
  b.join("r");
  crowd.harness.pump();
  CHECK(room.empty());
  CHECK(b.rooms().empty());
}

TEST_CASE("sockets are managed by selection", "[behaviour][rooms]") {
  Crowd crowd(3);
  auto& io = crowd.harness.io;
  io.to(crowd.sockets[0].id(), crowd.sockets[1].id()).sockets_join("r", "s");
  crowd.harness.pump();
  CHECK(io.room("r").size() == 2);
  CHECK(io.room("s").size() == 2);
  io.to(crowd.sockets[0].id()).sockets_leave("r");
  crowd.harness.pump();
  CHECK(io.to("r").fetch_sockets() == std::vector<TestSocket>{crowd.sockets[1]});
  CHECK(io.fetch_sockets().size() == 3);
  io.to(crowd.sockets[2].id()).sockets_join({"t", "u"});
  crowd.sockets[0].join({"t", "u"});
  crowd.harness.pump();
  CHECK(io.room("t").size() == 2);
  io.sockets_leave({"t", "unknown"});
  crowd.sockets[0].leave({"u"});
  crowd.harness.pump();
  CHECK(io.room("t").empty());
  CHECK(io.room("u").size() == 1);
  io.to("s").except("r").disconnect_sockets();
  CHECK(crowd.clients[0].next() == "41");
  CHECK_FALSE(crowd.sockets[0].connected());
  io.disconnect_sockets(true);
  CHECK(crowd.clients[1].next() == "41");
  CHECK(crowd.clients[2].next() == "41");
  CHECK(crowd.clients[2].closed());
  CHECK(io.sockets().empty());
}

TEST_CASE("rooms of one namespace are separate from rooms of another", "[behaviour][rooms]") {
  Harness harness;
  harness.io.on("connection", [](TestSocket socket) { socket.join("r"); });
  harness.io.of("/n").on("connection", [](TestSocket socket) { socket.join("r"); });
  auto one = open_engine(harness);
  auto two = open_engine(harness);
  join(one);
  join(two, "/n");
  harness.io.of("/n").to("r").emit("x");
  CHECK_FALSE(one.has_message());
  CHECK(two.next() == R"(42/n,["x"])");
  CHECK(harness.io.of("/n").room("r").size() == 1);
}

TEST_CASE("a broadcast with binary data reaches everyone whole", "[behaviour][rooms][binary]") {
  Crowd crowd(2);
  crowd.harness.io.emit("b", Binary(std::string("bytes")));
  for (auto& client : crowd.clients) {
    CHECK(client.next() == R"(451-["b",{"_placeholder":true,"num":0}])");
    CHECK(client.next() == "<binary>bytes");
  }
}

TEST_CASE("volatile packets are dropped for clients with unsent data", "[behaviour][volatile]") {
  Harness harness;
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) {
    socket = connected;
    connected.volatile_().emit("dropped: CONNECT is on its way");
    connected.on("go", [connected] {
      connected.volatile_().emit("first");
      connected.volatile_().emit("dropped");
      connected.emit("second");
    });
    connected.on("broadcast", [&harness] {
      harness.io.emit("regular");
      harness.io.volatile_().emit("dropped");
    });
    connected.on("alone", [&harness] { harness.io.volatile_().emit("alone", Binary(std::string("b"))); });
  });
  auto client = open_socket(harness);
  CHECK_FALSE(client.has_message());
  client.text(R"(42["go"])");
  CHECK(client.next() == R"(42["first"])");
  CHECK(client.next() == R"(42["second"])");
  CHECK_FALSE(client.has_message());
  client.text(R"(42["broadcast"])");
  CHECK(client.next() == R"(42["regular"])");
  CHECK_FALSE(client.has_message());
  client.text(R"(42["alone"])");
  CHECK(client.next() == R"(451-["alone",{"_placeholder":true,"num":0}])");
  CHECK(client.next() == "<binary>b");
}

TEST_CASE("a slow client is disconnected beyond its limit, and other clients are not affected",
          "[behaviour][back-pressure]") {
  Crowd crowd(2, {.max_unsent_bytes = 1'000'000});
  std::string reason;
  std::string why;
  crowd.sockets[0].on("disconnect", [&](std::string r, std::optional<std::string> description) {
    reason = r;
    why = description.value_or("");
  });
  crowd.harness.pump();
  crowd.clients[0].stall(true);
  const std::string block(100'000, 'x');
  std::size_t received = 0;
  for (int i = 0; i < 400 && reason.empty(); ++i) {
    crowd.harness.io.emit("block", block);
    while (crowd.clients[1].has_message()) crowd.clients[1].next(), ++received;
  }
  CHECK(reason == "transport error");
  CHECK(why.find("unsent") != std::string::npos);
  CHECK(crowd.sockets[1].connected());
  crowd.harness.io.emit("still here");
  while (crowd.clients[1].has_message()) {
    if (crowd.clients[1].next() == R"(42["still here"])") return;
    ++received;
  }
  FAIL("the other client has not received the last event");
}
