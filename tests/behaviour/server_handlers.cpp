// SPDX-License-Identifier: MIT
// Handlers of the server, of its namespaces and of rooms: which callables they may be, their order, and their removal.

#include "../support/client.hpp"

#include <socketio/core/memory_cluster.hpp>

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace socketio;
using namespace socketio::test;

using List = std::vector<std::string>;

namespace {

inline constexpr Event<"sum", int(int, int)> addition;

void make(Harness& harness, const std::string& nsp) {
  harness.io.of(nsp);
  harness.pump();
}

/// An object of a program whose member functions are handlers.
struct Lobby {
  void enter(TestSocket) { log.emplace_back("enter"); }
  asio::awaitable<void> greet(TestSocket socket) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    socket.emit("hello", name);
  }
  void open(TestNamespace nsp) { log.push_back("open " + nsp.name()); }
  void check(TestSocket socket) {
    log.emplace_back("check");
    if (socket.handshake().auth["name"].is_null()) throw ConnectError("no name");
  }
  void check_later(TestSocket, Next next) {
    log.emplace_back("check later");
    next();
  }
  asio::awaitable<void> check_slowly(TestSocket) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    log.emplace_back("check slowly");
  }
  void note_room(const std::string& room) { log.push_back("room " + room); }
  void note_member(const std::string& room, const std::string& id) {
    log.push_back("member of " + room + (id.empty() ? "" : " with an id"));
  }
  int add(int a, int b) {
    log.emplace_back("add");
    return a + b;
  }
  void refuse_names(const std::string&) const { throw std::runtime_error("no more"); }

  std::string name = "lobby";
  List log;
};

int twice(int x) { return 2 * x; }

/// A functor with a name and a state.
struct Counter {
  int operator()(int by) { return total += by; }
  int total = 0;
};

struct Guest {
  asio::awaitable<std::string> rename(std::string to) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    name = to;
    co_return "renamed " + name;
  }
  int add(int a, int b) const { return a + b + bonus; }

  std::string name;
  int bonus = 0;
};

}  // namespace

TEST_CASE("member functions handle connections, middleware and new namespaces", "[behaviour][server-handlers]") {
  Harness harness;
  Lobby lobby;
  const auto shared = std::make_shared<Lobby>();
  harness.io.use(&Lobby::check, &lobby).use(&Lobby::check_later, &lobby).use(&Lobby::check_slowly, &lobby);
  harness.io.on("connection", &Lobby::enter, &lobby);
  harness.io.on("connection", &Lobby::greet, shared);
  harness.io.on("new_namespace", &Lobby::open, &lobby);

  auto stranger = open_engine(harness);
  stranger.text("40");
  CHECK(stranger.next() == R"(44{"message":"no name"})");
  CHECK(lobby.log == List{"check"});
  lobby.log.clear();

  auto client = open_engine(harness);
  join(client, {}, R"({"name":"Ada"})");
  CHECK(client.next() == R"(42["hello","lobby"])");
  CHECK(lobby.log == List{"check", "check later", "check slowly", "enter"});
  make(harness, "/games");
  CHECK(lobby.log.back() == "open /games");
  CHECK(shared.use_count() == 2);
}

TEST_CASE("member functions handle connections of a namespace and its parent", "[behaviour][server-handlers]") {
  Harness harness;
  Lobby lobby;
  const TestNamespace nsp = harness.io.of("/named");
  const auto parent = harness.io.of(std::regex("^/dynamic-"));
  nsp.use(&Lobby::check_later, &lobby).on("connection", &Lobby::enter, &lobby);
  parent.use(&Lobby::check_slowly, &lobby).once("connection", &Lobby::enter, &lobby);
  auto client = open_engine(harness);
  join(client, "/named");
  join(client, "/dynamic-1");
  join(client, "/dynamic-2");
  CHECK(lobby.log == List{"check later", "enter", "check slowly", "enter", "check slowly", "enter"});
}

TEST_CASE("member functions handle room events", "[behaviour][server-handlers][rooms]") {
  Harness harness;
  Lobby lobby;
  std::vector<ErrorReport> reports;
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  harness.io.on("connection", [](TestSocket socket) {
    socket.leave(socket.id());
    socket.join("r");
  });
  auto first = open_socket(harness);
  const auto adapter = harness.io.of("/").adapter();
  adapter.on("join-room", &Lobby::note_member, &lobby);
  adapter.once("create-room", &Lobby::note_room, &lobby);
  adapter.on("leave-room", &Lobby::refuse_names, &lobby);
  const Listener deleted = adapter.on("delete-room", &Lobby::note_room, &lobby);
  harness.io.sockets_join("a");
  harness.io.sockets_join("b");
  harness.io.sockets_leave("a");
  harness.pump();
  adapter.off("delete-room", deleted);
  harness.io.sockets_leave("b");
  harness.pump();
  CHECK(lobby.log == List{"room a", "member of a with an id", "member of b with an id", "room a"});
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].event == "leave-room");
  CHECK(reports[0].detail == "handler threw: no more");
}

