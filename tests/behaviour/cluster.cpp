// SPDX-License-Identifier: MIT
// Several servers, connected by the adapter for servers of one process.

#include "../support/client.hpp"

#include <socketio/core/memory_cluster.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace socketio::test;

using List = std::vector<std::string>;

namespace {

inline constexpr Event<"sum", int(int, int)> sum_of;

/// Two servers of one cluster.
struct TwoServers {
  explicit TwoServers(ServerOptions options = {}) : options_(with_adapter(std::move(options))) { pump(); }

  /// Runs both servers until nothing more happens.
  void pump() {
    for (int i = 0; i < 4; ++i) {
      a.pump();
      if (b) b->pump();
    }
  }

  MemoryCluster cluster;

 private:
  ServerOptions with_adapter(ServerOptions options) const {
    options.adapter = cluster.adapter();
    return options;
  }

  ServerOptions options_;

 public:
  Harness a{on_memory, options_};
  std::optional<Harness> b{std::in_place, on_memory, options_};
};

List take_all(Harness::WebSocket& client) {
  List messages;
  while (client.has_message()) messages.push_back(client.next());
  return messages;
}

/// The result of an operation.
template <class Result>
struct Completion {
  auto receiver() {
    return [this](std::error_code code, Result value) {
      ++calls;
      error = code;
      result = std::move(value);
    };
  }

  int calls = 0;
  std::error_code error;
  Result result{};
};

using RemoteSockets = std::vector<BasicRemoteSocket<TestConfig>>;

}  // namespace

TEST_CASE("an emit of one server reaches the clients of all servers", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  cluster.b->io.on("connection",
                   [](TestSocket socket) { socket.on("join", [socket](std::string room) { socket.join(room); }); });
  auto on_a = open_socket(cluster.a);
  auto on_b = open_socket(*cluster.b);
  auto in_room = open_engine(*cluster.b);
  const std::string id = join(in_room);
  in_room.text(R"(42["join","r"])");
  cluster.pump();

  cluster.a.io.emit("all", 1, "two");
  cluster.a.io.to("r").emit("room");
  cluster.a.io.except("r").emit("others");
  cluster.a.io.to(id).emit("one");
  cluster.a.io.emit("binary", Binary(std::string("123")));
  cluster.a.io.local().emit("local");
  cluster.a.io.of("/elsewhere").emit("elsewhere");
  cluster.pump();
  const std::string all = R"(42["all",1,"two"])";
  const std::string binary = R"(451-["binary",{"_placeholder":true,"num":0}])";
  CHECK(take_all(on_a) == List{all, R"(42["others"])", binary, "<binary>123", R"(42["local"])"});
  CHECK(take_all(on_b) == List{all, R"(42["others"])", binary, "<binary>123"});
  CHECK(take_all(in_room) == List{all, R"(42["room"])", R"(42["one"])", binary, "<binary>123"});

  cluster.b->io.emit("back");
  cluster.pump();
  CHECK(take_all(on_a) == List{R"(42["back"])"});
}

TEST_CASE("a socket broadcasts to all clients of all servers except its own", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  cluster.a.io.on("connection", [](TestSocket socket) {
    socket.on("say", [socket](std::string text) { socket.broadcast().emit("said", text); });
  });
  auto speaker = open_socket(cluster.a);
  auto neighbour = open_socket(cluster.a);
  auto listener = open_socket(*cluster.b);
  speaker.text(R"(42["say","hi"])");
  cluster.pump();
  CHECK(take_all(speaker).empty());
  CHECK(take_all(neighbour) == List{R"(42["said","hi"])"});
  CHECK(take_all(listener) == List{R"(42["said","hi"])"});
}

TEST_CASE("volatile broadcasts are volatile on every server", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto ready = open_socket(*cluster.b);
  auto stalled = open_socket(*cluster.b);
  stalled.stall(true);
  cluster.b->io.emit("fill");
  cluster.pump();
  cluster.a.io.volatile_().emit("tick");
  cluster.pump();
  stalled.stall(false);
  CHECK(take_all(ready) == List{R"(42["fill"])", R"(42["tick"])"});
  CHECK(take_all(stalled) == List{R"(42["fill"])"});
}

