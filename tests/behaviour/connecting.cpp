// SPDX-License-Identifier: MIT
// How clients join namespaces.

#include "../support/client.hpp"

using namespace socketio;
using namespace socketio::test;

TEST_CASE("a client that sends CONNECT becomes a socket of the main namespace", "[behaviour][connect]") {
  Harness harness;
  std::string id;
  bool connected = false;
  harness.io.on("connection", [&](TestSocket socket) {
    id = socket.id();
    connected = socket.connected();
    CHECK(socket.rooms() == std::vector<std::string>{socket.id()});
  });
  auto client = open_engine(harness);
  CHECK(!client.has_message());
  CHECK(join(client) == id);
  CHECK(id.size() == 20);
  CHECK(connected);
  CHECK(harness.io.sockets().size() == 1);
}

TEST_CASE("the events of a connection handler follow the CONNECT reply", "[behaviour][connect]") {
  Harness harness;
  harness.io.on("connection", [](auto socket) { socket.emit("welcome", 1, "two"); });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(client.next().substr(0, 4) == "40{\"");
  CHECK(client.next() == R"(42["welcome",1,"two"])");
}

TEST_CASE("connect handlers run before connection handlers", "[behaviour][connect]") {
  Harness harness;
  std::string order;
  harness.io.on("connection", [&](auto) { order += "b"; });
  harness.io.on("connect", [&](auto) { order += "a"; });
  harness.io.on("connection", [&](auto) { order += "c"; });
  auto client = open_socket(harness);
  CHECK(order == "abc");
}

TEST_CASE("the handshake has what the client sent", "[behaviour][connect]") {
  Harness harness;
  Handshake handshake;
  harness.io.on("connection", [&](auto socket) { handshake = socket.handshake(); });
  auto client = harness.open("/socket.io/?EIO=4&transport=websocket&foo=b%26r&foo=last");
  client.next();
  join(client, "", R"({"token":"123"})");
  CHECK(handshake.auth == Value{{"token", "123"}});
  CHECK(handshake.query.find("foo") == "last");
  CHECK(handshake.query.find("EIO") == "4");
  CHECK(handshake.url == "/socket.io/?EIO=4&transport=websocket&foo=b%26r&foo=last");
  CHECK(handshake.address == "127.0.0.1");
  CHECK(handshake.headers.find("upgrade") == "websocket");
  CHECK_FALSE(handshake.secure);
  CHECK_FALSE(handshake.xdomain);
  CHECK(handshake.time.find("GMT+0000 (Coordinated Universal Time)") != std::string::npos);
}

TEST_CASE("an unknown namespace is refused and the connection kept", "[behaviour][connect]") {
  Harness harness;
  auto client = open_engine(harness);
  client.text("40/random");
  CHECK(client.next() == R"(44/random,{"message":"Invalid namespace"})");
  join(client);
}

TEST_CASE("several namespaces share one connection and get only their own events", "[behaviour][namespace]") {
  Harness harness;
  std::string seen;
  harness.io.on("connection", [&](auto socket) { socket.on("x", [&] { seen += "main "; }); });
  harness.io.of("admin").on("connection", [&](auto socket) { socket.on("x", [&] { seen += "admin "; }); });
  auto client = open_engine(harness);
  const std::string main_id = join(client);
  const std::string admin_id = join(client, "/admin");
  CHECK(main_id != admin_id);
  client.text(R"(42/admin,["x"])");
  client.text(R"(42["x"])");
  CHECK_FALSE(client.has_message());
  CHECK(seen == "admin main ");
  harness.io.of("/admin").emit("only", "here");
  CHECK(client.next() == R"(42/admin,["only","here"])");
  CHECK_FALSE(client.has_message());
}

TEST_CASE("leaving one namespace does not affect the others", "[behaviour][namespace]") {
  Harness harness;
  std::vector<std::string> reasons;
  harness.io.of("/custom").on("connection", [&](auto socket) {
    socket.on("disconnect", [&](std::string reason) { reasons.push_back(reason); });
  });
  harness.io.on("connection", [&](auto socket) { socket.on("ping", [socket] { socket.emit("pong"); }); });
  auto client = open_engine(harness);
  join(client);
  join(client, "/custom");
  client.text("41/custom");
  client.text(R"(42["ping"])");
  CHECK(client.next() == R"(42["pong"])");
  CHECK(reasons == std::vector<std::string>{"client namespace disconnect"});
}

TEST_CASE("a client that joins no namespace in time is disconnected", "[behaviour][connect]") {
  Harness harness({.connect_timeout = 100ms});
  auto client = open_engine(harness);
  harness.wait(99ms);
  harness.wait(1ms);
  CHECK(client.closed());
}

TEST_CASE("the connect timeout is exact, and a refused namespace does not stop it", "[behaviour][connect][memory]") {
  Harness harness(on_memory, {.connect_timeout = 1000ms});
  auto idle = open_engine(harness);
  auto refused = open_engine(harness);
  auto joined = open_socket(harness);
  refused.text("40/nowhere");
  refused.next();
  harness.wait(999ms);
  CHECK_FALSE(idle.closed());
  CHECK_FALSE(refused.closed());
  harness.wait(1ms);
  CHECK(idle.closed());
  CHECK(refused.closed());
  CHECK_FALSE(joined.closed());
}

TEST_CASE("leaving every namespace does not start the connect timeout again", "[behaviour][connect][memory]") {
  Harness harness(on_memory, {.connect_timeout = 1000ms});
  auto client = open_socket(harness);
  client.text("41");
  harness.wait(5000ms);
  CHECK_FALSE(client.closed());
}

