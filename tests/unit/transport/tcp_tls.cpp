// SPDX-License-Identifier: MIT
// TLS: handshakes, client certificates, renewal of certificates, and every way to break a connection.
#include <socketio/tls.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/tls_connection.hpp>
#include <socketio/transport/tls_context.hpp>
#include <tests/support/asio_fixture.hpp>
#include <tests/support/client_tls.hpp>

#include <socketio/transport/memory.hpp>

#include <asio/io_context.hpp>
#include <asio/ssl/context.hpp>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using socketio::AsioTransportOptions;
using socketio::ExchangePtr;
using socketio::Message;
using socketio::Tls;
using socketio::TlsOptions;
using socketio::TlsPeer;
using socketio::TlsVersion;
using socketio::WebSocketClose;
using socketio::test::AsioFixture;
using socketio::test::certificate_file;
using socketio::test::client_frame;
using socketio::test::ClientPtr;
using socketio::test::ClientTls;
using socketio::test::ClientTlsOptions;
using socketio::test::on_tcp;
using socketio::test::Opcode;
using socketio::test::RawClient;
using socketio::test::take_response;
using socketio::test::take_server_frame;
using socketio::test::TestTransport;
using socketio::test::text_response;

namespace {

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TlsOptions server_options() {
  return {.certificate_chain_file = certificate_file("server.pem"), .private_key_file = certificate_file("server.key")};
}

TlsOptions client_options(bool reject_unauthorized = true) {
  TlsOptions options = server_options();
  options.request_cert = true;
  options.reject_unauthorized = reject_unauthorized;
  options.ca_file = certificate_file("authority.pem");
  return options;
}

std::string content_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The name in the server's certificate.
std::string common_name(const ClientTls& tls) {
  X509* const certificate = SSL_get1_peer_certificate(tls.ssl());
  char name[100] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  return name;
}

/// A client and its TLS codec.
struct Client {
  ClientTls* tls;
  ClientPtr raw;

  RawClient* operator->() const { return raw.get(); }
};

struct TlsFixture : AsioFixture {
  explicit TlsFixture(const TlsOptions& options = server_options(), const AsioTransportOptions& tcp = {})
      : TlsFixture(Tls(options), tcp) {}
  explicit TlsFixture(const Tls& to_use, const AsioTransportOptions& tcp = {}) : AsioFixture(tcp), tls(to_use) {
    port = transport->listen(0, tls, "127.0.0.1");
    when_exchange = [this](const ExchangePtr& exchange) {
      requests.push_back(exchange->request());
      exchange->respond(text_response("yes"));
    };
  }

  template <class Codec = ClientTls>
  Client connect_tls(const ClientTlsOptions& options = {}) {
    auto codec = std::make_unique<Codec>(options);
    ClientTls* const client_tls = codec.get();
    return {client_tls, std::make_unique<RawClient>(context, port, std::nullopt, std::move(codec))};
  }
  ClientPtr connect_plain() { return std::make_unique<RawClient>(context, port); }

  /// Sends a request; returns whether it was answered.
  bool ask(const Client& client) { return ask(*client.raw); }
  bool ask(RawClient& client) {
    client.received.clear();
    client.send(request);
    until([&] { return client.ended || client.received.ends_with("yes"); });
    return client.received.ends_with("yes");
  }

  Tls tls;
  std::vector<socketio::HttpRequest> requests;
};

/// Drops the end of the bytes to send, from a certain moment on.
struct TruncatingTls final : ClientTls {
  using ClientTls::ClientTls;
  std::string take_output() override {
    std::string output = ClientTls::take_output();
    if (is_truncating && !output.empty()) output.pop_back();
    return output;
  }
  bool is_truncating = false;
};

std::string reason_of(const std::exception& error) { return error.what(); }

/// The message of the constructor for these options.
std::string refusal(const TlsOptions& options) {
  try {
    Tls tls(options);
  } catch (const std::invalid_argument& error) {
    return reason_of(error);
  } catch (const std::system_error& error) {
    return "system_error: " + reason_of(error);
  }
  return "accepted";
}

}  // namespace

