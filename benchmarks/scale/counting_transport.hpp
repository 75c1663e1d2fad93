// SPDX-License-Identifier: MIT
// A transport that costs next to nothing: WebSockets whose clients count the messages and drop them.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/memory.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::benchmarks {

class CountingWebSocket;

/// Shared by the WebSockets of one transport.
struct CountingHub {
  explicit CountingHub(asio::io_context& context) : scheduler(context) {}

  ManualScheduler scheduler;
  ExchangeHandler handler;
  std::vector<CountingWebSocket*> dirty;  // the WebSockets that were sent to in this turn
  std::size_t messages = 0;
};

/// Both ends of a connection. Like the Asio transport, it reports once per turn that everything has been written.
///
/// @par Lifetime  Kept by the code that opened it, until the server is destroyed.
class CountingWebSocket final : public WebSocket {
 public:
  explicit CountingWebSocket(CountingHub& hub) : hub_(hub) {}

  // The client's end.
  void receive(std::span<char> text) {
    if (const auto listener = listener_) listener->on_message(false, text);
  }
  void hang_up() {
    if (const auto listener = std::exchange(listener_, nullptr)) listener->on_close(WebSocketClose{});
  }

  // The server's.
  void set_listener(std::shared_ptr<WebSocketListener> listener) override { listener_ = std::move(listener); }
  void send(const MessagePtr& message) override {
    ++hub_.messages;
    unsent_bytes_ += message->frame_bytes();
    if (!is_writable_) return;
    is_writable_ = false;
    hub_.dirty.push_back(this);
    if (hub_.dirty.size() == 1) hub_.scheduler.post([&hub = hub_] { flush(hub); });
  }
  bool is_writable() const override { return is_writable_; }
  std::size_t unsent_bytes() const override { return unsent_bytes_; }
  void raise_message_limit(std::size_t) override {}
  void close(std::optional<std::uint16_t>) override { listener_.reset(); }
  void terminate() override { listener_.reset(); }

 private:
  static void flush(CountingHub& hub) {
    auto batch = std::exchange(hub.dirty, {});
    for (CountingWebSocket* socket : batch) {
      socket->is_writable_ = true;
      socket->unsent_bytes_ = 0;
      if (const auto listener = socket->listener_) listener->on_drain();
    }
    batch.clear();
    if (hub.dirty.empty()) hub.dirty = std::move(batch);
  }

  CountingHub& hub_;
  std::shared_ptr<WebSocketListener> listener_;
  std::size_t unsent_bytes_ = 0;
  bool is_writable_ = true;
};

/// A handshake, which is accepted or dropped.
class CountingExchange final : public HttpExchange {
 public:
  CountingExchange(const HttpRequest& request, std::shared_ptr<CountingWebSocket> socket)
      : request_(request), socket_(std::move(socket)) {}

  const HttpRequest& request() const override { return request_; }
  bool is_upgrade() const override { return true; }
  void read_body(const BodyLimits&, BodyHandler handler) override { handler(BodyError::none, {}); }
  void respond(HttpResponse) override {}
  void destroy() override {}
  void on_abort(detail::UniqueFunction<void()>) override {}
  std::shared_ptr<WebSocket> accept_websocket(const HttpHeaders&, const WebSocketLimits&) override {
    return std::exchange(socket_, nullptr);
  }

 private:
  HttpRequest request_;
  std::shared_ptr<CountingWebSocket> socket_;
};

/// Models Transport; the benchmark moves its clock.
class CountingTransport {
 public:
  struct Options {};
  using executor_type = asio::io_context::executor_type;

  explicit CountingTransport(asio::io_context& context, Options = {}) : context_(context), hub_(context) {}

  Scheduler& scheduler() noexcept { return hub_.scheduler; }
  executor_type get_executor() noexcept { return context_.get_executor(); }
  void on_exchange(ExchangeHandler handler) { hub_.handler = std::move(handler); }
  std::uint16_t listen(std::uint16_t, const std::string&) { return 1; }
  void close() {}

  ManualScheduler& clock() noexcept { return hub_.scheduler; }
  CountingHub& hub() noexcept { return hub_; }

  /// Asks for a WebSocket session with this handshake.
  void open(const HttpRequest& request, const std::shared_ptr<CountingWebSocket>& socket) {
    hub_.handler(std::make_shared<CountingExchange>(request, socket));
  }

 private:
  asio::io_context& context_;
  CountingHub hub_;
};

static_assert(Transport<CountingTransport>);

}  // namespace socketio::benchmarks
