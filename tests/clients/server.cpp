// SPDX-License-Identifier: MIT
// The server of the story that clients of all languages tell; tests/clients/node_server.mjs is the same server on
// Node.js.
//
//   clients_server [msgpack]
//
// Listens on three ports of 127.0.0.1 and prints them in one line: plain; TLS, with the files that STORY_CERTIFICATE
// and STORY_KEY name; and plain with connection state recovery.

#include <tests/support/stop_on_signal.hpp>

#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/socketio.hpp>
#include <socketio/tls.hpp>

#include <asio/io_context.hpp>

#include <cstdlib>
#include <iostream>
#include <regex>
#include <string>
#include <string_view>

namespace {

using socketio::Ack;
using socketio::Args;
using socketio::Value;

struct MsgpackConfig : socketio::DefaultConfig {
  using Parser = socketio::MsgpackParser;
};

template <class Config>
struct Story {
  using Server = socketio::BasicServer<Config>;
  using Socket = socketio::BasicSocket<Config>;

  static void add_events(const Socket& socket) {
    socket.on("auth", [socket] { return socket.handshake().auth; });
    socket.on("query", [socket] {
      const auto& query = socket.handshake().query;
      const auto token = query.find("token");
      return token ? Value(*token) : Value();
    });
    socket.on("transport", [socket] { return std::string(socket.conn().transport_name()); });
    socket.on("recovered", [socket] { return socket.recovered(); });
    socket.on("echo", [socket](Args args) { socket.emit("echo", args); });
    socket.on("answer", [](Args args, Ack<Args> ack) { ack(args); });
    socket.on("silence", [](Args, Ack<>) {});
    socket.on("ask", [socket](Args args) {
      socket.emit("question", args, [socket](Args answer) { socket.emit("answered", answer); });
    });
    socket.on("count", [socket](int end) {
      for (int i = 0; i < end; ++i) socket.emit("number", i);
    });
  }

  static void add_rooms(const Socket& socket) {
    socket.on("join", [socket](std::string room, Ack<std::string> ack) {
      socket.join(room);
      ack(room);
    });
    socket.on("tell", [socket](std::string room, Value value) { socket.nsp().to(room).emit("told", value); });
    socket.on("tell others", [socket](std::string room, Value value) { socket.to(room).emit("told", value); });
  }

  static void add_endings(const Socket& socket) {
    socket.on("throw me out", [socket] { socket.disconnect(); });
    socket.on("disconnecting", [socket](socketio::DisconnectReason why) {
      socket.to("watchers").emit("left", to_string(why));
      socket.nsp().to("absent").emit("missed", "while you were away");
    });
  }

  static void greet(Socket socket) {
    add_events(socket);
    add_rooms(socket);
    add_endings(socket);
  }

  static void add_namespaces(Server& io) {
    io.on("connection", greet);
    io.of("/chat").on("connection", greet);
    io.of(std::regex("^/room-\\d+$")).on("connection", greet);
    auto guarded = io.of("/guarded");
    guarded.use([](Socket socket) {
      if (socket.handshake().auth["token"] == Value("let me in")) return;
      throw socketio::ConnectError("not authorized", Value{{"code", 401}, {"hint", Value::array({"try", "another"})}});
    });
    guarded.on("connection", greet);
  }

  static int run() {
    asio::io_context context;
    socketio::ServerOptions options;
    options.max_http_buffer_size = 4'000'000;
    options.allow_eio3 = true;
    Server io(context, options);
    options.connection_state_recovery = socketio::ConnectionStateRecoveryOptions{};
    Server recovering(context, options);
    for (Server* server : {&io, &recovering}) {
      add_namespaces(*server);
      server->on_error([](const socketio::ErrorReport& report) { std::cerr << "error: " + report.message() + '\n'; });
    }
    const auto plain = io.listen(0, "127.0.0.1");
    const auto secure = io.listen(0,
                                  socketio::Tls({.certificate_chain_file = std::getenv("STORY_CERTIFICATE"),
                                                 .private_key_file = std::getenv("STORY_KEY")}),
                                  "127.0.0.1");
    const auto recovery = recovering.listen(0, "127.0.0.1");
    std::cout << "listening on " << plain << ' ' << secure << ' ' << recovery << std::endl;
    stop_on_signal(context, [&] {
      io.close();
      recovering.close();
    });
    context.run();
    return 0;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "msgpack") return Story<MsgpackConfig>::run();
  return Story<socketio::DefaultConfig>::run();
}
