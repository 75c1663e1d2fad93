// SPDX-License-Identifier: MIT
// The server that the benchmarks measure: five handlers, the same as in the peers next to this file.

#include <examples/transport.hpp>
#include <socketio/socketio.hpp>

#include <asio/signal_set.hpp>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

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
std::string value_after(int argc, char** argv, std::string_view name, std::string otherwise) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == name) return argv[i + 1];
  return otherwise;
}

std::uint16_t to_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("--port takes a number, not " + text);
  return port;
}

/// Lets this process open as many descriptors as it may.
void raise_descriptor_limit() {
#ifdef RLIMIT_NOFILE
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
#endif
}

template <class Config>
void serve(std::uint16_t port) {
  using Socket = socketio::BasicSocket<Config>;
  socketio::BasicServer<Config> io;
  io.on("connection", [&](Socket socket) {
    socket.on("echo", [socket](const socketio::ValueView& x) { socket.emit("echo", x); });
    socket.on("ack", [](const socketio::ValueView& x) { return x; });
    socket.on("bcast", [&io](const socketio::ValueView& x) { io.emit("bcast", x); });
    socket.on("join", [socket](std::string_view room, socketio::Ack<> joined) {
      socket.join(room);
      joined();
    });
    socket.on("room", [&io](std::string_view room, const socketio::ValueView& x) { io.to(room).emit("room", x); });
  });
  std::cout << "listening on " << io.listen(port) << std::endl;

  asio::signal_set stop(io.context(), SIGINT, SIGTERM);
  stop.async_wait([&](std::error_code, int) { io.close(); });
  io.run();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: bench_server [--port P] [--transport asio|websocketpp]\n"
                 "echo(x) emits echo(x) back; ack(x) acknowledges x; bcast(x) emits bcast(x) to everyone;\n"
                 "join(room) joins and acknowledges; room(room, x) emits room(x) to that room, the sender included.\n";
    return 0;
  }
  raise_descriptor_limit();
  const std::uint16_t port = to_port(value_after(argc, argv, "--port", "3000"));
  examples::over_transport(value_after(argc, argv, "--transport", "asio"),
                           [port]<class Config>(Config) { serve<Config>(port); });
} catch (const std::exception& error) {
  std::cerr << "bench_server: " << error.what() << '\n';
  return 1;
}