TEST_CASE("the TCP transports can listen with TLS, and the memory transport cannot", "[transport][tls]") {
  STATIC_REQUIRE(socketio::SecurableTransport<socketio::AsioTransport, Tls>);
  STATIC_REQUIRE(socketio::SecurableTransport<TestTransport, Tls>);
  STATIC_REQUIRE_FALSE(socketio::SecurableTransport<socketio::MemoryTransport, Tls>);
}

TEST_CASE("a request over TLS is secure, and has the agreed version and cipher", "[transport][tls]") {
  const bool old = GENERATE(true, false);
  TlsFixture server;
  ClientTlsOptions options;
  options.version = old ? TLS1_2_VERSION : TLS1_3_VERSION;
  const Client client = server.connect_tls(options);
  REQUIRE(server.ask(client));
  REQUIRE(server.ask(client));
  CHECK(common_name(*client.tls) == "server");
  REQUIRE(server.requests.size() == 2);
  CHECK(server.requests[0].secure);
  REQUIRE(server.requests[0].tls);
  CHECK(server.requests[0].tls == server.requests[1].tls);
  const TlsPeer& peer = *server.requests[0].tls;
  CHECK(peer.protocol == (old ? "TLSv1.2" : "TLSv1.3"));
  CHECK(peer.cipher == SSL_get_cipher_name(client.tls->ssl()));
  CHECK_FALSE(peer.authorized);
  CHECK(peer.authorization_error.empty());
  CHECK(peer.subject.empty());
  CHECK(peer.certificate.empty());
}

TEST_CASE("plain and TLS connections are served side by side", "[transport][tls]") {
  TlsFixture server;
  CHECK(server.ask(server.connect_tls()));
  TestTransport plain(server.context, {"asio", {}});
  std::vector<socketio::HttpRequest> requests;
  plain.on_exchange([&](const ExchangePtr& exchange) {
    requests.push_back(exchange->request());
    exchange->respond(text_response("yes"));
  });
  RawClient on_plain(server.context, plain.listen(0, "127.0.0.1"));
  RawClient on_tls(server.context, plain.listen(0, server.tls, "127.0.0.1"), {}, std::make_unique<ClientTls>());
  CHECK(server.ask(on_plain));
  CHECK(server.ask(on_tls));
  REQUIRE(requests.size() == 2);
  CHECK_FALSE(requests[0].secure);
  CHECK_FALSE(requests[0].tls);
  CHECK(requests[1].secure);
}

TEST_CASE("the Tls object may be destroyed after listen", "[transport][tls]") {
  AsioFixture server;
  server.port = server.transport->listen(0, Tls(server_options()), "127.0.0.1");
  const auto client =
      std::make_unique<RawClient>(server.context, server.port, std::nullopt, std::make_unique<ClientTls>());
  client->send(request);
  CHECK(server.until([&] { return server.exchanges.size() == 1; }));
}

TEST_CASE("versions before min_version are refused", "[transport][tls]") {
  TlsOptions options = server_options();
  ClientTlsOptions too_old;
  if (GENERATE(true, false)) {
    options.min_version = TlsVersion::tls_1_3;
    too_old.version = TLS1_2_VERSION;
  } else {
    too_old.version = TLS1_1_VERSION;
    too_old.ciphers = "ALL:@SECLEVEL=0";
  }
  TlsFixture server(options);
  const Client client = server.connect_tls(too_old);
  CHECK_FALSE(server.ask(client));
  CHECK(client.tls->failure().find("alert protocol version") != std::string::npos);
  CHECK(server.requests.empty());
  CHECK(server.ask(server.connect_tls()));
}

TEST_CASE("only the configured ciphers are negotiated", "[transport][tls]") {
  TlsOptions options = server_options();
  options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  options.ciphersuites = "TLS_AES_128_GCM_SHA256";
  TlsFixture server(options);
  ClientTlsOptions client_options;
  client_options.version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  REQUIRE(server.ask(server.connect_tls(client_options)));
  CHECK(server.requests[0].tls->cipher ==
        (client_options.version == TLS1_2_VERSION ? options.ciphers : options.ciphersuites));
}

