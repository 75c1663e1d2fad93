// SPDX-License-Identifier: MIT
// Handlers that throw, re-enter, disconnect, close the server, keep their arguments, and outlive everything.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// A type that can only be received; its converter fails by throwing.
struct Touchy {
  std::string text;
};

/// Detects leaks: whatever keeps a socket or a connection alive keeps their session alive.
using WeakSession = std::weak_ptr<const Session>;

template <class Socket>
WeakSession session_of(const Socket& socket) {
  return socket.conn().weak_from_this();
}

std::vector<ErrorReport>& keep_reports(Harness& harness) {
  auto reports = std::make_shared<std::vector<ErrorReport>>();
  harness.io.on_error([reports](const ErrorReport& report) { reports->push_back(report); });
  harness.pump();
  return *reports;
}

/// Runs `call` where it must be posted.
template <class Call>
void on_another_thread(Call call) {
  std::thread(std::move(call)).join();
}

}  // namespace

template <>
struct socketio::Converter<Touchy> {
  static constexpr std::string_view name = "touchy";
  static bool read(ValueView view, Touchy& out, ConvertError&) {
    if (!view.is_string()) throw std::runtime_error("not like this");
    out.text = view.string();
    return true;
  }
};

// ------------------------------------------------------------------------------------- what is left when all is over

TEST_CASE("destroying a server with connected clients frees everything", "[behaviour][hostile][lifetime]") {
  std::vector<WeakSession> sessions;
  {
    Harness harness;
    harness.io.of("/waiting").use([&](TestSocket socket, Next) { sessions.push_back(session_of(socket)); });
    harness.io.of("/coroutine").use([&](TestSocket socket) -> asio::awaitable<void> {
      sessions.push_back(session_of(socket));
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
      co_await timer.async_wait(asio::use_awaitable);
    });
    harness.io.on("connection", [&](TestSocket socket) {
      sessions.push_back(session_of(socket));
      socket.use([socket](IncomingEvent&) {});
      socket.emit("question", [socket] {});
      socket.timeout(1h).emit("question", [socket](std::error_code) {});
      socket.on("ask", [socket]() -> asio::awaitable<void> { co_await socket.emit_with_ack("never"); });
      socket.on("wait", [socket]() -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
        co_await timer.async_wait(asio::use_awaitable);
      });
      socket.on("leave", [socket] { socket.disconnect(true); });
    });
    auto client = open_socket(harness);
    client.text(R"(42["ask"])");
    client.text(R"(42["wait"])");
    auto waiting = open_engine(harness);
    waiting.text("40/waiting,");
    auto coroutine = open_engine(harness);
    coroutine.text("40/coroutine,");
    auto polling = harness.get(polling_target);
    harness.post(std::string(polling_target) + "&sid=" + sid_in(polling.body()), "40").body();
    auto leaving = open_socket(harness);
    leaving.text(R"(42["leave"])");
    REQUIRE(harness.until([&] { return sessions.size() == 5; }));
  }
  for (const WeakSession& session : sessions) CHECK(session.expired());
}

TEST_CASE("a packet middleware that holds its socket is destroyed with the socket", "[behaviour][hostile][lifetime]") {
  Harness harness;
  WeakSession session;
  std::optional<TestSocket> kept;
  harness.io.on("connection", [&](TestSocket socket) {
    session = session_of(socket);
    socket.use([socket](IncomingEvent&) {});
    socket.on("keep", [&, socket] { kept = socket; });
  });
  auto client = open_socket(harness);
  SECTION("when the client leaves") {}
  SECTION("when it is added to a disconnected socket") {
    client.text(R"(42["keep"])");
    REQUIRE(harness.until([&] { return kept.has_value(); }));
  }
  client.abort();
  CHECK(harness.until([&] { return harness.io.sockets().empty(); }));
  if (kept) kept->use([socket = *kept](IncomingEvent&) {});
  kept.reset();
  CHECK(harness.until([&] { return session.expired(); }));
}

