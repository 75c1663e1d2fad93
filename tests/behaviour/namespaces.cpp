// SPDX-License-Identifier: MIT
// The main namespace under its two names, and the separation of namespaces.

#include "../support/client.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace socketio;
using namespace socketio::test;

using List = std::vector<std::string>;

TEST_CASE("the functions of the server act on the main namespace", "[behaviour][namespaces]") {
  Harness harness;
  const TestNamespace main = harness.io.of("/");
  CHECK(main.name() == "/");
  CHECK(harness.io.of("") == main);
  List log;
  harness.io.use([&](TestSocket) { log.push_back("server's middleware"); });
  main.use([&](TestSocket) { log.push_back("namespace's middleware"); });
  harness.io.on("connection", [&](TestSocket) { log.push_back("server's handler"); });
  main.on("connection", [&](TestSocket socket) {
    log.push_back("namespace's handler");
    CHECK(socket.nsp() == main);
  });
  auto client = open_engine(harness);
  const std::string id = join(client);
  CHECK(log == List{"server's middleware", "namespace's middleware", "server's handler", "namespace's handler"});
  harness.io.emit("1");
  main.emit("2");
  harness.io.send("3", 4);
  main.send("5");
  harness.io.to(id).emit("6");
  main.in(id).emit("7");
  harness.io.except(id).emit("nobody");
  main.except(id).emit("nobody");
  for (const char* expected :
       {R"(42["1"])", R"(42["2"])", R"(42["message","3",4])", R"(42["message","5"])", R"(42["6"])", R"(42["7"])"})
    CHECK(client.next() == expected);
  CHECK_FALSE(client.has_message());
  CHECK(harness.io.sockets() == main.sockets());
}

TEST_CASE("of takes a connection handler, which is called beside the others", "[behaviour][namespaces]") {
  Harness harness;
  List log;
  const auto note = [&](const std::string& what) {
    return [&log, what](TestSocket socket) { log.push_back(what + " of " + socket.nsp().name()); };
  };
  harness.io.of("n", note("first"));
  harness.io.of("/n", note("second"));
  harness.io.of("/n").on("connection", note("third"));
  auto client = open_engine(harness);
  join(client, "/n");
  CHECK(log == List{"first of /n", "second of /n", "third of /n"});
}

TEST_CASE("every namespace has middleware of its own", "[behaviour][namespaces][middleware]") {
  Harness harness;
  List log;
  harness.io.use([&](TestSocket) { log.push_back("main"); });
  harness.io.of("/strict").use([&](TestSocket) {
    log.push_back("strict");
    throw ConnectError("no");
  });
  harness.io.of("/open");
  auto client = open_engine(harness);
  join(client);
  client.text("40/strict,");
  CHECK(client.next() == R"(44/strict,{"message":"no"})");
  join(client, "/open");
  CHECK(log == List{"main", "strict"});
}

TEST_CASE("the events of a namespace reach its own sockets only, and in order", "[behaviour][namespaces]") {
  Harness harness;
  const TestNamespace nsp = harness.io.of("/n");
  nsp.on("connection", [](TestSocket socket) {
    socket.join(socket.handshake().auth["room"].as_string());
    for (int i = 0; i < 20; ++i) socket.emit("count", i);
  });
  auto a = open_engine(harness);
  auto b = open_engine(harness);
  join(a);
  join(a, "/n", R"({"room":"r1"})");
  const std::string id = join(b, "/n", R"({"room":"r2"})");
  for (auto* client : {&a, &b})
    for (int i = 0; i < 20; ++i) CHECK(client->next() == R"(42/n,["count",)" + std::to_string(i) + "]");

  nsp.emit("b", Binary(std::string("1")));
  for (auto* client : {&a, &b}) {
    CHECK(client->next() == R"(451-/n,["b",{"_placeholder":true,"num":0}])");
    CHECK(client->next() == "<binary>1");
  }
  nsp.except(id).emit("not to b");
  CHECK(a.next() == R"(42/n,["not to b"])");
  nsp.except("r1").emit("not to a");
  CHECK(b.next() == R"(42/n,["not to a"])");
  harness.io.emit("main");
  CHECK(a.next() == R"(42["main"])");
  CHECK_FALSE(a.has_message());
  CHECK_FALSE(b.has_message());
}

TEST_CASE("reserved names are refused on every handle", "[behaviour][namespaces][event]") {
  Harness harness;
  int checks = 0;
  harness.io.on("connection", [&](TestSocket socket) {
    for (const char* name :
         {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
      const std::string text = '"' + std::string(name) + "\" is a reserved event name";
      CHECK_THROWS_WITH(socket.emit(name), text);
      CHECK_THROWS_WITH(socket.emit(name, [] {}), text);
      CHECK_THROWS_WITH(socket.broadcast().emit(name), text);
      CHECK_THROWS_WITH(harness.io.of("/").to("r").volatile_().emit(name), text);
      ++checks;
    }
  });
  auto client = open_socket(harness);
  CHECK_FALSE(client.has_message());
  CHECK(checks == 6);
}

TEST_CASE("on the server's thread, sockets_join and sockets_leave take effect before they return",
          "[behaviour][namespaces][rooms]") {
  Harness harness;
  List log;
  const auto note = [&](const TestSocket& socket) {
    std::string rooms;
    for (const std::string& room : socket.rooms()) rooms += room == socket.id() ? "id " : room + ' ';
    log.push_back(rooms);
  };
  harness.io.on("connection", [&](TestSocket socket) {
    harness.io.sockets_join({"a", "b"});
    note(socket);
    harness.io.in("a").sockets_leave("b");
    note(socket);
    harness.io.in("unknown").sockets_leave("a");
    note(socket);
    socket.join("c");
    socket.leave("a");
    note(socket);
    harness.io.disconnect_sockets();
    CHECK(socket.disconnected());
    note(socket);
  });
  auto client = open_socket(harness);
  CHECK(log == List{"id a b ", "id a ", "id a ", "id c ", ""});
  CHECK(client.next() == "41");
}
