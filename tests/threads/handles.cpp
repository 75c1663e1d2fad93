// SPDX-License-Identifier: MIT
// The public functions from several threads at once, while clients connect and disconnect.

#include "running_server.hpp"

#include <socketio/socketio.hpp>
#include <tests/support/catch.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/streambuf.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <regex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// A client that connects, joins the main namespace and, if given, another one, emits an event with an acknowledgement
/// to the main one, and disconnects.
///
/// @throws std::system_error  when the server hangs up first
void visit(std::uint16_t port, const std::string& other = {}) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  const auto send_text = [&](std::string_view payload) {
    std::string frame{'\x81', static_cast<char>(0x80u | payload.size()), 0, 0, 0, 0};
    asio::write(socket, asio::buffer(frame.append(payload)));
  };
  asio::streambuf input;
  asio::write(socket,
              asio::buffer(std::string("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")));
  asio::read_until(socket, input, "\"maxPayload\":1000000}");
  send_text("40");
  asio::read_until(socket, input, "40{\"sid\":\"");
  if (!other.empty()) {
    send_text("40" + other + ',');
    asio::read_until(socket, input, "40" + other + ",{\"sid\":\"");
  }
  send_text(R"(427["echo","x"])");
  asio::read_until(socket, input, R"(437["x"])");
}

/// A thread that runs the given tasks in order.
class Worker {
 public:
  ~Worker() { finish(); }