TEST_CASE("the server keeps nothing of a refused client, whatever its middleware gave to it",
          "[behaviour][hostile][lifetime]") {
  Harness harness;
  std::optional<TestSocket> kept;
  WeakSession session;
  std::error_code outcome;
  std::error_code callback;
  harness.io.use([&](TestSocket socket, Next next) {
    session = session_of(socket);
    kept = socket;
    socket.on("disconnect", [socket, next] {});
    socket.use([socket](IncomingEvent&) {});
    socket.join("room");
    socket.emit("question", [&, socket](std::error_code error) { callback = error; });
    asio::co_spawn(
        harness.io.get_executor(),
        [&outcome, socket]() -> asio::awaitable<void> {
          try {
            co_await socket.emit_with_ack("question");
          } catch (const std::system_error& error) {
            outcome = error.code();
          }
        },
        asio::detached);
    if (socket.handshake().auth["refuse"] == Value(true)) next(ConnectError("no"));
  });
  auto client = open_engine(harness);
  SECTION("when a middleware refuses it") {
    client.text(R"(40{"refuse":true})");
    CHECK(harness.until([&] { return outcome && callback; }));
    client.abort();
  }
  SECTION("when it leaves before the middleware has finished") {
    client.text("40");
    CHECK(harness.until([&] { return kept.has_value(); }));
    client.abort();
    CHECK(harness.until([&] { return outcome && callback; }));
  }
  CHECK(outcome == Errc::disconnected);
  CHECK(callback == Errc::disconnected);
  CHECK(kept->rooms().empty());
  CHECK(harness.io.room("room").empty());
  kept.reset();
  CHECK(harness.until([&] { return session.expired(); }));
}

TEST_CASE("a client whose middleware drops next is in no room", "[behaviour][hostile][lifetime]") {
  Harness harness;
  int calls = 0;
  harness.io.use([&](TestSocket socket, Next) {
    ++calls;
    socket.join("room");
  });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(harness.until([&] { return calls == 1; }));
  harness.io.to("room").emit("news");
  CHECK_FALSE(client.has_message());
  client.abort();
  CHECK(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
  CHECK(harness.io.room("room").empty());
  harness.io.to("room").emit("news");
  harness.pump();
}

TEST_CASE("actions posted from another thread are dropped with the server", "[behaviour][hostile][lifetime]") {
  const auto token = std::make_shared<int>();
  int calls = 0;
  asio::io_context context;
  std::optional<TestNamespace> kept;
  {
    TestServer io(context);
    on_another_thread([&] {
      const auto nsp = io.of("/n");
      kept = nsp;
      io.on_error([token, nsp](const ErrorReport&) {});
      io.on("new_namespace", [&, token, nsp](TestNamespace) { ++calls; });
      io.of("/other");
      nsp.use([token, nsp](TestSocket) {});
      nsp.on("connection", [token, nsp](TestSocket) {});
      io.on_request([token, nsp](const ExchangePtr&) {});
      io.emit("news");
      io.close();
    });
  }
  on_another_thread([&] { kept->on("connection", [token, nsp = *kept](TestSocket) {}); });
  context.run();
  CHECK(calls == 0);
  kept.reset();
  CHECK(token.use_count() == 1);
}

TEST_CASE("pending middleware and handlers end silently when the server is destroyed",
          "[behaviour][hostile][lifetime]") {
  std::optional<Next> next;
  std::optional<Next> packet_next;
  Ack<int> ack;
  std::optional<TestSocket> socket;
  int calls = 0;
  {
    Harness harness;
    harness.io.engine().on_headers([&](HttpHeaders&, const HttpRequest&) { ++calls; });
    harness.io.of("/waiting").use([&](TestSocket, Next waiting) { next = waiting; });
    harness.io.of("/waiting").use([&](TestSocket) { ++calls; });
    harness.io.on("connection", [&](TestSocket connected) {
      socket = connected;
      connected.use([&](IncomingEvent& event, Next waiting) {
        if (event.name() == "keep") return waiting();
        packet_next = waiting;
      });
      connected.on("keep", [&](Ack<int> asked) { ack = asked; });
      connected.on("late", [&] { ++calls; });
      connected.on("disconnecting", [&] { ++calls; });
      connected.on("disconnect", [&] { ++calls; });
      connected.on("error", [&](std::string) { ++calls; });
      connected.emit("question", [&](std::error_code) { ++calls; });
      connected.template emit_with_ack<int>("question", [&](std::error_code, int) { ++calls; });
    });
    auto client = open_engine(harness);
    join(client);
    client.text("40/waiting,");
    client.text(R"(421["keep"])");
    client.text(R"(42["late"])");
    auto opened = harness.get(polling_target);
    const std::string target = std::string(polling_target) + "&sid=" + sid_in(opened.body());
    auto parked = harness.get(target);
    CHECK(harness.until([&] { return next && packet_next && ack.wanted(); }));
    harness.pump();
    calls = 0;
  }
  (*next)();
  (*packet_next)();
  ack(1);
  socket->emit("late");
  socket->emit("late", [&](std::error_code) { ++calls; });
  socket->use([&](IncomingEvent&) { ++calls; });
  CHECK_FALSE(socket->connected());
  CHECK(calls == 0);
}

TEST_CASE("waiting for an acknowledgement fails harmlessly after the server has been destroyed",
          "[behaviour][hostile][lifetime]") {
  std::optional<TestSocket> socket;
  {
    Harness harness;
    harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
    auto client = open_socket(harness);
    CHECK(harness.until([&] { return socket.has_value(); }));
  }
  asio::io_context context;
  std::error_code outcome;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        try {
          co_await socket->emit_with_ack("question");
        } catch (const std::system_error& error) {
          outcome = error.code();
        }
      },
      asio::detached);
  context.run();
  CHECK(outcome == Errc::disconnected);
  CHECK_NOTHROW(socket->template emit_with_ack<int>("question", [](std::error_code, int) {}));
}

