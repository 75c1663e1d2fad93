// SPDX-License-Identifier: MIT
// Room events and their listeners.

#include "../support/client.hpp"

#include <memory>
#include <stdexcept>
#include <thread>

using namespace socketio;
using namespace socketio::test;

namespace {

/// Records all room events of "/"; instead of its id a socket has a number, in the order of appearance.
struct Log {
  explicit Log(const TestNamespace& nsp) {
    for (const std::string event : {"create-room", "delete-room"})
      nsp.adapter().on(event, [this, event](const std::string& room) { text += event + ' ' + number(room) + "; "; });
    for (const std::string event : {"join-room", "leave-room"})
      nsp.adapter().on(event, [this, event](std::string_view room, std::string id) {
        text += event + ' ' + number(std::string(room)) + ' ' + number(id) + "; ";
      });
  }

  std::string number(const std::string& name) {
    if (name.size() != 20) return name;
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (ids[i] == name) return "#" + std::to_string(i);
    ids.push_back(name);
    return "#" + std::to_string(ids.size() - 1);
  }

  std::string take() { return std::exchange(text, {}); }

  std::vector<std::string> ids;
  std::string text;
};

}  // namespace

TEST_CASE("each creation, join, leave and deletion of a room is reported once", "[behaviour][rooms][adapter]") {
  Harness harness;
  Log log(harness.io.of("/"));
  std::vector<TestSocket> sockets;
  harness.io.on("connection", [&](TestSocket socket) { sockets.push_back(socket); });
  auto a = open_socket(harness);
  auto b = open_socket(harness);
  REQUIRE(sockets.size() == 2);
  CHECK(log.take() == "create-room #0; join-room #0 #0; create-room #1; join-room #1 #1; ");
  sockets[0].join("r", "s", "r");
  sockets[1].join("r");
  harness.pump();
  CHECK(log.take() == "create-room r; join-room r #0; create-room s; join-room s #0; join-room r #1; ");
  sockets[1].leave("s");
  sockets[1].leave("r");
  harness.pump();
  CHECK(log.take() == "leave-room r #1; ");
  a.text("41");
  CHECK(harness.until([&] { return sockets[0].disconnected(); }));
  CHECK(log.take() ==
        "leave-room #0 #0; delete-room #0; leave-room r #0; delete-room r; leave-room s #0; delete-room s; ");
}

TEST_CASE("rooms joined in a middleware are reported, and left when it refuses", "[behaviour][rooms][adapter]") {
  Harness harness;
  Log log(harness.io.of("/"));
  harness.io.use([](TestSocket socket) {
    socket.join("r");
    throw ConnectError("no");
  });
  auto client = open_engine(harness);
  client.text("40");
  client.next();
  CHECK(log.take() == "create-room r; join-room r #0; leave-room r #0; delete-room r; ");
}

TEST_CASE("disconnecting comes before the rooms are left, and disconnect after", "[behaviour][rooms][adapter]") {
  Harness harness;
  std::string log;
  harness.io.of("/").adapter().on("leave-room", [&](const std::string&) { log += "leave-room "; });
  harness.io.of("/").adapter().on("delete-room", [&](const std::string&) { log += "delete-room "; });
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("disconnecting", [&](DisconnectReason) { log += "disconnecting "; });
    socket.on("disconnect", [&](DisconnectReason) { log += "disconnect"; });
  });
  auto client = open_socket(harness);
  client.text("41");
  CHECK_FALSE(client.has_message());
  CHECK(log == "disconnecting leave-room delete-room disconnect");
}

TEST_CASE("several listeners are called in order, until they are removed", "[behaviour][rooms][adapter]") {
  Harness harness;
  const auto adapter = harness.io.of("/").adapter();
  std::string log;
  adapter.on("join-room", [&](const std::string&) { log += "1"; });
  std::thread([&] { adapter.on("join-room", [&](const std::string&) { log += "2"; }); }).join();
  auto first = open_socket(harness);
  CHECK(log == "12");
  CHECK(adapter.rooms().size() == 1);
  adapter.off("join-room");
  adapter.off("create-room");
  auto second = open_socket(harness);
  CHECK(log == "12");
  CHECK(adapter.rooms().size() == 2);
}

