// SPDX-License-Identifier: MIT
// The first program of a user who has not seen the sources of the library.
#include <socketio/socketio.hpp>

#include <iostream>
#include <string>

#ifdef WITH_SECOND_TRANSPORT
bool second_transport_listens();
#else
bool second_transport_listens() { return true; }
#endif

#ifdef WITH_TLS
bool tls_refuses_nonsense();
#else
bool tls_refuses_nonsense() { return true; }
#endif

int main() {
  socketio::Server io;
  io.on("connection", [](socketio::Socket socket) {
    socket.on("echo", [](std::string text) { return text; });
    socket.emit("hello");
  });
  const auto port = io.listen(0, "127.0.0.1");
  std::cout << "listening on " << port << '\n';
  io.close();
  io.run();
  return second_transport_listens() && tls_refuses_nonsense() ? 0 : 1;
}
