// SPDX-License-Identifier: MIT
// A server with the msgpack parser, for the JavaScript client with socket.io-msgpack-parser.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/socketio.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace {

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
  using Parser = socketio::MsgpackParser;
};

using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;
using socketio::Binary;
using socketio::Value;
using Time = std::chrono::system_clock::time_point;

/// In one piece, even if several threads print at the same time.
void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

void add_values(const Socket& socket) {
  socket.on("echo", [socket](Value value) { socket.emit("echo", value); });
  socket.on("echo back", [](Value value) { return value; });
  using Items = std::tuple<int, std::string, double, bool, std::vector<int>, std::map<std::string, int>, Binary>;
  socket.on("typed", [](int a, std::string b, double c, bool d, std::vector<int> e, std::map<std::string, int> f,
                        Binary g, socketio::Ack<Items> ack) {
    ack({a, b, c, d, e, f, g});
  });
  socket.on("a day later", [](Time time) { return time + std::chrono::hours(24); });
  socket.on("the text of", [](std::string text) { return text; });
  using Limits = std::tuple<std::int64_t, std::int64_t, std::uint64_t, std::int64_t, float, double, double>;
  socket.on("limits", [](socketio::Ack<Limits> ack) {
    using Signed = std::numeric_limits<std::int64_t>;
    ack({Signed::min(), Signed::max(), std::numeric_limits<std::uint64_t>::max(), std::int64_t{1} << 53, 0.5f,
         std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()});
  });
  socket.on("count", [](std::int64_t number) { return std::to_string(number); });
  socket.on("members of", [](Value value) { return value.size(); });
}

void add_conversation(Server& io, const Socket& socket) {
  socket.on("transport", [socket] { return socket.conn().transport_name(); });
  socket.on("many", [](socketio::Ack<int, std::string, Binary> ack) { ack(1, "two", Binary(std::string("\x03"))); });
  socket.on("ask", [socket](Value value) {
    socket.emit("question", value, [socket](Value answer, Value second) { socket.emit("answered", answer, second); });
  });
  socket.on("join", [socket](std::string room, socketio::Ack<> ack) {
    socket.join(room);
    ack();
  });
  socket.on("say", [socket](std::string room, Value value) { socket.to(room).emit("said", value); });
  socket.on("shout", [&io](Value value) { io.emit("shouted", value); });
  socket.on("auth", [socket] { return socket.handshake().auth; });
  socket.on("throw me out", [socket] { socket.disconnect(); });
  socket.on("disconnect", [socket](socketio::DisconnectReason reason) {
    print(socket.id() + " disconnect: " + std::string(to_string(reason)));
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  Server io({.threads = socketio::test::chosen_threads(), .max_http_buffer_size = 4'000'000});
  io.on_error([](const socketio::ErrorReport& report) { print("error " + report.message()); });
  io.on("connection", [&io](Socket socket) {
    add_values(socket);
    add_conversation(io, socket);
  });
  io.of("/chat").on("connection", [](Socket socket) {
    socket.emit("welcome", Binary(std::string("to chat")));
    socket.on("where", [socket] { return socket.nsp().name(); });
  });
  io.of("/guarded").use([](Socket socket, socketio::Next next) {
    if (socket.handshake().auth["token"] == Value("let me in")) return next();
    next(socketio::ConnectError("not authorized", Value{{"code", 401}, {"key", Binary(std::string("\x01"))}}));
  });

  print("listening on " + std::to_string(io.listen(static_cast<std::uint16_t>(port), "127.0.0.1")));
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
