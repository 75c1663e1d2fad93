// SPDX-License-Identifier: MIT
// Engine.IO sessions on several threads: requests that arrive on another thread than their session's, and limits.

#include "running_server.hpp"
#include "visitor.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using socketio::test::BlockingConnection;
using socketio::test::request;
using socketio::test::Running;
using socketio::test::text_after;
using socketio::test::Visitor;

namespace {

const std::string polling = "/socket.io/?EIO=4&transport=polling";

void echo(socketio::Server& io) {
  io.on("connection", [](socketio::Socket socket) {
    socket.on("echo", [socket](const socketio::Value& x) { socket.emit("echo", x); });
  });
}

/// Opens a polling session and joins the main namespace, each request on a connection of its own.
std::string open_polling(std::uint16_t port) {
  const auto on_new = [port](std::string_view method, const std::string& target, std::string_view body = {}) {
    BlockingConnection connection(port);
    return request(connection, method, target, body);
  };
  const std::string sid = text_after(on_new("GET", polling), "sid");
  REQUIRE(on_new("POST", polling + "&sid=" + sid, "40") == "200 ok");
  REQUIRE(on_new("GET", polling + "&sid=" + sid).substr(0, 11) == R"(200 40{"sid)");
  return sid;
}

}  // namespace

TEST_CASE("a request finds its session whichever thread accepts its connection", "[threads]") {
  Running server;
  echo(server.io);
  server.run();
  const std::string sid = open_polling(server.port);
  for (int i = 0; i < 7; ++i) {
    const std::string number = std::to_string(i);
    BlockingConnection sender(server.port);
    BlockingConnection receiver(server.port);
    CHECK(request(sender, "POST", polling + "&sid=" + sid, "42[\"echo\"," + number + "]") == "200 ok");
    CHECK(request(receiver, "GET", polling + "&sid=" + sid) == "200 42[\"echo\"," + number + "]");
  }
  CHECK(server.io.engine().clients_count() == 1);
}

TEST_CASE("one connection may serve sessions of several threads in turn", "[threads]") {
  Running server;
  echo(server.io);
  server.run();
  std::vector<std::string> sids;
  for (int i = 0; i < 5; ++i) sids.push_back(open_polling(server.port));
  BlockingConnection connection(server.port);  // as from a reverse proxy
  for (int round = 0; round < 3; ++round) {
    for (const std::string& sid : sids)
      CHECK(request(connection, "POST", polling + "&sid=" + sid, R"(42["echo",")" + sid + "\"]") == "200 ok");
    for (const std::string& sid : sids)
      CHECK(request(connection, "GET", polling + "&sid=" + sid) == R"(200 42["echo",")" + sid + "\"]");
  }
}

TEST_CASE("requests that were sent ahead are answered in order, whichever threads answer them", "[threads]") {
  Running server;
  echo(server.io);
  server.run();
  std::vector<std::string> sids;
  for (int i = 0; i < 4; ++i) sids.push_back(open_polling(server.port));
  BlockingConnection connection(server.port);
  std::string ahead;
  for (const std::string& sid : sids)
    ahead += "POST " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n42[\"echo\",\"x\"]";
  for (std::size_t at = ahead.find("Length: 13"); at != std::string::npos; at = ahead.find("Length: 13", at))
    ahead.replace(at, 10, "Length: 14");
  for (const std::string& sid : sids) ahead += "GET " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: a\r\n\r\n";
  connection.write(ahead);
  for (std::size_t i = 0; i < sids.size(); ++i) CHECK(connection.read_until("ok").substr(9, 3) == "200");
  for (std::size_t i = 0; i < sids.size(); ++i) CHECK(connection.read_until(R"(42["echo","x"])").substr(9, 3) == "200");
}

TEST_CASE("a long body follows its request to the thread of the session", "[threads]") {
  Running server;
  server.io.on("connection", [](socketio::Socket socket) {
    socket.on("long", [socket](const std::string& text) { socket.emit("size", text.size()); });
  });
  server.run();
  const std::string sid = open_polling(server.port);
  const std::string body = R"(42["long",")" + std::string(300'000, 'x') + "\"]";
  for (int i = 0; i < 3; ++i) {
    BlockingConnection connection(server.port);
    CHECK(request(connection, "POST", polling + "&sid=" + sid, body) == "200 ok");
    CHECK(request(connection, "GET", polling + "&sid=" + sid) == R"(200 42["size",300000])");
  }
}

