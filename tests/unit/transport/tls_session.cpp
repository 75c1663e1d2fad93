// SPDX-License-Identifier: MIT
// TLS over wires that transfer only a few bytes at a time.
#include <socketio/transport/tls_context.hpp>
#include <socketio/transport/tls_options.hpp>
#include <socketio/transport/tls_session.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/client_tls.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ssl/context.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

using socketio::detail::make_tls_context;
using socketio::detail::TlsSession;
using socketio::detail::TlsWire;
using socketio::test::certificate_file;
using socketio::test::ClientTls;
using socketio::test::ClientTlsOptions;
using Result = TlsSession::Result;

namespace {

/// Transfers at most `step` bytes at a time, and then nothing once.
class ScriptedWire final : public TlsWire {
 public:
  std::size_t read_wire(std::span<char> into, std::error_code& error) override {
    const std::size_t bytes = (std::min)({into.size(), step, to_server.size()});
    if (bytes == 0 && is_at_end) error = asio::error::eof;
    if (bytes == 0 || (reads_pause = !reads_pause)) {
      if (!error) error = asio::error::would_block;
      return 0;
    }
    to_server.copy(into.data(), bytes);
    to_server.erase(0, bytes);
    return bytes;
  }
  std::size_t write_wire(asio::const_buffer from, std::error_code& error) override {
    if (is_broken) error = asio::error::broken_pipe;
    if (writes_stop || is_broken || (writes_pause = !writes_pause)) {
      if (!error) error = asio::error::would_block;
      return 0;
    }
    const std::size_t bytes = (std::min)(from.size(), step);
    to_client.append(static_cast<const char*>(from.data()), bytes);
    return bytes;
  }

  std::string to_server;
  std::string to_client;
  std::size_t step = 1;
  bool writes_stop = false;
  bool is_at_end = false;
  bool is_broken = false;

 private:
  bool reads_pause = false;
  bool writes_pause = false;
};

struct Pair {
  explicit Pair(std::size_t step, int version = 0) : client(client_options(version)) { wire.step = step; }

  static ClientTlsOptions client_options(int version) {
    ClientTlsOptions options;
    options.version = version;
    return options;
  }

  void carry() {
    wire.to_server += client.take_output();
    received += client.unwrap(std::exchange(wire.to_client, {}));
    wire.to_server += client.take_output();
  }

  Result shake_hands() {
    Result result = Result::wants_read;
    for (int i = 0; i < 100'000 && (result == Result::wants_read || result == Result::wants_write); ++i) {
      carry();
      result = session.accept();
      has_wanted_to_write = has_wanted_to_write || result == Result::wants_write;
    }
    for (int i = 0; i < 10 && !client.is_ready(); ++i) carry();
    return result;
  }

  ScriptedWire wire;
  ClientTls client;
  std::shared_ptr<asio::ssl::context> context = make_tls_context(
      {.certificate_chain_file = certificate_file("server.pem"), .private_key_file = certificate_file("server.key")});
  TlsSession session{context, wire};
  std::string received;
  bool has_wanted_to_write = false;
};

}  // namespace