  void give(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }
  void finish() {
    if (!thread_.joinable()) return;
    give(nullptr);
    thread_.join();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::thread thread_{[this] { run(); }};
};

inline constexpr socketio::Event<"typed", int(std::string)> typed;

// Calls every public function that any thread may call, by handle. The numbers keep the rooms of the threads apart.

void use_server(socketio::Server& io, int i, bool first_time) {
  const std::string nsp = "/n" + std::to_string(i);
  io.on_error([](const socketio::ErrorReport&) {});
  if (first_time) {
    io.use([](socketio::Socket) {});
    io.on("connection", [](socketio::Socket) {});
    io.once("connect", [](socketio::Socket) {});
    io.on("new_namespace", [](socketio::Namespace) {});
    io.of(std::regex("^/" + std::to_string(i) + "-")).on("connection", [](socketio::Socket) {});
    io.of([](const std::string&, const socketio::Value&) { return false; });
  }
  io.of(nsp, [](socketio::Socket) {}).remove_all_listeners();
  io.prepend("connect", [](socketio::Socket) {});
  io.off("connect");
  io.off("connection", io.on("connection", [](socketio::Socket) {}));
  io.off("new_namespace", io.on("new_namespace", [](socketio::Namespace) {}));
  io.remove_all_listeners("connect");
  static_cast<void>(io.event_names().size() + io.listeners("connection").size() + io.has_listeners("new_namespace"));
  io.server_side_emit("asked", i, [](std::error_code, std::vector<int>) {});
  io.server_side_emit_with_ack<int>("asked", i, [](std::error_code, std::vector<int>) {});
  io.server_side_emit_with_ack(typed, "text", [](std::error_code, std::vector<int>) {});
  io.off_server_side("told", io.on_server_side("told", [](int) {}));
  io.once_server_side("told once", [](int) {});
  io.off_server_side("told once");
  io.server_side_emit("told", i);
  static_cast<void>(io.options().path.size() + io.thread_count() + io.find_socket("nobody").has_value());
  for (const socketio::Socket& socket : io.sockets()) static_cast<void>(io.find_socket(socket.id()).has_value());
}

void use_namespace(const socketio::Namespace& nsp, const std::string& room, int i, bool first_time) {
  if (first_time) nsp.use([](socketio::Socket) {});
  nsp.on("connection", [](socketio::Socket) {});
  nsp.once("connect", [](socketio::Socket) {});
  nsp.prepend("connection", [](socketio::Socket) {});
  nsp.off("connect", nsp.on("connect", [](socketio::Socket) {}));
  static_cast<void>(nsp.event_names().size() + nsp.listeners("connect").size() + nsp.has_listeners("connection"));
  nsp.off("connection");
  nsp.remove_all_listeners();
  nsp.emit("nobody");
  nsp.emit_event("nobody", i);
  nsp.send("message");
  nsp.to(room).in("room").except("a").emit("some");
  nsp.server_side_emit("alone", i, [](std::error_code, std::vector<int>) {});
  nsp.server_side_emit_with_ack<int>("alone", [](std::error_code, std::vector<int>) {});
  nsp.off_server_side("told", nsp.once_server_side("told", [] {}));
  static_cast<void>(nsp.size() + nsp.rooms().size() + nsp.sockets().size() + nsp.name().size());
  static_cast<void>(nsp.find_socket("nobody").has_value() || nsp == nsp.room(room).nsp());
}

void use_adapter(const socketio::NamespaceAdapter& adapter) {
  adapter.on("create-room", [](const std::string&) {});
  adapter.once("join-room", [](const std::string&) {});
  adapter.prepend_once("join-room", [](const std::string&) {});
  adapter.off("leave-room", adapter.prepend("leave-room", [](const std::string&, const std::string&) {}));
  adapter.off("create-room");
  adapter.off("join-room");
  static_cast<void>(adapter.rooms().size() + adapter.server_count() + adapter.recovery_usage().sessions);
}

/// The functions that all selections have in common; `nobody` selects no sockets.
template <class Selection, class Nobody>
void use_verbs(const Selection& some, const Nobody& nobody, const std::string& mine, int i) {
  some.emit("everyone", i, "text", socketio::Binary(std::string("bytes")));
  some.emit_event("everyone", i);
  some.send("message", i);
  some.emit(typed, "text");
  some.compress(false).emit("everyone");
  some.local().emit("here");
  some.to("room").except(mine).volatile_().emit("some", i);
  some.timeout(1ms).emit("asked", [](std::error_code, std::vector<int>) {});
  some.in(mine).timeout(1ms).template emit_with_ack<int>("asked", [](std::error_code, std::vector<int>) {});
  some.timeout(1ms).emit_with_ack(typed, "text", [](std::error_code, std::vector<int>) {});
  some.sockets_join(mine);
  some.in(mine).sockets_leave("room");
  nobody.disconnect_sockets(true);
  static_cast<void>(some.in(mine, "room").fetch_sockets().size());
  some.fetch_sockets([i](std::error_code, const std::vector<socketio::RemoteSocket>& sockets) {
    for (const auto& socket : sockets) {
      socket.emit("remote", i);
      socket.emit_event("remote", i);
      socket.join("remote");
      socket.leave("remote");
      socket.timeout(1ms).template emit_with_ack<int>("asked", [](std::error_code, int) {});
      static_cast<void>(socket.rooms().size() + socket.handshake().url.size() + socket.data().is_null());
    }
  });
}

void use_room(const socketio::Room& room, const socketio::Socket& socket) {
  static_cast<void>(room.name().size() + room.nsp().name().size() + room.members().size() + room.size());
  static_cast<void>(room.empty() || room.contains(socket));
}

void use_parent(const socketio::ParentNamespace& parent, int i, bool first_time) {
  const std::string mine = "room " + std::to_string(i);
  if (first_time) {
    parent.use([](socketio::Socket) {});
    parent.on("connection", [](socketio::Socket socket) { socket.join("room"); });
  }
  parent.off("connect", parent.on("connect", [](socketio::Socket) {}));
  parent.prepend("connect", [](socketio::Socket) {});
  parent.once("connect", [](socketio::Socket) {});
  parent.prepend_once("connect", [](socketio::Socket) {});
  parent.off("connect");
  static_cast<void>(parent.event_names().size() + parent.listeners("connection").size());
  parent.emit("everyone", i);
  parent.send(i);
  parent.to("room").except(mine).volatile_().emit("some", i);
  parent.in(mine).compress(false).local().emit_event("some", i);
  parent.sockets_join(mine);
  parent.in(mine).sockets_leave("room");
  parent.in("nobody").disconnect_sockets(true);
  static_cast<void>(parent.sockets().size() + parent.children().size() + parent.name().size());
  if (i == 3) parent.in(mine).disconnect_sockets();
}

void use_socket(const socketio::Socket& socket, int i) {
  socket.emit("direct", i);
  socket.emit_event("direct", i);
  socket.send(i);
  socket.emit(typed, "text", [](std::error_code, int) {});
  socket.volatile_().emit("maybe");
  socket.compress(false).emit("direct");
  socket.timeout(1ms).emit("ack", [](std::error_code) {});
  socket.timeout(1ms).emit_with_ack<int>("ack", [](std::error_code, int) {});
  socket.emit_with_ack<int>("ack", [](std::error_code, int) {});
  socket.join("a", "b");
  socket.leave("a");
  socket.on("later", [](int x) { return x; });
  socket.off("later", socket.once("later", [] {}));
  socket.prepend("later", [] {});
  socket.prepend_once("later", [] {});
  socket.off("later");
  socket.remove_all_listeners("later");
  socket.off_any(socket.on_any([](std::string_view) {}));
  socket.off_any(socket.prepend_any([](std::string_view) {}));
  socket.off_any_outgoing(socket.prepend_any_outgoing([](std::string_view, const socketio::Args&) {}));
  socket.off_any_outgoing(socket.on_any_outgoing([](std::string_view) {}));
  socket.use([](socketio::IncomingEvent&) {});
  static_cast<void>(socket.event_names().size() + socket.listeners("echo").size() + socket.listeners_any().size());
  static_cast<void>(socket.has_listeners("echo") && socket.listeners_any_outgoing().empty());
  static_cast<void>(socket.rooms().size() + socket.handshake().url.size() + socket.id().size());
  static_cast<void>(socket.connected() && socket.is_in("b") && socket.nsp().name() == "/");
  static_cast<void>(socket.disconnected() || socket.recovered() || socket.get_executor() == asio::any_io_executor());
  static_cast<void>(socket.request().target.size() + socket.is_writable());
  // Those that came before the middleware have no value.
  const std::string* const value = socket.request().get<std::string>();
  if (value != nullptr && *value != "a value") throw std::logic_error("another value than the attached one");
  static_cast<void>(socket.handshake().get<std::string>() == value && socket.request().cookies().empty());
  static_cast<void>(socket.conn().is_upgraded() + socket.conn().transport_name().size());
  static_cast<void>(&socket.data());
  const socketio::Client client = socket.client();
  static_cast<void>(client.sockets().size() + client.request().target.size() + client.conn().id().size());
  if (i == 0) socket.to("room").emit("others");
  if (i == 1) socket.broadcast().except("a").emit("others");
  if (i == 2) socket.in("room").emit("others"), socket.except("a").emit("others"), socket.local().emit("others");
}

void use_engine(socketio::EngineGroup& engine, bool first_time) {
  if (first_time) {
    engine.on_connection([](const std::shared_ptr<socketio::Session>&) {});
    engine.on_connection_error([](const socketio::ConnectionError&) {});
    engine.on_initial_headers([](socketio::HttpHeaders&, const socketio::HttpRequest&) {});
    engine.on_headers([](socketio::HttpHeaders&, const socketio::HttpRequest&) {});
    engine.on_flush([](socketio::Session&, std::span<const socketio::MessagePtr>) {});
    engine.on_drain([](socketio::Session&) {});
    engine.on_error([](std::exception_ptr, std::string_view) {});
    engine.use([](socketio::MiddlewareContext& context, const socketio::MiddlewareNext& next) {
      context.set(std::string("a value"));
      next();
    });
  }
  engine.for_each_session([](socketio::Session& session) { static_cast<void>(session.is_writable()); });
  static_cast<void>(engine.size() + engine.options().path.size() + engine.clients_count());
  static_cast<void>(engine.find("nobody") != nullptr);
}

/// Functions that disturb the clients of a server, so that clients may fail.
void use_up(socketio::Server& io, int i) {
  io.on("connection", [](socketio::Socket) {});
  io.on("new_namespace", [](socketio::Namespace) {});
  io.off("new_namespace");
  io.remove_all_listeners();
  if (i == 0)
    io.on_request([](const socketio::ExchangePtr& exchange) { exchange->respond(socketio::HttpResponse{}); });
  else
    io.serve_directory(".");
  for (const socketio::Socket& socket : io.sockets()) {
    socket.remove_all_listeners();
    if (i == 1) socket.disconnect();
    if (i == 2) socket.client().disconnect();
    if (i == 3) io.to(socket.id()).disconnect_sockets(true);
  }
  io.fetch_sockets([](std::error_code, const std::vector<socketio::RemoteSocket>& sockets) {
    for (const auto& socket : sockets) socket.disconnect();
  });
  if (i == 3) io.engine().for_each_session([](socketio::Session& session) { session.close(); });
}

}  // namespace

