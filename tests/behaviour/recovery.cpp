// SPDX-License-Identifier: MIT
// Clients whose connection is cut, and that recover their session.

#include "../support/client.hpp"

#include <socketio/socketio.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <regex>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

using List = std::vector<std::string>;

ServerOptions recovering(ConnectionStateRecoveryOptions recovery = {}) {
  ServerOptions options;
  options.connection_state_recovery = recovery;
  return options;
}

std::string member(std::string_view text, std::string_view key) {
  const std::string begin = "\"" + std::string(key) + "\":\"";
  const std::size_t at = text.find(begin);
  REQUIRE(at != std::string_view::npos);
  const std::string_view rest = text.substr(at + begin.size());
  return std::string(rest.substr(0, rest.find('"')));
}

/// Removes the offset, the last argument, from an event; `rest` is the event without it.
std::string cut_offset(const std::string& event, std::string& rest) {
  const std::size_t end = event.rfind("\"]");
  const std::size_t begin = event.rfind(",\"", end);
  REQUIRE(end == event.size() - 2);
  REQUIRE(begin != std::string::npos);
  rest = event.substr(0, begin) + "]";
  return event.substr(begin + 2, end - begin - 2);
}

/// The data that a client keeps of its socket.
struct ReturningClient {
  explicit ReturningClient(Harness& owner, std::string name = {}) : harness(owner), nsp(std::move(name)) {}

  std::string address() const { return nsp.empty() ? "" : nsp + ","; }

  /// Connects with this data; the events that precede the answer are in `missed`.
  void connect() {
    wire.emplace(open_engine(harness));
    wire->text("40" + address() + (pid.empty() ? "" : credentials()));
    missed.clear();
    std::string answer = wire->next();
    while (answer.substr(0, 2) != "40") {
      missed.push_back(take(answer));
      answer = wire->next();
    }
    const std::string new_pid = member(answer, "pid");
    recovered = new_pid == pid;
    sid = member(answer, "sid");
    pid = new_pid;
  }
  std::string credentials() const { return R"({"pid":")" + pid + R"(","offset":")" + offset + "\"}"; }

  /// Stores the offset of an event, and returns the event without it.
  std::string take(const std::string& message) {
    if (message.substr(0, 2) != "42" && message.substr(0, 2) != "45") return message;
    std::string rest;
    offset = cut_offset(message, rest);
    return rest;
  }
  std::string next() { return take(wire->next()); }

  void cut() {
    const std::size_t before = harness.io.engine().clients_count();
    wire->abort();
    REQUIRE(harness.until([&] { return harness.io.engine().clients_count() < before; }));
  }

  /// Connects and receives an event, without which it has no offset.
  void begin() {
    connect();
    harness.io.of(nsp).to(sid).emit("first");
    CHECK(next() == "42" + address() + R"(["first"])");
  }

  Harness& harness;
  std::string nsp;
  std::optional<Harness::WebSocket> wire;
  std::string sid, pid, offset;
  bool recovered = false;
  List missed;
};

}  // namespace

TEST_CASE("without the option there are no private ids and no offsets", "[behaviour][recovery]") {
  Harness harness;
  std::vector<std::string> ids;
  harness.io.on("connection", [&](TestSocket socket) {
    ids.push_back(socket.id());
    CHECK_FALSE(socket.recovered());
  });
  for (const std::size_t connections : {1u, 2u}) {
    auto client = open_engine(harness);
    client.text(R"(40{"pid":"p","offset":"o"})");
    const std::string answer = client.next();
    CHECK(answer == R"(40{"sid":")" + ids.back() + "\"}");
    harness.io.emit("e", 1);
    CHECK(client.next() == R"(42["e",1])");
    CHECK(ids.size() == connections);
    client.abort();
    REQUIRE(harness.until([&] { return harness.io.sockets().empty(); }));
  }
  CHECK(ids[0] != ids[1]);
}

