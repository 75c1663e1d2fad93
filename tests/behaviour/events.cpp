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

TEST_CASE("every convertible type can be emitted", "[behaviour][event]") {
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

TEST_CASE("send emits the event \"message\" from every handle", "[behaviour][event]") {
  Harness harness;
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  socket->send(1, "two");
  CHECK(client.next() == R"(42["message",1,"two"])");
  socket->send();
  CHECK(client.next() == R"(42["message"])");
  socket->compress(false).send(Value{{"three", 3}});
  CHECK(client.next() == R"(42["message",{"three":3}])");
  int answer = 0;
  socket->send("asks", [&](int x) { answer = x; });
  CHECK(client.next() == R"(420["message","asks"])");
  client.text("430[4]");
  CHECK_FALSE(client.has_message());
  CHECK(answer == 4);
  harness.io.of("/").send("all");
  CHECK(client.next() == R"(42["message","all"])");
  harness.io.room(socket->id()).send("room");
  CHECK(client.next() == R"(42["message","room"])");
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

TEST_CASE("a handler acknowledges with its return value or with its Ack", "[behaviour][ack]") {
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

TEST_CASE("an acknowledgement that does not arrive in time ends with timed_out, once", "[behaviour][ack][memory]") {
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

TEST_CASE("an emitter of a socket may be kept and used again", "[behaviour][ack][memory]") {
  Harness harness(on_memory);
  std::optional<TestSocket> socket;
  std::vector<std::string> log;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  const auto patient = socket->timeout(50ms);
  const auto note = [&](const std::string& what) {
    return [&log, what](std::error_code error, int x) {
      log.push_back(what + ' ' + (error ? error.message() : std::to_string(x)));
    };
  };
  patient.emit("q", 1, note("first"));
  patient.emit("q", 2, note("second"));
  CHECK(client.next() == R"(420["q",1])");
  CHECK(client.next() == R"(421["q",2])");
  client.text("430[10]");
  harness.wait(50ms);
  CHECK(log == std::vector<std::string>{"first 10", "second operation has timed out"});
  patient.emit("q", 3, note("third"));  // its timeout starts again
  harness.wait(49ms);
  CHECK(client.next() == R"(422["q",3])");
  client.text("432[30]");
  CHECK_FALSE(client.has_message());
  CHECK(log.back() == "third 30");
  patient.emit_with_ack<int>("q", 4, note("fourth"));
  patient.emit("plain");
  CHECK(client.next() == R"(423["q",4])");
  CHECK(client.next() == R"(42["plain"])");
  client.text("433[40]");
  CHECK_FALSE(client.has_message());
  CHECK(log.back() == "fourth 40");

  const auto droppable = socket->volatile_();
  for (const char* round : {"1", "2"}) {
    droppable.emit("v", round);
    CHECK(client.next() == R"(42["v",")" + std::string(round) + "\"]");
    client.stall(true);
    socket->emit("fill", round);
    droppable.emit("v", "dropped");
    harness.pump();
    client.stall(false);
    CHECK(client.next() == R"(42["fill",")" + std::string(round) + "\"]");
    CHECK_FALSE(client.has_message());
  }
}

TEST_CASE("a disconnection ends every wait for an acknowledgement", "[behaviour][ack]") {
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

TEST_CASE("a socket with too many pending acknowledgements is not asked for more", "[behaviour][ack][limits][memory]") {
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
  std::vector<std::string> sums;
  std::string id;
  harness.io.on("connection", [&](TestSocket socket) {
    id = socket.id();
    socket.on("sum", [&](int a, int b) { sums.push_back(std::to_string(a) + '+' + std::to_string(b)); });
  });
  auto client = open_socket(harness);
  client.text(R"(42["sum",1,"two"])");
  client.text(R"(42["sum",1])");
  client.text(R"(42["sum",null,2])");
  client.text(R"(42["sum",1,2])");
  CHECK_FALSE(client.has_message());
  CHECK(sums == std::vector<std::string>{"1+2"});
  REQUIRE(errors.reports.size() == 3);
  CHECK(errors.reports[0].code == Errc::bad_argument);
  CHECK(errors.reports[0].event == "sum");
  CHECK(errors.reports[0].socket_id == id);
  CHECK(errors.reports[0].nsp == "/");
  CHECK(errors.reports[0].detail == "argument 2: expected integer, got string");
  CHECK(errors.reports[0].message() ==
        "event \"sum\" of socket " + id + " in /: argument 2: expected integer, got string");
  CHECK(errors.reports[1].detail == "argument 2: expected integer, got nothing");
  CHECK(errors.reports[2].detail == "argument 1: expected integer, got null");
}

TEST_CASE("a number beyond the range of its parameter is a wrong argument", "[behaviour][event][bad-input][limits]") {
  Harness harness;
  Reported errors(harness);
  std::vector<std::string> calls;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("int", [&](std::string_view, int x) { calls.push_back(std::to_string(x)); });
    socket.on("byte", [&](std::uint8_t x) { calls.push_back(std::to_string(x)); });
    socket.on("long", [&](std::int64_t x) { calls.push_back(std::to_string(x)); });
    socket.on("list", [&](std::vector<std::int16_t> list) { calls.push_back(std::to_string(list.at(1))); });
    socket.on("float", [&](float x) { calls.push_back(x > 3e38f ? "large" : "small"); });
  });
  auto client = open_socket(harness);
  for (const char* accepted :
       {R"(["int","",2147483647])", R"(["int","",-2147483648])", R"(["int","",3.0])", R"(["byte",255])",
        R"(["byte",0])", R"(["long",9223372036854775807])", R"(["list",[1,32767]])", R"(["float",3.4e38])"})
    client.text("42" + std::string(accepted));
  for (const char* refused : {R"(["int","",2147483648])", R"(["int","",-2147483649])", R"(["int","",1e300])",
                              R"(["int","",3.5])", R"(["byte",256])", R"(["byte",-1])",
                              R"(["long",9223372036854775808])", R"(["list",[1,32768]])", R"(["float",3.5e38])"})
    client.text("42" + std::string(refused));
  CHECK_FALSE(client.has_message());
  CHECK(calls == std::vector<std::string>{"2147483647", "-2147483648", "3", "255", "0", "9223372036854775807", "32767",
                                          "large"});
  std::vector<std::string> details;
  for (const ErrorReport& report : errors.reports) details.push_back(report.detail);
  const std::string expected = ": expected integer, got number out of range for ";
  CHECK(details == std::vector<std::string>{
                       "argument 2" + expected + "32-bit integer", "argument 2" + expected + "32-bit integer",
                       "argument 2" + expected + "32-bit integer", "argument 2: expected integer, got number",
                       "argument 1" + expected + "unsigned 8-bit integer",
                       "argument 1" + expected + "unsigned 8-bit integer", "argument 1" + expected + "64-bit integer",
                       "argument 1" + expected + "16-bit integer at [1]",
                       "argument 1: expected number, got number out of range for 32-bit number"});
}

TEST_CASE("a handler may read the JSON itself", "[behaviour][event]") {
  Harness harness;
  Reported errors(harness);
  std::vector<std::string> seen;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("json", [&](const JsonValue& json) {
      seen.push_back(json.IsObject() ? json["list"][1]["deep"].GetString() : json.IsNull() ? "null" : "other");
    });
    socket.on("mixed", [&](int before, const rapidjson::Value& json, const std::string& after, const JsonValue& last,
                           Ack<int> ack) {
      seen.push_back(std::to_string(before) + (json.IsArray() ? std::to_string(json.Size()) : "-") + after +
                     (last.IsNull() ? "missing" : "there"));
      ack(before);
    });
    socket.on("answer", [](const JsonValue& json) { return json["x"].GetInt() + 1; });
  });
  auto client = open_socket(harness);
  client.text(R"(42["json",{"list":[0,{"deep":"value"}]}])");
  client.text(R"(42["json"])");
  client.text(R"(42["json",null])");
  client.text(R"(42["json",5,"surplus"])");
  CHECK_FALSE(client.has_message());
  CHECK(seen == std::vector<std::string>{"value", "null", "null", "other"});
  seen.clear();
  client.text(R"(421["mixed",7,[1,2,3],"x",true])");
  CHECK(client.next() == "431[7]");
  client.text(R"(422["mixed",8,"text","y"])");
  CHECK(client.next() == "432[8]");
  client.text(R"(423["mixed",9,[],1])");
  CHECK_FALSE(client.has_message());
  CHECK(seen == std::vector<std::string>{"73xthere", "8-ymissing"});
  REQUIRE(errors.reports.size() == 1);
  CHECK(errors.reports[0].detail == "argument 3: expected string, got integer");
  client.text(R"(424["answer",{"x":1}])");
  CHECK(client.next() == "434[2]");
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

TEST_CASE("a handler may register handlers, remove handlers and disconnect its socket", "[behaviour][hostile]") {
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

TEST_CASE("an event without payload and an event without handlers are harmless", "[behaviour][event]") {
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
