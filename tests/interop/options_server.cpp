// SPDX-License-Identifier: MIT
// A server with the options that are off by default, for the interop tests of what they turn on.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

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

socketio::ServerOptions options() {
  socketio::ServerOptions result;
  if constexpr (socketio::detail::has_zlib) result.per_message_deflate = socketio::PerMessageDeflateOptions{};
  if (const char* directory = std::getenv("CLIENT_DIRECTORY"))
    result.serve_client = socketio::ServeClientOptions{directory};
  return result;
}

void print(const std::string& line) { std::cout << line << std::endl; }

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  socketio::BasicServer<Config> io(options(), socketio::test::on_tcp());
  io.on("connection", [&io](socketio::BasicSocket<Config> socket) {
    socket.on("echo", [socket](socketio::Value value) { socket.emit("echo", value); });
    socket.on("echo back", [](socketio::Value value) { return value; });
    socket.on("tell all", [&io](socketio::Value value) { io.emit("told", value); });
  });
  print("listening on " + std::to_string(io.listen(static_cast<std::uint16_t>(port), "127.0.0.1")));
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