TEST_CASE("without the option nothing of a disconnected client is kept", "[behaviour][recovery]") {
  const bool keeps = GENERATE(false, true);
  Harness harness(keeps ? recovering() : ServerOptions{});
  auto client = open_socket(harness);
  harness.io.emit("e", 1);
  CHECK(client.next().substr(0, 9) == R"(42["e",1)" + std::string(keeps ? "," : "]"));
  client.abort();
  REQUIRE(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
  const RecoveryUsage kept = harness.io.of("/").adapter().recovery_usage();
  CHECK(kept.sessions == (keeps ? 1 : 0));
  CHECK(kept.log_entries == (keeps ? 1 : 0));
  CHECK((kept.log_bytes > 0) == keeps);
}

TEST_CASE("a recovered client first gets the events that it missed", "[behaviour][recovery]") {
  Harness harness(recovering());
  std::vector<TestSocket> sockets;
  harness.io.on("connection", [&](TestSocket socket) {
    sockets.push_back(socket);
    if (!socket.recovered()) {
      socket.join("r", "s");
      socket.data()["nick"] = "Ann";
    }
  });
  ReturningClient client(harness);
  client.begin();
  CHECK_FALSE(client.recovered);
  const std::string sid = client.sid;
  CHECK(sid != client.pid);
  client.cut();
  REQUIRE(harness.until([&] { return sockets[0].disconnected(); }));
  CHECK(sockets[0].rooms().empty());
  harness.io.emit("all", 1);
  harness.io.to("r").emit("room", std::vector<int>{2});
  harness.io.to("t").emit("another room");
  harness.io.except("s").emit("not for you");
  harness.io.to(sid).emit("direct", nullptr);
  sockets[0].emit("handle", "h");
  harness.io.volatile_().emit("volatile");
  harness.io.local().compress(false).send("local");
  harness.pump();
  client.connect();
  CHECK(client.recovered);
  CHECK(client.sid == sid);
  CHECK(client.missed == List{R"(42["all",1])", R"(42["room",[2]])", R"(42["direct",null])", R"(42["handle","h"])",
                              R"(42["message","local"])"});
  REQUIRE(sockets.size() == 2);
  CHECK(sockets[1].recovered());
  CHECK(sockets[1].connected());
  CHECK(sockets[1].rooms() == List{sid, "r", "s"});
  CHECK(sockets[1].data()["nick"] == Value("Ann"));
  harness.io.to("s").emit("again");
  CHECK(client.next() == R"(42["again"])");

  SECTION("and again after that") {
    client.cut();
    harness.io.emit("more");
    harness.pump();
    client.connect();
    CHECK(client.recovered);
    CHECK(client.missed == List{R"(42["more"])"});
  }
  SECTION("but no other client with the same private id and offset") {
    ReturningClient other(harness);
    other.pid = client.pid;
    other.offset = client.offset;
    other.connect();
    CHECK_FALSE(other.recovered);
    CHECK(other.sid != sid);
    CHECK(other.missed.empty());
  }
}

TEST_CASE("the data of a socket is one object as long as a handle exists", "[behaviour][recovery]") {
  Harness harness(recovering());
  std::vector<TestSocket> sockets;
  harness.io.on("connection", [&](TestSocket socket) {
    sockets.push_back(socket);
    if (!socket.recovered()) socket.on("disconnect", [socket](DisconnectReason) { socket.data()["left"] = true; });
  });
  ReturningClient client(harness);
  client.begin();
  client.cut();
  client.connect();
  REQUIRE(client.recovered);
  CHECK(sockets[1].data()["left"] == Value(true));
  CHECK(&sockets[0].data() == &sockets[1].data());
}

TEST_CASE("only recoverable events have the offset as an additional argument", "[behaviour][recovery]") {
  Harness harness(recovering());
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  ReturningClient client(harness);
  client.connect();
  CHECK_FALSE(client.wire->has_message());
  List offsets;
  const auto offset_of = [&] {
    const std::string message = client.wire->next();
    std::string rest;
    offsets.push_back(cut_offset(message, rest));
    return rest;
  };
  socket->emit("e");
  CHECK(offset_of() == R"(42["e"])");
  socket->emit("e", "text", Args{Value(1), Value("x")});
  CHECK(offset_of() == R"(42["e","text",1,"x"])");
  harness.io.emit("e", Binary(std::string("b")));
  CHECK(offset_of() == R"(451-["e",{"_placeholder":true,"num":0}])");
  CHECK(client.wire->next() == "<binary>b");
  CHECK(offsets[0] != offsets[1]);
  CHECK(offsets[1] != offsets[2]);
  CHECK_FALSE(client.wire->has_message());
  socket->volatile_().emit("v", 1);
  CHECK(client.wire->next() == R"(42["v",1])");
  CHECK_FALSE(client.wire->has_message());
  harness.io.volatile_().emit("v");
  CHECK(client.wire->next() == R"(42["v"])");
  socket->emit("a", [](int) {});
  CHECK(client.wire->next() == R"(420["a"])");
}

TEST_CASE("outgoing catch-all handlers see the offset, and no event twice", "[behaviour][recovery]") {
  Harness harness(recovering());
  List seen;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on_any_outgoing([&](std::string_view event, Args args) {
      seen.push_back(std::string(event) + ' ' + std::to_string(args.size()));
    });
  });
  ReturningClient client(harness);
  client.begin();
  harness.io.volatile_().emit("volatile", 1);
  CHECK(client.wire->next() == R"(42["volatile",1])");
  CHECK(seen == List{"first 1", "volatile 1"});
  client.cut();
  harness.io.emit("missed", 1);
  harness.pump();
  client.connect();
  CHECK(client.missed == List{R"(42["missed",1])"});
  CHECK(seen.size() == 2);
}

