// SPDX-License-Identifier: MIT
// Users see the same behaviour with every parser.

#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/testing/testing.hpp>

#include "../support/catch.hpp"

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace socketio;
using socketio::testing::Via;

namespace {

struct Json : DefaultConfig {};
struct Msgpack : DefaultConfig {
  using Parser = MsgpackParser;
};

struct Mark {
  int x = 0;
  std::optional<std::string> label;
};
SOCKETIO_STRUCT(Mark, x, label)

bool operator==(const Mark& a, const Mark& b) { return a.x == b.x && a.label == b.label; }

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

template <class Config>
using ServerOf = testing::BasicServer<Config>;
template <class Config>
using SocketOf = typename testing::BasicServer<Config>::Socket;

/// Sends a value to the server and back, as an event and as an acknowledgement.
template <class T, class Config>
void check_echo(ServerOf<Config>& io, const testing::BasicClient<Config>& client, const T& value) {
  io.socket(client).on("echo", [&io](T got) {
    io.emit("echo", got);
    return got;
  });
  INFO(client.ask("echo", value).values().text());
  CHECK(client.next("echo").template arg<T>(0) == value);
  CHECK(client.template emit_with_ack<T>("echo", value) == value);
  client.clear();
  io.socket(client).off("echo");
}

template <class Config>
void check_values(Via via) {
  ServerOf<Config> io;
  const auto client = io.connect({.via = via});
  check_echo(io, client, 0);
  check_echo(io, client, std::numeric_limits<std::int64_t>::min());
  check_echo(io, client, std::numeric_limits<std::uint64_t>::max());
  check_echo(io, client, 0.1);
  check_echo(io, client, 0.1f);
  check_echo(io, client, true);
  check_echo(io, client, std::optional<int>());
  check_echo(io, client, std::string("\xC4\x9B\xF0\x9F\xA6\x84 \0 \"\\", 11));
  check_echo(io, client, std::vector<std::vector<int>>{{}, {1, 2}});
  check_echo(io, client, std::map<std::string, Mark>{{"a", {1, {}}}, {"", {2, "two"}}});
  check_echo(io, client, Binary(std::string(300, 'b')));
  check_echo(io, client, std::vector<Binary>{Binary(), Binary(std::string("x"))});
  check_echo(io, client, Time(std::chrono::milliseconds(1700000000123)));
  check_echo(io, client, Value{{"deep", Value::array({nullptr, Binary(std::string("y")), Value{{"z", 1.5}}})}});
  CHECK(io.errors().empty());
}

template <class Config>
void check_refusal(Via via) {
  ServerOf<Config> io;
  io.use([](SocketOf<Config> socket) {
    if (socket.handshake().auth["token"] != Value("x")) throw ConnectError("not authorized", Value{{"code", 401}});
  });
  const auto refused = io.open({.via = via});
  REQUIRE(refused.connect_error());
  CHECK(std::string(refused.connect_error()->what()) == "not authorized");
  CHECK(refused.connect_error()->data() == Value{{"code", 401}});
  CHECK(io.connect({.auth = Value{{"token", "x"}}, .via = via}).connected());
}

template <class Config>
void check_middleware(Via via) {
  ServerOf<Config> io;
  std::vector<Value> seen;
  io.on("connection", [&](SocketOf<Config> socket) {
    socket.use([](IncomingEvent& event, Next next) {
      if (event.name() == "forbidden") return next("no");
      if (event.name() == "old") {
        // An object that looks like a placeholder is still an object.
        event.set("new", {Binary(std::string("b")), Value{{"_placeholder", true}, {"num", 0}}});
      }
      next();
    });
    socket.on("new", [&](Binary bytes, Value object) { seen = {bytes, object}; });
    socket.on("forbidden", [&] { seen.emplace_back("it got through"); });
  });
  const auto client = io.connect({.via = via});
  client.emit("forbidden");
  CHECK(seen.empty());
  client.emit("old", 1);
  CHECK(seen == std::vector<Value>{Binary(std::string("b")), Value{{"_placeholder", true}, {"num", 0}}});
}

template <class Config>
void check_rooms() {
  ServerOf<Config> io;
  const auto in = io.connect({.via = Via::polling});
  const auto also_in = io.connect();
  const auto out = io.connect();
  for (const auto& client : {in, also_in}) io.socket(client).join("room");
  io.to("room").except(also_in.id()).emit("news", Binary(std::string("b")), 1);
  io.socket(also_in).to("room").emit("more", 2);
  CHECK(in.next("news").template arg<Binary>(0).view() == "b");
  CHECK(in.next("more").template arg<int>(0) == 2);
  CHECK(also_in.received().empty());
  CHECK(out.received().empty());
}

template <class Config>
void check_recovery(Via via) {
  ServerOptions options;
  options.connection_state_recovery.emplace();
  ServerOf<Config> io(options);
  std::vector<bool> recovered;
  io.on("connection", [&](SocketOf<Config> socket) { recovered.push_back(socket.recovered()); });
  const auto client = io.connect({.via = via});
  const std::string id = client.id();
  io.socket(client).join("room");
  io.emit("before", 1);
  client.drop();
  io.to("room").emit("missed", Binary(std::string("b")), 2);
  client.reconnect();
  CHECK(client.recovered());
  CHECK(client.id() == id);
  CHECK(recovered == std::vector<bool>{false, true});
  CHECK(client.next().name() == "before");
  const auto missed = client.next("missed");
  CHECK(missed.template arg<Binary>(0).view() == "b");
  CHECK(missed.template arg<int>(1) == 2);
  io.to("room").emit("after");
  CHECK(client.next().name() == "after");

  client.disconnect();
  client.reconnect();
  CHECK_FALSE(client.recovered());
  CHECK(client.id() != id);
  CHECK(client.received().empty());
}

template <class Config>
void check_namespaces(Via via) {
  ServerOf<Config> io;
  io.of("/a");
  io.of("/b");
  const auto a = io.connect({.nsp = "/a", .via = via});
  const auto b = a.connect("/b");
  io.of("/b").emit("to b", Binary(std::string("x")));
  CHECK(b.has_received("to b"));
  CHECK(a.received().empty());
  a.disconnect();
  CHECK(b.connected());
  CHECK(io.of("/a").sockets().empty());
}

}  // namespace

