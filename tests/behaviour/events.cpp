// SPDX-License-Identifier: MIT
// Events in both directions: types, binary data, acknowledgements, hostile handlers.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <future>
#include <map>

using namespace socketio;
using namespace socketio::test;

namespace {

struct Point {
  int x = 0;
  int y = 0;
};
SOCKETIO_STRUCT(Point, x, y)

/// A server whose errors are kept.
struct Reported {
  explicit Reported(Harness& harness) {
    harness.io.on_error([this](const ErrorReport& report) { reports.push_back(report); });
    harness.pump();
  }
  std::vector<ErrorReport> reports;
};

}  // namespace

TEST_CASE("an event reaches the handler with its arguments converted", "[behaviour][event]") {
  Harness harness;
  std::string seen;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("all", [&](int number, const std::string& text, std::optional<bool> flag, std::vector<double> list,
                         std::map<std::string, int> map, Point point, std::string_view view) {
      seen = std::to_string(number) + text + (flag ? "set" : "none") + std::to_string(list.size()) +
             std::to_string(map["k"]) + std::to_string(point.x + point.y) + std::string(view);
    });
  });
  auto client = open_socket(harness);
  client.text(R"(42["all",7,"\u00e9",null,[1,2.5],{"k":3},{"x":4,"y":5},"v","surplus"])");
  CHECK_FALSE(client.has_message());
  CHECK(seen == "7\u00e9none239v");
}

TEST_CASE("everything convertible can be emitted", "[behaviour][event]") {
  Harness harness;
  harness.io.on("connection", [](TestSocket socket) {
    socket.emit("hello", 1, "2", std::map<std::string, int>{{"three", 3}}, Point{4, 5}, std::vector<int>{6},
                std::optional<int>(), true, 7.5, nullptr);
  });
  auto client = open_socket(harness);
  CHECK(client.next() == R"(42["hello",1,"2",{"three":3},{"x":4,"y":5},[6],null,true,7.5,null])");
}

TEST_CASE("a message is echoed byte for byte", "[behaviour][event]") {
  Harness harness;
  harness.io.on("connection", [](TestSocket socket) {
    socket.on("message", [socket](Args args) { socket.emit("message-back", args); });
  });
  auto client = open_socket(harness);
  client.text(R"(42["message",1,"2",{"3":[true]}])");
  CHECK(client.next() == R"(42["message-back",1,"2",{"3":[true]}])");
  client.text(R"(42["message"])");
  CHECK(client.next() == R"(42["message-back"])");
}

TEST_CASE("binary data travels as attachments, at any depth and in both directions", "[behaviour][binary]") {
  Harness harness;
  harness.io.on("connection", [](TestSocket socket) {
    socket.on("swap", [socket](Binary a, std::map<std::string, std::vector<Binary>> nested) {
      CHECK(a.view() == std::string_view("\x01\x02", 2));
      socket.emit("swapped", nested, a);
    });
  });
  auto client = open_socket(harness);
  client.text(R"(452-["swap",{"_placeholder":true,"num":0},{"in":[{"_placeholder":true,"num":1}]}])");
  client.binary(std::string_view("\x01\x02", 2));
  client.binary("second");
  CHECK(client.next() == R"(452-["swapped",{"in":[{"_placeholder":true,"num":0}]},{"_placeholder":true,"num":1}])");
  CHECK(client.next() == "<binary>second");
  CHECK(client.next() == std::string("<binary>\x01\x02"));
}

TEST_CASE("more attachments than clients accept are refused when they are emitted", "[behaviour][binary]") {
  Harness harness;
  const Binary one(std::string("x"));
  CHECK_NOTHROW(harness.io.emit("e", std::vector<Binary>(10, one)));
  CHECK_THROWS_AS(harness.io.emit("e", std::vector<Binary>(11, one)), std::invalid_argument);
}

TEST_CASE("reserved event names are refused loudly", "[behaviour][event]") {
  Harness harness;
  for (const char* name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})
    CHECK_THROWS_WITH(harness.io.emit(name), '"' + std::string(name) + "\" is a reserved event name");
  CHECK_NOTHROW(harness.io.emit("connection"));
}

