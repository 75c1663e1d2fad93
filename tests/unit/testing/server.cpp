// SPDX-License-Identifier: MIT
// The server under test: connecting, disconnecting, and the clock.
#include <socketio/testing/testing.hpp>

#include <socketio/protocol/msgpack_parser.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/failure.hpp>

#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace socketio;
using namespace std::chrono_literals;
using test::failure;
using testing::Via;

namespace {

/// The reasons of the disconnections, as the server saw them.
template <class Server>
std::shared_ptr<std::vector<std::string>> log_reasons(Server& io) {
  const auto reasons = std::make_shared<std::vector<std::string>>();
  io.on("connection", [reasons](typename Server::Socket socket) {
    socket.on("disconnect", [reasons](DisconnectReason why) { reasons->emplace_back(to_string(why)); });
  });
  return reasons;
}

using Reasons = std::vector<std::string>;

}  // namespace

TEST_CASE("the handshake has what the test gives to the client", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::Server io;
  const auto client = io.connect({.auth = Value{{"token", "x"}},
                                  .via = via,
                                  .query = {{"a b", "c&d"}},
                                  .headers = {{"X-Custom", "yes"}},
                                  .address = "203.0.113.7"});
  REQUIRE(client.connected());
  const Handshake handshake = io.socket(client).handshake();
  CHECK(handshake.auth["token"] == Value("x"));
  CHECK(handshake.query.find("a b") == "c&d");
  CHECK(handshake.headers.find("x-custom") == "yes");
  CHECK(handshake.address == "203.0.113.7");
  CHECK(io.socket(client).id() == client.id());
  CHECK(io.socket(client).conn().transport_name() == (via == Via::websocket ? "websocket" : "polling"));
}

TEST_CASE("a test may give any number of credentials", "[testing]") {
  testing::Server io;
  CHECK(io.socket(io.connect()).handshake().auth == Value::object());
  CHECK(io.socket(io.connect("/", {{"token", "x"}, {"more", 1}})).handshake().auth ==
        Value{{"token", "x"}, {"more", 1}});
}

TEST_CASE("a client connects at the path of the server", "[testing]") {
  testing::Server slash(ServerOptions{.path = "/mine"});
  CHECK(slash.connect().connected());
  testing::Server none(ServerOptions{.path = "/mine", .add_trailing_slash = false});
  CHECK(none.connect().connected());
}

TEST_CASE("a refusal is thrown, with its message and data", "[testing]") {
  testing::Server io;
  io.of("/guarded").use([](testing::Socket) { throw ConnectError("not authorized", Value{{"code", 401}}); });
  try {
    io.connect("/guarded");
    FAIL("it was not refused");
  } catch (const testing::Refused& refused) {
    CHECK(std::string(refused.what()) == "the client was refused in /guarded: not authorized {\"code\":401}");
    CHECK(refused.message() == "not authorized");
    CHECK(refused.data()["code"] == Value(401));
  }
  CHECK(failure([&] { io.connect("/nowhere"); }) == "the client was refused in /nowhere: Invalid namespace");
}

TEST_CASE("a client may be opened to be refused", "[testing]") {
  testing::Server io;
  io.use([](testing::Socket) { throw ConnectError("no", Value(7)); });
  const auto client = io.open();
  CHECK_FALSE(client.connected());
  REQUIRE(client.connect_error());
  CHECK(std::string(client.connect_error()->what()) == "no");
  CHECK(client.connect_error()->data() == Value(7));
  CHECK(client.id().empty());
  CHECK(failure([&] { client.next("x"); }) ==
        "no event \"x\" has come to the client in /\n  what has come: nothing\n  the client is not connected: no");
}

TEST_CASE("a refused handshake says so", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  ServerOptions options;
  options.allow_request = [](const HttpRequest&, Verdict verdict) { verdict.refuse("no entry"); };
  testing::Server io(options);
  const auto client = io.open({.via = via});
  REQUIRE(client.connect_error());
  const std::string answer = via == Via::websocket ? "400 no entry" : R"(403 {"code":4,"message":"no entry"})";
  CHECK(client.connect_error()->what() == answer);
  CHECK(failure([&] { io.connect({.via = via}); }) == "the client was refused in /: " + answer);
}