TEST_CASE("objects that handlers hold may use the socket while they are destroyed", "[behaviour][hostile][lifetime]") {
  struct Hostile {
    explicit Hostile(TestSocket its) : socket(std::move(its)) {}
    ~Hostile() {
      socket.off("x");
      socket.off("y");
      socket.on("x", [] {});
      socket.emit("bye", [](std::error_code) {});
      socket.disconnect(true);
    }
    TestSocket socket;
  };
  Harness harness;
  bool left = false;
  harness.io.on("connection", [&](TestSocket socket) {
    for (int i = 0; i < 3; ++i)
      for (const char* event : {"x", "y"}) socket.on(event, [held = std::make_shared<Hostile>(socket)] {});
    socket.emit("question", [held = std::make_shared<Hostile>(socket)] {});
    socket.on("off", [socket] { socket.off("x"); });
    socket.on("disconnect", [&] { left = true; });
  });
  auto client = open_socket(harness);
  SECTION("by off") { client.text(R"(42["off"])"); }
  SECTION("by the end of the socket") { client.abort(); }
  CHECK(harness.until([&] { return left; }));
  CHECK(harness.io.sockets().empty());
}

// --------------------------------------------------------------------------------------------- middleware that go on

TEST_CASE("a middleware may continue after it has called next", "[behaviour][hostile][middleware]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::vector<std::string> seen;
  harness.io.use([&](TestSocket socket, Next next) {
    next();
    seen.push_back(socket.id().empty() ? "" : "connecting");
    throw std::runtime_error("after next");
  });
  harness.io.on("connection", [&](TestSocket socket) {
    socket.use([&](IncomingEvent& event, Next next) {
      next();
      seen.push_back(std::string(event.name()));
      throw std::runtime_error("after next");
    });
    socket.on("x", [] { return 1; });
  });
  auto client = open_socket(harness);
  client.text(R"(421["x"])");
  CHECK(client.next() == "431[1]");
  CHECK(seen == std::vector<std::string>{"connecting", "x"});
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].detail == "handler threw: after next");
  CHECK(reports[1].detail == "handler threw: after next");
}

TEST_CASE("an exception from a middleware is reported with the socket and the event",
          "[behaviour][hostile][middleware]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::string id;
  harness.io.of("/n").use([&](TestSocket socket) {
    id = socket.id();
    throw std::runtime_error("in a middleware");
  });
  harness.io.on("connection", [&](TestSocket socket) {
    id = socket.id();
    socket.use([](IncomingEvent&) -> asio::awaitable<void> {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      throw std::runtime_error("on a packet");
    });
  });
  auto client = open_engine(harness);
  client.text("40/n,");
  CHECK(client.next() == R"(44/n,{"message":"internal server error"})");
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].nsp == "/n");
  CHECK(reports[0].socket_id == id);
  CHECK(reports[0].code == Errc::handler_failed);
  join(client);
  client.text(R"(42["x",1])");
  REQUIRE(harness.until([&] { return reports.size() == 3; }));
  CHECK(reports[1].detail == "handler threw: on a packet");
  CHECK(reports[1].nsp == "/");
  CHECK(reports[1].socket_id == id);
  CHECK(reports[1].event == "x");
  CHECK(reports[2].code == Errc::middleware_refused);
}