TEST_CASE("a room tells of its own changes, also when it is there again", "[behaviour][rooms][memory]") {
  Harness harness(on_memory);
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  REQUIRE(socket);
  std::string log;
  const auto room = harness.io.room("r");
  for (const std::string event : {"create-room", "delete-room", "join-room", "leave-room"})
    room.on(event, [&log, event](const std::string& name, const std::string& id) {
      log += event + ' ' + name + (id.empty() ? "; " : " by a socket; ");
    });
  room.once("join-room", [&](const std::string&) { log += "once; "; });
  socket->join("s");
  socket->leave("s");
  CHECK(log.empty());
  socket->join("r");
  CHECK(log == "create-room r; join-room r by a socket; once; ");
  log.clear();
  socket->leave("r");
  CHECK(log == "leave-room r by a socket; delete-room r; ");
  log.clear();
  socket->join("r");
  CHECK(log == "create-room r; join-room r by a socket; ");
  log.clear();
  harness.io.of("/").adapter().off();
  room.off("leave-room");
  socket->leave("r");
  CHECK(log == "delete-room r; ");
  harness.io.room("r").off();
  log.clear();
  socket->join("r");
  CHECK(log.empty());
}

TEST_CASE("names of unknown events are refused", "[behaviour][rooms][adapter]") {
  Harness harness;
  CHECK_THROWS_AS(harness.io.of("/").adapter().on("create_room", [](const std::string&) {}), std::invalid_argument);
  CHECK_THROWS_AS(harness.io.of("/").adapter().off("connection"), std::invalid_argument);
}

TEST_CASE("a listener that throws is reported, and the others are called", "[behaviour][rooms][adapter][hostile]") {
  Harness harness;
  std::vector<ErrorReport> reports;
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  int calls = 0;
  harness.io.of("/").adapter().on("join-room", [](const std::string&) { throw std::runtime_error("broken"); });
  harness.io.of("/").adapter().on("join-room", [&](const std::string&) { ++calls; });
  auto client = open_engine(harness);
  const std::string id = join(client);
  CHECK(calls == 1);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message() == "event \"join-room\" of socket " + id + " in /: handler threw: broken");
}

TEST_CASE("listeners may change rooms, listeners and sockets", "[behaviour][rooms][adapter]") {
  Harness harness;
  const auto adapter = harness.io.of("/").adapter();
  std::string log;
  std::vector<TestSocket> sockets;

  SECTION("join another room") {
    adapter.on("join-room", [&](const std::string& room, const std::string& id) {
      log += room == id ? "id " : room + ' ';
      if (room == "r")
        for (const TestSocket& socket : harness.io.sockets()) socket.join("s");
    });
    harness.io.on("connection", [&](TestSocket socket) { socket.join("r"); });
    auto client = open_socket(harness);
    CHECK(log == "id r s ");
  }
  SECTION("leave the room that is being created: its join is not reported") {
    adapter.on("create-room", [&](const std::string& room) {
      log += room == "r" ? "create " : "";
      if (room == "r") harness.io.in("r").sockets_leave("r");
    });
    adapter.on("join-room", [&](const std::string& room) { log += room == "r" ? "join " : ""; });
    adapter.on("leave-room", [&](const std::string& room) { log += room == "r" ? "leave " : ""; });
    adapter.on("delete-room", [&](const std::string& room) { log += room == "r" ? "delete " : ""; });
    harness.io.on("connection", [&](TestSocket socket) { socket.join("r"); });
    auto client = open_socket(harness);
    CHECK(log == "create leave delete ");
    CHECK(harness.io.room("r").empty());
  }
  SECTION("disconnect the socket while it connects") {
    adapter.on("join-room", [&](const std::string&) { harness.io.disconnect_sockets(); });
    harness.io.on("connection", [&](TestSocket) { log += "connection"; });
    auto client = open_engine(harness);
    client.text("40");
    CHECK(client.next() == "41");
    CHECK_FALSE(client.has_message());
    CHECK(log.empty());
    CHECK(harness.io.sockets().empty());
  }
  SECTION("remove all listeners, themselves included") {
    adapter.on("join-room", [&, self = std::make_shared<int>(1)](const std::string&) {
      adapter.off("join-room");
      log += std::to_string(*self);
    });
    adapter.on("join-room", [&](const std::string&) { log += "2"; });
    auto first = open_socket(harness);
    auto second = open_socket(harness);
    CHECK(log == "12");
  }
}

TEST_CASE("listeners that hold their namespace are destroyed with the server", "[behaviour][rooms][adapter]") {
  const auto held = std::make_shared<int>(0);
  {
    Harness harness;
    const auto nsp = harness.io.of("/x");
    nsp.adapter().on("leave-room", [nsp, held](const std::string&) { ++*held; });
    auto client = open_engine(harness);
    join(client, "/x");
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}
