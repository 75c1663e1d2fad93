// SPDX-License-Identifier: MIT
// Namespaces that are made when clients ask for them.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <regex>
#include <thread>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

using Parent = BasicParentNamespace<TestConfig>;

std::vector<std::string> names(const Parent& parent) {
  std::vector<std::string> result;
  for (const auto& child : parent.children()) result.push_back(child.name());
  return result;
}

/// Asks for a namespace and returns the answer, whichever it is.
template <class Client>
std::string ask(Client& client, const std::string& nsp, const std::string& auth = {}) {
  client.text("40" + nsp + "," + auth);
  return client.next();
}

std::string invalid(const std::string& nsp) { return "44" + nsp + R"(,{"message":"Invalid namespace"})"; }

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a pattern makes a namespace for each matching name that a client asks for", "[behaviour][dynamic]") {
  Harness harness;
  List log;
  harness.io.on("new_namespace", [&](TestNamespace nsp) { log.push_back("new " + nsp.name()); });
  const Parent parent = harness.io.of(std::regex("^/dynamic-\\d+$"));
  parent.use([&](TestSocket socket) { log.push_back("use " + socket.nsp().name()); });
  parent.on("connection", [&](TestSocket socket) { log.push_back("connection " + socket.nsp().name()); });
  parent.on("connect", [&](TestSocket socket) { log.push_back("connect " + socket.nsp().name()); });
  CHECK(parent.name().substr(0, 2) == "/_");
  auto client = open_engine(harness);
  join(client, "/dynamic-101");
  join(client, "/dynamic-7");
  CHECK(log == List{"new /dynamic-101", "use /dynamic-101", "connect /dynamic-101", "connection /dynamic-101",
                    "new /dynamic-7", "use /dynamic-7", "connect /dynamic-7", "connection /dynamic-7"});
  CHECK(names(parent) == List{"/dynamic-101", "/dynamic-7"});
  CHECK(ask(client, "/dynamic-x") == invalid("/dynamic-x"));
  CHECK(ask(client, "/x/dynamic-1") == invalid("/x/dynamic-1"));
  CHECK(ask(client, parent.name()) == invalid(parent.name()));
  auto other = open_engine(harness);
  join(other, "/dynamic-7");
  CHECK(names(parent).size() == 2);
  CHECK(log.size() == 11);
}

TEST_CASE("a pattern need not span the name, as in JavaScript", "[behaviour][dynamic]") {
  Harness harness;
  const Parent parent = harness.io.of(std::regex("room"));
  auto client = open_engine(harness);
  join(client, "/a-room-for-two");
  CHECK(names(parent) == List{"/a-room-for-two"});
}

TEST_CASE("the events of a parent reach the clients of all its children", "[behaviour][dynamic]") {
  Harness harness;
  const Parent parent = harness.io.of(std::regex("^/d\\d$"));
  harness.io.of("/other");
  parent.on("connection", [](TestSocket socket) {
    socket.join("all");
    if (socket.nsp().name() == "/d1") socket.join("first");
  });
  auto client = open_engine(harness);
  for (const char* nsp : {"/d1", "/d2", "/other"}) join(client, nsp);

  SECTION("to everyone") {
    parent.emit("e", 1, Binary(std::string("b")));
    for (const std::string nsp : {"/d1", "/d2"}) {
      CHECK(client.next() == "451-" + nsp + R"(,["e",1,{"_placeholder":true,"num":0}])");
      CHECK(client.next() == "<binary>b");
    }
  }
  SECTION("to a room") {
    parent.to("all").emit("e");
    CHECK(client.next() == R"(42/d1,["e"])");
    CHECK(client.next() == R"(42/d2,["e"])");
    parent.in("first").emit("e");
    CHECK(client.next() == R"(42/d1,["e"])");
  }
  SECTION("to everyone except a room") {
    parent.except("first").emit("e");
    CHECK(client.next() == R"(42/d2,["e"])");
    parent.to("all").except(std::vector<std::string>{"first"}).compress(false).local().emit_event("f");
    CHECK(client.next() == R"(42/d2,["f"])");
  }
  SECTION("from another thread") {
    std::thread([&] { parent.to("first").send("m"); }).join();
    CHECK(client.next() == R"(42/d1,["message","m"])");
  }
  SECTION("with an operator that is kept") {
    const auto kept = parent.to("all");
    kept.except("first").emit("e");
    CHECK(client.next() == R"(42/d2,["e"])");
    kept.emit("e");
    CHECK(client.next() == R"(42/d1,["e"])");
    CHECK(client.next() == R"(42/d2,["e"])");
  }
  SECTION("reserved names are refused, even without children") {
    CHECK_THROWS_AS(parent.emit("connect"), std::invalid_argument);
    CHECK_THROWS_AS(harness.io.of(std::regex("^/none$")).to("r").emit("disconnect"), std::invalid_argument);
  }
  CHECK_FALSE(client.has_message());
}

