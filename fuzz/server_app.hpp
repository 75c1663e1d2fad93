// SPDX-License-Identifier: MIT
// The application of a server under a fuzzer: handlers, middleware and namespaces of every kind.
#pragma once

#include <socketio/detail/zlib.hpp>
#include <socketio/server.hpp>
#include <socketio/transport/asio_options.hpp>

#include <fuzz/law.hpp>

#include <asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace fuzz {

using namespace std::chrono_literals;

/// Options with short times and small limits.
///
/// @param mood  bits that turn features on
inline socketio::ServerOptions server_options(unsigned mood) {
  socketio::ServerOptions options;
  options.ping_interval = 5s;
  options.ping_timeout = 4s;
  options.upgrade_timeout = 3s;
  options.connect_timeout = 10s;
  options.close_timeout = 6s;
  options.max_http_buffer_size = 3000;
  options.max_buffered_chunks = 500;
  options.max_pending_acks = 20;
  options.max_depth = 32;
  // More than what a handler that broadcasts can send in one turn, before anything is written: else the client that
  // behaves would be taken for one that does not read.
  options.max_unsent_bytes = 1'000'000;
  options.max_sessions = 20;
  if constexpr (socketio::detail::has_zlib) {
    if ((mood & 1u) != 0) {
      options.per_message_deflate = socketio::PerMessageDeflateOptions{.threshold = 0};
      options.per_message_deflate->server_no_context_takeover = (mood & 128u) != 0;
    }
    options.http_compression->threshold = 100;
  }
  if ((mood & 2u) != 0)
    options.connection_state_recovery = socketio::ConnectionStateRecoveryOptions{
        .max_disconnection_duration = 20s, .skip_middlewares = (mood & 64u) != 0, .max_log_entries = 50};
  if ((mood & 4u) != 0) options.allow_eio3 = true;
  if ((mood & 8u) != 0) options.cors = socketio::CorsOptions{.origin = true, .credentials = true};
  if ((mood & 16u) != 0) options.cookie = socketio::CookieOptions{};
  if ((mood & 32u) != 0) options.cleanup_empty_child_namespaces = true;
  return options;
}

inline socketio::AsioTransportOptions server_transport_options() {
  socketio::AsioTransportOptions options;
  options.head_timeout = 8s;
  options.request_timeout = 20s;
  options.close_timeout = 3s;
  options.http.max_head_bytes = 2000;
  options.max_pipelined_bytes = 4000;
  options.max_unsent_response_bytes = 8000;
  options.max_discarded_bytes = 5000;
  return options;
}

/// What the program of a server registers. Clients choose the names of rooms and namespaces, and when handlers throw,
/// wait, ask, disconnect and keep what is to be answered later.
///
/// @par Lifetime  Must outlive the server.
template <class Config>
class ServerApp {
  using Io = socketio::BasicServer<Config>;
  using Socket = socketio::BasicSocket<Config>;
  using Value = socketio::Value;

 public:
  explicit ServerApp(bool catches_all) : catches_all_(catches_all) {}

  void serve(Io& io) {
    io.on("connection", [this](Socket socket) { serve(socket); });
    io.use([this](Socket socket, socketio::Next next) { admit(socket, std::move(next)); });
    io.of(std::regex("^/dyn-[a-z0-9]*$")).on("connection", [this](Socket socket) { serve(socket); });
    io.of(
          [this](const std::string& name, const Value& auth, socketio::NamespaceNext next) {
            if (name.size() > 40) throw socketio::ConnectError("too long", auth);
            if (name.find("later") != std::string::npos && kept_names_.size() < max_kept)
              return kept_names_.push_back(next);
            next(name.find("no") == std::string::npos);
          },
          [this](Socket socket) { serve(socket); })
        .use([](Socket socket) -> asio::awaitable<void> {
          if (socket.handshake().auth["ask"].is_string())
            co_await socket.timeout(2s).template emit_with_ack<Value>("question", "who");
        });
  }

  /// Sockets that have connected and not disconnected.
  std::size_t socket_count() const { return sockets_.size(); }

  void answer_acks() {
    for (const auto& [ack, value] : std::exchange(kept_acks_, {})) ack(value);
  }
  void drop_acks() { kept_acks_.clear(); }
  /// @param refuses  asked for each
  template <class Refuses>
  void answer_clients(Refuses refuses) {
    for (const socketio::Next& next : std::exchange(kept_clients_, {}))
      if (refuses())
        next("refused");
      else
        next();
  }
  template <class Refuses>
  void answer_names(Refuses refuses) {
    for (const socketio::NamespaceNext& next : std::exchange(kept_names_, {})) next(!refuses());
  }
  void drop_kept() {
    kept_acks_.clear();
    kept_clients_.clear();
    kept_names_.clear();
  }

 private:
  void admit(const Socket& socket, socketio::Next next) {
    const Value& auth = socket.handshake().auth;
    const Value wish = auth.is_object() ? auth["wish"] : Value();
    if (!wish.is_string()) return next();
    const std::string& text = wish.as_string();
    socket.join(text);
    if (text == "throw") throw std::runtime_error("as you wish");
    if (text == "deny") throw socketio::ConnectError("denied", auth);
    if (text == "later" && kept_clients_.size() < max_kept) return kept_clients_.push_back(std::move(next));
    next();
    if (text == "twice") next("again");
  }

