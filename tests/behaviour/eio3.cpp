// SPDX-License-Identifier: MIT
// Clients of Socket.IO v2 in namespaces: they join without asking, have ids of another form, and send credentials in a
// query.

#include "../support/client.hpp"

using namespace socketio;
using namespace socketio::test;

namespace {

constexpr const char* old_target = "/socket.io/?EIO=3&transport=websocket";

ServerOptions allowing() {
  ServerOptions options;
  options.allow_eio3 = true;
  return options;
}

/// A client of v2 that has joined the main namespace.
Harness::WebSocket open_old(Harness& harness) {
  auto client = harness.open(old_target);
  CHECK(client.next().substr(0, 8) == R"(0{"sid":)");
  CHECK(client.next() == "40");
  return client;
}

}  // namespace

TEST_CASE("a client of v2 joins the main namespace without asking", "[behaviour][eio3]") {
  std::string id;
  Harness harness(allowing());
  harness.io.on("connection", [&](TestSocket socket) {
    id = socket.id();
    CHECK(socket.conn().protocol() == 3);
    CHECK(socket.conn().id() == id);
    CHECK(socket.handshake().auth == Value(Value::Object{}));
    CHECK(socket.rooms() == std::vector<std::string>{id});
    socket.emit("welcome", 1);
  });
  auto client = harness.open(old_target);
  const std::string open = client.next();
  CHECK(client.next() == "40");
  CHECK(client.next() == R"(42["welcome",1])");
  CHECK(open.find("\"sid\":\"" + id + '"') != std::string::npos);
}

TEST_CASE("a client of v2 is refused unless it is allowed", "[behaviour][eio3]") {
  Harness harness;
  auto request = harness.get("/socket.io/?EIO=3&transport=polling");
  REQUIRE(harness.until([&] { return request.done(); }));
  CHECK(request.status() == 400);
  CHECK(request.body() == R"({"code":5,"message":"Unsupported protocol version"})");
}

TEST_CASE("a client of v2 joins a namespace with a query", "[behaviour][eio3]") {
  std::string id;
  Value auth;
  Harness harness(allowing());
  harness.io.of("/custom").on("connection", [&](TestSocket socket) {
    id = socket.id();
    auth = socket.handshake().auth;
    socket.on("ask", [] { return 1; });
  });
  auto client = open_old(harness);
  client.text("40/custom?a=b&c=%20d,");
  CHECK(client.next() == "40/custom,");
  CHECK(auth == Value{{"a", "b"}, {"c", " d"}});
  CHECK(id.substr(0, 8) == "/custom#");
  CHECK(id.size() == 28);
  client.text(R"(42/custom,5["ask"])");
  CHECK(client.next() == "43/custom,5[1]");
  client.text(R"(42/custom?a=b,6["ask"])");
  CHECK(client.next() == "43/custom,6[1]");
}

TEST_CASE("a client of v2 gets a refusal in the form of its version", "[behaviour][eio3]") {
  Harness harness(allowing());
  harness.io.of("/plain").use([](TestSocket, Next next) { next(ConnectError("no")); });
  harness.io.of("/data").use([](TestSocket, Next next) { next(ConnectError("no", Value{{"code", 1}})); });
  harness.io.of("/false").use([](TestSocket, Next next) { next(ConnectError("no", Value(0))); });
  auto client = open_old(harness);
  client.text("40/plain,");
  CHECK(client.next() == R"(44/plain,"no")");
  client.text("40/data,");
  CHECK(client.next() == R"(44/data,{"code":1})");
  client.text("40/false,");
  CHECK(client.next() == R"(44/false,"no")");
  client.text("40/nowhere?a=b,");
  CHECK(client.next() == R"(44/nowhere,{"message":"Invalid namespace"})");
}

TEST_CASE("a client of v2 that the main namespace refuses gets an error and stays connected", "[behaviour][eio3]") {
  Harness harness(allowing());
  harness.io.use([](TestSocket, Next next) { next(ConnectError("no")); });
  harness.io.of("/custom");
  auto client = harness.open(old_target);
  client.next();
  CHECK(client.next() == R"(44"no")");
  client.text("40/custom,");
  CHECK(client.next() == "40/custom,");
}

TEST_CASE("a client of v2 that asks for the main namespace again begins anew, with its id", "[behaviour][eio3]") {
  Harness harness(allowing());
  std::vector<TestSocket> sockets;
  harness.io.on("connection", [&](TestSocket socket) { sockets.push_back(socket); });
  auto client = open_old(harness);
  client.text("40");
  CHECK(client.next() == "40");
  REQUIRE(sockets.size() == 2);
  CHECK(sockets[0].disconnected());
  CHECK(sockets[1].connected());
  CHECK(sockets[1].id() == sockets[0].id());
  harness.io.to(sockets[1].id()).emit("x");
  CHECK(client.next() == R"(42["x"])");
}

TEST_CASE("clients of v2 and of v4 receive the same broadcast", "[behaviour][eio3]") {
  Harness harness(allowing());
  auto old = open_old(harness);
  auto today = open_socket(harness);
  harness.io.emit("news", Binary(std::string("\x01\x02")));
  CHECK(old.next() == R"(451-["news",{"_placeholder":true,"num":0}])");
  CHECK(today.next() == R"(451-["news",{"_placeholder":true,"num":0}])");
  const std::string old_bytes = old.next();
  const std::string bytes = today.next();
  CHECK(old_bytes.size() == bytes.size() + 1);
  CHECK(old_bytes.find("\x04\x01\x02") != std::string::npos);
}

TEST_CASE("a client of v2 is not offered recovery", "[behaviour][eio3]") {
  ServerOptions options = allowing();
  options.connection_state_recovery.emplace();
  std::string id;
  Harness harness(std::move(options));
  harness.io.of("/custom").on("connection", [&](TestSocket socket) {
    CHECK_FALSE(socket.recovered());
    id = socket.id();
  });
  auto client = open_old(harness);
  client.text("40/custom?pid=x&offset=y,");
  CHECK(client.next() == "40/custom,");
  CHECK(id.substr(0, 8) == "/custom#");
}
