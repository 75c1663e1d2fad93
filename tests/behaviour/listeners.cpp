// SPDX-License-Identifier: MIT
// Adding and removing handlers: order, removal, once, catch-all handlers in both directions.

#include "../support/client.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// One connected client, and its socket.
struct Pair {
  Pair() {
    harness.io.on("connection", [this](TestSocket connected) { socket = connected; });
    client.emplace(open_socket(harness));
    REQUIRE(harness.until([this] { return socket.has_value(); }));
  }
  /// Runs a function on the server's thread, as a handler would.
  template <class F>
  void act(F action) {
    bool done = false;
    asio::post(harness.io.get_executor(), [&] {
      action();
      done = true;
    });
    REQUIRE(harness.until([&] { return done; }));
  }
  /// Lets the server handle the packets that it has been sent.
  void settle() { CHECK_FALSE(client->has_message()); }

  Harness harness;
  std::optional<TestSocket> socket;
  std::optional<Harness::WebSocket> client;
};

struct Player {
  void move(int by) { position += by; }
  int where() const { return position; }
  int position = 0;
};

}  // namespace

TEST_CASE("handlers of one event run in order, prepended handlers first", "[behaviour][listeners]") {
  Pair pair;
  std::string order;
  pair.socket->on("x", [&] { order += "1"; });
  pair.socket->on("x", [&] { order += "2"; });
  pair.socket->prepend("x", [&] { order += "0"; });
  pair.socket->prepend_once("x", [&] { order += "first "; });
  pair.socket->once("x", [&] { order += " once"; });
  pair.client->text(R"(42["x"])");
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(order == "first 012 once012");
}

TEST_CASE("a handler is removed by the Listener that its registration returned", "[behaviour][listeners]") {
  Pair pair;
  std::string order;
  const auto append = [&order] { order += "a"; };
  const Listener first = pair.socket->on("x", append);
  const Listener second = pair.socket->on("x", append);
  CHECK(first != second);
  pair.act([&] {
    CHECK(pair.socket->listeners("x") == std::vector<Listener>{first, second});
    pair.socket->off("y", first);
    pair.socket->off("x", Listener());
    CHECK(pair.socket->listeners("x").size() == 2);
    pair.socket->off("x", first);
    CHECK(pair.socket->listeners("x") == std::vector<Listener>{second});
  });
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(order == "a");
}

TEST_CASE("event_names has the events with handlers", "[behaviour][listeners]") {
  Pair pair;
  pair.act([&] {
    CHECK(pair.socket->event_names().empty());
    pair.socket->on("b", [] {});
    pair.socket->once("a", [] {});
    pair.socket->on("b", [] {});
    CHECK(pair.socket->event_names() == std::vector<std::string>{"b", "a"});
    CHECK(pair.socket->has_listeners("a"));
  });
  pair.client->text(R"(42["a"])");
  pair.settle();
  pair.act([&] {
    CHECK_FALSE(pair.socket->has_listeners("a"));
    pair.socket->on("c", [] {});
    pair.socket->remove_all_listeners("b");
    CHECK(pair.socket->event_names() == std::vector<std::string>{"c"});
    pair.socket->on_any([](std::string_view) {});
    pair.socket->remove_all_listeners();
    CHECK(pair.socket->event_names().empty());
    CHECK(pair.socket->listeners_any().size() == 1);
  });
}

TEST_CASE("handlers that remove handlers do not affect the current event", "[behaviour][listeners]") {
  Pair pair;
  std::string order;
  Listener second;
  const Listener first = pair.socket->on("x", [&] {
    order += "1";
    pair.socket->off("x", first);
    pair.socket->off("x", second);
    pair.socket->on("x", [&] { order += "3"; });
  });
  second = pair.socket->on("x", [&] { order += "2"; });
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(order == "12");
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(order == "123");
}

TEST_CASE("a member function with its object is a handler", "[behaviour][listeners]") {
  Pair pair;
  Player player;
  const auto shared = std::make_shared<Player>();
  pair.socket->on("move", &Player::move, &player);
  pair.socket->on("move", &Player::move, shared);
  pair.socket->on("where", &Player::where, shared);
  pair.client->text(R"(42["move",3])");
  pair.client->text(R"(427["where"])");
  CHECK(pair.client->next() == "437[3]");
  CHECK(player.position == 3);
}