TEST_CASE("the acknowledgement is what the handler returns or gives to its Ack", "[behaviour][ack]") {
  Harness harness;
  Ack<std::string> kept;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("sum", [](int a, int b) { return a + b; });
    socket.on("both", [](std::string text, Ack<std::string, int> ack) { ack(text, 2), ack("again", 3); });
    socket.on("later", [&](Ack<std::string> ack) { kept = ack; });
    socket.on("bytes", [](Ack<Binary> ack) { ack(Binary(std::string("raw"))); });
    socket.on("args", [](Args args) { return args; });
    socket.on("wanted", [](Ack<bool> ack) {
      CHECK_FALSE(ack.wanted());
      ack(true);
    });
  });
  auto client = open_socket(harness);
  client.text(R"(420["sum",1,2])");
  CHECK(client.next() == "430[3]");
  client.text(R"(4212["both","x"])");
  CHECK(client.next() == R"(4312["x",2])");
  client.text(R"(4213["later"])");
  client.text(R"(42["wanted"])");
  CHECK_FALSE(client.has_message());
  kept("now");
  CHECK(client.next() == R"(4313["now"])");
  client.text(R"(4214["bytes"])");
  CHECK(client.next() == R"(461-14[{"_placeholder":true,"num":0}])");
  CHECK(client.next() == "<binary>raw");
  client.text(R"(42456["args",1,"2",{"3":[false]}])");
  CHECK(client.next() == R"(43456[1,"2",{"3":[false]}])");
  client.text(R"(429007199254740991["sum",1,1])");
  CHECK(client.next() == "439007199254740991[2]");
}

TEST_CASE("the server asks for acknowledgements", "[behaviour][ack]") {
  Harness harness;
  std::string answer;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.emit("question", 1, [&](std::string text, int number) { answer = text + std::to_string(number); });
    socket.timeout(10s).emit("second", [&](std::error_code error, bool yes) { answer += !error && yes ? "!" : "?"; });
  });
  auto client = open_socket(harness);
  CHECK(client.next() == R"(420["question",1])");
  CHECK(client.next() == R"(421["second"])");
  client.text(R"(430["a",5])");
  client.text(R"(430["twice",5])");
  client.text(R"(43999["unknown"])");
  client.text("431[true]");
  CHECK_FALSE(client.has_message());
  CHECK(answer == "a5!");
}

TEST_CASE("an acknowledgement that does not come in time ends with timed_out, once", "[behaviour][ack][memory]") {
  Harness harness(on_memory);
  std::vector<std::error_code> errors;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.timeout(50ms).emit("q", [&](std::error_code error, std::string) { errors.push_back(error); });
    socket.timeout(0ms).emit("q", [&](std::error_code error) { errors.push_back(error); });
  });
  auto client = open_socket(harness);
  CHECK(errors.size() == 1);
  harness.wait(49ms);
  CHECK(errors.size() == 1);
  harness.wait(1ms);
  client.text(R"(430["late"])");
  CHECK_FALSE(client.closed());
  REQUIRE(errors.size() == 2);
  CHECK(errors[0] == Errc::timed_out);
  CHECK(errors[1] == Errc::timed_out);
  CHECK(errors[1] == std::errc::timed_out);
  CHECK(errors[1].message() == "operation has timed out");
}

TEST_CASE("a disconnection ends what waits for an acknowledgement", "[behaviour][ack]") {
  Harness harness;
  std::error_code error;
  bool plain_called = false;
  std::optional<TestSocket> kept;
  harness.io.on("connection", [&](TestSocket socket) {
    kept = socket;
    socket.timeout(60s).emit("q", [&](std::error_code code, std::string) { error = code; });
    socket.emit("q", [&](std::string) { plain_called = true; });
  });
  auto client = open_socket(harness);
  client.abort();
  CHECK(harness.until([&] { return error == Errc::disconnected; }));
  error = {};
  kept->timeout(60s).emit("q", [&](std::error_code code) { error = code; });
  CHECK_FALSE(error);
  CHECK(harness.until([&] { return error == Errc::disconnected; }));
  CHECK_FALSE(plain_called);
}