TEST_CASE("values of every kind go there and back with every parser", "[behaviour][parser][memory]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  SECTION("json") { check_values<Json>(via); }
  SECTION("msgpack") { check_values<Msgpack>(via); }
}

TEST_CASE("refusals arrive with every parser", "[behaviour][parser][memory]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  SECTION("json") { check_refusal<Json>(via); }
  SECTION("msgpack") { check_refusal<Msgpack>(via); }
}

TEST_CASE("packet middleware see and replace events with every parser", "[behaviour][parser][memory]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  SECTION("json") { check_middleware<Json>(via); }
  SECTION("msgpack") { check_middleware<Msgpack>(via); }
}

TEST_CASE("broadcasts reach their rooms with every parser", "[behaviour][parser][memory]") {
  SECTION("json") { check_rooms<Json>(); }
  SECTION("msgpack") { check_rooms<Msgpack>(); }
}

TEST_CASE("namespaces share a connection with every parser", "[behaviour][parser][memory]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  SECTION("json") { check_namespaces<Json>(via); }
  SECTION("msgpack") { check_namespaces<Msgpack>(via); }
}

TEST_CASE("clients recover with every parser", "[behaviour][parser][memory]") {
  const Via via = GENERATE(Via::websocket, Via::polling);
  SECTION("json") { check_recovery<Json>(via); }
  SECTION("msgpack") { check_recovery<Msgpack>(via); }
}