TEST_CASE("catch-all handlers see every event before the middleware and its own handlers",
          "[behaviour][listeners][any]") {
  Pair pair;
  std::vector<std::string> log;
  pair.socket->use([&](IncomingEvent& event, Next next) {
    log.push_back("middleware " + std::string(event.name()));
    event.name() == "refused" ? next(MiddlewareError("no")) : next();
  });
  pair.socket->on("x", [&](int number) { log.push_back("x " + std::to_string(number)); });
  pair.socket->on_any([&](std::string_view event, const Args& args) {
    log.push_back("any " + std::string(event) + " " + std::to_string(args.size()));
  });
  pair.socket->prepend_any([&](const std::string& event) { log.push_back("first " + event); });
  pair.client->text(R"(42["x",7,"surplus"])");
  pair.client->text(R"(42["refused"])");
  pair.settle();
  CHECK(log == std::vector<std::string>{"first x", "any x 2", "middleware x", "x 7", "first refused", "any refused 0",
                                        "middleware refused"});
}

TEST_CASE("a catch-all handler may answer, and the first answer counts", "[behaviour][listeners][any]") {
  Pair pair;
  pair.socket->on("x", [] { return "handler"; });
  SECTION("without middleware") {}
  SECTION("with middleware") {
    pair.socket->use([](IncomingEvent&, Next next) { next(); });
  }
  pair.client->text(R"(421["x"])");
  CHECK(pair.client->next() == R"(431["handler"])");
  pair.socket->on_any([](std::string_view, Args args, Ack<std::string, int> ack) {
    if (ack.wanted()) ack("any", static_cast<int>(args.size()));
  });
  pair.client->text(R"(422["x",true])");
  CHECK(pair.client->next() == R"(432["any",1])");
  pair.settle();
}

TEST_CASE("an event without data reaches the catch-all handlers alone", "[behaviour][listeners][any]") {
  Pair pair;
  std::vector<std::string> log;
  pair.socket->on("", [&] { log.push_back("handler"); });
  pair.socket->on_any(
      [&](std::string event, Args args) { log.push_back("any" + event + std::to_string(args.size())); });
  pair.client->text("42");
  pair.settle();
  CHECK(log == std::vector<std::string>{"any0"});
}

TEST_CASE("catch-all handlers are removed one by one or all at once, also from inside one",
          "[behaviour][listeners][any]") {
  Pair pair;
  std::string log;
  Listener second;
  const Listener first = pair.socket->on_any([&](std::string_view) {
    log += "1";
    pair.socket->off_any(second);
  });
  second = pair.socket->on_any([&](std::string_view) { log += "2"; });
  pair.act([&] {
    CHECK(pair.socket->listeners_any() == std::vector<Listener>{first, second});
    pair.socket->off_any(Listener());
  });
  pair.client->text(R"(42["x"])");
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(log == "121");
  pair.act([&] {
    pair.socket->off_any();
    CHECK(pair.socket->listeners_any().empty());
  });
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(log == "121");
}

TEST_CASE("a catch-all handler that throws is reported, and the event goes on", "[behaviour][listeners][any]") {
  Pair pair;
  std::vector<ErrorReport> reports;
  bool handled = false;
  pair.harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  pair.socket->on("x", [&] { handled = true; });
  pair.socket->on_any([](std::string_view) { throw std::runtime_error("any"); });
  pair.socket->on_any([](std::string_view, int) {});
  pair.client->text(R"(42["x","no number"])");
  pair.settle();
  CHECK(handled);
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].message() == "event \"x\" of socket " + pair.socket->id() + " in /: handler threw: any");
  CHECK(reports[1].code == Errc::bad_argument);
}

TEST_CASE("a catch-all handler that disconnects its socket ends the event", "[behaviour][listeners][any]") {
  Pair pair;
  bool handled = false;
  pair.socket->on("x", [&] { handled = true; });
  pair.socket->on_any([&](std::string_view) { pair.socket->disconnect(); });
  pair.client->text(R"(42["x"])");
  CHECK(pair.client->next() == "41");
  CHECK_FALSE(handled);
}