TEST_CASE("binary events are recovered like others", "[behaviour][recovery]") {
  Harness harness(recovering());
  ReturningClient client(harness);
  client.begin();
  client.cut();
  harness.io.emit("e", Binary(std::string("one")), 2, Binary(std::string("three")));
  harness.io.emit("after");
  harness.pump();
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed == List{R"(452-["e",{"_placeholder":true,"num":0},2,{"_placeholder":true,"num":1}])",
                              "<binary>one", "<binary>three", R"(42["after"])"});
}

TEST_CASE("over polling the missed events come in one payload", "[behaviour][recovery]") {
  Harness harness(recovering());
  ReturningClient client(harness);
  client.begin();
  client.cut();
  harness.io.emit("a");
  harness.io.emit("b");
  harness.pump();
  const std::string target = polling_target;
  const std::string session = target + "&sid=" + sid_in(harness.get(target).body());
  auto post = harness.post(session, "40" + client.credentials());
  CHECK(post.status() == 200);
  auto get = harness.get(session);
  const std::string payload = get.body();
  List packets;
  for (std::size_t begin = 0; begin <= payload.size();) {
    const std::size_t end = std::min(payload.find('\x1e', begin), payload.size());
    packets.push_back(client.take(payload.substr(begin, end - begin)));
    begin = end + 1;
  }
  CHECK(packets ==
        List{R"(42["a"])", R"(42["b"])", R"(40{"sid":")" + client.sid + R"(","pid":")" + client.pid + "\"}"});
}

TEST_CASE("recovered clients skip the middleware, unless skip_middlewares is false",
          "[behaviour][recovery][middleware]") {
  const bool skip = GENERATE(true, false);
  ConnectionStateRecoveryOptions recovery;
  recovery.skip_middlewares = skip;
  Harness harness(recovering(recovery));
  int calls = 0;
  harness.io.use([&](TestSocket socket) {
    ++calls;
    if (calls == 1) {
      socket.join("r");
      return;
    }
    CHECK(socket.recovered());
    CHECK_FALSE(socket.connected());
    CHECK(socket.is_in("r"));
  });
  ReturningClient client(harness);
  client.begin();
  const std::string sid = client.sid;
  client.cut();
  client.connect();
  CHECK(client.recovered);
  CHECK(client.sid == sid);
  CHECK(calls == (skip ? 1 : 2));
}

