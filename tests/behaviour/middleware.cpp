// SPDX-License-Identifier: MIT
// Middleware on connections and on incoming packets.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <thread>

using namespace socketio;
using namespace socketio::test;

TEST_CASE("middleware runs in order, each in its own form, before the connection", "[behaviour][middleware]") {
  Harness harness;
  std::string order;
  std::optional<Next> waiting;
  harness.io.use([&](TestSocket socket, Next next) {
    CHECK_FALSE(socket.connected());
    CHECK(harness.io.sockets().empty());
    order += "1";
    next();
    next();
  });
  harness.io.use([&](TestSocket) { order += "2"; });
  harness.io.use([&](TestSocket socket) -> asio::awaitable<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    socket.join("joined in a middleware");
    order += "3";
  });
  harness.io.use([&](TestSocket, Next next) { waiting = next; });
  harness.io.on("connection", [&](TestSocket socket) {
    order += "c";
    CHECK(socket.rooms().size() == 2);
  });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(harness.until([&] { return waiting.has_value(); }));
  CHECK_FALSE(client.has_message());
  CHECK(order == "123");
  (*waiting)();
  CHECK(client.next().substr(0, 4) == "40{\"");
  CHECK(order == "123c");
}

TEST_CASE("a refusal reaches the client with message and data, and later middleware does not run",
          "[behaviour][middleware]") {
  Harness harness;
  bool reached = false;
  auto with_next = harness.io.of("/next");
  with_next.use([](TestSocket, Next next) { next(ConnectError("not authorized", Value{{"code", 401}})); });
  with_next.use([&](TestSocket) { reached = true; });
  with_next.on("connection", [&](TestSocket) { reached = true; });
  harness.io.of("/throws").use([](TestSocket) { throw ConnectError("thrown"); });
  harness.io.of("/returns").use([](TestSocket) -> std::optional<ConnectError> { return ConnectError("returned"); });
  harness.io.of("/coroutine").use([](TestSocket) -> asio::awaitable<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    throw ConnectError("in a coroutine", Value(7));
  });
  auto client = open_engine(harness);
  client.text("40/next,");
  CHECK(client.next() == R"(44/next,{"message":"not authorized","data":{"code":401}})");
  client.text("40/throws,");
  CHECK(client.next() == R"(44/throws,{"message":"thrown"})");
  client.text("40/returns,");
  CHECK(client.next() == R"(44/returns,{"message":"returned"})");
  client.text("40/coroutine,");
  CHECK(client.next() == R"(44/coroutine,{"message":"in a coroutine","data":7})");
  CHECK_FALSE(reached);
  client.text("40/next,");
  CHECK(client.next().substr(0, 8) == "44/next,");
}

TEST_CASE("a middleware that fails refuses without telling why", "[behaviour][middleware][hostile]") {
  Harness harness;
  std::vector<ErrorReport> reports;
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  harness.io.use([](TestSocket) { throw std::runtime_error("secret"); });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(client.next() == R"(44{"message":"internal server error"})");
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].detail == "handler threw: secret");
}

TEST_CASE("a middleware that refuses leaves the rooms that it has joined", "[behaviour][middleware]") {
  Harness harness;
  std::optional<TestSocket> refused;
  harness.io.use([&](TestSocket socket, Next next) {
    socket.join("r");
    refused = socket;
    next(ConnectError("no"));
  });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(client.next() == R"(44{"message":"no"})");
  CHECK(refused->rooms().empty());
  CHECK(harness.io.room("r").empty());
  refused->join("r");
  harness.pump();
  CHECK(harness.io.room("r").empty());
}

