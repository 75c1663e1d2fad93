// SPDX-License-Identifier: MIT
// Scripted clients, and the messages of failed expectations.
#include <socketio/testing/testing.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/failure.hpp>

#include <asio/awaitable.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace std::chrono_literals;
using test::failure;
using testing::Via;

namespace {

inline constexpr Event<"double", int(int)> twice;
inline constexpr Event<"doubled", void(int)> doubled;
inline constexpr Event<"placed", void(std::string, double, std::optional<int>)> placed;

/// Handlers of a program, for its own server and for the server of a test.
template <class Config>
void install(BasicServer<Config>& io) {
  io.on("connection", [&io](BasicSocket<Config> socket) {
    socket.on("sum", [](int a, int b) { return a + b; });
    socket.on("several", [](Ack<int, std::string, Binary> ack) { ack(1, "two", Binary(std::string("3"))); });
    socket.on("nothing", [](Ack<> ack) { ack(); });
    socket.on("silence", [](Ack<>) {});
    socket.on("say", [&io](Value what) { io.emit("said", what); });
    socket.on("throw", [] { throw std::runtime_error("the handler's own words"); });
    socket.on("order", [socket](std::string what) -> asio::awaitable<std::string> {
      const bool sure = co_await socket.template emit_with_ack<bool>("sure?", what);
      co_return sure ? "ordered" : "cancelled";
    });
    socket.on(twice, [socket](int number) {
      socket.emit(doubled, 2 * number);
      return 2 * number;
    });
  });
}

/// A server with those handlers.
struct Fixture {
  explicit Fixture(ServerOptions options = {}) : io(std::move(options)) { install(io); }
  testing::Server io;
};

}  // namespace

TEST_CASE("clients emit and receive events", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  Fixture fixture;
  const auto alice = fixture.io.connect({.via = via});
  const auto bob = fixture.io.connect();
  alice.emit("say", "hi");
  CHECK(bob.next("said").arg<std::string>(0) == "hi");
  CHECK(alice.has_received("said"));
  CHECK_FALSE(bob.has_received("said"));
  alice.emit("say", Binary(std::string("bytes")));
  alice.emit("say", Value{{"deep", Value::array({Binary(std::string("x"))})}});
  CHECK(bob.next("said").arg<Binary>(0).view() == "bytes");
  CHECK(bob.next("said").arg(0)["deep"][0].as_binary().view() == "x");
  bob.emit_event("say", 1);
  CHECK(alice.received().size() == 4);
  CHECK(alice.received().back().text() == "said(1)");
  alice.clear();
  CHECK(alice.received().empty());
}

TEST_CASE("events are taken in order, by name or in order of arrival", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  io.emit("a", 1);
  io.emit("b", 2);
  io.emit("a", 3);
  CHECK(client.next("b").arg<int>(0) == 2);
  CHECK(client.next().arg<int>(0) == 1);
  CHECK(client.next("a").arg<int>(0) == 3);
  CHECK(client.received().empty());
}

TEST_CASE("acknowledgements are converted", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  Fixture fixture;
  const auto client = fixture.io.connect({.via = via});
  CHECK(client.emit_with_ack<int>("sum", 1, 2) == 3);
  CHECK(client.emit_with_ack("sum", 1, 2) == Value(3));
  client.emit_with_ack<void>("nothing");
  const auto answer = client.ask("several");
  REQUIRE(answer.has_come());
  CHECK(answer.size() == 3);
  CHECK(answer.arg<std::string>(1) == "two");
  CHECK(answer.arg<Binary>(2).view() == "3");
}

TEST_CASE("an answer may come later", "[testing]") {
  testing::Server io;
  std::optional<Ack<int>> kept;
  io.on("connection",
        [&](testing::Socket socket) { socket.on("later", [&](std::string, Ack<int> ack) { kept = ack; }); });
  const auto client = io.connect();
  const auto answer = client.ask("later", "x");
  CHECK_FALSE(answer.has_come());
  CHECK(failure([&] { static_cast<void>(answer.arg<int>(0)); }) ==
        "no answer to later(\"x\")\n  what has come: nothing");
  (*kept)(7);
  CHECK(answer.arg<int>(0) == 7);
  CHECK(failure([&] { static_cast<void>(answer.arg<int>(1)); }) ==
        "arg(1) of answer to later(7): expected integer, got nothing");
}

TEST_CASE("typed events can be sent and received", "[testing]") {
  Fixture fixture;
  const auto client = fixture.io.connect();
  const int four = client.emit_with_ack(twice, 2);
  CHECK(four == 4);
  CHECK(client.has_received(doubled));
  CHECK(client.next(doubled).arg<int>(0) == 4);
  client.emit(twice, 5);
  CHECK(client.next("doubled").arg<int>(0) == 10);

  std::vector<Value> seen;
  fixture.io.socket(client).on("placed", [&](Value name, Value height, Value more) { seen = {name, height, more}; });
  client.emit(placed, "tower", 2);
  CHECK(seen == std::vector<Value>{"tower", 2.0, nullptr});
}

TEST_CASE("clients acknowledge the server's events, by hand or automatically", "[testing]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  Fixture fixture;
  const auto client = fixture.io.connect({.via = via});

  const auto answer = client.ask("order", "tea");
  CHECK_FALSE(answer.has_come());
  const auto question = client.next("sure?");
  CHECK(question.arg<std::string>(0) == "tea");
  REQUIRE(question.wants_ack());
  question.ack(true);
  CHECK_FALSE(question.wants_ack());
  CHECK(answer.arg<std::string>(0) == "ordered");

  client.answer("sure?", false);
  CHECK(client.emit_with_ack<std::string>("order", "coffee") == "cancelled");
  CHECK_FALSE(client.next("sure?").wants_ack());
  client.answer("sure?", true);
  CHECK(client.emit_with_ack<std::string>("order", "milk") == "ordered");
}