TEST_CASE("events that are sent while the middleware of a returning client runs are not lost",
          "[behaviour][recovery][middleware]") {
  ConnectionStateRecoveryOptions recovery;
  recovery.skip_middlewares = false;
  Harness harness(recovering(recovery));
  std::optional<Next> waiting;
  std::optional<TestSocket> returning;
  harness.io.use([&](TestSocket socket, Next next) {
    if (!socket.recovered()) return next();
    returning = socket;
    waiting = next;
  });
  ReturningClient client(harness);
  client.begin();
  client.cut();
  harness.io.emit("before");
  harness.pump();
  client.wire.emplace(open_engine(harness));
  client.wire->text("40" + client.credentials());
  REQUIRE(harness.until([&] { return waiting.has_value(); }));
  harness.io.emit("meanwhile");
  harness.io.except(client.sid).emit("not for you");
  harness.io.volatile_().emit("volatile");
  returning->emit("to itself");
  harness.pump();
  CHECK_FALSE(client.wire->has_message());

  SECTION("when the middleware accepts it") {
    (*waiting)();
    CHECK(client.next() == R"(42["before"])");
    CHECK(client.next() == R"(42["meanwhile"])");
    CHECK(client.next() == R"(42["to itself"])");
    CHECK(member(client.wire->next(), "pid") == client.pid);
    harness.io.emit("after");
    CHECK(client.next() == R"(42["after"])");
    CHECK_FALSE(client.wire->has_message());
  }
  SECTION("when the middleware refuses it, which ends its session") {
    (*waiting)(ConnectError("no"));
    CHECK(client.wire->next() == R"(44{"message":"no"})");
    harness.io.emit("after");
    waiting.reset();
    client.connect();
    CHECK_FALSE(client.recovered);
    CHECK(client.missed.empty());
  }
  SECTION("when the connection breaks again") {
    client.cut();
    CHECK(returning->rooms().empty());
    (*waiting)();
    waiting.reset();
    harness.io.emit("after");
    harness.pump();
    client.wire.emplace(open_engine(harness));
    client.wire->text("40" + client.credentials());
    REQUIRE(harness.until([&] { return waiting.has_value(); }));
    (*waiting)();
    for (const char* event : {"before", "meanwhile", "to itself", "after"})
      CHECK(client.next() == R"(42[")" + std::string(event) + R"("])");
    CHECK(member(client.wire->next(), "pid") == client.pid);
  }
}

TEST_CASE("a returning client may leave rooms in its middleware; a refused client leaves all rooms",
          "[behaviour][recovery]") {
  ConnectionStateRecoveryOptions recovery;
  recovery.skip_middlewares = false;
  Harness harness(recovering(recovery));
  harness.io.use([](TestSocket socket) {
    if (socket.recovered()) throw ConnectError("no");
    socket.join("r");
  });
  ReturningClient client(harness);
  client.begin();
  CHECK(harness.io.room("r").size() == 1);
  client.cut();
  CHECK(harness.io.room("r").empty());
  client.wire.emplace(open_engine(harness));
  client.wire->text("40" + client.credentials());
  CHECK(client.wire->next() == R"(44{"message":"no"})");
  CHECK(harness.io.of("/").rooms().empty());
}

TEST_CASE("a client with an unknown session or offset connects as a new client", "[behaviour][recovery][hostile]") {
  Harness harness(recovering());
  ReturningClient client(harness);
  client.begin();
  client.cut();
  harness.io.emit("missed");
  harness.pump();
  const std::string pid = client.pid, offset = client.offset;
  for (const std::string& auth :
       {R"({"pid":"unknown","offset":")" + offset + "\"}", R"({"pid":")" + pid + R"(","offset":"unknown"})",
        R"({"pid":")" + pid + "\"}", R"({"offset":")" + offset + "\"}", R"({"pid":1,"offset":")" + offset + "\"}",
        R"({"pid":")" + pid + R"(","offset":[")" + offset + "\"]}", std::string(R"({"pid":"","offset":""})"),
        R"({"pid":")" + client.sid + R"(","offset":")" + offset + "\"}",
        R"({"pid":")" + pid + R"(","offset":")" + std::string(90'000, '0') + "\"}"}) {
    auto wire = open_engine(harness);
    wire.text("40" + auth);
    const std::string answer = wire.next();
    CHECK(answer.substr(0, 2) == "40");
    CHECK(member(answer, "pid") != pid);
    CHECK(member(answer, "sid") != client.sid);
    CHECK_FALSE(wire.has_message());
  }
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed == List{R"(42["missed"])"});
}