TEST_CASE("a coroutine with next is a middleware too", "[behaviour][hostile][middleware]") {
  Harness harness;
  std::vector<std::string> errors;
  harness.io.use([](TestSocket socket, Next next) -> asio::awaitable<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    if (socket.handshake().auth["name"].is_null()) throw ConnectError("who?");
    next();
  });
  harness.io.on("connection", [&](TestSocket socket) {
    socket.use([](IncomingEvent& event, Next next) -> asio::awaitable<void> {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      if (event.name() == "no") throw MiddlewareError("refused");
      next();
    });
    socket.on("yes", [] { return 1; });
    socket.on("error", [&](std::string message) { errors.push_back(message); });
  });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(client.next() == R"(44{"message":"who?"})");
  join(client, {}, R"({"name":"Ann"})");
  client.text(R"(42["no"])");
  client.text(R"(421["yes"])");
  CHECK(client.next() == "431[1]");
  CHECK(errors == std::vector<std::string>{"refused"});
}

TEST_CASE("a middleware may close the server or disconnect the client, and then continue",
          "[behaviour][hostile][middleware]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  bool connected = false;
  std::string errors;
  harness.io.of("/closing").use([&](TestSocket socket, Next next) {
    harness.io.close();
    socket.disconnect(true);
    socket.join("room");
    next();
  });
  harness.io.of("/closing").on("connection", [&](TestSocket) { connected = true; });
  harness.io.on("connection", [&](TestSocket socket) {
    socket.use([&, socket](IncomingEvent&, Next next) {
      harness.io.close();
      CHECK_FALSE(socket.connected());
      socket.use([](IncomingEvent&) {});
      next();
      next(MiddlewareError("twice"));
    });
    socket.on("x", [&] { connected = true; });
    socket.on("error", [&](std::string message) { errors += message; });
  });
  auto client = open_engine(harness);
  SECTION("on a connection") { client.text("40/closing,"); }
  SECTION("on a packet") {
    join(client);
    client.text(R"(42["x"])");
  }
  CHECK(client.closed());
  CHECK_FALSE(connected);
  CHECK(errors.empty());
  CHECK(reports.empty());
  CHECK(harness.io.of("/closing").rooms().empty());
}

TEST_CASE("no broadcast reaches a socket whose middleware is still running", "[behaviour][hostile][rooms]") {
  Harness harness;
  std::optional<Next> next;
  harness.io.use([&](TestSocket socket, Next waiting) {
    socket.join("secrets");
    next = waiting;
  });
  auto client = open_engine(harness);
  client.text("40");
  CHECK(harness.until([&] { return next.has_value(); }));
  harness.io.to("secrets").emit("secret");
  harness.io.to("secrets").to("others").emit("secret");
  CHECK(harness.io.in("secrets").fetch_sockets().empty());
  CHECK_FALSE(client.has_message());
  (*next)();
  CHECK(client.next().substr(0, 4) == "40{\"");
  harness.io.to("secrets").emit("news");
  CHECK(client.next() == R"(42["news"])");
}

// -------------------------------------------------------------------------------------------- handlers that re-enter

TEST_CASE("the server may be closed from inside any handler", "[behaviour][hostile][close]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::vector<std::string> log;
  const auto close = [&] {
    harness.io.close();
    log.push_back("closed " + std::to_string(harness.io.sockets().size()));
  };
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("event", [&] {
      close();
      return 1;
    });
    socket.on("ask", [&, socket] { socket.emit("question", [&] { close(); }); });
    socket.on("leave", [socket] { socket.disconnect(); });
    socket.on("error", [&](std::string) { close(); });
    socket.on("disconnecting", [&] {
      log.push_back("disconnecting");
      harness.io.close();
    });
    socket.on("disconnect", [&](DisconnectReason why) {
      log.push_back(std::string(to_string(why)));
      harness.io.close();
    });
    if (socket.handshake().auth["close"] == Value(true)) close();
  });
  auto client = open_engine(harness);
  auto other = open_engine(harness);
  join(other);
  std::string first = "server shutting down";
  if (GENERATE(true, false)) {
    client.text("40");
    client.next();
    SECTION("of an event") { client.text(R"(421["event"])"); }
    SECTION("of an acknowledgement") {
      client.text(R"(42["ask"])");
      CHECK(client.next() == R"(420["question"])");
      client.text("430[]");
    }
    SECTION("of an error") { client.text(R"(42["error","x"])"); }
    SECTION("of a disconnection") {
      first = "client namespace disconnect";
      client.text("41");
    }
    SECTION("of a disconnection by itself") {
      first = "server namespace disconnect";
      client.text(R"(42["leave"])");
    }
  } else {
    SECTION("of a connection") {
      client.text(R"(40{"close":true})");
      client.next();
    }
  }
  CHECK(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
  CHECK(client.closed());
  CHECK(other.closed());
  CHECK(harness.io.sockets().empty());
  CHECK(reports.empty());
  std::vector<std::string> reasons;
  int disconnecting = 0;
  for (const std::string& line : log) {
    if (line == "disconnecting")
      ++disconnecting;
    else if (line.substr(0, 7) == "closed ")
      CHECK(line == "closed 0");
    else
      reasons.push_back(line);
  }
  CHECK(disconnecting == 2);
  REQUIRE(reasons.size() == 2);
  CHECK((reasons[0] == first || reasons[1] == first));
}