TEST_CASE("ALPN negotiates only HTTP/1.1", "[transport][tls]") {
  TlsFixture server;
  ClientTlsOptions options;
  options.application = "http/1.1";
  const Client one = server.connect_tls(options);
  CHECK(server.ask(one));
  const unsigned char* selected = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(one.tls->ssl(), &selected, &size);
  CHECK(std::string(reinterpret_cast<const char*>(selected), size) == "http/1.1");
  options.application = "h2";
  const Client two = server.connect_tls(options);
  CHECK_FALSE(server.ask(two));
  CHECK(two.tls->failure().find("no application protocol") != std::string::npos);
}

TEST_CASE("bodies of any size travel both ways, in reads of any size", "[transport][tls]") {
  const std::size_t size = GENERATE(0u, 1u, 16'383u, 16'384u, 16'385u, 65'535u, 65'536u, 65'537u, 262'144u, 3'000'000u);
  TlsFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) {
    exchange->read_body(4'000'000, [exchange](socketio::BodyError, std::string body) {
      exchange->respond(text_response(std::move(body)));
    });
  };
  std::string body(size, ' ');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 23);
  const Client client = server.connect_tls();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body);
  std::optional<socketio::test::RawResponse> response;
  REQUIRE(server.until([&] { return (response = take_response(client->received)).has_value(); }));
  CHECK((response->body == body));
}

TEST_CASE("messages of one turn share records", "[transport][tls]") {
  TlsFixture server;
  const Client client = server.connect_tls();
  std::shared_ptr<socketio::WebSocket> websocket;
  server.when_exchange = [&](const ExchangePtr& exchange) { websocket = exchange->accept_websocket({}, {}); };
  client->send(AsioFixture::websocket_request);
  REQUIRE(server.until([&] { return client->received.ends_with("\r\n\r\n"); }));
  server.settle();
  client->received.clear();
  const auto before = BIO_number_read(SSL_get_rbio(client.tls->ssl()));
  // Each message is a header that is copied and a payload that is not: two pieces.
  for (int i = 0; i < 20; ++i) websocket->send(Message::text(std::string(700, 'x')));
  REQUIRE(server.until([&] { return client->received.size() == 20 * (4 + 1 + 700); }));
  const auto on_wire = BIO_number_read(SSL_get_rbio(client.tls->ssl())) - before;
  CHECK(on_wire < client->received.size() + 2 * 50);
}

TEST_CASE("a client that stalls in the handshake is ended after its timeout", "[transport][tls]") {
  AsioTransportOptions options;
  options.tls_handshake_timeout = 5ms;
  TlsFixture server(server_options(), options);
  const auto client = server.connect_plain();
  if (GENERATE(true, false)) {
    std::string hello = ClientTls().take_output();
    hello.pop_back();
    client->send(hello);
  }
  REQUIRE(server.until([&] { return server.transport->connection_count() == 1; }));
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->received.empty());
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("the timeout of the handshake ends with the handshake, and zero means no timeout", "[transport][tls]") {
  AsioTransportOptions options;
  options.tls_handshake_timeout = GENERATE(0ms, 250ms);
  options.keep_alive_timeout = options.head_timeout = 5ms;
  TlsFixture server(server_options(), options);
  const auto in_handshake = server.connect_plain();
  const Client silent = server.connect_tls();
  REQUIRE(server.until([&] { return silent->ended; }));
  CHECK(silent->received.starts_with("HTTP/1.1 408"));
  const Client served = server.connect_tls();
  CHECK(server.ask(served));
  CHECK(server.until([&] { return served->ended; }));
  CHECK(served->end_reason == asio::error::eof);
  CHECK_FALSE(in_handshake->ended);
}

TEST_CASE("connections count from their first byte on", "[transport][tls]") {
  AsioTransportOptions options;
  options.max_connections = 2;
  TlsFixture server(server_options(), options);
  const auto in_handshake = server.connect_plain();
  const Client client = server.connect_tls();
  CHECK(server.ask(client));
  CHECK(server.transport->connection_count() == 2);
  const Client beyond = server.connect_tls();
  CHECK_FALSE(server.ask(beyond));
  in_handshake->close();
  REQUIRE(server.until([&] { return server.transport->connection_count() == 1; }));
  CHECK(server.ask(server.connect_tls()));
}

