// SPDX-License-Identifier: MIT
// The server of the recovery test: it emits an event when a client disconnects, so that the client misses it. Each
// client has a namespace of its own, so that it does not get the events for others.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/socketio.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <string>
#include <utility>

namespace {

using socketio::Ack;
using socketio::Binary;
using socketio::Value;

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

/// In one piece, even if several threads print at the same time.
void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

void add_handlers(const Socket& socket) {
  socket.on("join", [socket](std::string room, Ack<> ack) {
    socket.join(room);
    ack();
  });
  socket.on("remember", [socket](Value value, Ack<> ack) {
    socket.data() = std::move(value);
    ack();
  });
  socket.on("who am I", [socket] {
    return Value{{"id", socket.id()},
                 {"count", static_cast<std::int64_t>(socket.rooms().size())},
                 {"in r", socket.is_in("r")},
                 {"data", socket.data()},
                 {"recovered", socket.recovered()}};
  });
  socket.on("hello", [socket] { socket.emit("message", "hello"); });
  socket.on("throw me out", [socket] { socket.disconnect(); });
  socket.on("disconnect", [socket](socketio::DisconnectReason reason) {
    const auto nsp = socket.nsp();
    nsp.emit("message", 1);
    nsp.to("r").emit("message", Binary(std::string("two")));
    nsp.to("another room").emit("message", "not for you");
    nsp.volatile_().emit("message", "volatile");
    socket.emit("message", Value{{"three", Value::array({3})}});
    print(socket.id() + " gone: " + std::string(to_string(reason)));
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  socketio::ServerOptions options;
  options.connection_state_recovery = socketio::ConnectionStateRecoveryOptions{};
  options.threads = socketio::test::chosen_threads();
  Server io(options);
  std::atomic<int> admitted{0};
  const auto clients = io.of(std::regex("^/client-\\d+$"));
  clients.use([&](Socket) { ++admitted; });
  clients.on("connection", [&](Socket socket) {
    add_handlers(socket);
    socket.on("admitted", [&admitted] { return admitted.load(); });
  });
  print("listening on " + std::to_string(io.listen(static_cast<std::uint16_t>(port), "127.0.0.1")));
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