TEST_CASE("every handle may be used from any thread while clients come and go", "[threads]") {
  const auto threads_of_server = GENERATE(std::size_t{1}, std::size_t{3});
  socketio::Server io({.threads = threads_of_server});
  std::atomic<int> connections{0};
  std::atomic<int> disconnections{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;

  io.on("connection", [&](socketio::Socket socket) {
    ++connections;
    socket.on("echo", [](std::string text) { return text; });
    socket.on("disconnect", [&] { ++disconnections; });
    socket.join("room");
  });
  const socketio::ParentNamespace parent = io.of(std::regex("^/child"));
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });

  // libstdc++ fills a table of the locale without a lock when it first compiles a character: here, before the threads.
  const std::regex all_characters("^/0123-");
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string mine = "room " + std::to_string(i);
      for (bool first_time = true; !stop; first_time = false) {
        use_server(io, i, first_time);
        use_namespace(io.of("/n" + std::to_string(i)), mine, i, first_time);
        use_adapter(io.of("/").adapter());
        use_verbs(io, io.to("nobody"), mine, i);
        use_verbs(io.in("room"), io.in("nobody"), mine, i);
        use_verbs(io.room("room"), io.room("nobody"), mine, i);
        use_parent(parent, i, first_time);
        use_engine(io.engine(), first_time);
        for (const socketio::Socket& socket : io.sockets()) {
          use_room(io.room("room"), socket);
          use_socket(socket, i);
        }
        asio::post(io.get_executor(), asio::use_future).get();  // not faster than the loop can follow
      }
    });
  }
  for (int i = 0; i < 25; ++i) visit(port, "/child");
  std::vector<std::thread> visitors;
  for (int i = 0; i < 4; ++i)
    visitors.emplace_back([port, i] {
      for (int n = 0; n < 5; ++n) visit(port, "/child" + std::to_string(i));
    });
  for (std::thread& visitor : visitors) visitor.join();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  io.close();
  owner.join();
  CHECK(connections == 45);
  CHECK(disconnections == 45);
  CHECK(io.sockets().empty());
}