TEST_CASE("input that is not TLS ends its own connection only", "[transport][tls]") {
  TlsFixture server;
  const Client other = server.connect_tls();
  REQUIRE(server.ask(other));
  std::string garbage;
  for (unsigned i = 0; i < 70'000; ++i) garbage += static_cast<char>(i * i * 31 + i % 7);
  const std::string bytes =
      GENERATE_COPY(std::string(request), garbage, std::string("\x16\x03\x01\xff\xff", 5) + garbage,
                    std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10), std::string(20, '\0'));
  const auto client = server.connect_plain();
  client->send(bytes);
  CHECK(server.until([&] { return client->ended; }));
  // An alert, or nothing.
  CHECK((client->received.empty() || client->received.front() == '\x15'));
  client->close();
  CHECK(server.until([&] { return server.transport->connection_count() == 1; }));
  CHECK(server.requests.size() == 1);
  CHECK(server.ask(other));
}

TEST_CASE("a stream that breaks after the handshake ends its WebSocket", "[transport][tls]") {
  TlsFixture server;
  server.websocket_limits.max_message_bytes = 10'000'000;
  const Client client = server.connect_tls<TruncatingTls>();
  auto* const truncating = static_cast<TruncatingTls*>(client.tls);
  server.when_exchange = [&](const ExchangePtr& exchange) {
    server.websocket = exchange->accept_websocket({}, server.websocket_limits);
    server.listener = std::make_shared<socketio::test::RecordingListener>();
    server.websocket->set_listener(server.listener);
  };
  client->send(AsioFixture::websocket_request);
  REQUIRE(server.until([&] { return client->received.ends_with("\r\n\r\n"); }));
  client->send(client_frame(Opcode::text, "first"));

  SECTION("with garbage") { client->send_on_wire(std::string(100, 'x')); }
  SECTION("with a record that is not encrypted") {
    client->send_on_wire(std::string("\x17\x03\x03\x00\x40", 5) + std::string(64, 'x'));
  }
  SECTION("with an end in the middle of a record") {
    truncating->is_truncating = true;
    client->send(client_frame(Opcode::text, "second"));
    client->close();
  }
  SECTION("without close_notify") { client->close(); }
  SECTION("with a reset") {
    REQUIRE(server.until([&] { return server.listener->messages.size() == 1; }));
    client->reset();
  }
  SECTION("with close_notify") { client->shut_down_send(); }

  REQUIRE(server.until([&] { return server.listener->closes.size() == 1; }));
  CHECK(server.listener->messages == std::vector<std::string>{"first"});
  CHECK(server.listener->closes[0].cause == WebSocketClose::Cause::closed_by_peer);
  CHECK(server.listener->closes[0].code == 1006);
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("a request that is cut off by the end of the stream is dropped", "[transport][tls]") {
  TlsFixture server;
  const Client client = server.connect_tls<TruncatingTls>();
  REQUIRE(server.ask(client));
  static_cast<TruncatingTls*>(client.tls)->is_truncating = true;
  client->send(request);
  client->close();
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
  CHECK(server.requests.size() == 1);
}

TEST_CASE("the server sends close_notify", "[transport][tls]") {
  TlsFixture server;
  const Client client = server.connect_tls();
  SECTION("after a last response") { client->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); }
  SECTION("when it closes") {
    REQUIRE(server.ask(client));
    server.transport->close();
  }
  SECTION("when an exchange is dropped") {
    server.when_exchange = [](const ExchangePtr& exchange) { exchange->destroy(); };
    client->send(request);
  }
  SECTION("after the client has sent close_notify") {
    REQUIRE(server.ask(client));
    client->shut_down_send();
  }
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->end_reason == asio::error::eof);
}