TEST_CASE("sockets may disconnect each other from inside their last handlers", "[behaviour][hostile]") {
  Harness harness;
  std::vector<TestSocket> sockets;
  std::vector<std::string> log;
  const std::string when = GENERATE("disconnecting", "disconnect");
  harness.io.on("connection", [&](TestSocket socket) {
    sockets.push_back(socket);
    socket.join("room");
    socket.on(when, [&, socket] {
      log.push_back(socket.id());
      for (const auto& other : sockets) other.disconnect();
      harness.io.in("room").disconnect_sockets(true);
      socket.to("room").emit("gone");
      harness.io.sockets_join("too late");
      socket.leave("room");
      socket.join("room");
    });
  });
  auto a = open_socket(harness);
  auto b = open_socket(harness);
  auto c = open_socket(harness);
  REQUIRE(sockets.size() == 3);
  a.text("41");
  CHECK(harness.until([&] { return log.size() == 3; }));
  CHECK(b.next() == "41");
  CHECK(c.next() == "41");
  if (when == "disconnecting") {  // in "disconnect" no socket is in the room any more
    CHECK(a.closed());
    CHECK(b.closed());
    CHECK(c.closed());
  }
  for (auto* client : {&a, &b, &c}) CHECK_FALSE(client->has_message());
  CHECK(log.size() == 3);
  CHECK(harness.io.of("/").rooms().empty());
  CHECK(harness.io.sockets().empty());
}

TEST_CASE("a socket that disconnects twice sends one DISCONNECT packet", "[behaviour][hostile]") {
  Harness harness;
  std::vector<DisconnectReason> reasons;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("leave", [socket] { socket.disconnect(); });
    socket.on("disconnecting", [&, socket] {
      socket.disconnect();
      socket.on("disconnect", [&](DisconnectReason why) { reasons.push_back(why); });
    });
  });
  auto client = open_socket(harness);
  SECTION("by the server") {
    client.text(R"(42["leave"])");
    CHECK(client.next() == "41");
    CHECK_FALSE(client.has_message());
    CHECK(reasons == std::vector{DisconnectReason::server_namespace_disconnect});
  }
  SECTION("by the client") {
    client.text("41");
    CHECK_FALSE(client.has_message());
    CHECK(reasons == std::vector{DisconnectReason::client_namespace_disconnect});
  }
}

TEST_CASE("packets to a namespace that the server has just disconnected are dropped",
          "[behaviour][hostile][disconnect]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  int calls = 0;
  const auto listen = [&](TestSocket socket) {
    socket.on("leave", [socket] { socket.disconnect(); });
    socket.on("x", [&] { return ++calls; });
  };
  harness.io.on("connection", listen);
  harness.io.of("/n").on("connection", listen);
  auto client = open_engine(harness);
  join(client);
  join(client, "/n");
  client.text(R"(42/n,["leave"])");
  client.text(R"(42/n,1["x"])");
  client.text(R"(43/n,1["x"])");
  client.text(R"(451-/n,["x",{"_placeholder":true,"num":0}])");
  client.binary("bytes");
  client.text("41/n,");
  CHECK(client.next() == "41/n,");
  client.text(R"(422["x"])");
  CHECK(client.next() == "432[1]");
  join(client, "/n");
  client.text(R"(42/n,3["x"])");
  CHECK(client.next() == "43/n,3[2]");
  CHECK(reports.empty());
  client.text("41/n,");
  client.text(R"(42/n,["x"])");
  CHECK(client.closed());
  CHECK(reports.size() == 1);
}