TEST_CASE("a polling client connects, sends and receives", "[behaviour][polling]") {
  Harness harness;
  harness.io.on("connection", [&](auto socket) { socket.on("add", [](int a, int b) { return a + b; }); });
  auto opened = harness.get(polling_target);
  REQUIRE(opened.status() == 200);
  const std::string target = std::string(polling_target) + "&sid=" + sid_in(opened.body());
  CHECK(harness.post(target, "40").body() == "ok");
  CHECK(harness.get(target).body().substr(0, 4) == "40{\"");
  auto poll = harness.get(target);
  CHECK(harness.post(target, R"(427["add",2,3])").body() == "ok");
  CHECK(poll.body() == "437[5]");
}

TEST_CASE("a new_namespace handler is called for namespaces made after the start", "[behaviour][namespace]") {
  Harness harness;
  std::vector<std::string> names;
  harness.io.on("new_namespace", [&](TestNamespace nsp) { names.push_back(nsp.name()); });
  harness.pump();
  harness.io.of("/a");
  harness.io.of("b");
  harness.io.of("/a");
  harness.io.of("");
  harness.pump();
  CHECK(names == std::vector<std::string>{"/a", "/b"});
}

TEST_CASE("data that nobody has used is an empty object", "[behaviour][connect]") {
  Harness harness;
  Value before, after;
  harness.io.on("connection", [&](TestSocket socket) {
    before = socket.data();
    socket.data()["nick"] = "Ann";
    after = socket.data();
  });
  auto client = open_socket(harness);
  CHECK(to_json(before) == "{}");
  CHECK(to_json(after) == R"({"nick":"Ann"})");
}

TEST_CASE("the name of a literal event decides what an `auto` parameter is", "[behaviour][connect]") {
  Harness harness;
  std::string log;
  harness.io.on("new_namespace", [&](auto nsp) { log += nsp.name() + ' '; });
  harness.io.once("new_namespace", [&](auto&& nsp) { log += "first " + nsp.name() + ' '; });
  harness.io.on("connection", [&](auto socket) { log += socket.connected() ? "connected " : "not connected "; });
  harness.io.of("/n");
  auto client = open_socket(harness);
  CHECK(log == "/n first /n connected ");
  const std::string name = "new_namespace";
  CHECK_THROWS_WITH(harness.io.on(name, [](auto) {}),
                    Catch::Matchers::Contains("a handler of \"new_namespace\" takes a socketio::Namespace"));
}

TEST_CASE("a wrong event name on the server is refused with a message", "[behaviour][connect][memory]") {
  Harness harness(on_memory);
  CHECK_THROWS_WITH(harness.io.on("message", [](TestSocket) {}),
                    Catch::Matchers::Contains("\"message\" is not an event of a namespace"));
}

TEST_CASE("all invalid options are refused together, with a message", "[behaviour][options][memory]") {
  CHECK_THROWS_WITH(Harness(on_memory, {.connect_timeout = 0ms, .max_depth = 0}),
                    Catch::Matchers::Contains("connect_timeout") && Catch::Matchers::Contains("max_depth"));
}

TEST_CASE("a timeout may be fifty years", "[behaviour][options][limits]") {
  ServerOptions options;
  for (auto delay :
       {&ServerOptions::connect_timeout, &ServerOptions::ping_interval, &ServerOptions::ping_timeout,
        &ServerOptions::upgrade_timeout, &ServerOptions::close_timeout, &ServerOptions::destroy_upgrade_timeout})
    options.*delay = longest_delay;
  options.connection_state_recovery.emplace().max_disconnection_duration = (std::chrono::milliseconds::max)();
  AsioTransportOptions tcp;
  for (auto delay : {&AsioTransportOptions::head_timeout, &AsioTransportOptions::request_timeout,
                     &AsioTransportOptions::keep_alive_timeout, &AsioTransportOptions::close_timeout,
                     &AsioTransportOptions::shutdown_timeout, &AsioTransportOptions::linger_timeout})
    tcp.*delay = longest_delay;
  Harness harness({chosen_transport(), tcp}, options);
  harness.io.on("connection", [](TestSocket socket) { socket.on("sum", [](int a, int b) { return a + b; }); });
  auto idle = open_engine(harness);
  auto client = open_socket(harness);
  auto polling = harness.get(polling_target);
  REQUIRE(harness.until([&] { return polling.done(); }));
  const std::string session = "&sid=" + sid_in(polling.body());
  auto poll = harness.get(polling_target + session);
  auto upgrade = harness.open(websocket_target + session);
  upgrade.text("2probe");
  CHECK(upgrade.next() == "3probe");
  auto gone = open_socket(harness);
  gone.abort();
  harness.wait(2ms);
  client.text(R"(421["sum",1,2])");
  CHECK(client.next() == "431[3]");
  CHECK_FALSE(idle.closed());
  CHECK_FALSE(upgrade.closed());
  CHECK_FALSE(client.has_message());
}

TEST_CASE("invalid options of the transport are refused with a message", "[behaviour][options][memory]") {
  AsioTransportOptions tcp;
  tcp.head_timeout = longest_delay + 1ms;
  tcp.backlog = 0;
  CHECK_THROWS_WITH(Harness({"asio", tcp}),
                    "socketio::AsioTransportOptions: head_timeout is longer than 50 years; backlog is not positive");
}
