// SPDX-License-Identifier: MIT
// The server that the benchmarks measure: five handlers, the same as in the peers next to this file.

#include <benchmarks/support/transports.hpp>
#include <socketio/socketio.hpp>

#include <asio/signal_set.hpp>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

struct Options {
  std::uint16_t port = 3000;
  std::size_t threads = 1;
  std::string transport = "asio";
};

template <class Number>
Number to_number(const std::string& name, const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(name + " takes a number, not " + text);
  return number;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    if (name != "--port" && name != "--threads" && name != "--transport")
      throw std::invalid_argument("unknown option " + name + "; --help lists them");
    if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
    const std::string& value = arguments[i + 1];
    if (name == "--port")
      options.port = to_number<std::uint16_t>(name, value);
    else if (name == "--threads")
      options.threads = to_number<std::size_t>(name, value);
    else
      options.transport = value;
  }
  return options;
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
void serve(const Options& options) {
  using Socket = socketio::BasicSocket<Config>;
  socketio::BasicServer<Config> io({.threads = options.threads});
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
  std::cout << "listening on " << io.listen(options.port) << std::endl;

  asio::signal_set stop(io.context(), SIGINT, SIGTERM);
  stop.async_wait([&](std::error_code, int) { io.close(); });
  io.run();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: bench_server [--port P] [--threads N] [--transport asio|websocketpp]\n"
                 "echo(x) emits echo(x) back; ack(x) acknowledges x; bcast(x) emits bcast(x) to everyone;\n"
                 "join(room) joins and acknowledges; room(room, x) emits room(x) to that room, the sender included.\n"
                 "Port 3000 and one thread unless told otherwise; --threads 0: one for each processor.\n";
    return 0;
  }
  raise_descriptor_limit();
  const Options options = parse(std::vector<std::string>(argv + 1, argv + argc));
  socketio::benchmarks::over_transport(options.transport, [&]<class Config>(Config) { serve<Config>(options); });
} catch (const std::exception& error) {
  std::cerr << "bench_server: " << error.what() << '\n';
  return 1;
}