TEST_CASE("functions that disturb clients may be called from any thread while clients come and go", "[threads]") {
  const auto threads_of_server = GENERATE(std::size_t{1}, std::size_t{3});
  socketio::Server io({.threads = threads_of_server},
                      {.keep_alive_timeout = 10ms, .close_timeout = 10ms, .shutdown_timeout = 10ms});
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      while (!stop) {
        use_up(io, i);
        asio::post(io.get_executor(), asio::use_future).get();
      }
      io.engine().close();
    });
  int refused = 0;
  for (int n = 0; n < 50; ++n) {
    try {
      visit(port, "/nobody's");  // the namespace never answers: the server disconnects the client sooner or later
    } catch (const std::system_error&) {
      ++refused;
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  io.close(asio::use_future).get();
  owner.join();
  CHECK(refused == 50);
  CHECK(io.sockets().empty());
  CHECK(io.engine().clients_count() == 0);
}

TEST_CASE("a thread may wait for an acknowledgement that the loop brings", "[threads]") {
  const auto threads_of_server = GENERATE(std::size_t{1}, std::size_t{3});
  socketio::Server io({.threads = threads_of_server});
  std::promise<socketio::Socket> connected;
  io.on("connection", [&](socketio::Socket socket) {
    socket.on("echo", [](std::string text) { return text; });
    connected.set_value(socket);
  });
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });
  std::thread visitor([&] { visit(port); });
  const socketio::Socket socket = connected.get_future().get();
  auto answer = socket.emit_with_ack<std::string>("never answered", asio::use_future);
  visitor.join();
  answer.wait();
  io.close();
  owner.join();  // before the exception is read: the sanitizer does not see the library's reference counts
  try {
    answer.get();
    FAIL("nobody has answered");
  } catch (const std::system_error& error) {
    CHECK(error.code() == socketio::Errc::disconnected);
  }
}

