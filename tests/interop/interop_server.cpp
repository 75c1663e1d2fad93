// SPDX-License-Identifier: MIT
// The server of the interop tests: one handler or namespace for each behaviour that the JavaScript client tests.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/socketio.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using socketio::Ack;
using socketio::Args;
using socketio::Binary;
using socketio::ConnectError;
using socketio::Next;
using socketio::Value;

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Namespace = socketio::BasicNamespace<Config>;
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

/// The receivers of a message.
struct Selection {
  std::vector<std::string> to;
  std::vector<std::string> except;
  std::optional<bool> broadcast;
};
SOCKETIO_STRUCT(Selection, to, except, broadcast)

/// In one piece, even if several threads print at the same time.
void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

Value describe(const socketio::Handshake& handshake) {
  Value headers = Value::object();
  for (const std::string_view name :
       {"host", "origin", "user-agent", "x-custom", "x-forwarded-for", "x-forwarded-proto"})
    if (const auto value = handshake.headers.joined(name)) headers[name] = *value;
  Value query = Value::object();
  for (const auto& [name, value] : handshake.query) query[name] = value;
  const auto issued = std::chrono::duration_cast<std::chrono::milliseconds>(handshake.issued.time_since_epoch());
  return Value{{"headers", std::move(headers)}, {"query", std::move(query)},    {"auth", handshake.auth},
               {"address", handshake.address},  {"time", handshake.time},       {"issued", issued.count()},
               {"secure", handshake.secure},    {"xdomain", handshake.xdomain}, {"url", handshake.url}};
}

std::vector<std::string> ids(const std::vector<Socket>& sockets) {
  std::vector<std::string> result;
  for (const Socket& socket : sockets) result.push_back(socket.id());
  return result;
}

/// Values of every kind, echoed.
void add_echoes(const Socket& socket) {
  socket.on("transport", [socket] { return socket.conn().transport_name(); });
  socket.on("echo", [socket](Value value) { socket.emit("echo", value); });
  socket.on("echo back", [](Value value) { return value; });
  socket.on("echo three", [socket](Value a, Value b, Value c) { socket.emit("echo three", a, b, c); });
  using Items = std::tuple<int, std::string, double, bool, std::vector<int>, std::map<std::string, int>, Binary>;
  socket.on("typed", [](int a, std::string b, double c, bool d, std::vector<int> e, std::map<std::string, int> f,
                        Binary g, Ack<Items> ack) {
    ack({a, b, c, d, e, f, g});
  });
}

/// Sends one number per turn of the loop, so that other things happen in between.
/// Fills the buffers on the way to a client that does not read, then sends it volatile events.
asio::awaitable<int> flood(Socket reader) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  int sent = 0;
  do {
    reader.emit("bulk", Binary(std::string(1'000'000, 'x')));
    ++sent;
    timer.expires_after(std::chrono::milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
  } while (reader.is_writable());
  for (int i = 0; i < 10; ++i) reader.volatile_().emit("volatile", i);
  reader.volatile_().emit("volatile", Binary(std::string("bytes")));
  co_return sent;
}

asio::awaitable<void> count(Socket socket, int end) {
  for (int i = 0; i < end; ++i) {
    socket.emit("count", i);
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
}

/// Acknowledgements to the client.
void add_answers(const Socket& socket) {
  socket.on("sum", [](int a, int b) { return a + b; });
  socket.on("sum later", [](int a, int b) -> asio::awaitable<int> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return a + b;
  });
  socket.on("many", [](Ack<int, std::string, Binary> ack) { ack(1, "two", Binary(std::string("\x03"))); });
  socket.on("nothing", [](Ack<> ack) { ack(); });
  socket.on("twice", [](Ack<std::string> ack) {
    ack("first");
    ack("second");
  });
  const auto held = std::make_shared<std::vector<std::pair<std::string, Ack<std::string>>>>();
  socket.on("hold", [held](std::string value, Ack<std::string> ack) { held->emplace_back(value, ack); });
  socket.on("release", [held] {
    for (; !held->empty(); held->pop_back()) held->back().second(held->back().first);
  });
  socket.on("silence", [](Ack<>) {});
}

/// Acknowledgements from the client.
void add_questions(const Socket& socket) {
  socket.on("ask", [socket](Value value) {
    socket.emit("question", value, [socket](Value answer) { socket.emit("answered", answer); });
  });
  socket.on("ask and wait", [socket](std::string value) -> asio::awaitable<std::string> {
    co_return co_await socket.emit_with_ack<std::string>("question", value);
  });
  socket.on("ask with a limit", [socket](int milliseconds) {
    socket.timeout(std::chrono::milliseconds(milliseconds))
        .emit("question", "x", [socket](std::error_code error, std::string answer) {
          if (error)
            socket.emit("unanswered", error.message());
          else
            socket.emit("answered", answer);
        });
  });
}