TEST_CASE("outgoing catch-all handlers see the events that the client will get", "[behaviour][listeners][any]") {
  Pair pair;
  auto other = open_socket(pair.harness);
  std::vector<std::string> log;
  pair.harness.pump();
  const auto note = [&](std::string_view event, const Args& args) {
    std::string line(event);
    for (const Value& arg : args)
      line += arg.is_string() ? " " + arg.as_string() : arg.is_binary() ? " binary" : " other";
    log.push_back(line);
  };
  TestSocket socket = pair.harness.io.sockets().front();
  pair.act([&] {
    const Listener noting = socket.on_any_outgoing(note);
    socket.emit("text", "a");
    socket.emit("binary", Binary("bytes"), "b");
    socket.emit("asks", "c", [] {});
    pair.harness.io.emit("to all", "d");
    pair.harness.io.to(socket.id()).emit("to one", Binary("bytes"));
    socket.broadcast().emit("to others");
    socket.volatile_().emit("dropped");
    CHECK(log ==
          std::vector<std::string>{"text a", "binary binary b", "asks c", "to all d", "to one binary", "dropped"});
    socket.prepend_any_outgoing([&](std::string_view) { log.push_back("first"); });
    CHECK(socket.listeners_any_outgoing().size() == 2);
    socket.emit("x");
    CHECK(log.size() == 8);
    CHECK(log[6] == "first");
    socket.off_any_outgoing(noting);
    socket.emit("x");
    CHECK(log.size() == 9);
    socket.off_any_outgoing();
    socket.emit("x");
    CHECK(log.size() == 9);
  });
}

TEST_CASE("an outgoing catch-all handler does not see acknowledgements, and may emit", "[behaviour][listeners][any]") {
  Pair pair;
  std::vector<std::string> log;
  pair.socket->on("x", [] { return 1; });
  pair.socket->on_any_outgoing([&](std::string_view event) {
    log.emplace_back(event);
    if (event == "one") pair.socket->emit("two");
  });
  pair.client->text(R"(420["x"])");
  CHECK(pair.client->next() == "430[1]");
  CHECK(log.empty());
  pair.act([&] { pair.socket->emit("one"); });
  CHECK(log == std::vector<std::string>{"one", "two"});
  CHECK(pair.client->next() == R"(42["two"])");
  CHECK(pair.client->next() == R"(42["one"])");
}

TEST_CASE("handlers and catch-all handlers are destroyed with their socket", "[behaviour][listeners][lifetime]") {
  Pair pair;
  const auto kept = std::make_shared<int>();
  pair.socket->on("x", [kept] {});
  pair.socket->on_any([kept](std::string_view) {});
  pair.socket->on_any_outgoing([kept](std::string_view) {});
  pair.act([&] { CHECK(kept.use_count() == 4); });
  pair.client->abort();
  CHECK(pair.harness.until([&] { return kept.use_count() == 1; }));
  pair.act([&] { pair.socket->on_any([kept](std::string_view) {}); });
  CHECK(kept.use_count() == 1);
}

namespace {

/// A handle with one of its events, and a way to make that happen.
template <class Handle>
struct Subject {
  const Handle& handle;
  std::string event;
  std::function<void()> happen;
};

/// What every handle that has handlers does in the same way.
///
/// @param make  makes a handler of the event that calls a function
template <class Handle, class Make>
void check_handlers(const Subject<Handle>& subject, const Make& make) {
  const auto& [handle, event, happen] = subject;
  using List = std::vector<Listener>;
  std::string log;
  const auto write = [&](const char* text) { return make([&log, text] { log += text; }); };
  const auto logged = [&, &happen = happen] {
    log.clear();
    happen();
    return log;
  };
  const List before = handle.listeners(event);
  const Listener on = handle.on(event, write("on "));
  const Listener once = handle.once(event, write("once "));
  const Listener first = handle.prepend(event, write("first "));
  const Listener first_once = handle.prepend_once(event, write("first once "));
  List expected{first_once, first};
  expected.insert(expected.end(), before.begin(), before.end());
  expected.insert(expected.end(), {on, once});
  CHECK(handle.listeners(event) == expected);
  CHECK(handle.has_listeners(event));
  const std::vector<std::string> names = handle.event_names();
  CHECK(std::find(names.begin(), names.end(), event) != names.end());
  CHECK(logged() == "first once first on once ");
  CHECK(logged() == "first on ");
  handle.off(event, once);  // has gone already
  handle.off(event, first);
  CHECK(logged() == "on ");
  handle.off(event);
  CHECK(logged().empty());
  CHECK_FALSE(handle.has_listeners(event));
  handle.on(event, write("again "));
  handle.remove_all_listeners(event);
  CHECK_FALSE(handle.has_listeners(event));
  handle.on(event, write("again "));
  handle.off();
  CHECK(logged().empty());
  CHECK(handle.event_names().empty());
  handle.on(event, write("again "));
  handle.remove_all_listeners();
  CHECK(handle.event_names().empty());
}

}  // namespace

