// SPDX-License-Identifier: MIT
// Events whose arguments and answers the compiler checks.

#include "../support/client.hpp"

#include <socketio/core/memory_cluster.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

inline constexpr Event<"sum", int(int, int)> sum;
inline constexpr Event<"say", void(std::string, std::optional<int>)> say;
inline constexpr Event<"name", std::string()> name;
inline constexpr Event<"message", void(std::string, std::optional<int>)> message;

/// A server that receives and sends declared events only.
struct StrictConfig : TestConfig {
  using ListenEvents = Events<sum, say>;
  using EmitEvents = Events<say, message>;
  using ServerSideEvents = Events<sum, say>;
};

/// Such a server, and a client of it.
struct Strict {
  explicit Strict(ServerOptions options = {}) : io(context, std::move(options), on_memory) {
    io.on("connection", [this](BasicSocket<StrictConfig> connected) { socket = connected; });
    io.listen(0, "127.0.0.1");
  }
  void connect() {
    client = transport().connect_websocket(websocket_target);
    client->send_text("40");
    pump();
    REQUIRE(socket);
    client->received.clear();
  }
  void send(std::string_view text) {
    client->send_text(text);
    pump();
  }
  std::string next() {
    pump();
    REQUIRE_FALSE(client->received.empty());
    return client->pop().payload;
  }
  MemoryTransport& transport() { return *io.transport().memory(); }
  void pump() { transport().run_until_idle(); }

  asio::io_context context;
  BasicServer<StrictConfig> io;
  MemoryWebSocketClientPtr client;
  std::optional<BasicSocket<StrictConfig>> socket;
};

struct TypedPair {
  TypedPair() {
    harness.io.on("connection", [this](TestSocket connected) { socket = connected; });
    client.emplace(open_socket(harness));
    REQUIRE(harness.until([this] { return socket.has_value(); }));
  }

  Harness harness;
  std::optional<TestSocket> socket;
  std::optional<Harness::WebSocket> client;
};

}  // namespace

static_assert(sum.name == "sum");
static_assert(TypedEvent<decltype(sum)>);
static_assert(!TypedEvent<std::string>);

TEST_CASE("a typed event gives its types to handlers of any kind", "[behaviour][typed]") {
  TypedPair pair;
  SECTION("with the declared types") {
    pair.socket->on(sum, [](int a, int b) { return a + b; });
  }
  SECTION("with auto") {
    pair.socket->on(sum, [](auto a, auto b) { return a + b; });
  }
  SECTION("with types that the declared types convert to") {
    pair.socket->on(sum, [](long a, const double& b) { return static_cast<short>(a + static_cast<long>(b)); });
  }
  SECTION("with an acknowledgement") {
    pair.socket->on(sum, [](int a, int b, Ack<int> ack) { ack(a + b); });
  }
  SECTION("as a coroutine") {
    pair.socket->on(sum, [](int a, int b) -> asio::awaitable<int> { co_return a + b; });
  }
  pair.client->text(R"(421["sum",2,3])");
  CHECK(pair.client->next() == "431[5]");
}

TEST_CASE("a handler of a typed event need not take all its arguments", "[behaviour][typed]") {
  TypedPair pair;
  std::vector<std::string> log;
  pair.socket->once(
      say, [&](const std::string& text, std::optional<int> times) { log.push_back(text + (times ? "!" : "")); });
  pair.socket->on(say, [&](std::string text) { log.push_back(text); });
  pair.socket->on(say, [&] { return log.size(); });
  pair.client->text(R"(423["say","hi"])");
  pair.client->text(R"(42["say","ho",2])");
  CHECK_FALSE(pair.client->has_message());
  CHECK(log == std::vector<std::string>{"hi", "hi", "ho"});
}

TEST_CASE("a coroutine may refer to the arguments of a typed event after it has waited", "[behaviour][typed]") {
  TypedPair pair;
  std::string said;
  pair.socket->on(say, [&](const std::string& text, const std::optional<int>&) -> asio::awaitable<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    said = text;
  });
  const std::string text(100, 'x');
  pair.client->text(R"(42["say",")" + text + R"("])");
  REQUIRE(pair.harness.until([&] { return !said.empty(); }));
  CHECK(said == text);
}

TEST_CASE("an event with other arguments does not reach the handler of a typed event", "[behaviour][typed]") {
  TypedPair pair;
  std::vector<ErrorReport> reports;
  pair.harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  bool called = false;
  pair.socket->on(sum, [&](int, int) {
    called = true;
    return 0;
  });
  pair.client->text(R"(42["sum",2,"3"])");
  CHECK_FALSE(pair.client->has_message());
  CHECK_FALSE(called);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].event == "sum");
  CHECK(reports[0].detail == "argument 2: expected integer, got string");
}

