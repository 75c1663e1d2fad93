// SPDX-License-Identifier: MIT
// A server with the options that are off by default, for the interop tests of these options.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/detail/zlib.hpp>
#include <socketio/socketio.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

namespace {

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

socketio::ServerOptions options() {
  socketio::ServerOptions result;
  if constexpr (socketio::detail::has_zlib) result.per_message_deflate = socketio::PerMessageDeflateOptions{};
  if (const char* directory = std::getenv("CLIENT_DIRECTORY"))
    result.serve_client = socketio::ServeClientOptions{directory};
  if (const char* path = std::getenv("SERVER_PATH")) result.path = path;
  if (std::getenv("WITH_COOKIE") != nullptr) result.cookie = socketio::CookieOptions{};
  result.allow_request = [](const socketio::HttpRequest& request, socketio::Verdict verdict) {
    if (request.headers.find("x-unwanted"))
      verdict.refuse("not you");
    else
      verdict.allow();
  };
  result.allow_eio3 = true;
  return result;
}

/// In one piece, even if several threads print at the same time.
void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

void add_namespaces(Server& io) {
  io.of("/custom").on("connection", [](Socket socket) {
    socket.on("about", [socket] { return socketio::Value{{"id", socket.id()}, {"auth", socket.handshake().auth}}; });
  });
  io.of("/refused").use([](Socket, socketio::Next next) { next(socketio::ConnectError("not today")); });
  io.of("/refused-with-data").use([](Socket, socketio::Next next) {
    next(socketio::ConnectError("not today", socketio::Value{{"code", 7}}));
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  Server io(options(), socketio::test::on_tcp());
  io.on("connection", [&io](Socket socket) {
    socket.on("echo", [socket](socketio::Value value) { socket.emit("echo", value); });
    socket.on("echo back", [](socketio::Value value) { return value; });
    socket.on("echo uncompressed", [socket](socketio::Value value) { socket.compress(false).emit("echo", value); });
    socket.on("tell all", [&io](socketio::Value value) { io.emit("told", value); });
    socket.on("about", [socket] {
      return socketio::Value{{"id", socket.id()},
                             {"protocol", socket.conn().protocol()},
                             {"transport", std::string(socket.conn().transport_name())},
                             {"auth", socket.handshake().auth}};
    });
    socket.on("ask", [socket](socketio::Value value) {
      socket.emit("question", value, [socket](socketio::Value answer) { socket.emit("answered", answer); });
    });
    socket.on("join", [socket](std::string room, socketio::Ack<> ack) {
      socket.join(room);
      ack();
    });
    socket.on("tell room", [&io](std::string room, socketio::Value value) { io.to(room).emit("told", value); });
    socket.on("throw me out", [socket] { socket.disconnect(); });
    socket.on("disconnect", [&io, socket](socketio::DisconnectReason why) {
      io.emit("left", socket.id(), socketio::to_string(why));
    });
  });
  add_namespaces(io);
  print("listening on " + std::to_string(io.listen(static_cast<std::uint16_t>(port), "127.0.0.1")));
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