/// The same, from all clients in a room.
void add_questions_to_rooms(Server& io, const Socket& socket) {
  socket.on("ask room", [&io, socket](std::string room, int milliseconds, Value value) {
    io.to(room)
        .timeout(std::chrono::milliseconds(milliseconds))
        .emit("question", value, [socket](std::error_code error, std::vector<Value> answers) {
          socket.emit("room answered", error ? Value(error.message()) : Value(), answers);
        });
  });
  socket.on("ask room and wait", [&io](std::string room, Value value) -> asio::awaitable<std::vector<Value>> {
    co_return co_await io.to(room).emit_with_ack("question", value);
  });
}

void add_rooms(Server& io, const Socket& socket) {
  socket.on("rooms", [socket] { return socket.rooms(); });
  socket.on("join", [socket](std::string room, Ack<> ack) {
    socket.join(room);
    ack();
  });
  socket.on("leave", [socket](std::string room, Ack<> ack) {
    socket.leave(room);
    ack();
  });
  // On the thread of the client that does not read.
  socket.on("flood", [&io](std::string id) -> asio::awaitable<int> {
    const Socket reader = io.find_socket(id).value();
    co_return co_await asio::co_spawn(reader.get_executor(), flood(reader), asio::use_awaitable);
  });
  socket.on("send volatile", [&io](std::string id) { io.to(id).volatile_().emit("volatile", "at last"); });
  socket.on("members", [&io](std::string room) { return ids(io.room(room).members()); });
  socket.on("send", [&io, socket](Selection selection, Value value) {
    const auto all = selection.broadcast.value_or(false) ? socket.broadcast() : io.to(std::vector<std::string>{});
    all.to(selection.to).except(selection.except).emit("message", value);
  });
  socket.on("settle", [&io] { io.emit("settled"); });
  socket.on("mixed count to", [&io](std::string room, int end) {
    for (int i = 0; i < end; ++i) {
      if (i % 3 == 0) {
        io.emit("count", i);
      } else if (i % 3 == 1) {
        io.to(room).emit("count", i);
      } else {
        for (const Socket& each : io.sockets()) each.emit("count", i);
      }
    }
  });
}

void add_endings(Server& io, const Socket& socket) {
  socket.on("throw me out", [socket] { socket.disconnect(); });
  socket.on("cut me off", [socket] { socket.disconnect(true); });
  const auto report = [socket](const std::string& event, socketio::DisconnectReason reason) {
    print(socket.id() + ' ' + event + ": " + std::string(to_string(reason)) + ", in " +
          std::to_string(socket.rooms().size()) + " rooms");
  };
  socket.on("disconnecting", [report](socketio::DisconnectReason reason) { report("disconnecting", reason); });
  socket.on("disconnect", [report, &io](socketio::DisconnectReason reason) {
    report("disconnect", reason);
    io.emit("gone");
  });
}

void add_packet_middleware(const Socket& socket) {
  socket.use([](socketio::IncomingEvent& event, Next next) {
    if (event.name() == "forbidden")
      next("not allowed");
    else
      next();
  });
  socket.on("error", [](std::string message) { print("error " + message); });
  socket.on("forbidden", [] { print("the forbidden handler ran"); });
}

void add_main_namespace(Server& io) {
  io.on("connection", [&io](Socket socket) {
    add_packet_middleware(socket);
    add_echoes(socket);
    add_answers(socket);
    add_questions(socket);
    add_questions_to_rooms(io, socket);
    add_rooms(io, socket);
    add_endings(io, socket);
    socket.on("count to", [socket](int end) { return count(socket, end); });
    socket.on("handshake", [socket] { return describe(socket.handshake()); });
  });
}

void add_tenant(Server& io, const std::string& name) {
  Namespace tenant = io.of(name);
  tenant.on("connection", [tenant](Socket socket) {
    socket.emit("welcome", "to " + tenant.name());
    socket.on("where", [socket] { return socket.nsp().name(); });
    socket.on("handshake", [socket] { return describe(socket.handshake()); });
    socket.on("join", [socket](std::string room, Ack<> ack) {
      socket.join(room);
      ack();
    });
    socket.on("send to room", [tenant](std::string room, Value value) { tenant.to(room).emit("message", value); });
  });
}