TEST_CASE("typed events are emitted as they are declared", "[behaviour][typed]") {
  TypedPair pair;
  pair.socket->emit(say, "text");
  CHECK(pair.client->next() == R"(42["say","text"])");
  pair.socket->emit(say, std::string("text"), 2);
  CHECK(pair.client->next() == R"(42["say","text",2])");
  pair.socket->volatile_().emit(say, std::string_view("text"), std::nullopt);
  CHECK(pair.client->next() == R"(42["say","text",null])");
  pair.socket->emit_event(sum, short{1}, 2L);
  CHECK(pair.client->next() == R"(42["sum",1,2])");
}

TEST_CASE("callbacks of typed events take the declared answer", "[behaviour][typed]") {
  TypedPair pair;
  std::vector<std::string> log;
  pair.socket->emit(sum, 1, 2, [&](std::error_code error, auto result) {
    log.push_back(std::to_string(result) + (error ? "e" : ""));
  });
  pair.socket->emit(sum, 1, 2, [&](int result) { log.push_back(std::to_string(result)); });
  pair.socket->emit(say, "hi", [&](std::error_code error) { log.push_back(error ? "e" : "said"); });
  pair.socket->emit(say, "hi", 1, [&] { log.push_back("said"); });
  for (int i = 0; i < 4; ++i) {
    const std::string event = pair.client->next();
    pair.client->text("43" + event.substr(2, event.find('[') - 2) + "[3]");
  }
  CHECK_FALSE(pair.client->has_message());
  CHECK(log == std::vector<std::string>{"3", "3", "said", "said"});
}

TEST_CASE("emit_with_ack of a typed event completes with its result", "[behaviour][typed]") {
  TypedPair pair;
  std::string seen;
  asio::co_spawn(
      pair.harness.io.get_executor(),
      [&]() -> asio::awaitable<void> {
        const int five = co_await pair.socket->emit_with_ack(sum, 2, 3);
        seen = std::to_string(five) + co_await pair.socket->timeout(10s).emit_with_ack(name, asio::use_awaitable);
        co_await pair.socket->emit_with_ack(say, "done");
        seen += "!";
      },
      asio::detached);
  CHECK(pair.client->next() == R"(420["sum",2,3])");
  pair.client->text("430[5]");
  CHECK(pair.client->next() == R"(421["name"])");
  pair.client->text(R"(431["x"])");
  CHECK(pair.client->next() == R"(422["say","done"])");
  pair.client->text("432[]");
  CHECK_FALSE(pair.client->has_message());
  CHECK(seen == "5x!");
}

TEST_CASE("typed events name the handlers to remove", "[behaviour][typed]") {
  TypedPair pair;
  int calls = 0;
  const Listener listener = pair.socket->on(name, [&] { return std::to_string(++calls); });
  pair.socket->off(sum, listener);
  pair.client->text(R"(420["name"])");
  CHECK(pair.client->next() == R"(430["1"])");
  pair.socket->off(name, listener);
  pair.client->text(R"(421["name"])");
  CHECK_FALSE(pair.client->has_message());
  CHECK(calls == 1);
}

TEST_CASE("typed events are broadcast", "[behaviour][typed]") {
  TypedPair pair;
  pair.harness.io.emit(say, "all");
  CHECK(pair.client->next() == R"(42["say","all"])");
  pair.harness.io.to(pair.socket->id()).emit_event(say, "one", 1);
  CHECK(pair.client->next() == R"(42["say","one",1])");
}

TEST_CASE("a broadcast of a typed event collects the declared answers", "[behaviour][typed]") {
  TypedPair pair;
  std::vector<int> answers;
  pair.harness.io.emit(sum, 1, 2, [&](std::error_code, std::vector<int> all) { answers = all; });
  CHECK(pair.client->next() == R"(420["sum",1,2])");
  pair.client->text("430[3]");
  CHECK_FALSE(pair.client->has_message());
  CHECK(answers == std::vector<int>{3});
  asio::co_spawn(
      pair.harness.io.get_executor(),
      [&]() -> asio::awaitable<void> { answers = co_await pair.harness.io.timeout(10s).emit_with_ack(sum, 3, 4); },
      asio::detached);
  CHECK(pair.client->next() == R"(421["sum",3,4])");
  pair.client->text("431[7]");
  CHECK_FALSE(pair.client->has_message());
  CHECK(answers == std::vector<int>{7});
}

TEST_CASE("a Config may declare the events of each direction", "[behaviour][typed][memory]") {
  Strict strict;
  strict.connect();
  std::string reason;
  strict.socket->on(sum, [&](int a, int b) {
    strict.socket->emit(say, "sum");
    return a + b;
  });
  strict.socket->on(events::disconnect, [&](DisconnectReason why) { reason = to_string(why); });
  strict.send(R"(425["sum",1,1])");
  CHECK(strict.next() == R"(42["say","sum"])");
  CHECK(strict.next() == "435[2]");
  strict.client->close(1000);
  strict.pump();
  CHECK(reason == "transport close");
}