TEST_CASE("the handshake of a returning client has the credentials as they were sent", "[behaviour][recovery]") {
  Harness harness(recovering());
  Value auth;
  harness.io.on("connection", [&](TestSocket socket) { auth = socket.handshake().auth; });
  auto client = open_engine(harness);
  client.text(R"(40{"token":1})");
  client.next();
  CHECK(auth == Value{{"token", 1}});
}

TEST_CASE("only clients that did not disconnect on purpose recover", "[behaviour][recovery]") {
  Harness harness(recovering());
  std::optional<TestSocket> socket;
  std::string reason;
  harness.io.on("connection", [&](TestSocket connected) {
    socket = connected;
    socket->on("disconnect", [&](DisconnectReason why) { reason = to_string(why); });
  });
  ReturningClient client(harness);
  client.begin();
  const auto usage = [&] { return harness.io.of("/").adapter().recovery_usage().sessions; };

  SECTION("not after disconnect() of the client") {
    client.wire->text("41");
    CHECK_FALSE(client.wire->has_message());
    CHECK(reason == "client namespace disconnect");
    CHECK(usage() == 0);
    client.cut();
    client.connect();
    CHECK_FALSE(client.recovered);
  }
  SECTION("not after disconnect() of the server, and events for them are not kept") {
    socket->disconnect();
    CHECK(client.wire->next() == "41");
    CHECK(usage() == 0);
    const std::size_t entries = harness.io.of("/").adapter().recovery_usage().log_entries;
    socket->emit("e");
    harness.pump();
    CHECK(harness.io.of("/").adapter().recovery_usage().log_entries == entries);
    client.cut();
    client.connect();
    CHECK_FALSE(client.recovered);
  }
  SECTION("not after an undecodable packet of Engine.IO") {
    client.wire->text("x");
    CHECK(harness.until([&] { return socket->disconnected(); }));
    CHECK(reason == "parse error");
    CHECK(usage() == 0);
  }
  SECTION("but after a transport close") {
    client.cut();
    CHECK(reason == "transport close");
    client.connect();
    CHECK(client.recovered);
  }
  SECTION("after a forced close for what the client sent") {
    client.wire->text("42/unknown,[\"e\"]");
    CHECK(harness.until([&] { return socket->disconnected(); }));
    CHECK(reason == "forced close");
    client.connect();
    CHECK(client.recovered);
  }
  SECTION("after a server shutdown") {
    harness.io.close();
    CHECK(harness.until([&] { return socket->disconnected(); }));
    CHECK(reason == "server shutting down");
    CHECK(usage() == 1);
  }
}

TEST_CASE("clients recover on a server that was closed and listens again", "[behaviour][recovery][memory]") {
  Harness harness(on_memory, recovering());
  ReturningClient client(harness);
  client.begin();
  harness.io.close();
  harness.wait(119s);
  CHECK(harness.io.of("/").adapter().recovery_usage().sessions == 1);
  harness.io.listen(0);
  harness.io.emit("again");
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed == List{R"(42["again"])"});
}

TEST_CASE("a client that did not answer a ping recovers", "[behaviour][recovery][memory]") {
  ServerOptions options = recovering();
  options.ping_interval = 1s;
  options.ping_timeout = 1s;
  Harness harness(on_memory, options);
  ReturningClient client(harness);
  client.begin();
  harness.wait(2s);
  CHECK(harness.io.engine().clients_count() == 0);
  client.connect();
  CHECK(client.recovered);
}