TEST_CASE("a handshake and messages work in pieces of any size", "[transport][tls]") {
  const std::size_t step = GENERATE(1u, 7u, 1000u, 100'000u);
  Pair pair(step, GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  REQUIRE(pair.shake_hands() == Result::done);
  CHECK(pair.client.is_ready());
  CHECK(pair.has_wanted_to_write);

  const std::string message(40'000, 'm');
  pair.client.wrap(message);
  std::string arrived;
  std::array<char, 30'000> buffer;
  while (arrived.size() < message.size()) {
    pair.carry();
    std::error_code error;
    const std::size_t bytes = pair.session.read_some(buffer, error);
    REQUIRE((!error || error == asio::error::would_block));
    REQUIRE((bytes > 0) == !error);
    arrived.append(buffer.data(), bytes);
    if (pair.session.has_input()) REQUIRE(bytes == buffer.size());
  }
  CHECK((arrived == message));

  // Unwritten data is offered again from another address, with more data behind it.
  std::string unsent = message;
  while (!unsent.empty()) {
    const std::string elsewhere = unsent;
    std::error_code error;
    const std::size_t bytes = pair.session.write_some(asio::buffer(elsewhere), error);
    REQUIRE((!error || error == asio::error::would_block));
    REQUIRE(bytes <= TlsSession::max_record_bytes);
    unsent.erase(0, bytes);
    if (unsent.size() == 100) unsent += "more";
    pair.carry();
  }
  pair.carry();
  CHECK(pair.received.substr(0, message.size()) == message);
}

TEST_CASE("decrypted data and the end are found without reading from the wire", "[transport][tls]") {
  Pair pair(100'000);
  REQUIRE(pair.shake_hands() == Result::done);
  pair.client.wrap("one");
  pair.client.wrap("two");
  pair.client.end();
  pair.carry();
  std::array<char, 4> buffer;
  std::string arrived;
  std::error_code error;
  while (!error || error == asio::error::would_block) {
    error.clear();
    const std::size_t bytes = pair.session.read_some(buffer, error);
    arrived.append(buffer.data(), bytes);
    if (pair.wire.to_server.empty() && !error) REQUIRE(pair.session.has_input());
  }
  CHECK(arrived == "onetwo");
  CHECK(error == asio::error::eof);
  CHECK_FALSE(pair.session.has_input());
}

TEST_CASE("an end of the wire without close_notify is an error", "[transport][tls]") {
  Pair pair(100'000);
  REQUIRE(pair.shake_hands() == Result::done);
  pair.wire.is_at_end = true;
  std::array<char, 4> buffer;
  std::error_code error;
  CHECK(pair.session.read_some(buffer, error) == 0);
  CHECK(error == asio::error::connection_reset);
  CHECK_FALSE(pair.session.can_still_write());
}

TEST_CASE("reading waits for writing while a key update cannot be sent", "[transport][tls]") {
  Pair pair(100'000, TLS1_3_VERSION);
  // The server's side of OpenSSL, which the session does not show.
  static SSL* server = nullptr;
  SSL_CTX_set_info_callback(pair.context->native_handle(),
                            [](const SSL* ssl, int, int) { server = const_cast<SSL*>(ssl); });
  REQUIRE(pair.shake_hands() == Result::done);
  REQUIRE(server != nullptr);
  pair.client.wrap("hello");
  pair.carry();
  pair.wire.writes_stop = true;
  REQUIRE(SSL_key_update(server, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
  std::array<char, 100> buffer;
  const auto read = [&] {
    for (int i = 0; i < 10; ++i) {
      std::error_code error;
      if (const std::size_t bytes = pair.session.read_some(buffer, error)) return std::string(buffer.data(), bytes);
      REQUIRE(error == asio::error::would_block);
    }
    return std::string();
  };
  CHECK(read().empty());
  CHECK(pair.session.reads_when_writable());
  CHECK_FALSE(pair.session.has_input());
  pair.wire.writes_stop = false;
  CHECK(read() == "hello");
  CHECK_FALSE(pair.session.reads_when_writable());
}

TEST_CASE("an error of the wire ends the session", "[transport][tls]") {
  Pair pair(100'000);
  const bool in_handshake = GENERATE(true, false);
  if (!in_handshake) REQUIRE(pair.shake_hands() == Result::done);
  pair.wire.is_broken = true;
  if (in_handshake) {
    CHECK(pair.shake_hands() == Result::failed);
  } else {
    std::error_code error;
    CHECK(pair.session.write_some(asio::buffer("x", 1), error) == 0);
    CHECK(error == asio::error::connection_reset);
  }
  CHECK_FALSE(pair.session.can_still_write());
  pair.session.shut_down();
  std::array<char, 4> buffer;
  std::error_code error;
  CHECK(pair.session.read_some(buffer, error) == 0);
  CHECK(error == asio::error::connection_reset);
}