TEST_CASE("send emits the declared event \"message\"", "[behaviour][typed][memory]") {
  Strict strict;
  strict.connect();
  strict.socket->send("to one");
  CHECK(strict.next() == R"(42["message","to one"])");
  strict.socket->send(std::string("to one"), 2);
  CHECK(strict.next() == R"(42["message","to one",2])");
  strict.socket->compress(false).send("without compression");
  CHECK(strict.next() == R"(42["message","without compression"])");
  strict.io.send("to all", std::nullopt);
  CHECK(strict.next() == R"(42["message","to all",null])");
  strict.io.to(strict.socket->id()).send("to a room");
  CHECK(strict.next() == R"(42["message","to a room"])");
  strict.socket->broadcast().send("to others");
  strict.pump();
  CHECK(strict.client->received.empty());
}

TEST_CASE("error handlers get the message and the data of a refusal", "[behaviour][typed][middleware]") {
  std::vector<std::string> log;
  const auto refuse = [](IncomingEvent& event) {
    if (event.args().size() == 1) throw MiddlewareError("no", Value{{"code", 7}});
    if (event.args().size() == 2) throw MiddlewareError("no data");
  };
  const auto note = [&](std::string_view what, const std::string& text, const Value& data) {
    log.push_back(std::string(what) + ' ' + text +
                  (data.is_null() ? "" : " " + std::to_string(data["code"].as_int64())));
  };
  SECTION("by name") {
    TypedPair pair;
    pair.socket->use(refuse);
    pair.socket->on("error", [&](std::string text, Value data) { note("value", text, data); });
    pair.socket->on("error", [&](const std::string& text, std::optional<std::map<std::string, int>> data) {
      note("map", text, data ? Value{{"code", data->at("code")}} : Value{});
    });
    pair.socket->on("error", [&](std::string text) { note("alone", text, {}); });
    pair.client->text(R"(42["x",1])");
    pair.client->text(R"(42["x",1,2])");
    pair.client->text(R"(42["x"])");
    CHECK_FALSE(pair.client->has_message());
    CHECK(log == std::vector<std::string>{"value no 7", "map no 7", "alone no", "value no data", "map no data",
                                          "alone no data"});
  }
  SECTION("by the event of the library") {
    Strict strict;
    strict.connect();
    strict.socket->use(refuse);
    strict.socket->on(events::error, [&](std::string text, const Value& data) { note("typed", text, data); });
    strict.socket->on(events::error, [&](auto text, auto data) { note("auto", text, data); });
    strict.socket->on(events::error, [&](std::string_view text) { note("alone", std::string(text), {}); });
    strict.send(R"(42["say","x"])");
    strict.send(R"(42["say","x",1])");
    CHECK(log == std::vector<std::string>{"typed no 7", "auto no 7", "alone no", "typed no data", "auto no data",
                                          "alone no data"});
  }
}

TEST_CASE("servers of one Config exchange the declared server-side events", "[behaviour][typed][cluster][memory]") {
  MemoryCluster cluster;
  Strict asking({.adapter = cluster.adapter()});
  Strict answering({.adapter = cluster.adapter()});
  const auto pump = [&] {
    for (int i = 0; i < 4; ++i) asking.pump(), answering.pump();
  };
  std::vector<std::string> log;
  answering.io.on_server_side(sum, [](auto a, auto b) { return a + b; });
  answering.io.of("/n").on_server_side(sum, [](int a, int b) -> asio::awaitable<int> { co_return a* b; });
  answering.io.on_server_side(say, [&](const std::string& text, std::optional<int> times) {
    log.push_back(text + (times ? " " + std::to_string(*times) : ""));
  });
  asking.io.of("/n");
  pump();
  asking.io.server_side_emit(say, "hi");
  asking.io.server_side_emit(say, std::string("ho"), 2);
  std::vector<int> sums, products, awaited;
  asking.io.server_side_emit(sum, 2, 3, [&](std::error_code, std::vector<int> all) { sums = all; });
  asking.io.of("/n").server_side_emit_with_ack(sum, 2, 3,
                                               [&](std::error_code, std::vector<int> all) { products = all; });
  asio::co_spawn(
      asking.io.get_executor(),
      [&]() -> asio::awaitable<void> { awaited = co_await asking.io.server_side_emit_with_ack(sum, 4, 5); },
      asio::detached);
  pump();
  CHECK(log == std::vector<std::string>{"hi", "ho 2"});
  CHECK(sums == std::vector<int>{5});
  CHECK(products == std::vector<int>{6});
  CHECK(awaited == std::vector<int>{9});
}