TEST_CASE("member functions handle events of other servers", "[behaviour][server-handlers][cluster][memory]") {
  MemoryCluster cluster;
  Harness asking(on_memory, {.adapter = cluster.adapter()});
  Harness answering(on_memory, {.adapter = cluster.adapter()});
  const auto pump = [&] {
    for (int i = 0; i < 4; ++i) asking.pump(), answering.pump();
  };
  Lobby lobby;
  const Listener adding = answering.io.on_server_side(addition, &Lobby::add, &lobby);
  answering.io.once_server_side("room", &Lobby::note_room, &lobby);
  pump();
  std::vector<int> answers;
  asking.io.server_side_emit(addition, 2, 3, [&](std::error_code, std::vector<int> all) { answers = all; });
  asking.io.server_side_emit("room", "r");
  asking.io.server_side_emit("room", "not heard");
  pump();
  CHECK(answers == std::vector<int>{5});
  CHECK(lobby.log == List{"add", "room r"});
  answering.io.off_server_side(addition, adding);
  asking.io.server_side_emit(addition, 2, 3);
  pump();
  CHECK(lobby.log == List{"add", "room r"});
}

TEST_CASE("free functions, functors and member coroutines handle events", "[behaviour][server-handlers][event]") {
  Harness harness;
  Guest guest;
  guest.bonus = 10;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("twice", twice);
    socket.on("twice by pointer", &twice);
    socket.on("count", Counter{});
    socket.on("rename", &Guest::rename, &guest);
    socket.on(addition, &Guest::add, &guest);
  });
  auto client = open_socket(harness);
  auto other = open_socket(harness);
  client.text(R"(421["twice",4])");
  CHECK(client.next() == "431[8]");
  client.text(R"(422["twice by pointer",5])");
  CHECK(client.next() == "432[10]");
  client.text(R"(423["count",5])");
  CHECK(client.next() == "433[5]");
  client.text(R"(424["count",6])");
  CHECK(client.next() == "434[11]");
  other.text(R"(420["count",1])");
  CHECK(other.next() == "430[1]");
  client.text(R"(425["rename","Ada"])");
  CHECK(client.next() == R"(435["renamed Ada"])");
  CHECK(guest.name == "Ada");
  client.text(R"(426["sum",1,2])");
  CHECK(client.next() == "436[13]");
}

TEST_CASE("prepended connection handlers come first, and connect handlers before all",
          "[behaviour][server-handlers][connect]") {
  Harness harness;
  std::string order;
  const auto add = [&](const std::string& text) { return [&order, text](TestSocket) { order += text; }; };
  harness.io.on("connection", add("b"));
  harness.io.on("connection", add("c"));
  harness.io.prepend("connection", add("a"));
  harness.io.on("connect", add("2"));
  harness.io.prepend("connect", add("1"));
  harness.io.once("connection", add("!"));
  auto first = open_socket(harness);
  CHECK(order == "12abc!");
  order.clear();
  auto second = open_socket(harness);
  CHECK(order == "12abc");
}

TEST_CASE("a namespace lists its handlers", "[behaviour][server-handlers][connect]") {
  Harness harness;
  const TestNamespace nsp = harness.io.of("/n");
  CHECK(nsp.event_names().empty());
  CHECK_FALSE(nsp.has_listeners("connection"));
  int calls = 0;
  nsp.on("connection", [&](TestSocket) { ++calls; });
  CHECK(nsp.event_names() == List{"connection"});
  const Listener added = nsp.on("connection", [&](TestSocket) { calls += 10; });
  nsp.prepend("connect", [&](TestSocket) { calls += 100; });
  CHECK(nsp.event_names() == List{"connect", "connection"});
  CHECK(nsp.listeners("connection").size() == 2);
  CHECK(nsp.listeners("connection").back() == added);
  CHECK(nsp.has_listeners("connect"));

  auto client = open_engine(harness);
  join(client, "/n");
  CHECK(calls == 111);
  nsp.off("connection", added);
  nsp.off("connection", added);
  nsp.off("connect", nsp.listeners("connection").front());  // of the other event, which has no such handler
  nsp.once("connection", [&](TestSocket) { calls += 1000; });
  CHECK(nsp.listeners("connection").size() == 2);
  auto second = open_engine(harness);
  join(second, "/n");
  CHECK(calls == 1212);
  CHECK(nsp.listeners("connection").size() == 1);
  nsp.remove_all_listeners("connect");
  CHECK(nsp.event_names() == List{"connection"});
  nsp.remove_all_listeners();
  CHECK(nsp.event_names().empty());
  auto third = open_engine(harness);
  join(third, "/n");
  CHECK(calls == 1212);
  CHECK_THROWS_WITH(nsp.listeners("chat"), Catch::Contains("\"chat\" is not an event of a namespace"));
  CHECK_THROWS_AS(nsp.has_listeners("new_namespace"), std::invalid_argument);
}