TEST_CASE("a session is upgraded from a connection that another thread has accepted", "[threads]") {
  Running server;
  echo(server.io);
  server.run();
  for (int i = 0; i < 4; ++i) {
    const std::string sid = open_polling(server.port);
    Visitor websocket(server.port, sid, "");
    websocket.send("2probe");
    CHECK(websocket.next() == "3probe");
    BlockingConnection poll(server.port);
    CHECK(request(poll, "GET", polling + "&sid=" + sid) == "200 6");
    websocket.send("5");
    websocket.send(R"(42["echo","upgraded"])");
    CHECK(websocket.next() == R"(42["echo","upgraded"])");
  }
}

TEST_CASE("a session that is on no thread is unknown", "[threads][hostile]") {
  Running server;
  server.run();
  for (const std::string sid : {"AAAAAAAAAAAAAAAAAAAA", "B", "%00", "x%22y"}) {
    BlockingConnection connection(server.port);
    CHECK(request(connection, "GET", polling + "&sid=" + sid) == R"(400 {"code":1,"message":"Session ID unknown"})");
    CHECK_THROWS_AS(Visitor(server.port, sid, ""), std::runtime_error);
  }
  CHECK(server.io.engine().clients_count() == 0);
}

TEST_CASE("every thread knows session ids that the program makes", "[threads]") {
  std::atomic<int> count{0};
  socketio::ServerOptions options;
  options.generate_id = [&](const socketio::HttpRequest& request, const socketio::SessionIdReply& reply) {
    reply(request.headers.contains("X-Same") ? "same" : "id" + std::to_string(count++));
  };
  Running server(std::move(options));
  echo(server.io);
  server.run();
  for (int i = 0; i < 5; ++i) CHECK(open_polling(server.port) == "id" + std::to_string(i));
  int accepted = 0;
  for (int i = 0; i < 4; ++i) {
    BlockingConnection connection(server.port);
    connection.write("GET " + polling + " HTTP/1.1\r\nHost: a\r\nX-Same: 1\r\nConnection: close\r\n\r\n");
    const std::string head = connection.read_until("\r\n\r\n");
    if (head.substr(9, 3) == "200") ++accepted;
  }
  CHECK(accepted == 1);
  CHECK(server.io.engine().clients_count() == 6);
}

TEST_CASE("the limits of sessions and connections count for all threads together", "[threads][hostile]") {
  SECTION("sessions") {
    socketio::ServerOptions options;
    options.max_sessions = 5;
    Running server(std::move(options));
    server.run();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 4; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));  // limit - 1
    visitors.push_back(std::make_unique<Visitor>(server.port));                              // limit
    CHECK_THROWS_WITH(Visitor(server.port), Catch::Matchers::Contains("503"));               // limit + 1
    CHECK(server.io.engine().clients_count() == 5);
    visitors[0]->send("1");
    CHECK(visitors[0]->next() == "<closed>");
    while (server.io.engine().clients_count() == 5) std::this_thread::yield();
    CHECK_NOTHROW(Visitor(server.port));
  }
  SECTION("sessions of one address") {
    socketio::ServerOptions options;
    options.max_sessions_per_address = 4;
    Running server(std::move(options));
    server.run();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 4; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
    CHECK_THROWS_WITH(Visitor(server.port), Catch::Matchers::Contains("503"));
  }
  SECTION("connections") {
    Running server({}, {.max_connections = 4});
    server.run();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 4; ++i) visitors.push_back(std::make_unique<Visitor>(server.port));
    BlockingConnection refused(server.port);
    CHECK(refused.has_ended());
  }
}