void add_dynamic_namespaces(Server& io) {
  const auto rooms = io.of(std::regex("^/dynamic-\\d+$"));
  rooms.use([](Socket socket) {
    if (socket.handshake().auth["refuse"] == Value(true)) throw ConnectError("not in here");
  });
  rooms.on("connection", [rooms](Socket socket) {
    socket.on("where", [socket] { return socket.nsp().name(); });
    socket.on("tell all", [rooms](Value value) { rooms.emit("message", value); });
  });
  io.of([](const std::string& name, const Value& auth) -> asio::awaitable<bool> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return name == "/on-request" && auth["please"] == Value(true);
  });
}

void add_guarded_namespaces(Server& io) {
  Namespace guarded = io.of("/guarded");
  guarded.use([](Socket socket, Next next) {
    if (socket.handshake().auth["token"] == Value("let me in")) {
      socket.data()["token"] = "let me in";
      next();
    } else {
      next(ConnectError("not authorized",
                        Value{{"code", 401}, {"hint", Value::array({"try", Value{{"another", "token"}}})}}));
    }
  });
  guarded.on("connection", [](Socket socket) { socket.on("who am I", [socket] { return socket.data()["token"]; }); });

  io.of("/thrown").use([](Socket) { throw ConnectError("not today"); });
  io.of("/broken").use([](Socket) { throw std::runtime_error("a secret of the server"); });
  io.of("/awaited").use([](Socket socket) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
    if (socket.handshake().auth["refuse"] == Value(true)) throw ConnectError("refused after a while");
  });

  Namespace slow = io.of("/slow");
  slow.use([](Socket socket, Next next) {
    socket.set_timeout(std::chrono::milliseconds(socket.handshake().auth["delay"].as_int64()), [next] { next(); });
  });
  slow.on("connection",
          [](Socket socket) { socket.on("attempt", [socket] { return socket.handshake().auth["attempt"]; }); });

  io.of("/binary").use([](Socket) { throw ConnectError("bytes", Binary(std::string("\x01\xFF"))); });
  io.of("/null").use([](Socket) { throw ConnectError("nothing", nullptr); });

  Namespace chain = io.of("/chain");
  chain.use([](Socket socket, Next next) {
    socket.data()["passed"] = Value::array({"first"});
    if (socket.handshake().auth["stop"] == Value(true))
      next(ConnectError("stop", socket.data()["passed"]));
    else
      next();
  });
  chain.use([](Socket socket, Next next) {
    asio::post(socket.get_executor(), [socket, next] {
      socket.data()["passed"].as_array().emplace_back("second");
      next();
    });
  });
  chain.use([](Socket socket) { socket.data()["passed"].as_array().emplace_back("third"); });
  chain.on("connection", [](Socket socket) { socket.on("passed", [socket] { return socket.data()["passed"]; }); });
}

/// For proxies that ask whether the server is alive.
void answer_health_check(const socketio::ExchangePtr& exchange) {
  socketio::HttpResponse response;
  response.status = exchange->request().path() == "/health" ? 200 : 404;
  exchange->respond(std::move(response));
}

/// The peers that an environment variable names: one, or none.
std::vector<std::string> peers_in(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? std::vector<std::string>{} : std::vector<std::string>{value};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string where = argc > 1 ? argv[1] : "0";  // a port, or the path of a Unix socket
  socketio::CorsOptions cors;
  cors.origin = {"http://allowed.example", "http://also.example"};
  cors.credentials = true;
  auto transport = socketio::test::on_tcp();
  transport.tcp.proxy_protocol_from = peers_in("INTEROP_PROXY_PROTOCOL_FROM");
  Server io({.threads = socketio::test::chosen_threads(),
             .max_http_buffer_size = 4'000'000,
             .cors = cors,
             .trusted_proxies = peers_in("INTEROP_TRUSTED_PROXY")},
            transport);
  io.on_error([](const socketio::ErrorReport& report) { print("error " + report.message()); });
  add_main_namespace(io);
  add_tenant(io, "/chat");
  add_tenant(io, "/news");
  add_guarded_namespaces(io);
  add_dynamic_namespaces(io);
  io.on_request(&answer_health_check);

  if (where.front() == '/') {
    io.listen(socketio::UnixSocket{.path = where, .permissions = 0666});
    print("listening on " + where);
  } else {
    print("listening on " +
          std::to_string(io.listen(static_cast<std::uint16_t>(std::atoi(where.c_str())), "127.0.0.1")));
  }
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
