// SPDX-License-Identifier: MIT
// The Engine.IO server below a Socket.IO server, from the user's side.

#include "../support/client.hpp"

using namespace socketio;
using namespace socketio::test;

TEST_CASE("the engine counts clients and calls its own connection handlers", "[behaviour][engine]") {
  std::vector<std::string> transports;
  Harness harness;
  harness.io.engine().on_connection(
      [&](const std::shared_ptr<Session>& session) { transports.emplace_back(session->transport_name()); });
  CHECK(harness.io.engine().clients_count() == 0);
  auto client = open_socket(harness);
  CHECK(transports == std::vector<std::string>{"websocket"});
  CHECK(harness.io.engine().clients_count() == 1);
  CHECK(harness.io.sockets().size() == 1);
  client.close();
  CHECK(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
}

TEST_CASE("the engine calls a handler for each request that it refuses", "[behaviour][engine]") {
  std::vector<int> codes;
  Harness harness;
  harness.io.engine().on_connection_error([&](const ConnectionError& error) {
    codes.push_back(static_cast<int>(error.code));
    CHECK(error.message == "Session ID unknown");
    CHECK(error.context == ConnectionError::Context{{"sid", "nobody"}});
  });
  auto request = harness.get("/socket.io/?EIO=4&transport=polling&sid=nobody");
  REQUIRE(harness.until([&] { return request.done(); }));
  CHECK(request.status() == 400);
  CHECK(codes == std::vector<int>{1});
}

TEST_CASE("an HTTP middleware can refuse a request and let it pass", "[behaviour][engine]") {
  Harness harness;
  harness.io.engine().use([](MiddlewareContext& context, const MiddlewareNext& next) {
    if (context.query().find("token") == "right") return next();
    HttpResponse response;
    response.status = 401;
    context.respond(std::move(response));
  });
  auto refused = harness.get("/socket.io/?EIO=4&transport=polling");
  auto allowed = harness.get("/socket.io/?EIO=4&transport=polling&token=right");
  REQUIRE(harness.until([&] { return refused.done() && allowed.done(); }));
  CHECK(refused.status() == 401);
  CHECK(allowed.status() == 200);
}

TEST_CASE("an observer of a connection is told of its end after the socket", "[behaviour][engine]") {
  std::vector<std::string> events;
  Harness harness;
  harness.io.on("connection", [&](TestSocket socket) {
    CHECK(socket.conn().transport_name() == "websocket");
    CHECK(socket.conn().protocol() == 4);
    auto observer = std::make_shared<SessionCallbacks>();
    observer->packet = [&](Session&, EioPacketType type, bool, std::string_view data) {
      events.push_back(std::string("packet ") + to_char(type) + std::string(data));
    };
    observer->packet_create = [&](Session&, const Message& packet) {
      events.push_back("create " + std::string(packet.payload()));
    };
    observer->close = [&](Session&, CloseReason reason, std::string_view) {
      events.push_back("close " + std::string(to_string(reason)));
    };
    socket.conn().observe(observer);
    socket.on("ask", [] { return 1; });
    socket.on("disconnect", [&](DisconnectReason) { events.emplace_back("disconnect"); });
  });
  auto client = open_socket(harness);
  client.text(R"(427["ask"])");
  CHECK(client.next() == "437[1]");
  client.close();
  CHECK(harness.until([&] { return events.size() == 4; }));
  CHECK(events ==
        std::vector<std::string>{R"(packet 427["ask"])", "create 437[1]", "disconnect", "close transport close"});
}