TEST_CASE("a client with a certificate of the authority is accepted, and its certificate is known",
          "[transport][tls]") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsFixture server(client_options(GENERATE(true, false)));
  ClientTlsOptions options;
  options.version = version;
  options.certificate = "alice";
  const Client client = server.connect_tls(options);
  REQUIRE(server.ask(client));
  const TlsPeer& peer = *server.requests[0].tls;
  CHECK(peer.authorized);
  CHECK(peer.authorization_error.empty());
  CHECK(peer.subject == "CN=alice,O=Example");
  const auto* data = reinterpret_cast<const unsigned char*>(peer.certificate.data());
  X509* const certificate = d2i_X509(nullptr, &data, static_cast<long>(peer.certificate.size()));
  REQUIRE(certificate != nullptr);
  CHECK(X509_cmp(certificate, SSL_get_certificate(client.tls->ssl())) == 0);
  X509_free(certificate);
}

TEST_CASE("a client without a valid certificate is refused if one is required", "[transport][tls]") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto [name, alert] = GENERATE(table<std::string, std::string>({
      {"", "certificate required"},
      {"mallory", "unknown ca"},
      {"late", "certificate expired"},
      {"renewed", "certificate"},  // for servers only
  }));
  TlsFixture server(client_options());
  ClientTlsOptions options;
  options.version = version;
  options.certificate = name;
  const Client client = server.connect_tls(options);
  CHECK_FALSE(server.ask(client));
  const std::string expected = name.empty() && version == TLS1_2_VERSION ? "handshake failure" : alert;
  CHECK(client.tls->failure().find(expected) != std::string::npos);
  CHECK(server.requests.empty());
  client->close();
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
}

TEST_CASE("a client without a valid certificate is accepted if the program decides", "[transport][tls]") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto [name, subject, error] = GENERATE(table<std::string, std::string, std::string>({
      {"", "", "no certificate"},
      {"mallory", "CN=mallory", "unable to get local issuer certificate"},
      {"late", "CN=late", "certificate has expired"},
  }));
  TlsFixture server(client_options(false));
  ClientTlsOptions options;
  options.version = version;
  options.certificate = name;
  REQUIRE(server.ask(server.connect_tls(options)));
  const TlsPeer& peer = *server.requests[0].tls;
  CHECK_FALSE(peer.authorized);
  CHECK(peer.subject == subject);
  if (name == "mallory")
    CHECK((peer.authorization_error == error || peer.authorization_error == "unable to verify the first certificate"));
  else
    CHECK(peer.authorization_error == error);
  CHECK(peer.certificate.empty() == name.empty());
}

TEST_CASE("a client resumes its session with a ticket, and keeps its certificate", "[transport][tls]") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const std::string name = GENERATE("", "alice", "mallory");
  TlsFixture server(name.empty() ? server_options() : client_options(false));
  ClientTlsOptions options;
  options.version = version;
  options.certificate = name;
  const Client first = server.connect_tls(options);
  REQUIRE(server.ask(first));
  CHECK(SSL_session_reused(first.tls->ssl()) == 0);
  REQUIRE(first.tls->session() != nullptr);
  options.session = first.tls->session();
  const Client second = server.connect_tls(options);
  REQUIRE(server.ask(second));
  CHECK(SSL_session_reused(second.tls->ssl()) == 1);
  REQUIRE(server.requests.size() == 2);
  const TlsPeer& before = *server.requests[0].tls;
  const TlsPeer& after = *server.requests[1].tls;
  CHECK(after.authorized == (name == "alice"));
  CHECK(after.authorization_error == before.authorization_error);
  CHECK(after.subject == before.subject);
  CHECK(after.certificate == before.certificate);
}

TEST_CASE("renegotiation is refused", "[transport][tls]") {
  TlsFixture server;
  ClientTlsOptions options;
  options.version = TLS1_2_VERSION;
  const Client client = server.connect_tls(options);
  REQUIRE(server.ask(client));
  SSL_renegotiate(client.tls->ssl());
  SSL_do_handshake(client.tls->ssl());
  CHECK_FALSE(server.ask(client));
  CHECK(client.tls->failure() == "no renegotiation");
  CHECK(server.ask(server.connect_tls()));
}