TEST_CASE("sessions and events are kept for max_disconnection_duration", "[behaviour][recovery][memory]") {
  ConnectionStateRecoveryOptions recovery;
  recovery.max_disconnection_duration = 10s;
  Harness harness(on_memory, recovering(recovery));
  const auto usage = [&] { return harness.io.of("/").adapter().recovery_usage(); };
  ReturningClient client(harness);
  client.begin();
  client.cut();
  harness.io.emit("e");
  CHECK(usage().sessions == 1);
  CHECK(usage().log_entries == 2);
  CHECK(usage().log_bytes > 0);

  SECTION("just before the end and at the end") {
    harness.wait(GENERATE(9999ms, 10000ms));
    client.connect();
    CHECK(client.recovered);
    CHECK(client.missed == List{R"(42["e"])"});
  }
  SECTION("a moment later") {
    harness.wait(10001ms);
    client.connect();
    CHECK_FALSE(client.recovered);
    CHECK(client.missed.empty());
  }
  SECTION("and are dropped without another request") {
    harness.wait(20001ms);
    CHECK(usage().sessions == 0);
    CHECK(usage().log_entries == 0);
    CHECK(usage().log_bytes == 0);
    harness.io.emit("e");
    CHECK(usage().log_entries == 1);
    harness.wait(20001ms);
    CHECK(usage().log_entries == 0);
  }
}

TEST_CASE("a client that was silent for long and is cut for a moment recovers", "[behaviour][recovery][memory]") {
  ConnectionStateRecoveryOptions recovery;
  recovery.max_disconnection_duration = 10s;
  Harness harness(on_memory, recovering(recovery));
  ReturningClient client(harness);
  client.begin();
  harness.wait(24s);
  CHECK(harness.io.of("/").adapter().recovery_usage().log_entries == 0);
  client.cut();
  harness.io.emit("e");
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed == List{R"(42["e"])"});
}

TEST_CASE("the log and the sessions are limited, and a client beyond the limits is new",
          "[behaviour][recovery][hostile]") {
  ConnectionStateRecoveryOptions recovery;
  recovery.max_log_entries = 3;
  recovery.max_sessions = 2;
  Harness harness(recovering(recovery));
  ReturningClient client(harness);
  client.begin();
  SECTION("events: exactly the limit") {
    client.cut();
    for (int i = 0; i < 3; ++i) harness.io.emit("e", i);
    harness.pump();
    client.connect();
    CHECK(client.recovered);
    CHECK(client.missed.size() == 3);
  }
  SECTION("events: one too many") {
    client.cut();
    for (int i = 0; i < 4; ++i) harness.io.emit("e", i);
    harness.pump();
    client.connect();
    CHECK_FALSE(client.recovered);
    CHECK(client.missed.empty());
    CHECK(harness.io.of("/").adapter().recovery_usage().log_entries == 3);
  }
  SECTION("sessions") {
    ReturningClient second(harness), third(harness);
    second.begin();
    third.begin();
    for (ReturningClient* each : {&client, &second, &third}) each->cut();
    CHECK(harness.io.of("/").adapter().recovery_usage().sessions == 2);
    client.connect();
    second.connect();
    third.connect();
    CHECK_FALSE(client.recovered);
    CHECK(second.recovered);
    CHECK(third.recovered);
  }
}