TEST_CASE("an exception from a handler at the end of a socket is reported, and the other handlers run",
          "[behaviour][hostile]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::string log;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.join("room");
    for (const char* event : {"disconnecting", "disconnect", "error"}) {
      socket.on(event, [] { throw std::runtime_error("first"); });
      socket.on(event, [&, event] { log += event + std::string(" "); });
    }
    for (int i = 0; i < 3; ++i) {
      socket.emit("question", [](std::error_code) { throw std::runtime_error("callback"); });
      socket.template emit_with_ack<int>("question", [](std::error_code, int) { throw std::runtime_error("token"); });
    }
  });
  auto client = open_socket(harness);
  for (int i = 0; i < 6; ++i) client.next();
  client.text("430[]");
  client.text("431[1]");
  client.text(R"(42["error"])");
  CHECK(harness.until([&] { return reports.size() == 3; }));
  client.abort();
  CHECK(harness.until([&] { return log == "error disconnecting disconnect "; }));
  CHECK(reports.size() == 9);
  for (const ErrorReport& report : reports) {
    CHECK(report.code == Errc::handler_failed);
    CHECK(report.exception != nullptr);
    CHECK_FALSE(report.socket_id.empty());
    CHECK_FALSE(report.event.empty());
  }
  CHECK(harness.io.room("room").empty());
}

TEST_CASE("an exception from a callback at a timeout is reported, and the loop goes on",
          "[behaviour][hostile][memory]") {
  Harness harness(on_memory);
  auto& reports = keep_reports(harness);
  int timed_out = 0;
  harness.io.on("connection", [&](TestSocket socket) {
    for (int i = 0; i < 2; ++i) {
      socket.timeout(10ms).emit_with_ack<int>("question", [&](std::error_code, int) {
        ++timed_out;
        throw std::runtime_error("token");
      });
      socket.timeout(10ms).emit("question", [&, socket](std::error_code) {
        ++timed_out;
        socket.disconnect(true);
        throw std::runtime_error("callback");
      });
    }
  });
  auto client = open_socket(harness);
  CHECK_NOTHROW(harness.wait(10ms));
  CHECK(timed_out == 4);
  CHECK(reports.size() == 4);
  CHECK(client.closed());
}

TEST_CASE("the error hook may throw, and replace itself", "[behaviour][hostile]") {
  Harness harness;
  std::string log;
  harness.io.on_error([&, token = std::string(100, 'a')](const ErrorReport&) {
    harness.io.on_error([&](const ErrorReport&) { log += "second "; });
    log += token.substr(0, 1) + " ";
    throw std::runtime_error("in the hook");
  });
  harness.io.on("connection", [](TestSocket socket) {
    socket.on("throw", [] { throw std::runtime_error("x"); });
    socket.on("echo", [](int x) { return x; });
  });
  auto client = open_socket(harness);
  client.text(R"(42["throw"])");
  client.text(R"(42["throw"])");
  client.text(R"(421["echo",5])");
  CHECK(client.next() == "431[5]");
  CHECK(log == "a second ");
}

TEST_CASE("handlers of connections and namespaces may register handlers, make namespaces and throw",
          "[behaviour][hostile]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::string log;
  harness.io.on("new_namespace", [&](TestNamespace nsp) {
    log += nsp.name() + " ";
    if (nsp.name() == "/a") harness.io.of("/b");
    harness.io.on("new_namespace", [&](TestNamespace) { log += "more "; });
    throw std::runtime_error("x");
  });
  harness.io.on("connection", [&](TestSocket socket) {
    log += "1 ";
    harness.io.on("connection", [&](TestSocket) { log += "new "; });
    harness.io.use([&](TestSocket) { log += "use "; });
    harness.io.of("/a");
    socket.disconnect();
    throw std::runtime_error("y");
  });
  harness.io.on("connection", [&](TestSocket socket) { log += socket.connected() ? "connected " : "gone "; });
  auto client = open_socket(harness);
  CHECK(client.next() == "41");
  CHECK(log == "1 /a /b gone ");
  log.clear();
  join(client);
  CHECK(client.next() == "41");
  CHECK(log == "use 1 gone new ");
  CHECK(reports.size() == 4);
}