TEST_CASE("a key update may arrive while nothing can be written", "[transport][tls]") {
  TlsFixture server;
  ClientTlsOptions options;
  options.version = TLS1_3_VERSION;
  auto codec = std::make_unique<ClientTls>(options);
  ClientTls* const tls = codec.get();
  RawClient client(server.context, server.port, 64 * 1024, std::move(codec));
  server.when_exchange = [&](const ExchangePtr& exchange) {
    if (exchange->request().target != "/ws") return exchange->respond({});
    server.websocket = exchange->accept_websocket({}, {});
    server.listener = std::make_shared<socketio::test::RecordingListener>();
    server.websocket->set_listener(server.listener);
  };
  client.send(AsioFixture::websocket_request);
  REQUIRE(server.until([&] { return client.received.ends_with("\r\n\r\n"); }));
  client.received.clear();
  client.stall();
  std::size_t sent = 0;
  std::size_t before = 0;
  do {
    before = server.websocket->unsent_bytes();
    server.websocket->send(Message::text(std::string(1'000'000, 'x')));
    ++sent;
    server.settle();
  } while (server.websocket->unsent_bytes() == 0 || server.websocket->unsent_bytes() <= before);

  SSL_key_update(tls->ssl(), SSL_KEY_UPDATE_REQUESTED);
  client.send(client_frame(Opcode::text, "hello"));
  server.settle();
  client.resume();
  CHECK(server.until([&] { return server.listener->messages.size() == 1; }));
  std::size_t frames = 0;
  CHECK(server.until([&] {
    while (take_server_frame(client.received)) ++frames;
    return frames == sent;
  }));
  client.send(client_frame(Opcode::text, "again"));
  CHECK(server.until([&] { return server.listener->messages.size() == 2; }));
}

