// SPDX-License-Identifier: MIT
// Events whose arguments and answers the compiler checks.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

inline constexpr Event<"sum", int(int, int)> sum;
inline constexpr Event<"say", void(std::string, std::optional<int>)> say;
inline constexpr Event<"name", std::string()> name;

/// A server that takes and sends declared events only.
struct StrictConfig : TestConfig {
  using ListenEvents = Events<sum, say>;
  using EmitEvents = Events<say>;
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
  SECTION("with the very types") {
    pair.socket->on(sum, [](int a, int b) { return a + b; });
  }
  SECTION("with auto") {
    pair.socket->on(sum, [](auto a, auto b) { return a + b; });
  }
  SECTION("with types that they convert to") {
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

TEST_CASE("what a client sends otherwise does not reach the handler of a typed event", "[behaviour][typed]") {
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

TEST_CASE("typed events name handlers that are taken away", "[behaviour][typed]") {
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
  asio::io_context context;
  BasicServer<StrictConfig> io(context, {}, on_memory);
  std::string reason;
  io.on("connection", [&](BasicSocket<StrictConfig> socket) {
    socket.on(sum, [socket](int a, int b) {
      socket.emit(say, "sum");
      return a + b;
    });
    socket.on(events::disconnect, [&](DisconnectReason why) { reason = to_string(why); });
  });
  io.listen(0, "127.0.0.1");
  MemoryTransport& transport = *io.transport().memory();
  auto client = transport.connect_websocket(websocket_target);
  client->send_text("40");
  transport.run_until_idle();
  client->send_text(R"(425["sum",1,1])");
  transport.run_until_idle();
  REQUIRE(client->received.size() == 4);
  CHECK(client->received[2].payload == R"(42["say","sum"])");
  CHECK(client->received[3].payload == "435[2]");
  client->close(1000);
  transport.run_until_idle();
  CHECK(reason == "transport close");
}