TEST_CASE("a socket that owes too many acknowledgements is asked for no more", "[behaviour][ack][limits][memory]") {
  Harness harness(on_memory, {.max_pending_acks = 2});
  std::vector<std::error_code> errors;
  harness.io.on("connection", [&](TestSocket socket) {
    for (int i = 0; i < 3; ++i) socket.emit("q", i, [&](std::error_code error) { errors.push_back(error); });
  });
  auto client = open_socket(harness);
  CHECK(client.next() == R"(420["q",0])");
  CHECK(client.next() == R"(421["q",1])");
  CHECK_FALSE(client.has_message());
  REQUIRE(errors.size() == 1);
  CHECK(errors[0] == Errc::too_many_pending_acks);
}

TEST_CASE("a coroutine handler waits for the client's answer", "[behaviour][coroutine]") {
  Harness harness;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("ask", [socket](std::string_view name) -> asio::awaitable<std::string> {
      const auto reply = co_await socket.template emit_with_ack<std::string>("confirm", name);
      co_return std::string(name) + ":" + reply;
    });
  });
  auto client = open_socket(harness);
  client.text(R"(425["ask","ann"])");
  CHECK(client.next() == R"(420["confirm","ann"])");
  client.text(R"(430["yes"])");
  CHECK(client.next() == R"(435["ann:yes"])");
}

TEST_CASE("emit_with_ack takes completion tokens", "[behaviour][coroutine]") {
  Harness harness;
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  std::future<int> future = socket->template emit_with_ack<int>("a", asio::use_future);
  std::error_code seen;
  socket->timeout(1ms).template emit_with_ack<int>("b", [&](std::error_code error, int) { seen = error; });
  std::future<int> wrong = socket->template emit_with_ack<int>("c", asio::use_future);
  CHECK(client.next() == R"(420["a"])");
  CHECK(client.next() == R"(421["b"])");
  CHECK(client.next() == R"(422["c"])");
  client.text("430[41]");
  client.text(R"(432["text"])");
  harness.wait(5ms);
  CHECK(harness.until([&] { return seen == Errc::timed_out; }));
  CHECK(harness.until([&] { return future.wait_for(0s) == std::future_status::ready; }));
  CHECK(future.get() == 41);
  CHECK(harness.until([&] { return wrong.wait_for(0s) == std::future_status::ready; }));
  CHECK_THROWS_AS(wrong.get(), std::system_error);
}

TEST_CASE("a coroutine outlives its socket without harm", "[behaviour][coroutine][hostile]") {
  Harness harness;
  std::error_code outcome;
  std::string text_after;
  harness.io.on("connection", [&](TestSocket socket) {
    const std::string captured(100, 'c');
    socket.on("wait", [&, socket, captured](std::string_view view) -> asio::awaitable<void> {
      try {
        co_await socket.emit_with_ack("never");
      } catch (const std::system_error& error) {
        outcome = error.code();
      }
      text_after = std::string(view) + captured.substr(0, 1);
      socket.emit("too late");
    });
  });
  auto client = open_socket(harness);
  client.text(R"(42["wait","a text that is long enough to live on the heap"])");
  CHECK(client.next() == R"(420["never"])");
  client.abort();
  CHECK(harness.until([&] { return outcome == Errc::disconnected; }));
  CHECK(text_after == "a text that is long enough to live on the heapc");
}

TEST_CASE("a wrong argument reaches the error hook and not the handler", "[behaviour][event][bad-input]") {
  Harness harness;
  Reported errors(harness);
  int calls = 0;
  std::string id;
  harness.io.on("connection", [&](TestSocket socket) {
    id = socket.id();
    socket.on("sum", [&](int, int) { ++calls; });
  });
  auto client = open_socket(harness);
  client.text(R"(42["sum",1,"two"])");
  client.text(R"(42["sum",1])");
  client.text(R"(42["sum",1,3000000000])");
  client.text(R"(42["sum",1,2])");
  CHECK_FALSE(client.has_message());
  CHECK(calls == 1);
  REQUIRE(errors.reports.size() == 3);
  CHECK(errors.reports[0].code == Errc::bad_argument);
  CHECK(errors.reports[0].event == "sum");
  CHECK(errors.reports[0].socket_id == id);
  CHECK(errors.reports[0].nsp == "/");
  CHECK(errors.reports[0].detail.substr(0, 12) == "argument 2: ");
  CHECK(errors.reports[0].message().find("event \"sum\" of socket " + id + " in /: argument 2: ") == 0);
}

