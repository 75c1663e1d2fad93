// SPDX-License-Identifier: MIT
// Connections that begin with a header of the PROXY protocol; and the limit of connections that are half open.
#include <socketio/transport/asio_options.hpp>
#include <tests/support/asio_fixture.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using socketio::AsioTransportOptions;
using socketio::ExchangePtr;
using socketio::test::AsioFixture;
using socketio::test::chosen_transport;
using socketio::test::ClientPtr;
using socketio::test::make_codec;
using socketio::test::RawClient;
using socketio::test::RawCodec;
using socketio::test::text_response;

namespace {

constexpr const char* plain_request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string line = "PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n";
const std::string block("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xCB\x00\x71\x07\x0A\x00\x00\x01\x12\x67\x01\xBB", 28);

/// Sends a header before everything that the codec of the transport, TLS or none, sends.
class AfterHeader final : public RawCodec {
 public:
  AfterHeader(std::string header, bool bytewise)
      : header_(std::move(header)), bytewise_(bytewise), inner_(make_codec(chosen_transport("asio"))) {}

  bool is_ready() const override { return !inner_ || inner_->is_ready(); }
  bool has_ended() const override { return !inner_ || inner_->has_ended(); }
  void wrap(std::string_view plain) override { inner_ ? inner_->wrap(plain) : void(plain_ += plain); }
  std::string unwrap(std::string_view wire) override { return inner_ ? inner_->unwrap(wire) : std::string(wire); }
  void end() override {
    if (inner_) inner_->end();
  }
  /// With `bytewise`, one byte of the header for each call.
  std::string take_output() override {
    std::string output = header_.substr(0, bytewise_ ? 1 : header_.size());
    header_.erase(0, output.size());
    if (!header_.empty()) return output;
    return output + (inner_ ? inner_->take_output() : std::exchange(plain_, {}));
  }

 private:
  std::string header_;
  bool bytewise_;
  std::unique_ptr<RawCodec> inner_;
  std::string plain_;
};

AsioTransportOptions from(std::vector<std::string> proxies) {
  AsioTransportOptions options;
  options.proxy_protocol_from = std::move(proxies);
  return options;
}

/// Answers each request with the address from which it came.
struct AddressServer : AsioFixture {
  explicit AddressServer(const AsioTransportOptions& options) : AsioFixture(options) {
    when_exchange = [](const ExchangePtr& exchange) {
      const auto& request = exchange->request();
      exchange->respond(text_response(request.remote_address + ' ' + std::to_string(request.remote_port)));
    };
  }

  ClientPtr connect_after(std::string header, bool bytewise = false) {
    return std::make_unique<RawClient>(context, port, std::nullopt,
                                       std::make_unique<AfterHeader>(std::move(header), bytewise));
  }

  /// The body of the answer to a request; "ended" if the connection ends without an answer.
  std::string ask(RawClient& client) {
    client.send(plain_request);
    const auto body_at = [&] { return client.received.find("\r\n\r\n") + 4; };
    const auto is_answered = [&] { return body_at() > 4 && client.received.size() > body_at(); };
    REQUIRE(until([&] { return client.ended || is_answered(); }));
    const std::string body = is_answered() ? client.received.substr(body_at()) : "ended";
    client.received.clear();
    return body;
  }
  std::string ask_after(std::string header) { return ask(*connect_after(std::move(header))); }
};

}  // namespace

TEST_CASE("a header of the PROXY protocol tells the address of the client", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.0/8"}));
  CHECK(server.ask_after(line) == "203.0.113.7 4711");
  CHECK(server.ask_after(block) == "203.0.113.7 4711");
  CHECK(server.ask_after("PROXY UNKNOWN\r\n").starts_with("127.0.0.1 "));
  const ClientPtr client = server.connect_after("PROXY TCP6 2001:db8::1 ::1 80 80\r\n");
  CHECK(server.ask(*client) == "2001:db8::1 80");
  CHECK(server.ask(*client) == "2001:db8::1 80");
}

TEST_CASE("a header may come byte by byte", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  for (const std::string& header : {line, block}) {
    const ClientPtr client = server.connect_after(header, true);
    for (std::size_t i = 0; i < header.size(); ++i) {
      server.context.restart();
      server.context.poll();
      client->send("");
    }
    CHECK(server.ask(*client) == "203.0.113.7 4711");
  }
}

TEST_CASE("a proxy that sends no header, or a broken one, gets no answer", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  CHECK(server.ask_after("") == "ended");
  CHECK(server.ask_after("PROXY TCP4 203.0.113.7\r\n") == "ended");
  CHECK(server.ask_after("\r\n\r\n") == "ended");
  const ClientPtr early = server.connect_after(line.substr(0, 20));
  early->close();
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
}

TEST_CASE("only one header is read", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  const ClientPtr client = server.connect_after(line + line);
  client->send(plain_request);
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->received.find("203.0.113.7") == std::string::npos);
}

TEST_CASE("peers that are not trusted cannot send a header", "[transport][proxy_protocol]") {
  AddressServer server(from({"10.0.0.0/8"}));
  CHECK(server.ask_after("").starts_with("127.0.0.1 "));
  const ClientPtr liar = server.connect_after(line);
  liar->send(plain_request);
  CHECK(server.until([&] { return liar->ended; }));
  CHECK(liar->received.find("203.0.113.7") == std::string::npos);
  CHECK((liar->received.empty() || liar->received.starts_with("HTTP/1.1 400")));
}

TEST_CASE("a header that does not come in time ends the connection", "[transport][proxy_protocol]") {
  AsioTransportOptions options = from({"127.0.0.1"});
  options.head_timeout = 5ms;
  AddressServer server(options);
  const ClientPtr slow = server.connect_after(line, true);
  CHECK(server.until([&] { return slow->ended; }));
  CHECK(slow->received.empty());
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
}

TEST_CASE("connections whose header is awaited end when the server closes", "[transport][proxy_protocol]") {
  AddressServer server(from({"127.0.0.1"}));
  const ClientPtr waiting = server.connect_after(line, true);
  REQUIRE(server.until([&] { return server.transport->connection_count() == 1; }));
  server.transport->close();
  CHECK(server.until([&] { return waiting->ended; }));
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("half-open connections count for max_connections, and free their places when they end",
          "[transport][limits]") {
  const bool has_header = GENERATE(false, true);
  AsioTransportOptions options = from({has_header ? "127.0.0.1" : "10.0.0.1"});
  options.max_connections = 4;
  AddressServer server(options);
  const std::string header = has_header ? line : "";
  const auto begin = [&] { return server.connect_after(header, true); };
  std::vector<ClientPtr> half_open;
  for (int i = 0; i < 3; ++i) half_open.push_back(begin());
  REQUIRE(server.until([&] { return server.transport->connection_count() == 3; }));  // limit - 1
  {
    const ClientPtr last = server.connect_after(header);
    CHECK(server.ask(*last) != "ended");                                      // limit
    for (int i = 0; i < 10; ++i) CHECK(server.ask_after(header) == "ended");  // limit + 1
    CHECK(server.transport->connection_count() == 4);
    last->close();
    REQUIRE(server.until([&] { return server.transport->connection_count() == 3; }));
  }
  half_open.push_back(begin());
  REQUIRE(server.until([&] { return server.transport->connection_count() == 4; }));
  CHECK(server.ask_after(header) == "ended");
  for (const ClientPtr& client : half_open) client->close();
  REQUIRE(server.until([&] { return server.transport->connection_count() == 0; }));
  CHECK(server.ask_after(header) != "ended");
}