TEST_CASE("a middleware may wait", "[testing]") {
  testing::Server io;
  std::optional<Next> waiting;
  io.use([&](testing::Socket, Next next) { waiting = next; });
  CHECK(
      failure([&] { io.connect(); }) ==
      "the client is not connected to /\n  what has come: nothing\n  the client is not connected: no answer has come");
  const auto client = io.open();
  CHECK_FALSE(client.connected());
  CHECK_FALSE(client.connect_error());
  (*waiting)();
  CHECK(client.connected());
}

TEST_CASE("namespaces share a client's connection", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::Server io;
  io.of("/chat");
  io.of("/admin").use([](testing::Socket socket) {
    if (socket.handshake().auth["token"] != Value("x")) throw ConnectError("no");
  });
  const auto chat = io.connect({.nsp = "chat", .via = via});
  CHECK(chat.nsp() == "/chat");
  const auto admin = chat.connect("/admin", {{"token", "x"}});
  CHECK(&io.socket(chat).conn() == &io.socket(admin).conn());
  CHECK(chat.id() != admin.id());
  io.of("/admin").emit("for admins");
  CHECK(admin.has_received("for admins"));
  CHECK(chat.received().empty());
  CHECK_THROWS_AS(admin.connect("/nowhere"), testing::Refused);
  CHECK(admin.open("/nowhere").connect_error());
  chat.disconnect();
  CHECK(admin.connected());
  CHECK(chat.connect("/chat").connected());
  admin.close();
  CHECK(failure([&] { chat.connect("/chat"); }) == "there is no connection to share: io client disconnect");
}

TEST_CASE("a client disconnects in three ways, and both sides have the reason", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::Server io;
  const auto reasons = log_reasons(io);
  const auto leaving = io.connect({.via = via});
  leaving.disconnect();
  CHECK(leaving.disconnect_reason() == "io client disconnect");
  const auto closing = io.connect({.via = via});
  CHECK(closing.disconnect_reason().empty());
  closing.close();
  CHECK(closing.disconnect_reason() == "io client disconnect");
  const auto dropped = io.connect({.via = via});
  dropped.drop();
  CHECK(dropped.disconnect_reason() == "transport close");
  CHECK_FALSE(dropped.connected());
  const std::string lost = via == Via::websocket ? "transport close" : "transport error";
  CHECK(*reasons == Reasons{"client namespace disconnect", "transport close", lost});
}

TEST_CASE("the server disconnects clients", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::Server io;
  const auto reasons = log_reasons(io);
  const auto first = io.connect({.via = via});
  io.socket(first).disconnect();
  CHECK(first.disconnect_reason() == "io server disconnect");
  CHECK(failure([&] { io.socket(first); }).substr(0, 33) == "the client is not connected to /\n");
  const auto second = io.connect({.via = via});
  io.socket(second).disconnect(true);
  CHECK(second.disconnect_reason() == "io server disconnect");
  const auto third = io.connect({.via = via});
  io.close();
  CHECK(third.disconnect_reason() == "transport close");
  CHECK(*reasons == Reasons{"server namespace disconnect", "server namespace disconnect", "server shutting down"});
}

TEST_CASE("clients reconnect", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::Server io;
  const auto client = io.connect({.auth = Value{{"token", "x"}}, .via = via});
  const std::string before = client.id();
  CHECK(failure([&] { client.reconnect(); }) == "the client is connected already");
  client.drop();
  client.reconnect();
  CHECK(client.connected());
  CHECK(client.id() != before);
  CHECK(client.disconnect_reason().empty());
  CHECK(io.socket(client).handshake().auth["token"] == Value("x"));
  CHECK_FALSE(client.recovered());
  io.emit("news");
  CHECK(client.has_received("news"));
}

TEST_CASE("clients answer heartbeats while the clock is moved", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::Server io;
  const auto reasons = log_reasons(io);
  const auto client = io.connect({.via = via});
  io.advance(1h);
  CHECK(client.connected());
  client.mute();
  io.advance(io.options().ping_interval + io.options().ping_timeout);
  CHECK_FALSE(client.connected());
  CHECK(*reasons == Reasons{"ping timeout"});
}

TEST_CASE("the clock moves exactly as far as the test moves it", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  std::error_code error;
  bool called = false;
  io.socket(client).timeout(5s).emit("question", [&](std::error_code result, int) { error = result, called = true; });
  io.advance(4999ms);
  CHECK_FALSE(called);
  io.advance(1ms);
  REQUIRE(called);
  CHECK(error == Errc::timed_out);
}