TEST_CASE("a client that leaves while its middleware is running does not connect", "[behaviour][middleware]") {
  Harness harness;
  std::optional<Next> waiting;
  std::weak_ptr<int> alive;
  bool connected = false;
  harness.io.use([&](TestSocket socket, Next next) {
    auto token = std::make_shared<int>();
    alive = token;
    socket.on("disconnect", [&, token] { connected = true; });
    waiting = next;
  });
  harness.io.on("connection", [&](TestSocket) { connected = true; });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(harness.until([&] { return waiting.has_value(); }));
  client.abort();
  CHECK(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
  (*waiting)();
  waiting.reset();
  CHECK(harness.until([&] { return alive.expired(); }));
  CHECK_FALSE(connected);
}

TEST_CASE("next may be called on another thread", "[behaviour][middleware][threads]") {
  Harness harness;
  std::thread worker;
  harness.io.use([&](TestSocket, Next next) { worker = std::thread([next] { next(); }); });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(harness.until([&] { return worker.joinable(); }));
  worker.join();
  CHECK(client.next().substr(0, 4) == "40{\"");
}

TEST_CASE("packet middleware can read, change and refuse events", "[behaviour][middleware]") {
  Harness harness;
  std::vector<std::string> errors;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.use([](IncomingEvent& event, Next next) {
      if (event.name() == "refused") return next(MiddlewareError("not allowed"));
      if (event.name() == "rename") event.set("join", {event.args().at(0), "new"});
      next();
    });
    socket.use([](IncomingEvent& event) -> asio::awaitable<void> {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      if (event.name() == "late") throw MiddlewareError("too late");
    });
    socket.on("join", [](std::string a, std::string b) { return a + b; });
    socket.on("refused", [&] { errors.push_back("reached"); });
    socket.on("error", [&](std::string message) { errors.push_back(message); });
  });
  auto client = open_socket(harness);
  client.text(R"(421["join","a","b"])");
  CHECK(client.next() == R"(431["ab"])");
  client.text(R"(422["rename","old"])");
  CHECK(client.next() == R"(432["oldnew"])");
  client.text(R"(42["refused"])");
  client.text(R"(42["late"])");
  CHECK(harness.until([&] { return errors.size() == 2; }));
  CHECK(errors == std::vector<std::string>{"not allowed", "too late"});
  CHECK_FALSE(client.has_message());
}

TEST_CASE("an event that waits in its middleware when its client disconnects reaches no handler",
          "[behaviour][middleware]") {
  Harness harness;
  std::optional<Next> waiting;
  std::string log;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.use([&](IncomingEvent&, Next next) { waiting = next; });
    socket.on_any([&](std::string_view event) { log += "any " + std::string(event) + ' '; });
    socket.on("x", [&] { log += "x "; });
    socket.on("disconnect", [&] { log += "gone "; });
  });
  auto client = open_socket(harness);
  client.text(R"(42["x"])");
  CHECK(harness.until([&] { return waiting.has_value(); }));
  SECTION("by leaving the namespace") { client.text("41"); }
  SECTION("by closing the connection") { client.close(); }
  CHECK(harness.until([&] { return harness.io.sockets().empty(); }));
  (*waiting)();
  harness.pump();
  CHECK(log == "any x gone ");
}

namespace {

/// "/" as it is, and "/chat" with a middleware that waits until the test goes on.
struct SlowChat {
  SlowChat() {
    harness.io.on_error([this](const ErrorReport& report) { reports.push_back(report); });
    auto chat = harness.io.of("/chat");
    chat.use([this](TestSocket socket, Next next) {
      sockets.push_back(socket);
      waiting.push_back(std::move(next));
    });
    chat.on("connection", [this](TestSocket socket) {
      log += "connect " + to_json(socket.handshake().auth) + "; ";
      socket.on("disconnect", [this](std::string reason) { log += reason + "; "; });
      socket.on("x", [socket](int number) { socket.emit("x", number); });
    });
    client.emplace(open_socket(harness));
  }

  /// Sends a CONNECT and waits until its middleware run.
  void connect(const std::string& auth) {
    const std::size_t expected = waiting.size() + 1;
    client->text("40/chat," + auth);
    REQUIRE(harness.until([&] { return waiting.size() == expected; }));
  }
  /// The main namespace of this client has noticed nothing.
  void check_main() {
    CHECK_FALSE(client->has_message());
    CHECK(harness.io.sockets().size() == 1);  // its connection lasts
  }

  Harness harness;
  std::vector<ErrorReport> reports;
  std::vector<TestSocket> sockets;
  std::vector<Next> waiting;
  std::string log;
  std::optional<Harness::WebSocket> client;
};

}  // namespace

TEST_CASE("a client that connects anew while a middleware decides gets one answer, to its last attempt",
          "[behaviour][middleware]") {
  SlowChat test;
  test.connect(R"({"attempt":1})");
  test.sockets[0].join("room");
  test.connect(R"({"attempt":2})");
  CHECK(test.sockets[0].rooms().empty());
  SECTION("the first middleware accepts first") {
    test.waiting[0]();
    CHECK_FALSE(test.client->has_message());
    test.waiting[1]();
  }
  SECTION("the first middleware accepts last") {
    test.waiting[1]();
    test.waiting[0]();
  }
  SECTION("the first middleware refuses") {
    test.waiting[0](ConnectError("no"));
    test.waiting[1]();
  }
  CHECK(sid_in(test.client->next()) == test.sockets[1].id());
  CHECK_FALSE(test.client->has_message());
  CHECK(test.log == R"(connect {"attempt":2}; )");
  CHECK(test.harness.io.of("/chat").size() == 1);
  test.client->text(R"(42/chat,["x",1])");
  CHECK(test.client->next() == R"(42/chat,["x",1])");
  CHECK(test.reports.empty());
  test.check_main();
}