TEST_CASE("missed events beyond max_unsent_bytes are not sent", "[behaviour][recovery][hostile]") {
  ServerOptions options = recovering();
  options.max_unsent_bytes = 100'000;
  options.connection_state_recovery->skip_middlewares = false;
  Harness harness(options);
  std::optional<Next> waiting;
  std::optional<TestSocket> returning;
  harness.io.use([&](TestSocket socket, Next next) {
    returning = socket;
    if (!socket.recovered()) return next();
    waiting = next;
  });
  ReturningClient client(harness);
  client.begin();
  const std::string sid = client.sid;
  client.cut();
  const auto emit = [&] {
    harness.io.emit("e", std::string(10'000, 'x'));
    harness.pump();
  };
  for (int i = 0; i < 9; ++i) emit();

  SECTION("exactly the limit") {
    client.wire.emplace(open_engine(harness));
    client.wire->text("40" + client.credentials());
    REQUIRE(harness.until([&] { return waiting.has_value(); }));
    (*waiting)();
    for (int i = 0; i < 9; ++i) CHECK(client.next().size() == 10'010);
    CHECK(member(client.wire->next(), "pid") == client.pid);
  }
  SECTION("more at once: the client is new") {
    emit();
    client.connect();
    CHECK_FALSE(client.recovered);
    CHECK(client.sid != sid);
    CHECK(client.missed.empty());
  }
  SECTION("more while its middleware runs: the client is told that it has not recovered") {
    client.wire.emplace(open_engine(harness));
    client.wire->text("40" + client.credentials());
    REQUIRE(harness.until([&] { return waiting.has_value(); }));
    for (int i = 0; i < 3; ++i) emit();
    (*waiting)();
    const std::string answer = client.wire->next();
    CHECK(member(answer, "pid") != client.pid);
    CHECK(member(answer, "sid") == sid);
    CHECK_FALSE(returning->recovered());
    CHECK(returning->connected());
  }
}

TEST_CASE("events from other threads are recovered too", "[behaviour][recovery][threads]") {
  Harness harness(recovering());
  ReturningClient client(harness);
  client.begin();
  client.cut();
  std::thread([&] {
    for (int i = 0; i < 100; ++i) harness.io.emit("e", i);
  }).join();
  harness.pump();
  harness.io.emit("e", 100);
  harness.pump();
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed.size() == 101);
  CHECK(client.missed.front() == R"(42["e",0])");
  CHECK(client.missed.back() == R"(42["e",100])");
}

TEST_CASE("each namespace recovers for itself", "[behaviour][recovery][namespaces]") {
  Harness harness(recovering());
  harness.io.of("/a");
  ReturningClient client(harness, "/a");
  client.begin();
  client.cut();
  harness.io.emit("elsewhere");
  harness.io.of("/a").emit("here");
  harness.pump();
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed == List{R"(42/a,["here"])"});
  CHECK(harness.io.of("/").adapter().recovery_usage().sessions == 0);
}

TEST_CASE("an event to all children of a parent has an offset of its own in each", "[behaviour][recovery][dynamic]") {
  Harness harness(recovering());
  const auto parent = harness.io.of(std::regex("^/d\\d$"));
  ReturningClient a(harness, "/d1"), b(harness, "/d2");
  a.connect();
  b.connect();
  parent.emit("e");
  CHECK(a.next() == R"(42/d1,["e"])");
  CHECK(b.next() == R"(42/d2,["e"])");
}

TEST_CASE("an empty child stays as long as one of its sessions can be recovered",
          "[behaviour][recovery][dynamic][memory]") {
  ServerOptions options = recovering();
  options.connection_state_recovery->max_disconnection_duration = 10s;
  options.cleanup_empty_child_namespaces = true;
  Harness harness(on_memory, options);
  const auto parent = harness.io.of(std::regex("^/d\\d$"));
  ReturningClient client(harness, "/d1");
  client.begin();
  client.cut();
  CHECK(parent.children().size() == 1);
  parent.emit("e");
  client.connect();
  CHECK(client.recovered);
  CHECK(client.missed == List{R"(42/d1,["e"])"});
  client.cut();
  harness.wait(20001ms);
  CHECK(parent.children().empty());
}

TEST_CASE("a handler that disconnects a recovered client ends its session", "[behaviour][recovery]") {
  Harness harness(recovering());
  harness.io.on("connection", [](TestSocket socket) {
    if (socket.recovered()) socket.disconnect();
  });
  ReturningClient client(harness);
  client.begin();
  client.cut();
  client.connect();
  CHECK(client.recovered);
  CHECK(client.wire->next() == "41");
  client.cut();
  client.connect();
  CHECK_FALSE(client.recovered);
}

TEST_CASE("invalid options are named", "[behaviour][recovery]") {
  ConnectionStateRecoveryOptions recovery;
  recovery.max_disconnection_duration = 0ms;
  recovery.max_log_entries = 0;
  recovery.max_log_bytes = 0;
  recovery.max_sessions = 0;
  CHECK(recovering(recovery).validate().size() == 4);
  CHECK_THROWS_AS(Harness(recovering(recovery)), std::invalid_argument);
}

TEST_CASE("a closed server leaves nothing in the event loop", "[behaviour][recovery]") {
  asio::io_context context;
  Server io(context, recovering());
  io.listen(0, "127.0.0.1");
  io.emit("e");
  context.poll();
  CHECK(io.of("/").adapter().recovery_usage().log_entries == 1);
  io.close();
  context.run_for(10s);
  CHECK(context.stopped());
  io.emit("e");
  context.restart();
  context.run_for(10s);
  CHECK(context.stopped());
}