TEST_CASE("the events for a stalled client stay in the server", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  client.stall();
  io.emit("first");
  io.volatile_().emit("worthless when late");
  CHECK(client.received().empty());
  CHECK(io.socket(client).conn().unsent_bytes() > 0);
  client.resume();
  CHECK(client.next().name() == "first");
  CHECK(client.received().empty());
  CHECK(io.socket(client).is_writable());
  io.volatile_().emit("in time");
  CHECK(client.has_received("in time"));
}

TEST_CASE("a stalled polling client does not poll", "[testing]") {
  testing::Server io;
  const auto client = io.connect({.via = Via::polling});
  client.stall();
  io.emit("takes the poll that waits");
  CHECK(client.received().size() == 1);
  io.emit("has to wait");
  CHECK(client.received().size() == 1);
  client.resume();
  CHECK(client.has_received("has to wait"));
}

TEST_CASE("a program's own configuration is tested as it is", "[testing]") {
  struct Player {
    int score = 0;
  };
  struct Game : DefaultConfig {
    using Parser = MsgpackParser;
    using SocketData = Player;
  };
  const Via via = GENERATE(Via::websocket, Via::polling);
  testing::BasicServer<Game> io;
  const auto reasons = log_reasons(io);
  using GameSocket = testing::BasicServer<Game>::Socket;
  io.on("connection", [](GameSocket socket) {
    socket.on("score", [socket](int points) { return socket.data().score += points; });
    socket.on("bytes", [socket](Binary bytes) { socket.emit("bytes", bytes, 2.5); });
  });
  const auto client = io.connect({.auth = Value{{"key", Binary(std::string("k"))}}, .via = via});
  CHECK(io.socket(client).handshake().auth["key"].as_binary().view() == "k");
  CHECK(client.emit_with_ack<int>("score", 3) == 3);
  CHECK(client.emit_with_ack<int>("score", 4) == 7);
  client.emit("bytes", Binary(std::string("\x01\x02")));
  const auto event = client.next("bytes");
  CHECK(event.arg<Binary>(0).view() == "\x01\x02");
  CHECK(event.arg<double>(1) == 2.5);
  client.disconnect();
  CHECK(*reasons == Reasons{"client namespace disconnect"});
}

TEST_CASE("threads and timers of the program are waited for in real time", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  std::thread worker([&io] { io.emit("from a thread"); });
  io.run_until([&] { return client.has_received("from a thread"); });
  worker.join();
  bool fired = false;
  asio::steady_timer timer(io.context(), 1ms);
  timer.async_wait([&](std::error_code) { fired = true; });
  io.run_until([&] { return fired; });
  CHECK(fired);
  CHECK(failure([&] { io.run_until([] { return false; }, 1ms); }) == "the condition has not come true within 1 ms");
}

TEST_CASE("a client may be used inside a handler", "[testing]") {
  testing::Server io;
  std::optional<testing::Client> other;
  io.on("connection", [&](testing::Socket socket) {
    socket.on("relay", [&](std::string text) { other->emit("note", text); });
    socket.on("note", [&](std::string text) { io.emit("noted", text); });
  });
  other = io.connect();
  const auto client = io.connect();
  client.emit("relay", "x");
  CHECK(client.next("noted").arg<std::string>(0) == "x");
}

TEST_CASE("an error hook of the program gets the reports", "[testing]") {
  testing::Server io;
  std::vector<std::string> mine;
  io.on_error([&](const ErrorReport& report) { mine.push_back(report.detail); });
  io.on("connection", [](testing::Socket) { throw std::runtime_error("x"); });
  io.connect();
  CHECK(mine == std::vector<std::string>{"handler threw: x"});
  CHECK(io.errors().empty());
}

TEST_CASE("a client that outlives its server says so", "[testing]") {
  auto io = std::make_unique<testing::Server>();
  const auto client = io->connect();
  io->emit("last words");
  io->settle();
  io.reset();
  const std::string gone = "the server of this client has been destroyed";
  CHECK(failure([&] { client.emit("x"); }) == gone);
  CHECK(failure([&] { client.next("last words"); }) == gone);
  CHECK(failure([&] { static_cast<void>(client.connected()); }) == gone);
  CHECK(failure([&] { client.reconnect(); }) == gone);
  CHECK(client.nsp() == "/");
}

TEST_CASE("several test servers are independent", "[testing]") {
  testing::Server first;
  testing::Server second;
  const auto here = first.connect();
  const auto there = second.connect();
  first.emit("here");
  CHECK(here.has_received("here"));
  CHECK(there.received().empty());
}