TEST_CASE("the actions and the events of one server keep their order on the other servers",
          "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto client = open_socket(*cluster.b);
  for (int i = 0; i < 10; ++i) {
    cluster.a.io.sockets_join("r");
    cluster.a.io.to("r").emit("in", i);
    cluster.a.io.sockets_leave("r");
    cluster.a.io.to("r").emit("out", i);
  }
  cluster.pump();
  List expected;
  for (int i = 0; i < 10; ++i) expected.push_back(R"(42["in",)" + std::to_string(i) + "]");
  CHECK(take_all(client) == expected);
}

TEST_CASE("fetch_sockets with a token returns the sockets of all servers", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  cluster.b->io.on("connection", [](TestSocket socket) {
    socket.data() = Value{{"name", "Ada"}, {"picture", Binary(std::string("png"))}};
    socket.join("r");
  });
  auto on_a = open_engine(cluster.a);
  const std::string id_a = join(on_a);
  auto on_b = cluster.b->open(std::string(websocket_target) + "&color=red");
  REQUIRE(on_b.next().substr(0, 2) == "0{");
  const std::string id_b = join(on_b, {}, R"({"token":"t"})");

  Completion<RemoteSockets> all;
  cluster.a.io.fetch_sockets(all.receiver());
  CHECK(all.calls == 0);
  cluster.pump();
  REQUIRE(all.calls == 1);
  CHECK_FALSE(all.error);
  REQUIRE(all.result.size() == 2);
  const auto remote =
      std::find_if(all.result.begin(), all.result.end(), [&](const auto& socket) { return socket.id() == id_b; });
  REQUIRE(remote != all.result.end());
  CHECK(remote->rooms() == List{id_b, "r"});
  CHECK(remote->handshake().auth["token"].as_string() == "t");
  CHECK(remote->handshake().query.find("color") == "red");
  CHECK(remote->data()["name"].as_string() == "Ada");
  CHECK(remote->data()["picture"].as_binary() == Binary(std::string("png")));

  Completion<RemoteSockets> some, local, nobody;
  cluster.a.io.in("r").fetch_sockets(some.receiver());
  cluster.a.io.local().fetch_sockets(local.receiver());
  cluster.a.io.in("empty").fetch_sockets(nobody.receiver());
  cluster.pump();
  REQUIRE(some.result.size() == 1);
  CHECK(some.result[0].id() == id_b);
  REQUIRE(local.result.size() == 1);
  CHECK(local.result[0].id() == id_a);
  CHECK(local.result[0].data() == Value(Value::Object{}));
  CHECK(nobody.calls == 1);
  CHECK(nobody.result.empty());
  CHECK(cluster.a.io.fetch_sockets().size() == 1);
}

TEST_CASE("a server without a cluster fetches its own sockets", "[behaviour][cluster]") {
  Harness harness;
  auto client = open_engine(harness);
  const std::string id = join(client);
  Completion<RemoteSockets> all;
  harness.io.fetch_sockets(all.receiver());
  CHECK(all.calls == 0);
  harness.pump();
  REQUIRE(all.result.size() == 1);
  CHECK(all.result[0].id() == id);
  all.result[0].emit("hello");
  CHECK(client.next() == R"(42["hello"])");
}

TEST_CASE("remote sockets receive events, change rooms and are disconnected", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  List log;
  cluster.b->io.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&](DisconnectReason why) { log.emplace_back(to_string(why)); });
  });
  auto client = open_socket(*cluster.b);
  Completion<RemoteSockets> all;
  cluster.a.io.fetch_sockets(all.receiver());
  cluster.pump();
  REQUIRE(all.result.size() == 1);
  const auto remote = all.result[0];

  remote.emit("x", 1);
  remote.emit(sum_of, 1, 2);
  remote.join("r1", "r2");
  remote.leave("r1");
  cluster.a.io.to("r1").emit("to r1");
  cluster.a.io.to("r2").emit("to r2");
  cluster.pump();
  CHECK(take_all(client) == List{R"(42["x",1])", R"(42["sum",1,2])", R"(42["to r2"])"});
  CHECK(remote.rooms() == List{remote.id()});  // unchanged

  remote.disconnect();
  cluster.pump();
  CHECK(client.next() == "41");
  CHECK(log == List{"server namespace disconnect"});
  remote.emit("nobody");
  cluster.pump();
}