TEST_CASE("a hook of the engine may end sockets in the middle of a broadcast", "[behaviour][hostile][rooms]") {
  Harness harness;
  std::vector<TestSocket> sockets;
  harness.io.on("connection", [&](TestSocket socket) {
    sockets.push_back(socket);
    socket.join("room");
  });
  auto a = open_socket(harness);
  auto b = open_socket(harness);
  auto c = open_socket(harness);
  REQUIRE(harness.until([&] { return sockets.size() == 3; }));
  bool done = false;
  harness.io.engine().on_flush([&](Session&, std::span<const MessagePtr>) {
    if (std::exchange(done, true)) return;
    const auto gone = std::exchange(sockets, {});
    gone[0].disconnect(true);
    gone[1].disconnect(true);
    gone[2].join("another");
    harness.io.to("another").emit("nested");
  });
  SECTION("to a room") { harness.io.to("room").emit("news"); }
  SECTION("to everyone") { harness.io.emit("news"); }
  SECTION("to a selection") { harness.io.to("room").to("another").except("nobody").emit("news"); }
  CHECK(a.closed());
  CHECK(b.closed());
  CHECK(c.next() == R"(42["nested"])");
  CHECK(c.next() == R"(42["news"])");
  CHECK(harness.io.room("room").size() == 1);
}

// ----------------------------------------------------------------------------- arguments that are there or are not

TEST_CASE("an answer without items is null for a receiver that takes a Value", "[behaviour][ack]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::optional<Value> answer;
  std::optional<std::error_code> outcome;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("ask", [&, socket]() -> asio::awaitable<void> { answer = co_await socket.emit_with_ack("question"); });
    socket.on("value", [](Value value) { return value; });
    socket.template emit_with_ack<void>("done?", [&](std::error_code error) { outcome = error; });
  });
  auto client = open_socket(harness);
  CHECK(client.next() == R"(420["done?"])");
  client.text("430[]");
  client.text(R"(42["ask"])");
  CHECK(client.next() == R"(421["question"])");
  client.text("431[]");
  client.text(R"(427["value"])");
  CHECK(client.next() == "437[null]");
  REQUIRE(answer.has_value());
  CHECK(answer->is_null());
  CHECK(outcome == std::error_code());
  CHECK(reports.empty());
}

TEST_CASE("a disconnect handler may take a description for every reason", "[behaviour][disconnect]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::optional<std::string> seen;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&](DisconnectReason, std::string description) { seen = description; });
  });
  auto client = open_socket(harness);
  client.text("41");
  CHECK(harness.until([&] { return seen.has_value(); }));
  CHECK(seen == "");
  CHECK(reports.empty());
}

TEST_CASE("an acknowledgement with more attachments than clients accept is a programming mistake",
          "[behaviour][ack][binary]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  Ack<std::vector<Binary>> kept;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("many", [](int count) { return std::vector<Binary>(static_cast<std::size_t>(count), Binary()); });
    socket.on("keep", [&](Ack<std::vector<Binary>> ack) { kept = ack; });
  });
  auto client = open_socket(harness);
  client.text(R"(421["many",11])");
  client.text(R"(422["keep"])");
  CHECK_FALSE(client.has_message());
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].detail.find("clients refuse more than 10") != std::string::npos);
  CHECK_THROWS_AS(kept(std::vector<Binary>(11)), std::invalid_argument);
}

TEST_CASE("events reach coroutines and functions in the order in which they were sent", "[behaviour][event]") {
  Harness harness;
  std::string order;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("coroutine", [&](int i) -> asio::awaitable<void> {
      order += "c" + std::to_string(i);
      co_return;
    });
    socket.on("function", [&](int i) { order += "f" + std::to_string(i); });
  });
  auto opened = harness.get(polling_target);
  const std::string target = std::string(polling_target) + "&sid=" + sid_in(opened.body());
  CHECK(harness.post(target, "40").body() == "ok");
  CHECK(harness.get(target).body().substr(0, 2) == "40");
  CHECK(harness
            .post(target,
                  "42[\"coroutine\",1]\x1e"
                  "42[\"function\",2]\x1e"
                  "42[\"coroutine\",3]\x1e"
                  "42[\"function\",4]")
            .body() == "ok");
  CHECK(order == "c1f2c3f4");
}

TEST_CASE("if several handlers of an event answer, only the first answer counts", "[behaviour][ack]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  harness.io.on("connection", [](TestSocket socket) {
    socket.on("direct", [] { return 1; });
    socket.on("direct", [] { return 2; });
    socket.on("direct", [](Ack<int> ack) { ack(ack.wanted() ? 3 : 4); });
    socket.on("ack", [](Ack<int> ack) { ack(1); });
    socket.on("ack", [] { return 2; });
    socket.on("coroutine", []() -> asio::awaitable<int> { co_return 1; });
    socket.on("coroutine", [] { return 2; });
    socket.on("throws", []() -> int { throw std::runtime_error("x"); });
    socket.on("throws", [] { return 2; });
  });
  auto client = open_socket(harness);
  client.text(R"(421["direct"])");
  CHECK(client.next() == "431[1]");
  client.text(R"(422["ack"])");
  CHECK(client.next() == "432[1]");
  client.text(R"(423["coroutine"])");
  CHECK(client.next() == "433[1]");
  client.text(R"(424["throws"])");
  CHECK(client.next() == "434[2]");
  CHECK_FALSE(client.has_message());
  CHECK(reports.size() == 1);
}

