// SPDX-License-Identifier: MIT
// The server of the TLS tests: one plain port, and three ports with TLS that ask for the client's certificate or do
// not.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/socketio.hpp>
#include <socketio/tls.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using socketio::Tls;
using socketio::TlsOptions;
using socketio::Value;

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

/// A file that tests/support/make_certificates.cmake has created.
std::string file(const std::string& name) { return std::string(SOCKETIO_TEST_CERTIFICATES) + '/' + name; }

void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

Value describe(const socketio::Handshake& handshake) {
  Value description{{"secure", handshake.secure}};
  if (const auto& tls = handshake.tls) {
    description["protocol"] = tls->protocol;
    description["authorized"] = tls->authorized;
    description["error"] = tls->authorization_error;
    description["subject"] = tls->subject;
    description["certificate"] = socketio::Binary(tls->certificate);
  }
  return description;
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  Server io({.threads = socketio::test::chosen_threads(), .max_http_buffer_size = 4'000'000}, socketio::test::on_tcp());
  io.on("connection", [](Socket socket) {
    socket.on("handshake", [socket] { return describe(socket.handshake()); });
    socket.on("echo", [](Value value) { return value; });
  });

  TlsOptions options{.certificate_chain_file = file("server.pem"), .private_key_file = file("server.key")};
  print("https on " + std::to_string(io.listen(0, Tls(options), "127.0.0.1")));
  options.request_cert = true;
  options.ca_file = file("authority.pem");
  print("certified on " + std::to_string(io.listen(0, Tls(options), "127.0.0.1")));
  options.reject_unauthorized = false;
  print("lenient on " + std::to_string(io.listen(0, Tls(options), "127.0.0.1")));
  print("listening on " + std::to_string(io.listen(static_cast<std::uint16_t>(port), "127.0.0.1")));
  stop_on_signal(io.context(), [&io] { io.close(); });
  io.run();
}