TEST_CASE("a remote socket answers, has disconnected, or does not answer in time", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto client = open_socket(*cluster.b);
  Completion<RemoteSockets> all;
  cluster.a.io.fetch_sockets(all.receiver());
  cluster.pump();
  REQUIRE(all.result.size() == 1);
  const auto remote = all.result[0];

  Completion<int> answered, declared, late, wrong, gone, never;
  remote.emit_with_ack<int>("x", 1, answered.receiver());
  cluster.pump();
  CHECK(client.next() == R"(420["x",1])");
  CHECK(answered.calls == 0);
  client.text("430[42]");
  cluster.pump();
  CHECK(answered.result == 42);
  CHECK_FALSE(answered.error);

  remote.emit_with_ack(sum_of, 1, 2, declared.receiver());
  cluster.pump();
  CHECK(client.next() == R"(421["sum",1,2])");
  client.text("431[3]");
  cluster.pump();
  CHECK(declared.result == 3);

  remote.timeout(1s).emit_with_ack<int>("late", late.receiver());
  cluster.pump();
  cluster.b->wait(1s);
  cluster.pump();
  CHECK(late.error == Errc::timed_out);
  CHECK(late.calls == 1);
  CHECK(client.next() == R"(422["late"])");

  remote.emit_with_ack<int>("wrong", wrong.receiver());
  cluster.pump();
  CHECK(client.next() == R"(423["wrong"])");
  client.text(R"(433["text"])");
  cluster.pump();
  CHECK(wrong.error == Errc::bad_argument);

  remote.emit_with_ack<int>("gone", gone.receiver());
  cluster.pump();
  client.abort();
  cluster.pump();
  CHECK(gone.error == Errc::disconnected);
  remote.emit_with_ack<int>("nobody", never.receiver());
  cluster.pump();
  CHECK(never.error == Errc::disconnected);
}

TEST_CASE("a broadcast with acknowledgements collects the answers of the clients of all servers",
          "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto on_a = open_socket(cluster.a);
  auto on_b = open_socket(*cluster.b);
  auto other = open_socket(*cluster.b);

  Completion<std::vector<std::string>> all, some;
  cluster.a.io.timeout(1s).emit("ask", all.receiver());
  cluster.a.io.local().timeout(1s).emit("ask", some.receiver());
  cluster.pump();
  CHECK(on_a.next() == R"(420["ask"])");
  CHECK(on_a.next() == R"(421["ask"])");
  // The id belongs to that server.
  CHECK(on_b.next() == R"(420["ask"])");
  CHECK(other.next() == R"(420["ask"])");
  on_b.text(R"(430["b"])");
  other.text(R"(430["other"])");
  on_a.text(R"(431["a"])");
  cluster.pump();
  CHECK(some.result == List{"a"});
  CHECK(all.calls == 0);
  on_a.text(R"(430["a"])");
  cluster.pump();
  CHECK(all.calls == 1);
  CHECK_FALSE(all.error);
  std::sort(all.result.begin(), all.result.end());
  CHECK(all.result == List{"a", "b", "other"});

  Completion<std::vector<std::string>> partial;
  cluster.a.io.timeout(1s).emit("ask", partial.receiver());
  cluster.pump();
  on_a.text(R"(432["a"])");
  on_b.text(R"(431["b"])");
  cluster.pump();
  cluster.b->wait(1s);
  cluster.pump();
  CHECK(partial.error == Errc::timed_out);
  CHECK(partial.result.size() == 2);
  other.text(R"(431["too late"])");
  cluster.pump();
  CHECK(partial.calls == 1);

  Completion<std::vector<std::string>> gone;
  cluster.a.io.emit("ask", gone.receiver());
  cluster.pump();
  on_a.text(R"(433["a"])");
  other.text(R"(432["other"])");
  on_b.abort();
  cluster.pump();
  CHECK(gone.error == Errc::disconnected);
  CHECK(gone.result.size() == 2);
}