TEST_CASE("the middleware and the hooks of the engine apply to all threads", "[threads]") {
  Running server;
  std::atomic<int> requests{0};
  std::atomic<int> sessions{0};
  std::atomic<int> refused{0};
  server.io.engine().use([&](socketio::MiddlewareContext& context, const socketio::MiddlewareNext& next) {
    ++requests;
    context.headers().add("X-Middleware", "yes");
    next();
  });
  server.io.engine().on_headers(
      [](socketio::HttpHeaders& headers, const socketio::HttpRequest&) { headers.add("X-Hook", "yes"); });
  server.io.engine().on_connection([&](const std::shared_ptr<socketio::Session>&) { ++sessions; });
  server.io.engine().on_connection_error([&](const socketio::ConnectionError&) { ++refused; });
  server.io.on_request([](const socketio::ExchangePtr& exchange) {
    socketio::HttpResponse response;
    response.body = "page";
    exchange->respond(std::move(response));
  });
  server.run();
  for (int i = 0; i < 6; ++i) {
    BlockingConnection connection(server.port);
    connection.write("GET " + polling + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string head = connection.read_until("\r\n\r\n");
    CHECK(head.find("X-Middleware: yes") != std::string::npos);
    CHECK(head.find("X-Hook: yes") != std::string::npos);
    BlockingConnection bad(server.port);
    CHECK(request(bad, "GET", "/socket.io/?EIO=4&transport=pigeon").substr(0, 3) == "400");
    BlockingConnection page(server.port);
    CHECK(request(page, "GET", "/") == "200 page");
  }
  CHECK(requests == 12);
  CHECK(sessions == 6);
  CHECK(refused == 6);
  CHECK(server.io.engine().clients_count() == 6);
  std::atomic<int> seen{0};
  server.io.engine().for_each_session([&](socketio::Session& session) {
    ++seen;
    session.close(true);
  });
  while (server.io.engine().clients_count() != 0) std::this_thread::yield();
  CHECK(seen == 6);
}

TEST_CASE("the old thread does not touch a moving connection whose queue becomes empty", "[threads][hostile]") {
  Running server;
  server.run();
  for (int round = 0; round < 40; ++round) {
    BlockingConnection connection(server.port);
    std::string ahead;
    for (int i = 0; i < 6; ++i) {
      ahead += "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
      ahead += "GET " + polling + "&sid=AAAA" + std::to_string(10 * round + i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    connection.write(ahead);
    for (int i = 0; i < 6; ++i) {
      CHECK(connection.read_until("\r\n\r\n").substr(9, 3) == "404");
      CHECK(connection.read_until("Session ID unknown\"}").substr(9, 3) == "400");
    }
  }
}

TEST_CASE("a client that does not read its answers cannot delay the move of a connection forever",
          "[threads][hostile]") {
  Running server({}, {.head_timeout = 300ms, .request_timeout = 300ms, .keep_alive_timeout = 300ms});
  server.io.on_request([](const socketio::ExchangePtr& exchange) {
    socketio::HttpResponse response;
    response.body.assign(1'000'000, 'x');
    exchange->respond(std::move(response));
  });
  server.run();
  std::string ahead;
  for (int i = 0; i < 20; ++i) ahead += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 6; ++i) ahead += "GET " + polling + "&sid=B" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<std::unique_ptr<BlockingConnection>> connections;
  for (int i = 0; i < 6; ++i) {
    connections.push_back(std::make_unique<BlockingConnection>(server.port));
    connections.back()->write(ahead.substr(static_cast<std::size_t>(i) * ahead.size() / 30));
  }
  // All of them end, and so does the server, which would wait for pending requests.
  for (const auto& connection : connections) CHECK_THROWS_AS(connection->read(40'000'000), std::system_error);
}