TEST_CASE("the sockets of all children are joined, listed and disconnected together", "[behaviour][dynamic]") {
  Harness harness;
  const Parent parent = harness.io.of(std::regex("^/d\\d$"));
  auto client = open_engine(harness);
  const List ids{join(client, "/d1"), join(client, "/d2")};
  parent.sockets_join("r");
  harness.pump();
  REQUIRE(parent.sockets().size() == 2);
  List in_room;
  for (const TestSocket& socket : parent.in("r").fetch_sockets()) in_room.push_back(socket.id());
  CHECK(in_room == ids);
  parent.to(ids[0]).disconnect_sockets();
  CHECK(client.next() == "41/d1,");
  CHECK(parent.sockets().size() == 1);
}

TEST_CASE("a function gets the name and the credentials, and answers in any form", "[behaviour][dynamic]") {
  Harness harness;
  std::string asked;
  std::optional<NamespaceNext> waiting;
  const auto is = [&](const std::string& name, const Value& auth, const std::string& wanted) {
    asked += wanted + (auth["token"] == Value("t") ? "! " : " ");
    return name == wanted;
  };
  harness.io.of([&](const std::string& name, const Value& auth) { return is(name, auth, "/returns"); });
  harness.io.of([&](std::string_view name, const Value& auth, NamespaceNext next) {
    next(is(std::string(name), auth, "/next"));
    next(true);
  });
  harness.io.of([&](std::string name, Value auth) -> asio::awaitable<bool> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return is(name, auth, "/coroutine");
  });
  harness.io.of([&](const std::string& name, const Value& auth, const NamespaceNext& next) -> asio::awaitable<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    const bool mine = is(name, auth, "/coroutine-next");
    next(mine);
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    CHECK(is(name, auth, "/coroutine-next") == mine);  // its arguments still exist
  });
  harness.io.of([&](std::string name, Value auth, NamespaceNext next) {
    if (is(name, auth, "/later"))
      waiting = next;
    else
      next(false);
  });
  auto client = open_engine(harness);
  for (const char* nsp : {"/returns", "/next", "/coroutine", "/coroutine-next"}) join(client, nsp, R"({"token":"t"})");
  asked.clear();
  CHECK(ask(client, "/unknown") == invalid("/unknown"));
  harness.pump();
  CHECK(asked == "/returns /next /coroutine /coroutine-next /later /coroutine-next ");
  client.text("40/later,");
  CHECK(harness.until([&] { return waiting.has_value(); }));
  CHECK_FALSE(client.has_message());
  std::thread([&] { (*waiting)(true); }).join();
  CHECK(client.next().substr(0, 17) == R"(40/later,{"sid":")");
}

TEST_CASE("a function that throws refuses; an exception other than ConnectError is reported",
          "[behaviour][dynamic][hostile]") {
  Harness harness;
  std::vector<ErrorReport> reports;
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  const Parent first =
      harness.io.of([](const std::string&, const Value&) -> bool { throw std::runtime_error("broken"); });
  harness.io.of([](const std::string&, const Value&) -> bool { throw ConnectError("no"); });
  harness.io.of([](std::string, Value) -> asio::awaitable<bool> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    throw std::runtime_error("broken later");
  });
  const Parent last = harness.io.of([](const std::string& name, const Value&) { return name == "/x"; });
  auto client = open_engine(harness);
  join(client, "/x");
  CHECK(ask(client, "/y") == invalid("/y"));
  CHECK(names(last) == List{"/x"});
  REQUIRE(reports.size() == 4);
  CHECK(reports[0].message() == "in " + first.name() + ": handler threw: broken");
  CHECK(reports[1].detail == "handler threw: broken later");
}