TEST_CASE("the sockets of all servers join, leave and are disconnected", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto on_a = open_socket(cluster.a);
  auto on_b = open_socket(*cluster.b);
  cluster.a.io.sockets_join("x", "y");
  cluster.a.io.in("x").sockets_leave("y");
  cluster.a.io.local().sockets_join("z");
  cluster.pump();
  CHECK(cluster.a.io.room("x").size() == 1);
  CHECK(cluster.b->io.room("x").size() == 1);
  CHECK(cluster.b->io.room("y").empty());
  CHECK(cluster.b->io.room("z").empty());
  cluster.a.io.local().disconnect_sockets();
  cluster.pump();
  CHECK(on_a.next() == "41");
  CHECK(cluster.b->io.sockets().size() == 1);
  cluster.a.io.in("x").disconnect_sockets(true);
  cluster.pump();
  CHECK(on_b.closed());
}

TEST_CASE("servers send each other events", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  List log;
  const auto note = [&](const std::string& what) { log.push_back(what); };
  cluster.a.io.on_server_side("hello", [&](std::string) { note("a must not hear it"); });
  cluster.b->io.on_server_side("hello", [&](std::string who, Binary bytes, std::optional<int> missing) {
    note("hello " + who + ' ' + std::to_string(bytes.size()) + (missing ? "!" : ""));
  });
  cluster.b->io.once_server_side("hello", [&] { note("once"); });
  const Listener second =
      cluster.b->io.on_server_side("hello", [&](const Args& args) { note(std::to_string(args.size())); });
  cluster.b->io.of("/n").on_server_side("hello", [&] { note("/n must not hear it"); });
  cluster.a.io.server_side_emit("hello", "a", Binary(std::string("123")));
  CHECK(log.empty());
  cluster.pump();
  CHECK(log == List{"hello a 3", "once", "2"});

  log.clear();
  cluster.b->io.off_server_side("hello", second);
  cluster.a.io.server_side_emit("hello", "a", Binary());
  cluster.pump();
  CHECK(log == List{"hello a 0"});
  log.clear();
  cluster.b->io.off_server_side("hello");
  cluster.a.io.server_side_emit("hello", "a", Binary());
  cluster.pump();
  CHECK(log.empty());

  for (const char* name : {"connect", "connection", "new_namespace"}) {
    CHECK_THROWS_AS(cluster.a.io.server_side_emit(name), std::invalid_argument);
    CHECK_THROWS_AS(cluster.a.io.on_server_side(name, [] {}), std::invalid_argument);
  }
}

TEST_CASE("the handlers of other servers answer server_side_emit", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  cluster.b->io.on_server_side("value", [] { return 1; });
  Ack<std::string> kept;
  cluster.b->io.on_server_side("later", [&](Ack<std::string> ack) { kept = ack; });
  cluster.b->io.on_server_side("coroutine", [](int i) -> asio::awaitable<int> { co_return i + 1; });
  cluster.b->io.on_server_side("nothing", [](Ack<> ack) { ack(); });
  cluster.b->io.on_server_side(sum_of, [](int x, int y) { return x + y; });

  Completion<std::vector<int>> value, coroutine, declared;
  Completion<List> later;
  Completion<std::size_t> count;
  cluster.a.io.server_side_emit("value", value.receiver());
  cluster.a.io.server_side_emit("later", later.receiver());
  cluster.a.io.server_side_emit_with_ack<int>("coroutine", 1, coroutine.receiver());
  cluster.a.io.server_side_emit_with_ack<void>("nothing", count.receiver());
  cluster.a.io.server_side_emit(sum_of, 1, 2, declared.receiver());
  CHECK(value.calls == 0);
  cluster.pump();
  CHECK(value.result == std::vector<int>{1});
  CHECK(coroutine.result == std::vector<int>{2});
  CHECK(declared.result == std::vector<int>{3});
  CHECK(count.result == 1);
  CHECK_FALSE(count.error);
  CHECK(later.calls == 0);
  kept("now");
  kept("and again");
  cluster.pump();
  CHECK(later.calls == 1);
  CHECK(later.result == List{"now"});

  std::vector<int> awaited;
  asio::co_spawn(
      cluster.a.io.get_executor(),
      [&]() -> asio::awaitable<void> { awaited = co_await cluster.a.io.server_side_emit_with_ack(sum_of, 2, 3); },
      asio::detached);
  cluster.pump();
  CHECK(awaited == std::vector<int>{5});
}

