// SPDX-License-Identifier: MIT
// The server that the benchmarks measure: five handlers, the same as in the peers next to this file.

#include <socketio/socketio.hpp>

#include <asio/signal_set.hpp>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

namespace {

/// The value after `name` on the command line, or `otherwise`.
std::uint16_t number_after(int argc, char** argv, std::string_view name, std::uint16_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] != name) continue;
    const std::string_view text(argv[i + 1]);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
      throw std::invalid_argument(std::string(name) + " takes a number, not " + std::string(text));
    return number;
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: bench_server [--port P]\n"
                 "echo(x) emits echo(x) back; ack(x) acknowledges x; bcast(x) emits bcast(x) to everyone;\n"
                 "join(room) joins and acknowledges; room(room, x) emits room(x) to that room, the sender included.\n";
    return 0;
  }
  socketio::Server io;
  io.on("connection", [&](socketio::Socket socket) {
    socket.on("echo", [socket](const socketio::ValueView& x) { socket.emit("echo", x); });
    socket.on("ack", [](const socketio::ValueView& x) { return x; });
    socket.on("bcast", [&io](const socketio::ValueView& x) { io.emit("bcast", x); });
    socket.on("join", [socket](std::string_view room, socketio::Ack<> joined) {
      socket.join(room);
      joined();
    });
    socket.on("room", [&io](std::string_view room, const socketio::ValueView& x) { io.to(room).emit("room", x); });
  });
  std::cout << "listening on " << io.listen(number_after(argc, argv, "--port", 3000)) << std::endl;

  asio::signal_set stop(io.context(), SIGINT, SIGTERM);
  stop.async_wait([&](std::error_code, int) { io.close(); });
  io.run();
} catch (const std::exception& error) {
  std::cerr << "bench_server: " << error.what() << '\n';
  return 1;
}