TEST_CASE("only the last attempt of a client is refused", "[behaviour][middleware]") {
  SlowChat test;
  test.connect(R"({"attempt":1})");
  test.connect(R"({"attempt":2})");
  test.waiting[1](ConnectError("no"));
  CHECK(test.client->next() == R"(44/chat,{"message":"no"})");
  test.waiting[0]();
  CHECK_FALSE(test.client->has_message());
  CHECK(test.log.empty());
  test.check_main();
}

TEST_CASE("a client that connects anew after a middleware has accepted it leaves and joins again",
          "[behaviour][middleware]") {
  // It has disconnected before the server's CONNECT came, and told nobody.
  SlowChat test;
  test.connect(R"({"attempt":1})");
  test.waiting[0]();
  test.client->next();
  test.connect(R"({"attempt":2})");
  CHECK(test.log == R"(connect {"attempt":1}; client namespace disconnect; )");
  CHECK(test.sockets[0].disconnected());
  SECTION("what it sends before the answer is dropped") {
    test.client->text(R"(42/chat,["x",1])");
    CHECK_FALSE(test.client->has_message());
  }
  test.waiting[1]();
  CHECK(sid_in(test.client->next()) == test.sockets[1].id());
  CHECK(test.harness.io.of("/chat").size() == 1);
  test.client->text(R"(42/chat,["x",2])");
  CHECK(test.client->next() == R"(42/chat,["x",2])");
  CHECK(test.reports.empty());
  test.check_main();
}

TEST_CASE("attempts that nobody waits for are bounded, and only the last one is refused",
          "[behaviour][middleware][hostile]") {
  SlowChat test;
  for (int i = 0; i <= 32; ++i) test.connect("{}");
  CHECK_FALSE(test.client->has_message());
  test.client->text("40/chat,{}");
  CHECK(test.client->next() == R"(44/chat,{"message":"too many attempts"})");
  REQUIRE(test.reports.size() == 1);
  CHECK(test.reports[0].code == Errc::limit_exceeded);
  CHECK(test.reports[0].nsp == "/chat");
  CHECK(test.waiting.size() == 33);
  test.sockets.clear();
  test.waiting.clear();  // their middleware never decide
  test.connect("{}");
  test.waiting[0]();
  CHECK(sid_in(test.client->next()) == test.sockets[0].id());
  test.check_main();
}

TEST_CASE("a client that goes while it connects anew leaves nothing behind", "[behaviour][middleware][hostile]") {
  SlowChat test;
  std::weak_ptr<int> alive;
  {
    test.connect("{}");
    const auto token = std::make_shared<int>();
    alive = token;
    test.sockets[0].on("x", [token] {});
    test.connect("{}");
  }
  CHECK(alive.expired());
  test.client->abort();
  REQUIRE(test.harness.until([&] { return test.harness.io.engine().clients_count() == 0; }));
  for (const Next& next : test.waiting) next();
  test.harness.pump();
  CHECK(test.log.empty());
  CHECK(test.harness.io.of("/chat").size() == 0);
}

TEST_CASE("data of a refusal reaches the client as Node.js sends it", "[behaviour][middleware]") {
  Harness harness;
  const auto refused_with = [&](const ConnectError& error) {
    static int count = 0;
    const std::string name = "/" + std::to_string(count++);
    harness.io.of(name).use([error](TestSocket) { throw error; });
    auto client = open_engine(harness);
    client.text("40" + name + ',');
    const std::string answer = client.next();
    return answer.substr(answer.find(',') + 1);
  };
  CHECK(refused_with(ConnectError("no")) == R"({"message":"no"})");
  CHECK(refused_with(ConnectError("no", nullptr)) == R"({"message":"no","data":null})");
  CHECK(refused_with(ConnectError("no", Value())) == R"({"message":"no","data":null})");
  CHECK(refused_with(ConnectError("no", false)) == R"({"message":"no","data":false})");
  CHECK(refused_with(ConnectError("no", Binary(std::string("\x01\xFF")))) ==
        R"({"message":"no","data":{"type":"Buffer","data":[1,255]}})");
  CHECK(refused_with(ConnectError("no", Value{{"key", Binary(std::string("a"))}})) ==
        R"({"message":"no","data":{"key":{"type":"Buffer","data":[97]}}})");
  CHECK_FALSE(ConnectError("no").has_data());
  CHECK(ConnectError("no").data().is_null());
  CHECK(ConnectError("no", Value()).has_data());
}