TEST_CASE("an operation does not wait for a server that has no handler or whose handler fails",
          "[behaviour][cluster][memory]") {
  TwoServers cluster;
  List reports;
  cluster.b->io.on_error([&](const ErrorReport& report) { reports.push_back(report.message()); });
  cluster.b->io.on_server_side("throws", []() -> int { throw std::runtime_error("oh"); });
  cluster.b->io.on_server_side("typed", [](int) { return 1; });
  cluster.b->io.on_server_side("forgets", [](Ack<int>) {});
  Completion<std::vector<int>> unknown, throws, typed, forgets, wrong;
  cluster.a.io.server_side_emit("unknown", unknown.receiver());
  cluster.a.io.server_side_emit("throws", throws.receiver());
  cluster.a.io.server_side_emit("typed", "text", typed.receiver());
  cluster.a.io.server_side_emit("forgets", forgets.receiver());
  cluster.pump();
  for (const auto* outcome : {&unknown, &throws, &typed, &forgets}) {
    CHECK(outcome->calls == 1);
    CHECK(outcome->error == Errc::no_answer);
    CHECK(outcome->result.empty());
  }
  CHECK(reports == List{"event \"throws\" in /: handler threw: oh",
                        "event \"typed\" in /: argument 1: expected integer, got string"});

  cluster.b->io.on_server_side("text", [] { return "text"; });
  cluster.a.io.on_error([&](const ErrorReport&) {});
  cluster.a.io.server_side_emit("text", wrong.receiver());
  cluster.pump();
  CHECK(wrong.error == Errc::bad_argument);
}

TEST_CASE("values pass between servers unchanged, whatever they look like", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  const Value both{{"picture", Binary(std::string("png"))}, {"foreign", Value{{"_placeholder", true}, {"num", 9}}}};
  cluster.b->io.on_server_side("get", [&] { return both; });
  cluster.b->io.on("connection", [&](TestSocket socket) { socket.data() = both; });
  auto client = open_socket(*cluster.b);
  Completion<std::vector<Value>> answers;
  Completion<RemoteSockets> sockets;
  cluster.a.io.server_side_emit("get", answers.receiver());
  cluster.a.io.fetch_sockets(sockets.receiver());
  cluster.pump();
  CHECK(answers.result == std::vector<Value>{both});
  REQUIRE(sockets.result.size() == 1);
  CHECK(sockets.result[0].data() == both);
}

TEST_CASE("an event that cannot be published is reported, and no server is waited for",
          "[behaviour][cluster][memory]") {
  TwoServers cluster;
  List reports;
  cluster.a.io.on_error([&](const ErrorReport& report) { reports.push_back(report.message()); });
  const Value foreign{{"_placeholder", true}, {"num", 9}};
  Completion<std::vector<int>> answers;
  cluster.a.io.server_side_emit("x", Binary(), foreign, answers.receiver());
  cluster.a.io.emit("x", Binary(), foreign);
  cluster.pump();
  CHECK(answers.error == Errc::no_answer);
  const std::string why =
      "in /: an event for other servers cannot be read back: it has binary data, and an object that looks like the "
      "placeholder of some";
  CHECK(reports == List{why, why});
}