TEST_CASE("existing namespaces come first, then parents in the order of registration", "[behaviour][dynamic]") {
  Harness harness;
  bool asked = false;
  harness.io.of("/static");
  const Parent first = harness.io.of(std::regex("^/a"));
  const Parent second = harness.io.of([&](const std::string&, const Value&) { return asked = true; });
  const Parent third = harness.io.of(std::regex(""));
  auto client = open_engine(harness);
  join(client, "/static");
  join(client, "/ab");
  CHECK_FALSE(asked);
  join(client, "/b");
  CHECK(asked);
  CHECK(names(first) == List{"/ab"});
  CHECK(names(second) == List{"/b"});
  CHECK(names(third).empty());
}

TEST_CASE("a function may register a parent that takes the name", "[behaviour][dynamic]") {
  Harness harness;
  harness.io.of([&](const std::string&, const Value&) {
    harness.io.of(std::regex("^/x$"));
    return false;
  });
  auto client = open_engine(harness);
  join(client, "/x");
}

TEST_CASE("clients that ask for a name at the same time share one namespace", "[behaviour][dynamic]") {
  Harness harness;
  std::vector<NamespaceNext> waiting;
  int made = 0;
  harness.io.on("new_namespace", [&](TestNamespace) { ++made; });
  const Parent parent =
      harness.io.of([&](const std::string&, const Value&, NamespaceNext next) { waiting.push_back(next); });
  auto a = open_engine(harness);
  auto b = open_engine(harness);
  a.text("40/x,");
  b.text("40/x,");
  CHECK(harness.until([&] { return waiting.size() == 2; }));
  for (const NamespaceNext& next : waiting) next(true);
  a.next();
  b.next();
  CHECK(names(parent) == List{"/x"});
  CHECK(made == 1);
  harness.io.of("/x").emit("e");
  CHECK(a.next() == R"(42/x,["e"])");
  CHECK(b.next() == R"(42/x,["e"])");
}

TEST_CASE("a child begins with the handlers of its parent at that moment, and later changes are its own",
          "[behaviour][dynamic]") {
  Harness harness;
  std::string log;
  const Parent parent = harness.io.of(std::regex("^/d\\d$"));
  parent.use([&](TestSocket) { log += "u1 "; });
  parent.on("connection", [&](TestSocket) { log += "c1 "; });
  auto client = open_engine(harness);
  join(client, "/d1");
  parent.use([&](TestSocket) { log += "u2 "; });
  parent.on("connection", [&](TestSocket) { log += "c2 "; });
  harness.io.of("/d1").use([&](TestSocket) { log += "own "; });
  log.clear();
  auto late = open_engine(harness);
  join(late, "/d1");
  CHECK(log == "u1 own c1 ");
  log.clear();
  join(late, "/d2");
  CHECK(log == "u1 u2 c1 c2 ");
}

TEST_CASE("the program can make children by name too, for patterns only", "[behaviour][dynamic]") {
  Harness harness;
  std::string log;
  harness.io.on("new_namespace", [&](TestNamespace nsp) { log += "new " + nsp.name() + ' '; });
  const Parent by_function = harness.io.of([](const std::string&, const Value&) { return true; });
  const Parent parent = harness.io.of(std::regex("^/d\\d$"));
  const Parent later = harness.io.of(std::regex("^/d"));
  parent.use([&](TestSocket) { log += "u "; });
  const TestNamespace child = harness.io.of("d1", [&](TestSocket) { log += "own "; });
  harness.io.of("/other");
  harness.pump();
  CHECK(log == "new /d1 new /other ");
  CHECK(harness.io.of("/d1") == child);
  CHECK(names(parent) == List{"/d1"});
  CHECK(names(by_function).empty());
  CHECK(names(later).empty());
  log.clear();
  auto client = open_engine(harness);
  join(client, "/d1");
  CHECK(log == "u own ");

  SECTION("on another thread, with all handlers of the parent") {
    std::thread([&] { harness.io.of("/d2").on("connection", [&](TestSocket) { log += "thread "; }); }).join();
    log.clear();
    join(client, "/d2");
    CHECK(log == "new /d2 u thread ");
    CHECK(names(parent) == List{"/d1", "/d2"});
  }
}

TEST_CASE("a handler that is registered late is called for later clients", "[behaviour][namespaces]") {
  Harness harness;
  std::string log;
  auto first = open_socket(harness);
  harness.io.on("connection", [&](TestSocket) {
    log += "1 ";
    harness.io.on("connection", [&](TestSocket) { log += "2 "; });
  });
  auto second = open_socket(harness);
  CHECK(log == "1 ");
  auto third = open_socket(harness);
  CHECK(log == "1 1 2 ");
}