TEST_CASE("an exception from a handler is reported and the server goes on", "[behaviour][hostile]") {
  Harness harness;
  Reported errors(harness);
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("throw", [] { throw std::runtime_error("boom"); });
    socket.on("number", []() -> int { throw 42; });
    socket.on("coroutine", []() -> asio::awaitable<void> {
      throw std::runtime_error("later");
      co_return;
    });
    socket.on("disconnect", [] { throw std::runtime_error("even here"); });
    socket.on("echo", [](int x) { return x; });
    throw std::runtime_error("at the end of the connection handler");
  });
  auto client = open_socket(harness);
  client.text(R"(42["throw"])");
  client.text(R"(427["number"])");
  client.text(R"(42["coroutine"])");
  client.text(R"(428["echo",1])");
  CHECK(client.next() == "438[1]");
  client.abort();
  CHECK(harness.until([&] { return errors.reports.size() == 5; }));
  CHECK(errors.reports[0].event == "connection");
  CHECK(errors.reports[1].detail == "handler threw: boom");
  CHECK(errors.reports[1].event == "throw");
  CHECK(errors.reports[1].exception != nullptr);
  CHECK(errors.reports[2].event == "number");
  CHECK(errors.reports[3].event == "coroutine");
  CHECK(errors.reports[4].event == "disconnect");
}

TEST_CASE("a handler may register, remove and disconnect from within", "[behaviour][hostile]") {
  Harness harness;
  std::string order;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("e", [&, socket] {
      order += "1";
      socket.on("e", [&] { order += "new"; });
      socket.off("e");
      socket.on("end", [&, socket] {
        order += "end";
        socket.disconnect(true);
        socket.emit("after");
        order += socket.connected() ? "connected" : "gone";
      });
    });
    socket.on("e", [&] { order += "2"; });
    socket.once("o", [&] { order += "once"; });
  });
  auto client = open_socket(harness);
  client.text(R"(42["e"])");
  client.text(R"(42["e"])");
  client.text(R"(42["o"])");
  client.text(R"(42["o"])");
  client.text(R"(42["end"])");
  CHECK(client.next() == "41");
  CHECK(client.closed());
  CHECK(order == "12onceendgone");
}

TEST_CASE("listeners that captured their own socket do not keep it alive", "[behaviour][lifetime]") {
  Harness harness;
  const auto token = std::make_shared<int>(1);
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("x", [socket, token] {});
    socket.on("disconnect", [socket, token] {});
  });
  auto client = open_socket(harness);
  CHECK(token.use_count() == 3);
  client.abort();
  CHECK(harness.until([&] { return token.use_count() == 1; }));
}

TEST_CASE("an event without payload and one nobody listens to are harmless", "[behaviour][event]") {
  Harness harness;
  harness.io.on("connection", [](TestSocket socket) { socket.on("1", [](int x) { return x; }); });
  auto client = open_socket(harness);
  client.text("42");
  client.text("421");
  client.text(R"(42["nobody",1])");
  client.text(R"(429[1,2])");
  CHECK(client.next() == "439[2]");
}

TEST_CASE("the server outlives handles and handles outlive the server", "[behaviour][lifetime]") {
  std::optional<TestSocket> socket;
  std::optional<TestNamespace> nsp;
  bool disconnect_called = false;
  {
    Harness harness;
    nsp = harness.io.of("/");
    harness.io.on("connection", [&](TestSocket connected) {
      socket = connected;
      connected.on("disconnect", [&] { disconnect_called = true; });
    });
    auto client = open_socket(harness);
  }
  CHECK_FALSE(disconnect_called);
  CHECK_FALSE(socket->connected());
  socket->emit("x");
  socket->join("room");
  socket->disconnect(true);
  socket->timeout(1ms).emit("x", [](std::error_code) {});
  nsp->emit("x");
  CHECK(nsp->sockets().empty());
  CHECK(socket->rooms().empty());
}