TEST_CASE("a connection moves to another shard with all decrypted data", "[transport][tls]") {
  asio::io_context first_context;
  asio::io_context second_context;
  TestTransport first(first_context, on_tcp());
  TestTransport second(second_context, on_tcp());
  TestTransport* const both[] = {&first, &second};
  TestTransport::link(both);
  std::vector<std::string> seen;
  const auto serve = [&](const std::string& name, std::size_t other) {
    return [&seen, name, other](const ExchangePtr& exchange) {
      const std::string target = exchange->request().target;
      seen.push_back(name + target);
      if (target == "/to_" + name) return exchange->respond(text_response(name));
      if (target.starts_with("/to_")) {
        CHECK(exchange->move_to(other));
        return;
      }
      exchange->read_body(1'000'000, [exchange](socketio::BodyError, const std::string& body) {
        exchange->respond(text_response(std::to_string(body.size())));
      });
    };
  };
  first.on_exchange(serve("first", 1));
  second.on_exchange(serve("second", 0));
  const std::uint16_t port = first.listen(0, Tls(server_options()), "127.0.0.1");
  asio::io_context client_context;
  RawClient client(client_context, port, {}, std::make_unique<ClientTls>());
  const auto head = [](const std::string& target, std::size_t size) {
    return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  client.send(head("/to_second", 0) + head("/body", 300'000) + std::string(300'000, 'x') + head("/to_first", 0) +
              head("/small", 3) + "abc");
  std::vector<std::string> bodies;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (bodies.size() < 4 && !client.ended && std::chrono::steady_clock::now() < deadline) {
    for (asio::io_context* const context : {&client_context, &first_context, &second_context}) {
      context->restart();
      context->poll();
    }
    while (const auto response = take_response(client.received)) bodies.push_back(response->body);
  }
  CHECK(bodies == std::vector<std::string>{"second", "300000", "first", "3"});
  CHECK(seen == std::vector<std::string>{"first/to_second", "second/to_second", "second/body", "second/to_first",
                                         "first/to_first", "first/small"});
  CHECK(first.connection_count() == 1);
  CHECK(second.connection_count() == 0);
}

TEST_CASE("TLS works over a stream without an epoll set", "[transport][tls]") {
  using Socket = socketio::detail::AsioSocket;
  struct Stream : Socket {
    using Socket::Socket;
  };
  using socketio::detail::AsioShard;
  using Connection = socketio::detail::TlsConnection<Stream>;
  asio::io_context context;
  const auto shard = std::make_shared<AsioShard>(context, AsioTransportOptions{});
  const std::string body(2'000'000, 'x');
  shard->set_exchange_handler([&](const ExchangePtr& exchange) {
    exchange->read_body(4'000'000, [exchange](socketio::BodyError, std::string received) {
      exchange->respond(text_response(std::move(received)));
    });
  });
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  RawClient client(context, acceptor.local_endpoint().port(), {}, std::make_unique<ClientTls>());
  Stream socket(context.get_executor());
  acceptor.accept(socket);
  socket.non_blocking(true);
  const auto tls_context = socketio::detail::make_tls_context(server_options());
  const auto connection = std::make_shared<Connection>(shard, socketio::detail::AsioPeer{"127.0.0.1", 1, true},
                                                       std::move(socket), tls_context);
  shard->group->connections = 1;
  connection->start();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  std::optional<socketio::test::RawResponse> response;
  REQUIRE(socketio::test::run_until(context, [&] { return (response = take_response(client.received)).has_value(); }));
  CHECK((response->body == body));
  shard->abandon(true);
  CHECK(socketio::test::run_until(context, [&] { return client.ended; }));
  CHECK(client.end_reason == asio::error::eof);
}

TEST_CASE("connections after reload get the renewed certificate", "[transport][tls]") {
  const fs::path directory =
      fs::temp_directory_path() /
      ("socketio_tls_" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
  fs::create_directory(directory);
  const auto install = [&](const std::string& name) {
    for (const std::string ending : {".pem", ".key"})
      fs::copy_file(certificate_file(name + ending), directory / ("current" + ending),
                    fs::copy_options::overwrite_existing);
  };
  install("server");
  TlsFixture server(TlsOptions{.certificate_chain_file = (directory / "current.pem").string(),
                               .private_key_file = (directory / "current.key").string()});
  const auto name_shown = [&] {
    const Client client = server.connect_tls();
    return server.ask(client) ? common_name(*client.tls) : "";
  };
  const Client old = server.connect_tls();
  REQUIRE(server.ask(old));
  CHECK(common_name(*old.tls) == "server");

  install("renewed");
  CHECK(name_shown() == "server");
  server.tls.reload();
  CHECK(name_shown() == "renewed");
  CHECK(server.ask(old));

  // Unusable files change nothing.
  std::ofstream(directory / "current.pem") << "no certificate";
  CHECK_THROWS_AS(server.tls.reload(), std::invalid_argument);
  CHECK(name_shown() == "renewed");
  fs::remove(directory / "current.pem");
  CHECK_THROWS_AS(server.tls.reload(), std::system_error);
  CHECK(name_shown() == "renewed");

  // A copy shares its state.
  Tls copy = server.tls;
  copy.replace(server_options());
  CHECK(name_shown() == "server");
  fs::remove_all(directory);
}

TEST_CASE("other threads may reload while clients connect", "[transport][tls]") {
  TlsFixture server;
  std::jthread other([tls = server.tls]() mutable {
    for (int i = 0; i < 20; ++i) tls.reload();
  });
  for (int i = 0; i < 20; ++i) CHECK(server.ask(server.connect_tls()));
}

TEST_CASE("an asio::ssl::context is used as it is", "[transport][tls]") {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate_chain_file(certificate_file("renewed.pem"));
  context.use_private_key_file(certificate_file("renewed.key"), asio::ssl::context::pem);
  bool verified = false;
  context.load_verify_file(certificate_file("authority.pem"));
  context.set_verify_mode(asio::ssl::verify_peer);
  context.set_verify_callback([&](bool preverified, asio::ssl::verify_context&) {
    verified = true;
    return preverified;
  });
  TlsFixture server{Tls(std::move(context))};
  ClientTlsOptions options;
  options.certificate = "alice";
  const Client client = server.connect_tls(options);
  REQUIRE(server.ask(client));
  CHECK(common_name(*client.tls) == "renewed");
  CHECK(verified);
  CHECK(server.requests[0].tls->subject == "CN=alice,O=Example");
  CHECK_THROWS_AS(server.tls.reload(), std::logic_error);

  asio::ssl::context next(asio::ssl::context::tls_server);
  next.use_certificate_chain_file(certificate_file("server.pem"));
  next.use_private_key_file(certificate_file("server.key"), asio::ssl::context::pem);
  const Client halfway = server.connect_tls(options);  // its handshake continues with the context that it began with
  server.tls.replace(std::move(next));
  CHECK(server.ask(halfway));
  const Client later = server.connect_tls();
  REQUIRE(server.ask(later));
  CHECK(common_name(*later.tls) == "server");
}

TEST_CASE("certificates and keys may be given as text, and the key may be encrypted", "[transport][tls]") {
  TlsOptions options;
  options.certificate_chain = content_of(certificate_file("server.pem"));
  options.private_key = content_of(certificate_file("locked.key"));
  options.passphrase = "sesame";
  options.request_cert = true;
  options.ca = content_of(certificate_file("other_authority.pem")) + content_of(certificate_file("authority.pem"));
  TlsFixture server(options);
  for (const char* const name : {"alice", "mallory"}) {
    ClientTlsOptions client;
    client.certificate = name;
    CHECK(server.ask(server.connect_tls(client)));
  }
}

TEST_CASE("invalid options are refused with a message", "[transport][tls]") {
  const auto changed = [](auto change) {
    TlsOptions options = client_options();
    change(options);
    return refusal(options);
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(refusal(server_options()) == "accepted");
  CHECK(refusal({}) ==
        "socketio::TlsOptions: certificate_chain_file or certificate_chain is needed; private_key_file or private_key "
        "is needed");
  CHECK(changed([](TlsOptions& o) { o.certificate_chain = o.private_key = o.ca = "x"; }) ==
        "socketio::TlsOptions: either certificate_chain or certificate_chain_file, not both; either private_key or "
        "private_key_file, not both; either ca or ca_file, not both");
  CHECK(contains(changed([](TlsOptions& o) { o.request_cert = false; }), "without request_cert"));
  CHECK(contains(changed([](TlsOptions& o) { o.ca_file.clear(); }), "request_cert needs ca"));
  CHECK(changed([](TlsOptions& o) {
          o.ca_file.clear();
          o.reject_unauthorized = false;
        }) == "accepted");
  CHECK(contains(changed([](TlsOptions& o) { o.min_version = static_cast<TlsVersion>(7); }), "min_version"));

  const std::string missing = certificate_file("missing.pem");
  for (std::string TlsOptions::*file :
       {&TlsOptions::certificate_chain_file, &TlsOptions::private_key_file, &TlsOptions::ca_file}) {
    const std::string text = changed([&](TlsOptions& o) { o.*file = missing; });
    CHECK(contains(text, "system_error: socketio::TlsOptions: cannot read "));
    CHECK(contains(text, '"' + missing + "\": No such file or directory"));
    CHECK(contains(changed([&](TlsOptions& o) { o.*file = fs::path(missing).parent_path().string(); }), "cannot read"));
    // OpenSSL's messages for unusable text.
    const std::string script = certificate_file("server.cnf");
    const std::string reason = changed([&](TlsOptions& o) { o.*file = script; });
    CHECK(contains(reason, '"' + script + "\": "));
    CHECK((contains(reason, "no start line") || contains(reason, "unsupported")));
  }
  CHECK(contains(changed([](TlsOptions& o) { o.private_key_file = certificate_file("alice.key"); }),
                 "key values mismatch"));
  for (const std::string wrong : {"", "Sesame"}) {
    const std::string text = changed([&](TlsOptions& o) {
      o.private_key_file = certificate_file("locked.key");
      o.passphrase = wrong;
    });
    CHECK(contains(text, "locked.key\": "));
    CHECK((contains(text, "bad decrypt") || contains(text, "bad password")));
  }
  CHECK(contains(changed([](TlsOptions& o) {
                   o.ca = content_of(o.ca_file) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
                   o.ca_file.clear();
                 }),
                 "socketio::TlsOptions: ca: "));
  CHECK(contains(changed([](TlsOptions& o) { o.ciphers = "NONE-SUCH"; }), "ciphers \"NONE-SUCH\": no cipher match"));
  CHECK(contains(changed([](TlsOptions& o) { o.ciphersuites = "NONE"; }), "ciphersuites \"NONE\": no cipher match"));
}