TEST_CASE("a server lists its new_namespace handlers too", "[behaviour][server-handlers][namespace]") {
  Harness harness;
  std::string order;
  const auto add = [&](const std::string& text) { return [&order, text](TestNamespace) { order += text; }; };
  harness.io.on("new_namespace", add("b"));
  harness.io.prepend("new_namespace", add("a"));
  harness.io.once("new_namespace", add("!"));
  CHECK(harness.io.event_names() == List{"new_namespace"});
  const Listener added = harness.io.on("new_namespace", add("c"));
  CHECK(harness.io.listeners("new_namespace").size() == 4);
  CHECK(harness.io.listeners("new_namespace").back() == added);
  make(harness, "/1");
  CHECK(order == "ab!c");
  make(harness, "/1");
  CHECK(order == "ab!c");
  make(harness, "/2");
  CHECK(order == "ab!cabc");
  harness.io.off("new_namespace", added);
  harness.io.off("new_namespace", added);
  order.clear();
  make(harness, "/3");
  CHECK(order == "ab");

  harness.io.on("connection", [&](TestSocket) { order += "connected"; });
  harness.io.on("connect", [](TestSocket) {});
  CHECK(harness.io.event_names() == List{"connect", "connection", "new_namespace"});
  CHECK(harness.io.has_listeners("connection"));
  harness.io.off("new_namespace");
  CHECK_FALSE(harness.io.has_listeners("new_namespace"));
  CHECK(harness.io.event_names() == List{"connect", "connection"});
  harness.io.on("new_namespace", add("late"));
  harness.io.remove_all_listeners("connect");
  CHECK(harness.io.event_names() == List{"connection", "new_namespace"});
  harness.io.remove_all_listeners();
  CHECK(harness.io.event_names().empty());
  make(harness, "/4");
  auto client = open_socket(harness);
  CHECK(order == "ab");
}

TEST_CASE("the parameter of a handler decides the events that it can handle", "[behaviour][server-handlers][memory]") {
  Harness harness(on_memory);
  // The compiler refuses such literals; these are known only at run time.
  const std::string connection = "connection", new_namespace = "new_namespace", chat = "chat";
  CHECK_THROWS_AS(harness.io.on(connection, [](TestNamespace) {}), std::invalid_argument);
  CHECK_THROWS_AS(harness.io.on(new_namespace, [](TestSocket) {}), std::invalid_argument);
  CHECK_THROWS_AS(harness.io.prepend(chat, [](TestSocket) {}), std::invalid_argument);
  CHECK_THROWS_AS(harness.io.off("chat"), std::invalid_argument);
  CHECK(harness.io.event_names().empty());
}

TEST_CASE("handlers of a server may remove themselves and others", "[behaviour][server-handlers]") {
  Harness harness;
  std::string order;
  SECTION("when a client connects") {
    Listener self, other;
    self = harness.io.on("connection", [&](TestSocket) {
      order += "a";
      harness.io.off("connection", self);
      harness.io.off("connection", other);
      harness.io.on("connection", [&](TestSocket) { order += "new"; });
    });
    other = harness.io.on("connection", [&](TestSocket) { order += "b"; });
    auto first = open_socket(harness);
    CHECK(order == "ab");
    auto second = open_socket(harness);
    CHECK(order == "abnew");
  }
  SECTION("when a namespace is made, which destroys what they hold") {
    const auto kept = std::make_shared<int>();
    harness.io.on("new_namespace", [&, kept](TestNamespace) {
      order += "a";
      harness.io.remove_all_listeners();
      CHECK(kept.use_count() > 1);  // this function still exists
    });
    harness.io.on("new_namespace", [&](TestNamespace nsp) { order += nsp.name(); });
    make(harness, "/1");
    make(harness, "/2");
    CHECK(order == "a/1");
    CHECK(kept.use_count() == 1);
  }
  SECTION("when a handler makes another namespace") {
    harness.io.once("new_namespace", [&](TestNamespace nsp) {
      order += nsp.name();
      harness.io.of("/inner");
    });
    harness.io.on("new_namespace", [&](TestNamespace nsp) { order += nsp.name(); });
    make(harness, "/outer");
    CHECK(order == "/outer/inner/outer");
  }
  SECTION("when rooms change") {
    const auto adapter = harness.io.of("/").adapter();
    Listener self;
    self = adapter.on("join-room", [&](const std::string&) {
      order += "a";
      adapter.off("join-room", self);
      adapter.off("leave-room");
    });
    adapter.once("join-room", [&](const std::string&) { order += "once"; });
    adapter.on("leave-room", [&](const std::string&) { order += "left"; });
    auto client = open_socket(harness);
    harness.io.sockets_join("r");
    harness.io.sockets_leave("r");
    harness.pump();
    CHECK(order == "aonce");
  }
}