TEST_CASE("a server does not send its clients events that they would refuse", "[behaviour][cluster][memory]") {
  const MemoryCluster cluster;
  Harness generous(on_memory, {.adapter = cluster.adapter(), .max_attachments = 3});
  Harness strict(on_memory, {.adapter = cluster.adapter(), .max_attachments = 2});
  const auto pump = [&] { generous.pump(), strict.pump(), generous.pump(); };
  List reports;
  strict.io.on_error([&](const ErrorReport& report) { reports.push_back(report.message()); });
  auto client = open_socket(strict);
  pump();
  Completion<std::vector<int>> answers;
  generous.io.emit("three", Binary(), Binary(), Binary());
  generous.io.emit("three", Binary(), Binary(), Binary(), answers.receiver());
  generous.io.emit("two", Binary(), Binary());
  pump();
  CHECK(client.next() == R"(452-["two",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  CHECK(answers.error == Errc::no_answer);
  REQUIRE(reports.size() == 2);
  CHECK(reports[0] ==
        "event \"three\" in /: handler threw: event \"three\" has 3 binary arguments; clients refuse more "
        "than 2");
}

TEST_CASE("a cancelled broadcast leaves no pending acknowledgement on any server", "[behaviour][cluster][memory]") {
  TwoServers cluster({.max_pending_acks = 1});
  auto client = open_socket(*cluster.b);
  asio::cancellation_signal signal;
  std::error_code cancelled;
  const auto receiver = [&](std::error_code error, const std::vector<int>&) { cancelled = error; };
  cluster.a.io.emit_with_ack<int>("ask", asio::bind_cancellation_slot(signal.slot(), receiver));
  cluster.pump();
  CHECK(client.next() == R"(420["ask"])");
  signal.emit(asio::cancellation_type::all);
  cluster.pump();
  CHECK(cancelled == asio::error::operation_aborted);

  Completion<std::vector<int>> again;
  cluster.a.io.emit("ask", again.receiver());
  cluster.pump();
  CHECK(client.next() == R"(421["ask"])");
  client.text("430[1]");
  client.text("431[2]");
  cluster.pump();
  CHECK_FALSE(again.error);
  CHECK(again.result == std::vector<int>{2});
}

TEST_CASE("an operation stops waiting for a server at the timeout", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  Ack<int> kept;
  cluster.b->io.on_server_side("later", [&](Ack<int> ack) { kept = ack; });
  auto client = open_socket(cluster.a);
  Completion<std::vector<int>> later;
  Completion<RemoteSockets> sockets, soon;
  cluster.a.io.server_side_emit("later", later.receiver());
  cluster.pump();
  cluster.a.io.fetch_sockets(sockets.receiver());  // the other server does nothing from now on
  cluster.a.io.timeout(1s).fetch_sockets(soon.receiver());
  cluster.a.pump();
  cluster.a.wait(999ms);
  CHECK(soon.calls == 0);
  cluster.a.wait(1ms);
  CHECK(soon.calls == 1);
  CHECK(soon.error == Errc::timed_out);
  CHECK(soon.result.size() == 1);
  cluster.a.wait(3999ms);
  CHECK(later.calls + sockets.calls == 0);
  cluster.a.wait(1ms);
  CHECK(later.error == Errc::timed_out);
  CHECK(sockets.error == Errc::timed_out);
  CHECK(sockets.result.size() == 1);
  kept(1);
  cluster.pump();
  CHECK(later.calls == 1);
  CHECK(sockets.calls == 1);
}

TEST_CASE("a server that closes leaves the cluster, and joins again when it listens", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto client = open_socket(cluster.a);
  auto other = open_socket(*cluster.b);
  Ack<int> kept;
  cluster.b->io.on_server_side("later", [&](Ack<int> ack) { kept = ack; });
  Completion<std::vector<int>> pending, unhandled;
  cluster.a.io.server_side_emit("later", pending.receiver());
  cluster.pump();
  cluster.a.io.server_side_emit("later", unhandled.receiver());
  cluster.b->io.close();
  cluster.pump();
  CHECK(unhandled.error == Errc::no_answer);
  CHECK(pending.calls == 0);  // its handler may still answer
  kept = {};
  cluster.pump();
  CHECK(pending.error == Errc::no_answer);

  Completion<std::vector<int>> alone;
  cluster.a.io.server_side_emit("later", alone.receiver());
  cluster.a.io.emit("x");
  cluster.pump();
  CHECK(alone.calls == 1);
  CHECK_FALSE(alone.error);
  CHECK(client.next() == R"(42["x"])");

  cluster.b->io.listen(0, "127.0.0.1");
  auto back = open_socket(*cluster.b);
  cluster.pump();
  cluster.a.io.emit("y");
  cluster.pump();
  CHECK(back.next() == R"(42["y"])");
}

TEST_CASE("closing a server ends its requests to other servers", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  Completion<RemoteSockets> sockets;
  Completion<std::vector<int>> answers;
  auto client = open_socket(*cluster.b);
  cluster.a.pump();
  cluster.a.io.fetch_sockets(sockets.receiver());
  cluster.a.io.emit("ask", answers.receiver());
  cluster.a.io.close();
  cluster.pump();
  CHECK(sockets.calls == 1);
  CHECK(sockets.error == Errc::disconnected);
  CHECK(answers.calls == 1);
}

TEST_CASE("an operation does not wait for a server that is destroyed", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  auto client = open_socket(cluster.a);
  Ack<int> kept;
  cluster.b->io.on_server_side("later", [&](Ack<int> ack) { kept = ack; });
  Completion<std::vector<int>> pending, unhandled;
  cluster.a.io.server_side_emit("later", pending.receiver());
  cluster.pump();
  cluster.a.io.server_side_emit("later", unhandled.receiver());
  cluster.b.reset();
  kept(1);
  kept = {};
  cluster.pump();
  CHECK(unhandled.error == Errc::no_answer);
  CHECK(pending.error == Errc::no_answer);
  cluster.a.io.emit("x");
  CHECK(client.next() == R"(42["x"])");
}

TEST_CASE("a handler may remove the namespace of the message that is being delivered", "[behaviour][cluster][memory]") {
  TwoServers cluster({.cleanup_empty_child_namespaces = true});
  for (auto* io : {&cluster.a.io, &cluster.b->io}) io->of([](const std::string&, const Value&) { return true; });
  auto client = open_engine(*cluster.b);
  join(client, "/child");
  cluster.a.io.of("/child");
  cluster.pump();
  cluster.a.io.of("/child").disconnect_sockets();  // the last socket: the namespace is removed
  cluster.a.io.of("/child").emit("nobody");
  cluster.pump();
  CHECK(client.next() == "41/child,");
  CHECK_FALSE(client.has_message());
}

TEST_CASE("each server counts the others that have a namespace", "[behaviour][cluster][memory]") {
  std::vector<Adapter*> adapters;
  MemoryCluster cluster;
  const auto make = [&, factory = cluster.adapter()](const std::string& nsp) {
    auto adapter = factory(nsp);
    adapters.push_back(adapter.get());
    return adapter;
  };
  Harness a(on_memory, {.adapter = make});
  a.pump();
  CHECK(adapters[0]->server_count() == 1);
  {
    Harness b(on_memory, {.adapter = make});
    b.pump();
    CHECK(adapters[0]->server_count() == 2);
    CHECK(adapters[1]->server_count() == 2);
    b.io.of("/n");
    b.pump();
    CHECK(adapters[2]->server_count() == 1);
  }
  CHECK(adapters[0]->server_count() == 1);
}

TEST_CASE("a new namespace does not make a closed server join the cluster again", "[behaviour][cluster][memory]") {
  TwoServers cluster;
  cluster.a.io.of("/late");
  cluster.pump();
  cluster.b->io.close();
  cluster.b->io.of("/late");
  cluster.pump();
  CHECK(cluster.a.io.of("/late").adapter().server_count() == 1);
  CHECK(cluster.a.io.of("/").adapter().server_count() == 1);
  cluster.b->io.listen(0, "127.0.0.1");
  cluster.pump();
  CHECK(cluster.a.io.of("/late").adapter().server_count() == 2);
  CHECK(cluster.b->io.of("/late").adapter().server_count() == 2);
}

TEST_CASE("a recovered client gets the events that other servers have sent meanwhile", "[behaviour][cluster][memory]") {
  TwoServers cluster({.connection_state_recovery = ConnectionStateRecoveryOptions{}});
  auto client = open_engine(*cluster.b);
  client.text("40");
  const std::string reply = client.next();
  const auto member = [](const std::string& text, const std::string& name) {
    const std::size_t begin = text.find('"' + name + "\":\"") + name.size() + 4;
    return text.substr(begin, text.find('"', begin) - begin);
  };
  const std::string pid = member(reply, "pid");
  cluster.a.io.emit("first", 1);
  cluster.pump();
  const std::string first = client.next();
  REQUIRE(first.substr(0, 14) == R"(42["first",1,")");
  const std::string offset = first.substr(14, first.size() - 16);
  client.abort();
  cluster.pump();
  cluster.a.io.emit("missed", 2);
  cluster.pump();
  cluster.b->io.emit("missed too");

  auto back = open_engine(*cluster.b);
  back.text(R"(40{"pid":")" + pid + R"(","offset":")" + offset + R"("})");
  CHECK(back.next().substr(0, 13) == R"(42["missed",2)");
  CHECK(back.next().substr(0, 16) == R"(42["missed too",)");
  CHECK(back.next().substr(0, 3) == "40{");

  auto elsewhere = open_engine(cluster.a);
  elsewhere.text(R"(40{"pid":")" + pid + R"(","offset":")" + offset + R"("})");
  CHECK(elsewhere.next().substr(0, 3) == "40{");
}