TEST_CASE("servers, namespaces, rooms and sockets have one set of functions for their handlers",
          "[behaviour][listeners][memory]") {
  Harness harness(on_memory);
  std::optional<TestSocket> socket;
  harness.io.of("/other").on("connection", [&](TestSocket connected) { socket = connected; });
  auto talker = open_engine(harness);
  join(talker, "/other");
  REQUIRE(socket);
  std::vector<Harness::WebSocket> clients;
  int made = 0;
  const auto connect = [&](const std::string& nsp) {
    clients.push_back(open_engine(harness));
    join(clients.back(), nsp);
  };
  const auto on_socket = [](auto function) { return [function](TestSocket) { function(); }; };
  const auto on_room = [](auto function) { return [function](const std::string&) { function(); }; };
  SECTION("a server") {
    check_handlers(Subject<TestServer>{harness.io, "connection", [&] { connect({}); }}, on_socket);
  }
  SECTION("a server that makes namespaces") {
    check_handlers(Subject<TestServer>{harness.io, "new_namespace",
                                       [&] {
                                         harness.io.of("/made-" + std::to_string(++made));
                                         harness.pump();
                                       }},
                   [](auto function) { return [function](TestNamespace) { function(); }; });
  }
  SECTION("a namespace") {
    check_handlers(Subject<TestNamespace>{harness.io.of("/n"), "connection", [&] { connect("/n"); }}, on_socket);
  }
  SECTION("a parent of namespaces, whose children have the handlers that it has when they are made") {
    const auto parent = harness.io.of([](const std::string&, const Value&) { return true; });
    // A handler for one client is for one client of each child.
    const Listener once = parent.once("connection", [](TestSocket) {});
    CHECK(parent.listeners("connection") == std::vector{once});
    parent.off("connection", once);
    std::string log;
    parent.on("connection", [&](TestSocket) { log += "on "; });
    parent.prepend("connection", [&](TestSocket) { log += "first "; });
    parent.prepend_once("connection", [&](TestSocket) { log += "once "; });
    CHECK(parent.event_names() == std::vector<std::string>{"connection"});
    connect("/a");
    connect("/a");
    CHECK(log == "once first on first on ");
    parent.off();
    CHECK(parent.event_names().empty());
    connect("/b");
    CHECK(log == "once first on first on ");
  }
  SECTION("the adapter of a namespace") {
    check_handlers(Subject<BasicNamespaceAdapter<TestConfig>>{harness.io.of("/other").adapter(), "join-room",
                                                              [&] {
                                                                socket->join("r");
                                                                socket->leave("r");
                                                              }},
                   on_room);
  }
  SECTION("a room") {
    check_handlers(Subject<BasicRoom<TestConfig>>{harness.io.of("/other").room("r"), "leave-room",
                                                  [&] {
                                                    socket->join("r");
                                                    socket->leave("r");
                                                  }},
                   on_room);
  }
  SECTION("a socket") {
    check_handlers(Subject<TestSocket>{*socket, "x",
                                       [&] {
                                         talker.text(R"(42/other,["x"])");
                                         CHECK_FALSE(talker.has_message());
                                       }},
                   [](auto function) { return [function] { function(); }; });
  }
}

TEST_CASE("off() leaves catch-all handlers alone", "[behaviour][listeners]") {
  Pair pair;
  std::string log;
  pair.socket->on("x", [&] { log += "x "; });
  pair.socket->on("y", [&] { log += "y "; });
  pair.socket->on_any([&](std::string_view event) { log += "any " + std::string(event) + ' '; });
  pair.socket->off();
  pair.client->text(R"(42["x"])");
  pair.settle();
  CHECK(log == "any x ");
}