TEST_CASE("handles and Acks that a handler passes to another thread may be used and dropped there", "[threads]") {
  const auto threads_of_server = GENERATE(std::size_t{1}, std::size_t{3});
  socketio::Server io({.threads = threads_of_server});
  Worker worker;
  std::atomic<int> reports{0};
  std::atomic<int> ended{0};
  io.on_error([&](const socketio::ErrorReport&) { ++reports; });
  io.use([&](socketio::Socket socket, socketio::Next next) {
    worker.give([socket, next] {
      socket.join("room");
      next();
      next(socketio::ConnectError("too late"));
    });
  });
  io.on("connection", [&](socketio::Socket socket) {
    socket.use([&](socketio::IncomingEvent&, socketio::Next next) { worker.give([next] { next(); }); });
    socket.on("echo", [&, socket](std::string text, socketio::Ack<std::string> ack) {
      worker.give([&, socket, text, ack] {
        socket.emit("question", [&](std::error_code) { ++ended; });
        socket.emit_with_ack<int>("question", [&, token = std::make_shared<int>()](std::error_code, int) {
          ++ended;
          throw std::runtime_error("for the hook");
        });
        ack(text);
        ack("again");
      });
    });
    socket.on("disconnect", [&, socket] {
      worker.give([&, socket] {
        socket.emit("late", [&](std::error_code) { ++ended; });
        socket.join("late");
        socket.use([socket](socketio::IncomingEvent&) {});
        socket.on("late", [socket] {});
        socket.disconnect(true);
      });
    });
  });
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });
  std::vector<std::thread> visitors;
  for (int i = 0; i < 3; ++i)
    visitors.emplace_back([port] {
      for (int n = 0; n < 10; ++n) visit(port);
    });
  for (std::thread& visitor : visitors) visitor.join();
  while (ended < 90) std::this_thread::yield();
  worker.finish();
  io.close();
  owner.join();
  CHECK(reports == 30);
  CHECK(io.of("/").rooms().empty());
}

TEST_CASE("a handler that blocks stops no other thread", "[threads][hostile]") {
  socketio::Server io;
  std::promise<socketio::Socket> blocked;
  std::promise<void> go_on;
  io.on("connection", [&](socketio::Socket socket) {
    socket.on("echo", [&, socket](std::string text) {
      blocked.set_value(socket);
      go_on.get_future().wait();
      return text;
    });
  });
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });
  std::thread visitor([&] { visit(port); });
  const socketio::Socket socket = blocked.get_future().get();

  CHECK(io.sockets().size() == 1);
  CHECK(io.in(socket.id()).fetch_sockets() == std::vector{socket});
  CHECK(socket.rooms() == std::vector{socket.id()});
  CHECK(io.of("/").rooms().size() == 1);
  CHECK(io.room(socket.id()).contains(socket));
  io.emit("news");
  io.of("/new").on("connection", [](socketio::Socket) {});
  io.sockets_join("room");
  socket.emit("question", [](std::error_code) {});
  socket.on("x", [] {});
  CHECK_FALSE(socket.is_in("room"));  // posted, like every change
  go_on.set_value();
  asio::post(io.get_executor(), asio::use_future).get();
  CHECK((socket.is_in("room") || socket.disconnected()));

  visitor.join();
  io.close();
  owner.join();
}

TEST_CASE("the server may be closed on any thread while clients come and go", "[threads]") {
  const auto threads_of_server = GENERATE(std::size_t{1}, std::size_t{3});
  socketio::Server io({.threads = threads_of_server},
                      {.shutdown_timeout = 10ms});  // these clients answer no close frame
  std::atomic<int> connections{0};
  std::atomic<int> disconnections{0};
  io.on("connection", [&](socketio::Socket socket) {
    ++connections;
    socket.on("echo", [](std::string text) { return text; });
    socket.on("disconnect", [&] { ++disconnections; });
  });
  for (int round = 1; round <= 5; ++round) {
    const std::uint16_t port = io.listen(0, "127.0.0.1");
    std::thread owner([&] { io.run(); });
    std::vector<std::thread> visitors;
    for (int i = 0; i < 3; ++i)
      visitors.emplace_back([port] {
        try {
          for (;;) visit(port);
        } catch (const std::system_error&) {  // the server has closed
        }
      });
    while (disconnections < 5 * round) std::this_thread::yield();
    std::thread closer([&] { io.close(); });
    io.close();
    owner.join();
    closer.join();
    for (std::thread& visitor : visitors) visitor.join();
    CHECK(connections == disconnections);
    CHECK(io.sockets().empty());
  }
}