  void serve(const Socket& socket) {
    law(socket.connected(), "a socket that connects is connected");
    law(++sockets_[socket.id() + socket.nsp().name()] == 1, "a socket connects once");
    socket.on("disconnect", [this, id = socket.id() + socket.nsp().name()](std::string reason) {
      law(!reason.empty(), "a disconnection has a reason");
      law(--sockets_[id] == 0, "a socket disconnects once");
      sockets_.erase(id);
      if (reason.size() % 2 == 0) throw std::runtime_error("disconnect");
    });
    socket.on("disconnecting", [socket] {
      law(socket.connected(), "a socket that disconnects is still connected");
      static_cast<void>(socket.rooms());
      socket.broadcast().emit("left", socket.id().size());
      socket.nsp().emit("gone");
    });
    socket.on("error", [](Value) { throw 1; });
    socket.use([this](socketio::IncomingEvent& event, socketio::Next next) {
      const std::string_view name = event.name();
      if (name == "refused") return next(socketio::MiddlewareError("refused", Value(1)));
      if (name == "held" && kept_clients_.size() < max_kept) return kept_clients_.push_back(std::move(next));
      if (name == "thrown") throw std::runtime_error("thrown");
      next();
    });
    serve_simple(socket);
    serve_rooms(socket);
    serve_asking(socket);
    if (!catches_all_) return;
    socket.on_any([](std::string_view, const socketio::Args&) {});
    socket.on_any_outgoing([](std::string_view, const socketio::Args&) {});
  }

  void serve_simple(const Socket& socket) {
    socket.on("echo", [](Value value) { return value; });
    socket.on("say", [socket](socketio::ValueView value) { socket.emit("said", value, value); });
    socket.on("types", [](int number, std::optional<std::string> text, std::vector<double> list,
                          std::map<std::string, bool> flags, std::variant<std::string, socketio::Binary> either) {
      return static_cast<std::size_t>(number) + (text ? text->size() : 0) + list.size() + flags.size() + either.index();
    });
    socket.on("throw", [] { throw std::runtime_error("thrown"); });
    socket.on("bytes", [](std::uint8_t count) { return socketio::Binary(std::string(count, '\x80')); });
    socket.on("remember", [socket](Value value) { socket.data()["value"] = std::move(value); });
    socket.on("bye", [socket](std::optional<bool> close) { socket.disconnect(close.value_or(false)); });
    socket.on("volatile", [socket](Value value) { socket.volatile_().compress(false).emit("maybe", value); });
    socket.on("off", [socket] { socket.off("echo"); });
    socket.on("more", [socket] {
      if (socket.listeners("extra").size() < 5) socket.once("extra", [socket] { socket.emit("extra"); });
    });
    socket.on("timer", [socket](std::uint16_t ms) {
      socket.set_timeout(std::chrono::milliseconds(ms), [socket] { socket.emit("timeout"); });
      const auto timer = socket.set_interval(3s, [socket] { socket.volatile_().emit("tick"); });
      if (ms % 2 == 0) timer.cancel();
    });
    socket.on("upgrade", [socket] { static_cast<void>(socket.conn().is_writable()); });
    socket.on("end", [socket] { socket.conn().close(); });
  }

  void serve_rooms(const Socket& socket) {
    socket.on("join", [socket](std::string room) { socket.join(room); });
    socket.on("leave", [socket](std::string room) { socket.leave(room); });
    socket.on("room", [socket](std::string room, Value value) { socket.to(room).emit("room", value); });
    socket.on("except", [socket](std::string room, Value value) {
      socket.nsp().except(room).compress(false).emit("room", value);
    });
    socket.on("all", [socket](Value value) { socket.nsp().emit("all", value); });
    socket.on("count", [socket](std::string room) { return socket.nsp().in(room).fetch_sockets().size(); });
    socket.on("move", [socket](std::string from, std::string to) {
      socket.nsp().in(from).sockets_join(to);
      socket.nsp().in(from).sockets_leave(from);
    });
    socket.on("clear", [socket](std::string room) { socket.nsp().in(room).disconnect_sockets(room.size() % 2 == 0); });
  }

  void serve_asking(const Socket& socket) {
    socket.on("keep", [this](Value value, socketio::Ack<Value> ack) {
      if (kept_acks_.size() < max_kept) kept_acks_.emplace_back(std::move(ack), std::move(value));
    });
    socket.on("ask", [socket](Value value) {
      socket.timeout(2s).emit("question", value, [](std::error_code, std::optional<std::string>) {});
      socket.emit("question", value, [socket](Value answer) { socket.emit("answer", answer); });
    });
    socket.on("survey", [socket](std::string room) {
      socket.nsp().in(room).timeout(1s).emit("question", [](std::error_code, std::vector<Value>) {});
    });
    socket.on("later", [socket](Value value) -> asio::awaitable<Value> {
      const Value answer = co_await socket.timeout(3s).emit_with_ack("question", value);
      if (answer.is_null()) throw std::runtime_error("no answer");
      co_return answer;
    });
  }

  static constexpr std::size_t max_kept = 20;

  bool catches_all_;
  std::map<std::string, int> sockets_;
  std::vector<std::pair<socketio::Ack<Value>, Value>> kept_acks_;
  std::vector<socketio::Next> kept_clients_;
  std::vector<socketio::NamespaceNext> kept_names_;
};

}  // namespace fuzz