TEST_CASE("clients answer with values of every kind", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  client.answer("question", "text", 1, nullptr, Binary(std::string("b")), std::vector<int>{2});
  std::vector<Value> got;
  io.socket(client).emit("question",
                         [&](std::string text, int number, Value none, Binary bytes, std::vector<int> list) {
                           got = {text, number, none, bytes, list.at(0)};
                         });
  io.settle();
  CHECK(got == std::vector<Value>{"text", 1, nullptr, Binary(std::string("b")), 2});
}

TEST_CASE("an event is acknowledged once, and only if the server asked", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  io.emit("plain", 1);
  io.socket(client).emit("asking", [](int) {});
  const auto plain = client.next("plain");
  CHECK_FALSE(plain.wants_ack());
  CHECK(failure([&] { plain.ack(1); }) == "the server asked for no acknowledgement of plain(1)");
  const auto asking = client.next("asking");
  asking.ack(1);
  CHECK(failure([&] { asking.ack(1); }) == "asking() has been acknowledged already");
}

TEST_CASE("a failed expectation says what happened instead", "[testing]") {
  Fixture fixture;
  const auto client = fixture.io.connect("/");
  CHECK(failure([&] { client.next("joined"); }) ==
        "no event \"joined\" has come to the client in /\n  what has come: nothing");
  CHECK(failure([&] { client.next(); }) == "no event has come to the client in /\n  what has come: nothing");
  fixture.io.emit("people", std::vector<std::string>{"Ann"});
  fixture.io.emit("typing", "Ann", true, Binary(std::string("hi")));
  CHECK(failure([&] { client.next("joined"); }) ==
        "no event \"joined\" has come to the client in /\n"
        "  what has come: people([\"Ann\"]), typing(\"Ann\",true,\"aGk=\")");
  client.clear();
  for (int i = 0; i < 25; ++i) fixture.io.emit("e");
  const std::string many = failure([&] { client.next("joined"); });
  CHECK(many.substr(many.size() - 19) == "e(), e() and 5 more");
}

TEST_CASE("a failure abbreviates long arguments", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  io.emit("long", std::string(1000, 'x'));
  CHECK(client.next("long").text() == "long(\"" + std::string(199, 'x') + "...)");
}

TEST_CASE("the failure of a wrong argument shows the argument", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  io.emit("joined", "Ann", std::map<std::string, int>{{"age", 31}});
  const auto event = client.next("joined");
  CHECK(event.name() == "joined");
  CHECK(event.size() == 2);
  CHECK(event.values().size() == 2);
  CHECK(event.arg<std::map<std::string, int>>(1).at("age") == 31);
  CHECK(event.arg<std::optional<int>>(2) == std::nullopt);
  CHECK(failure([&] { static_cast<void>(event.arg<int>(0)); }) ==
        "arg(0) of joined(\"Ann\",{\"age\":31}): expected integer, got string");
  CHECK(failure([&] { static_cast<void>(event.arg<std::map<std::string, bool>>(1)); }) ==
        "arg(1) of joined(\"Ann\",{\"age\":31}): expected boolean, got integer at .age");
  CHECK(failure([&] { static_cast<void>(event.arg<int>(2)); }) ==
        "arg(2) of joined(\"Ann\",{\"age\":31}): expected integer, got nothing");
}

TEST_CASE("a failure has the reports of the server", "[testing]") {
  Fixture fixture;
  const auto client = fixture.io.connect();
  const std::string text = failure([&] { static_cast<void>(client.emit_with_ack<int>("sum", "one", 2)); });
  CHECK(text ==
        "no answer to sum(\"one\",2)\n  what has come: nothing\n  the server has reported: event \"sum\" of socket " +
            client.id() + " in /: argument 1: expected integer, got string");
  fixture.io.clear_errors();
  client.emit("throw");
  REQUIRE(fixture.io.errors().size() == 1);
  CHECK(fixture.io.errors()[0].code == Errc::handler_failed);
  CHECK(fixture.io.errors()[0].detail == "handler threw: the handler's own words");
}

TEST_CASE("a missing answer and a wrong answer have different failures", "[testing]") {
  Fixture fixture;
  const auto client = fixture.io.connect();
  CHECK(failure([&] { client.emit_with_ack<void>("silence"); }) == "no answer to silence()\n  what has come: nothing");
  CHECK(failure([&] { static_cast<void>(client.emit_with_ack<bool>("sum", 1, 2)); }) ==
        "arg(0) of answer to sum(3): expected boolean, got integer");
}

TEST_CASE("clients cannot emit reserved names", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  CHECK_THROWS_AS(client.emit("disconnect"), std::invalid_argument);
}

TEST_CASE("a disconnected client cannot emit, and says why", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  io.disconnect_sockets();
  CHECK(
      failure([&] { client.emit("x", 1); }) ==
      "the client cannot emit x(1) in /\n  what has come: nothing\n  the client is disconnected: io server disconnect");
  CHECK(failure([&] { static_cast<void>(client.ask("x")); }).substr(0, 26) == "the client cannot emit x()");
  CHECK(failure([&] { client.disconnect(); }).substr(0, 35) == "the client is not connected to /\n  ");
}

TEST_CASE("after a disconnection earlier events can be taken, but not acknowledged", "[testing]") {
  testing::Server io;
  const auto client = io.connect();
  io.socket(client).emit("question", [](int) {});
  client.disconnect();
  const auto question = client.next("question");
  CHECK(failure([&] { question.ack(1); }) == "an event cannot be acknowledged: the client is not connected any more");
}