TEST_CASE("pending acknowledgements end in the order in which they were requested, whatever their timeouts",
          "[behaviour][ack]") {
  Harness harness;
  std::string order;
  harness.io.on("connection", [&](TestSocket socket) {
    for (int i = 0; i < 5; ++i) {
      const auto patient = i % 2 == 0 ? socket.timeout(std::chrono::milliseconds::max()) : socket.timeout(1h);
      patient.emit("question", [&order, i](std::error_code) { order += std::to_string(i); });
    }
  });
  auto client = open_socket(harness);
  for (int i = 0; i < 5; ++i) client.next();
  CHECK_FALSE(client.has_message());
  CHECK(order.empty());
  client.abort();
  CHECK(harness.until([&] { return order == "01234"; }));
}

TEST_CASE("waiting for an acknowledgement can be cancelled, by a slot or by an awaitable that completes first",
          "[behaviour][ack]") {
  using namespace asio::experimental::awaitable_operators;
  Harness harness;
  std::optional<TestSocket> socket;
  std::vector<std::error_code> outcomes;
  std::vector<std::size_t> first;
  harness.io.on("connection", [&](TestSocket connected) {
    socket = connected;
    connected.on("race", [&, connected]() -> asio::awaitable<void> {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
      for (int i = 0; i < 2; ++i) {
        const auto winner =
            co_await (connected.template emit_with_ack<int>("question") ||
                      connected.template emit_with_ack<int>("question") || timer.async_wait(asio::use_awaitable));
        first.push_back(winner.index());
      }
    });
  });
  auto client = open_socket(harness);
  asio::cancellation_signal cancel;
  for (int i = 0; i < 2; ++i)
    socket->template emit_with_ack<int>(
        "question",
        asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code error, int) { outcomes.push_back(error); }));
  harness.pump();
  cancel.emit(asio::cancellation_type::terminal);
  CHECK(harness.until([&] { return outcomes.size() == 1; }));  // the slot belongs to the second one
  CHECK(outcomes[0] == asio::error::operation_aborted);
  client.text("430[1]");
  client.text("431[1]");
  CHECK(harness.until([&] { return outcomes.size() == 2; }));
  CHECK_FALSE(outcomes[1]);

  client.text(R"(42["race"])");
  for (int i = 0; i < 4; ++i) CHECK(client.next() == "42" + std::to_string(i) + R"(["question"])");
  client.text("433[1]");
  CHECK(client.next() == R"(424["question"])");
  CHECK(client.next() == R"(425["question"])");
  client.text("434[1]");
  CHECK_FALSE(client.has_message());
  CHECK(first == std::vector<std::size_t>{1, 0});
}

TEST_CASE("an argument whose converter throws does not convert", "[behaviour][event][hostile]") {
  Harness harness;
  auto& reports = keep_reports(harness);
  std::string log;
  std::optional<Next> next;
  std::optional<std::error_code> outcome;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.use([&](IncomingEvent&, Next waiting) { next = waiting; });
    socket.on("x", [&](Touchy touchy) { log += touchy.text; });
    socket.on("x", [&] { log += "second "; });
    socket.on("disconnect", [&](DisconnectReason, Touchy) { log += "disconnect "; });
    socket.emit("question", [&](Touchy) { log += "answer "; });
    socket.template emit_with_ack<Touchy>("question", [&](std::error_code error, Touchy) { outcome = error; });
  });
  auto client = open_socket(harness);
  CHECK(client.next() == R"(420["question"])");
  CHECK(client.next() == R"(421["question"])");
  client.text("430[1]");
  client.text("431[1]");
  client.text(R"(42["x",1])");
  CHECK(harness.until([&] { return next.has_value(); }));
  on_another_thread([&] { (*next)(); });
  CHECK(harness.until([&] { return log == "second "; }));
  CHECK(outcome == Errc::bad_argument);
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].detail == "acknowledgement: argument 1: expected touchy, got exception: not like this");
  CHECK(reports[1].message().find("argument 1: expected touchy, got exception: not like this") != std::string::npos);
  client.abort();
  CHECK(harness.until([&] { return log == "second disconnect "; }));
}