TEST_CASE("no namespace is made for a client that leaves before the decision", "[behaviour][dynamic]") {
  Harness harness;
  std::optional<NamespaceNext> waiting;
  const Parent parent =
      harness.io.of([&](const std::string&, const Value&, NamespaceNext next) { waiting = std::move(next); });
  auto client = open_engine(harness);
  client.text("40/x,");
  CHECK(harness.until([&] { return waiting.has_value(); }));
  client.abort();
  CHECK(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
  (*waiting)(true);
  harness.pump();
  CHECK(names(parent).empty());
}

TEST_CASE("a second CONNECT before the decision takes the place of the first", "[behaviour][dynamic]") {
  Harness harness;
  std::vector<std::pair<Value, NamespaceNext>> asked;
  const Parent parent = harness.io.of([&](const std::string&, const Value& auth, NamespaceNext next) {
    asked.emplace_back(auth["attempt"], std::move(next));
  });
  Value auth;
  parent.on("connection", [&](TestSocket socket) { auth = socket.handshake().auth["attempt"]; });
  auto client = open_engine(harness);
  client.text(R"(40/x,{"attempt":1})");
  client.text(R"(40/x,{"attempt":2})");
  REQUIRE(harness.until([&] { return asked.size() == 2; }));
  asked[0].second(true);
  CHECK_FALSE(client.has_message());
  CHECK(names(parent).empty());
  asked[1].second(true);
  CHECK(client.next().substr(0, 12) == R"(40/x,{"sid":)");
  CHECK(auth == Value(2));
  CHECK_FALSE(client.has_message());
}

TEST_CASE("a matcher that never answers does not outlast connect_timeout", "[behaviour][dynamic][memory]") {
  Harness harness(on_memory, {.connect_timeout = 10s});
  harness.io.of([](const std::string&, const Value&, NamespaceNext) {});
  auto client = open_engine(harness);
  client.text("40/x,");
  harness.wait(9999ms);
  CHECK_FALSE(client.closed());
  harness.wait(1ms);
  CHECK(client.closed());
}

TEST_CASE("names are matched up to their limit, and not one byte beyond", "[behaviour][dynamic][hostile]") {
  Harness harness({.max_matched_name_bytes = 100});
  const Parent parent = harness.io.of(std::regex("^/(a|b)*$"));
  const auto name = [](std::size_t size) { return "/" + std::string(size - 1, 'a'); };
  auto client = open_engine(harness);
  join(client, name(99));
  join(client, name(100));
  CHECK(ask(client, name(101)) == invalid(name(101)));
  CHECK(ask(client, name(900'000)) == invalid(name(900'000)));
  CHECK(names(parent) == List{name(99), name(100)});
  harness.io.of(name(101));
  CHECK(names(parent).size() == 2);
}

TEST_CASE("a function sees names of any length", "[behaviour][dynamic]") {
  Harness harness({.max_matched_name_bytes = 100});
  harness.io.of([](const std::string& name, const Value&) { return name.size() == 101; });
  auto client = open_engine(harness);
  join(client, "/" + std::string(100, 'a'));
}

TEST_CASE("with cleanup_empty_child_namespaces a child is removed with its last socket",
          "[behaviour][dynamic][cleanup]") {
  Harness harness({.cleanup_empty_child_namespaces = true});
  int made = 0;
  harness.io.on("new_namespace", [&](TestNamespace) { ++made; });
  const Parent parent = harness.io.of(std::regex("^/d\\d$"));
  auto client = open_engine(harness);

  SECTION("when the socket disconnects; the child is made anew when it returns") {
    for (int i = 1; i <= 2; ++i) {
      join(client, "/d1");
      CHECK(names(parent) == List{"/d1"});
      client.text("41/d1,");
      CHECK_FALSE(client.has_message());
      CHECK(names(parent).empty());
      CHECK(made == i);
    }
  }
  SECTION("when its connection ends") {
    join(client, "/d1");
    client.abort();
    CHECK(harness.until([&] { return names(parent).empty(); }));
  }
  SECTION("when the socket is refused") {
    parent.use([](TestSocket) { throw ConnectError("no"); });
    CHECK(ask(client, "/d1") == R"(44/d1,{"message":"no"})");
    CHECK(names(parent).empty());
  }
  SECTION("not while another socket is connected") {
    auto other = open_engine(harness);
    join(client, "/d1");
    join(other, "/d1");
    client.text("41/d1,");
    CHECK_FALSE(client.has_message());
    CHECK(names(parent) == List{"/d1"});
    other.text("41/d1,");
    CHECK_FALSE(other.has_message());
    CHECK(names(parent).empty());
  }
  SECTION("not while the middleware of another socket is running") {
    std::optional<Next> waiting;
    parent.use([&](TestSocket, Next next) {
      if (waiting)
        next();
      else
        waiting = next;
    });
    auto slow = open_engine(harness);
    slow.text("40/d1,");
    CHECK(harness.until([&] { return waiting.has_value(); }));
    join(client, "/d1");
    client.text("41/d1,");
    CHECK_FALSE(client.has_message());
    CHECK(names(parent) == List{"/d1"});
    (*waiting)();
    CHECK(slow.next().substr(0, 6) == "40/d1,");
    harness.io.of("/d1").emit("e");
    CHECK(slow.next() == R"(42/d1,["e"])");
  }
  SECTION("when a handler disconnects the socket; the other handlers are still called") {
    std::string log;
    parent.on("connect", [&](TestSocket socket) {
      socket.on("disconnect", [&](DisconnectReason) { log += "gone "; });
      socket.disconnect();
    });
    parent.on("connection", [&](TestSocket socket) { log += socket.connected() ? "connected" : "disconnected"; });
    join(client, "/d1");
    CHECK(client.next() == "41/d1,");
    CHECK(log == "gone disconnected");
    CHECK(names(parent).empty());
  }
  SECTION("also a child that the program made by name") {
    harness.io.of("/d1");
    join(client, "/d1");
    client.text("41/d1,");
    CHECK_FALSE(client.has_message());
    CHECK(names(parent).empty());
  }
}

TEST_CASE("removing a child destroys what its handlers hold", "[behaviour][dynamic][cleanup]") {
  const auto held = std::make_shared<int>(0);
  {
    Harness harness({.cleanup_empty_child_namespaces = true});
    harness.io.on("new_namespace", [held](TestNamespace nsp) {
      nsp.use([nsp, held](TestSocket) {});
      nsp.on("connection", [nsp, held](TestSocket socket) { socket.on("e", [socket, nsp, held] {}); });
    });
    const Parent parent = harness.io.of(std::regex("^/d\\d$"));
    const long before = held.use_count();
    auto client = open_engine(harness);
    join(client, "/d1");
    CHECK(held.use_count() > before);
    client.text("41/d1,");
    CHECK_FALSE(client.has_message());
    CHECK(held.use_count() == before);
    parent.on("connection", [parent, held](TestSocket) {});
    harness.io.of([held](const std::string&, const Value&) { return false; });
    join(client, "/d2");
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("namespaces stay if the option does not apply", "[behaviour][dynamic][cleanup]") {
  const bool cleanup = GENERATE(false, true);
  Harness harness({.cleanup_empty_child_namespaces = cleanup});
  const auto nsp = harness.io.of("/static");
  std::string log;
  nsp.on("connection", [&](TestSocket) { log += "c "; });
  const Parent parent = harness.io.of(std::regex("^/"));
  parent.use([](TestSocket socket) {
    if (!socket.handshake().auth["ok"].is_null()) throw ConnectError("no");
  });
  auto client = open_engine(harness);
  for (int i = 0; i < 2; ++i) {
    join(client, "/static");
    client.text("41/static,");
    CHECK_FALSE(client.has_message());
  }
  CHECK(log == "c c ");
  CHECK(harness.io.of("/static") == nsp);
  join(client, "/d1");
  client.text("41/d1,");
  CHECK(ask(client, "/d2", R"({"ok":false})") == R"(44/d2,{"message":"no"})");
  CHECK(names(parent) == (cleanup ? List{} : List{"/d1", "/d2"}));
}

TEST_CASE("closing the server ends the children, and handles of their parents reach nobody", "[behaviour][dynamic]") {
  auto harness = std::make_unique<Harness>(ServerOptions{.cleanup_empty_child_namespaces = true});
  std::string reason;
  const Parent parent = harness->io.of(std::regex("^/d\\d$"));
  parent.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&](DisconnectReason why) { reason = to_string(why); });
  });
  {
    auto client = open_engine(*harness);
    join(client, "/d1");
    harness->io.close();
    harness->pump();
    CHECK(reason == "server shutting down");
  }
  CHECK(names(parent).empty());
  harness.reset();
  parent.emit("e");
  parent.use([](TestSocket) {});
  CHECK(parent.sockets().empty());
}
