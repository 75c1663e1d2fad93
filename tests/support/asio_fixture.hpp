// SPDX-License-Identifier: MIT
// A transport on TCP and raw clients on one thread and one io_context: for tests of the transport itself.
#pragma once

#include <socketio/transport/asio.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/raw_client.hpp>
#include <tests/support/test_transport.hpp>
#include <tests/support/websocket_frames.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::test {

/// Records the calls of a listener, with hooks to react to them.
struct RecordingListener : WebSocketListener {
  std::vector<std::string> messages;
  std::vector<WebSocketClose> closes;
  std::size_t drains = 0;
  std::function<void(bool is_binary, std::span<char> payload)> when_message;
  std::function<void()> when_drain;
  std::function<void()> when_close;

  void on_message(bool is_binary, std::span<char> payload) override {
    CHECK(closes.empty());
    messages.emplace_back(payload.data(), payload.size());
    if (when_message) when_message(is_binary, payload);
  }
  void on_drain() override {
    CHECK(closes.empty());
    ++drains;
    if (when_drain) when_drain();
  }
  void on_close(const WebSocketClose& how) override {
    closes.push_back(how);
    if (when_close) when_close();
  }
};

/// Over AsioTransport, unless the environment names another transport on TCP.
class AsioFixture {
 public:
  explicit AsioFixture(const AsioTransportOptions& options = {})
      : transport(std::make_unique<TestTransport>(context, on_tcp(options))) {
    transport->on_exchange([this](ExchangePtr exchange) {
      if (exchange->request().target == "/settle") return exchange->respond({});
      if (when_exchange) return when_exchange(std::move(exchange));
      exchanges.push_back(std::move(exchange));
    });
    port = transport->listen(0, "127.0.0.1");
  }

  asio::io_context context{1};
  std::unique_ptr<TestTransport> transport;
  std::uint16_t port = 0;
  std::vector<ExchangePtr> exchanges;              // that have no answer yet
  std::function<void(ExchangePtr)> when_exchange;  // takes them instead of `exchanges`
  WebSocketLimits websocket_limits;

  ClientPtr connect(std::optional<int> receive_buffer_bytes = {}) {
    return std::make_unique<RawClient>(context, port, receive_buffer_bytes, make_codec(chosen_transport("asio")));
  }

  bool until(const std::function<bool()>& condition) { return run_until(context, condition); }

  /// Runs the loop until it is out of work; false if it never is.
  bool run_out_of_work() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    context.restart();
    while (!context.stopped()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context.run_one_for(std::chrono::milliseconds(100));
    }
    return true;
  }

  /// Handles everything that the kernel already knows of: a later request of another client is answered after it.
  void settle() {
    for (int i = 0; i < 2; ++i) {
      const auto other = connect();
      other->send("GET /settle HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(until([&] { return other->received.find("\r\n\r\n") != std::string::npos; }));
    }
  }

  /// Opens a WebSocket; its server side is `websocket`, with `listener` as its listener.
  ClientPtr open_websocket(std::string_view sent_along = {}, std::optional<int> receive_buffer_bytes = {}) {
    ClientPtr client = connect(receive_buffer_bytes);
    const auto usual = std::exchange(when_exchange, [this](const ExchangePtr& exchange) {
      CHECK(exchange->is_upgrade());
      websocket = exchange->accept_websocket({}, websocket_limits);
      REQUIRE(websocket);
      listener = std::make_shared<RecordingListener>();
      websocket->set_listener(listener);
    });
    client->send(std::string(websocket_request) + std::string(sent_along));
    REQUIRE(until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
    client->received.erase(0, client->received.find("\r\n\r\n") + 4);
    when_exchange = usual;
    return client;
  }

  static constexpr std::string_view websocket_request =
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

  std::shared_ptr<WebSocket> websocket;
  std::shared_ptr<RecordingListener> listener;
};

inline HttpResponse text_response(std::string body, unsigned status = 200) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace socketio::test
