// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/memory.hpp>: exchanges and WebSockets as queues between two objects of one thread.
// Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/transport/empty_handlers.hpp>
#include <socketio/transport/memory.hpp>
#include <socketio/transport/websocket_deflate.hpp>
#include <socketio/transport/websocket_handshake.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <deque>
#include <span>
#include <unordered_map>

namespace socketio {

SOCKETIO_DECL void ManualScheduler::post(Task task) {
  asio::post(context_, [task = std::move(task)] { task(); });
}

SOCKETIO_DECL void ManualScheduler::run_until_idle() {
  for (;;) {
    context_.restart();
    context_.poll();
    if (timers().next_deadline() > now()) return;
    timers().advance(now());
  }
}

SOCKETIO_DECL void ManualScheduler::advance(Clock::duration by) {
  const Clock::time_point target = now() + by;
  run_until_idle();
  while (timers().next_deadline() <= target) {
    now_ = timers().next_deadline();
    run_until_idle();
  }
  now_ = target;
}

namespace detail {

/// What the transport, its exchanges and its WebSockets share.
class MemoryHub : public std::enable_shared_from_this<MemoryHub> {
 public:
  MemoryHub(asio::io_context& context, MemoryTransportOptions chosen) : options(chosen), scheduler(context) {}

  void track(const std::shared_ptr<MemoryExchange>& exchange) {
    if (exchanges.size() >= sweep_at) {
      exchanges.erase(
          std::remove_if(exchanges.begin(), exchanges.end(), [](const auto& entry) { return entry.expired(); }),
          exchanges.end());
      sweep_at = std::max<std::size_t>(64, 2 * exchanges.size());
    }
    exchanges.push_back(exchange);
  }

  /// A request has ended without becoming a WebSocket, or a WebSocket has ended.
  void on_end() {
    if (--connections == 0 && !empty_handlers.empty()) post_empty();
  }

  void when_empty(EmptyHandlers::Handler waiting) {
    empty_handlers.add(std::move(waiting));
    if (connections == 0) post_empty();
  }

  MemoryTransportOptions options;
  ManualScheduler scheduler;
  ExchangeHandler handler;
  EmptyHandlers empty_handlers;
  std::size_t connections = 0;  // requests and WebSockets that have not ended
  bool is_listening = false;
  std::vector<std::weak_ptr<MemoryExchange>> exchanges;
  std::size_t sweep_at = 64;
  bool flush_is_posted = false;
  std::vector<std::shared_ptr<MemoryWebSocket>> dirty;  // to be flushed in the next turn, behind the first
  std::unordered_map<MemoryWebSocket*, std::shared_ptr<MemoryWebSocket>> websockets;  // those that have not ended

 private:
  void post_empty() {
    scheduler.post([hub = shared_from_this()] {
      // A request may have come since the post; then its end calls the handlers.
      if (hub->connections == 0) hub->empty_handlers.call();
    });
  }
};

/// The server's side of a WebSocket.
class MemoryWebSocket final : public WebSocket, public std::enable_shared_from_this<MemoryWebSocket> {
 public:
  using Sent = MemoryWebSocketClient::Sent;
  using What = MemoryWebSocketClient::Sent::What;

  MemoryWebSocket(std::shared_ptr<MemoryHub> hub, MemoryWebSocketClientPtr client, const WebSocketLimits& limits)
      : hub_(std::move(hub)), client_(std::move(client)), limits_(limits) {}

  void set_listener(std::shared_ptr<WebSocketListener> listener) override {
    listener_ = std::move(listener);
    if (listener_ && !incoming_.empty()) post_delivery();
  }

  void send(const MessagePtr& message) override {
    if (has_ended_ || is_closing_) return;
    unsent_bytes_ += message->kept_bytes();
    outgoing_.push_back(message);
    post_flush();
  }

  bool is_writable() const override { return !has_ended_ && !is_closing_ && !is_waiting_for_drain_; }
  std::size_t unsent_bytes() const override { return unsent_bytes_; }
  void raise_message_limit(std::size_t bytes) override { limits_.max_message_bytes = bytes; }

  void close(std::optional<std::uint16_t> code) override {
    if (has_ended_ || is_closing_) return;
    is_closing_ = true;
    close_code_ = code;
    hub_->scheduler.arm(close_timer_, hub_->options.close_timeout);
    post_flush();
  }

  void terminate() override { end({WebSocketClose::Cause::closed_locally, 1006, {}}); }

  /// The transport goes away.
  void abandon() {
    has_ended_ = true;
    hub_->scheduler.cancel(close_timer_);
    client_->closed = true;
    listener_.reset();
  }

  /// Something arrives from the client, in a later turn.
  void receive(Sent what) {
    hub_->scheduler.post([self = shared_from_this(), what = std::move(what)]() mutable {
      self->incoming_.push_back(std::move(what));
      self->deliver();
    });
  }

  void post_flush() {
    is_waiting_for_drain_ = true;
    if (std::exchange(flush_is_posted_, true)) return;
    // One task flushes all WebSockets of a turn: a task for each makes the queue of the event loop allocate for every
    // receiver of a broadcast, which was half of its instructions.
    if (std::exchange(hub_->flush_is_posted, true)) return hub_->dirty.push_back(shared_from_this());
    hub_->scheduler.post([self = shared_from_this()] { self->flush_turn(); });
  }

  void flush_turn() {
    hub_->flush_is_posted = false;
    if (hub_->dirty.empty()) return flush();
    const auto others = std::exchange(hub_->dirty, {});
    flush();
    for (const auto& each : others) each->flush();
  }

  void flush() {
    flush_is_posted_ = false;
    if (has_ended_ || client_->stalled_) return;
    if (client_->pipe_is_broken_) return end({WebSocketClose::Cause::write_failed, 1006, {}});
    write_outgoing();
    if (is_closing_) {
      // A browser answers the close frame, after everything that it has sent before.
      if (!client_->close_code) receive({What::close_frame, {}, close_code_});
      client_->close_code = close_code_.value_or(1005);
      return;
    }
    is_waiting_for_drain_ = false;
    const std::shared_ptr<WebSocketListener> listener = listener_;
    if (listener) listener->on_drain();
  }

 private:
  void post_delivery() {
    hub_->scheduler.post([self = shared_from_this()] { self->deliver(); });
  }

  void deliver() {
    while (!has_ended_ && listener_ && !incoming_.empty()) {
      Sent next = std::move(incoming_.front());
      incoming_.pop_front();
      switch (next.what) {
        case What::text:
        case What::binary: deliver_message(next.what == What::binary, next.payload); break;
        case What::close_frame: take_close_frame(next.code.value_or(1005)); break;
        case What::end: end({WebSocketClose::Cause::closed_by_peer, 1006, {}}); break;
      }
    }
    if (!listener_ && is_closing_ && !has_ended_) take_silently();
  }

  /// Takes input without a listener, only to find the end of the connection.
  void take_silently() {
    while (!has_ended_ && !incoming_.empty()) {
      const What what = incoming_.front().what;
      incoming_.pop_front();
      if (what == What::close_frame || what == What::end) end({WebSocketClose::Cause::closed_locally, 1005, {}});
    }
  }

  void deliver_message(bool is_binary, std::string& payload) {
    if (payload.size() > limits_.max_message_bytes) return fail(1009, "Max payload size exceeded");
    if (!is_binary && !is_valid_utf8(payload)) return fail(1007, "Invalid UTF-8 sequence");
    const std::shared_ptr<WebSocketListener> listener = listener_;
    listener->on_message(is_binary, payload);
  }

  void take_close_frame(std::uint16_t code) {
    if (is_closing_) return end({WebSocketClose::Cause::closed_locally, close_code_.value_or(1005), {}});
    write_outgoing();
    client_->close_code = code;
    end({WebSocketClose::Cause::closed_by_peer, code, {}});
  }

  void fail(std::uint16_t code, std::string reason) {
    if (!client_->stalled_) client_->close_code = code;
    end({WebSocketClose::Cause::protocol_violation, code, std::move(reason)});
  }

  void write_outgoing() {
    for (const MessagePtr& message : outgoing_)
      client_->received.push_back({message->is_binary(), std::string(message->payload())});
    outgoing_.clear();
    unsent_bytes_ = 0;
  }

  void end(WebSocketClose how) {
    if (std::exchange(has_ended_, true)) return;
    outgoing_.clear();
    unsent_bytes_ = 0;
    incoming_.clear();
    hub_->scheduler.cancel(close_timer_);
    client_->closed = true;
    hub_->scheduler.post([self = shared_from_this(), how = std::move(how)] {
      const std::shared_ptr<WebSocketListener> listener = std::move(self->listener_);
      if (listener) listener->on_close(how);
    });
    hub_->on_end();
    hub_->websockets.erase(this);
  }

  std::shared_ptr<MemoryHub> hub_;
  MemoryWebSocketClientPtr client_;
  WebSocketLimits limits_;
  std::shared_ptr<WebSocketListener> listener_;
  std::deque<Sent> incoming_;
  std::vector<MessagePtr> outgoing_;
  std::size_t unsent_bytes_ = 0;
  std::optional<std::uint16_t> close_code_;
  bool is_waiting_for_drain_ = false;
  bool flush_is_posted_ = false;
  bool is_closing_ = false;
  bool has_ended_ = false;
  Timer close_timer_{[](void* self) { static_cast<MemoryWebSocket*>(self)->terminate(); }, this};
};

/// The server's side of a request.
class MemoryExchange final : public HttpExchange, public std::enable_shared_from_this<MemoryExchange> {
 public:
  MemoryExchange(std::shared_ptr<MemoryHub> hub, HttpRequest request, MemoryResponsePtr response,
                 MemoryWebSocketClientPtr websocket_client)
      : hub_(std::move(hub)),
        request_(std::move(request)),
        response_(std::move(response)),
        websocket_client_(std::move(websocket_client)) {
    ++hub_->connections;
  }
  ~MemoryExchange() override { destroy(); }

  const HttpRequest& request() const override { return request_; }

  void set_remote(std::string address, std::uint16_t port) override {
    request_.remote_address = std::move(address);
    request_.remote_port = port;
  }
  bool is_upgrade() const override { return asks_to_upgrade(request_, false); }

  void read_body(const BodyLimits& limits, BodyHandler handler) override {
    if (has_ended_) return;
    body_limits_ = limits;
    body_handler_ = std::move(handler);
    check_body();
  }

  void respond(HttpResponse response) override {
    if (!end()) return;
    const Handlers released = take_handlers();
    if (request_.method == "HEAD" || response.status == 204 || response.status == 304) response.body.clear();
    if (websocket_client_) {
      websocket_client_->response = std::move(response);
      websocket_client_->done_ = true;
      websocket_client_->closed = true;
    } else {
      response_->response = std::move(response);
      response_->done = true;
    }
  }

  void destroy() override {
    if (!end()) return;
    const Handlers released = take_handlers();
    if (websocket_client_) {
      websocket_client_->destroyed = true;
      websocket_client_->closed = true;
    } else {
      response_->destroyed = true;
    }
  }

  void on_abort(UniqueFunction<void()> handler) override { abort_handler_ = std::move(handler); }

  inline std::shared_ptr<WebSocket> accept_websocket(const HttpHeaders& headers,
                                                     const WebSocketLimits& limits) override;

  /// The client or the transport cuts the connection.
  void cut() {
    if (!end()) return;
    if (websocket_client_) {
      websocket_client_->destroyed = true;
      websocket_client_->closed = true;
    }
    const Handlers handlers = take_handlers();
    if (handlers.body) handlers.body(BodyError::aborted, {});
    if (handlers.abort) handlers.abort();
  }

  void add_body(std::string_view piece) {
    body_ += piece;
    ++body_chunks_;
    check_body();
  }
  void finish_body() {
    body_is_complete_ = true;
    check_body();
  }

 private:
  /// Whether it had not ended before.
  bool end() {
    if (std::exchange(has_ended_, true)) return false;
    hub_->on_end();
    return true;
  }

  void check_body() {
    if (!body_handler_ || has_ended_) return;
    if (body_.size() > body_limits_.max_bytes) {
      const BodyHandler handler = std::move(body_handler_);
      handler(BodyError::too_large, {});
    } else if (body_limits_.max_chunks != 0 && body_chunks_ > body_limits_.max_chunks) {
      const BodyHandler handler = std::move(body_handler_);
      handler(BodyError::too_many_chunks, {});
    } else if (body_is_complete_) {
      const BodyHandler handler = std::move(body_handler_);
      handler(BodyError::none, std::move(body_));
    }
  }

  struct Handlers {
    BodyHandler body;
    UniqueFunction<void()> abort;
  };

  /// The handlers may own this exchange, so the caller destroys them when it is done with `this`.
  Handlers take_handlers() { return {std::move(body_handler_), std::move(abort_handler_)}; }

  std::shared_ptr<MemoryHub> hub_;
  HttpRequest request_;
  MemoryResponsePtr response_;
  MemoryWebSocketClientPtr websocket_client_;
  std::string body_;
  std::size_t body_chunks_ = 0;
  BodyLimits body_limits_{0};
  BodyHandler body_handler_;
  UniqueFunction<void()> abort_handler_;
  bool body_is_complete_ = false;
  bool has_ended_ = false;
};

SOCKETIO_DECL std::shared_ptr<WebSocket> MemoryExchange::accept_websocket(const HttpHeaders& headers,
                                                                          const WebSocketLimits& limits) {
  if (has_ended_) return nullptr;
  std::optional<DeflateAgreement> agreement;
  if (auto refusal = refused_websocket_handshake(request_, limits.per_message_deflate, &agreement, nullptr)) {
    respond(*std::move(refusal));
    return nullptr;
  }
  if (!websocket_client_) {
    destroy();  // a plain request that claims to be an upgrade: the client cannot hold a WebSocket
    return nullptr;
  }
  has_ended_ = true;  // from here on the WebSocket counts as the connection
  const Handlers released = take_handlers();
  websocket_client_->accepted = true;
  websocket_client_->response.status = 101;
  websocket_client_->response.headers = headers;
  websocket_client_->compresses = agreement.has_value();
  if (agreement) websocket_client_->response.headers.add("Sec-WebSocket-Extensions", agreement->to_header());
  auto websocket = std::make_shared<MemoryWebSocket>(hub_, websocket_client_, limits);
  websocket_client_->websocket_ = websocket;
  hub_->websockets.emplace(websocket.get(), websocket);
  for (auto& sent : std::exchange(websocket_client_->early_, {})) websocket->receive(std::move(sent));
  return websocket;
}

}  // namespace detail

SOCKETIO_DECL void MemoryResponse::add_body(std::string_view piece) {
  hub_->scheduler.post([exchange = exchange_, piece = std::string(piece)] {
    if (const auto alive = exchange.lock()) alive->add_body(piece);
  });
}

SOCKETIO_DECL void MemoryResponse::finish_body() {
  hub_->scheduler.post([exchange = exchange_] {
    if (const auto alive = exchange.lock()) alive->finish_body();
  });
}

SOCKETIO_DECL void MemoryResponse::abort() {
  if (ended()) return;
  aborted = true;
  hub_->scheduler.post([exchange = exchange_] {
    if (const auto alive = exchange.lock()) alive->cut();
  });
}

SOCKETIO_DECL void MemoryWebSocketClient::send(Sent what) {
  if (const auto server = websocket_.lock())
    server->receive(std::move(what));
  else if (!ended())
    early_.push_back(std::move(what));
}

SOCKETIO_DECL void MemoryWebSocketClient::send_text(std::string_view payload) {
  send({Sent::What::text, std::string(payload), std::nullopt});
}

SOCKETIO_DECL void MemoryWebSocketClient::send_binary(std::string_view payload) {
  send({Sent::What::binary, std::string(payload), std::nullopt});
}

SOCKETIO_DECL void MemoryWebSocketClient::close(std::optional<std::uint16_t> code) {
  send({Sent::What::close_frame, {}, code});
}

SOCKETIO_DECL void MemoryWebSocketClient::abort() {
  if (accepted) return send({Sent::What::end, {}, std::nullopt});
  hub_->scheduler.post([exchange = exchange_] {
    if (const auto alive = exchange.lock()) alive->cut();
  });
}

SOCKETIO_DECL void MemoryWebSocketClient::stall_reading(bool stalled) {
  stalled_ = stalled;
  const auto server = websocket_.lock();
  if (!stalled && server && !server->is_writable()) server->post_flush();
}

SOCKETIO_DECL void MemoryWebSocketClient::break_pipe() { pipe_is_broken_ = true; }

SOCKETIO_DECL MemoryWebSocketClient::Received MemoryWebSocketClient::pop() {
  if (received.empty()) return {};
  Received first = std::move(received.front());
  received.erase(received.begin());
  return first;
}

SOCKETIO_DECL MemoryTransport::MemoryTransport(asio::io_context& context, Options options)
    : context_(context), hub_(std::make_shared<detail::MemoryHub>(context, options)) {}

SOCKETIO_DECL MemoryTransport::~MemoryTransport() {
  hub_->is_listening = false;
  hub_->handler = nullptr;
  hub_->empty_handlers.clear();
  for (const auto& [key, websocket] : std::exchange(hub_->websockets, {})) websocket->abandon();
  hub_->dirty.clear();
}

SOCKETIO_DECL Scheduler& MemoryTransport::scheduler() noexcept { return hub_->scheduler; }
SOCKETIO_DECL void MemoryTransport::on_exchange(ExchangeHandler handler) { hub_->handler = std::move(handler); }

SOCKETIO_DECL std::uint16_t MemoryTransport::listen(std::uint16_t port, const std::string&) {
  hub_->is_listening = true;
  return port == 0 ? std::uint16_t{1} : port;
}

SOCKETIO_DECL void MemoryTransport::close() {
  hub_->is_listening = false;
  hub_->scheduler.post([hub = hub_, exchanges = std::exchange(hub_->exchanges, {})] {
    for (const auto& entry : exchanges)
      if (const auto exchange = entry.lock()) exchange->cut();
    const auto websockets = hub->websockets;
    for (const auto& [key, websocket] : websockets) websocket->close(1001);
  });
}

SOCKETIO_DECL void MemoryTransport::when_empty(detail::UniqueFunction<void()> handler) {
  hub_->when_empty(std::move(handler));
}

SOCKETIO_DECL void MemoryTransport::run_until_idle() { hub_->scheduler.run_until_idle(); }
SOCKETIO_DECL void MemoryTransport::advance(Scheduler::Clock::duration by) { hub_->scheduler.advance(by); }

SOCKETIO_DECL HttpRequest MemoryTransport::make_request(std::string method, std::string target, Headers headers) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.remote_address = "127.0.0.1";
  request.remote_port = 50'000;
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  return request;
}

SOCKETIO_DECL MemoryResponsePtr MemoryTransport::start_request(HttpRequest request) {
  auto response = std::make_shared<MemoryResponse>();
  response->hub_ = hub_;
  auto exchange = std::make_shared<detail::MemoryExchange>(hub_, std::move(request), response, nullptr);
  response->exchange_ = exchange;
  hub_->track(exchange);
  hub_->scheduler.post([hub = hub_, exchange = std::move(exchange)]() mutable {
    if (hub->is_listening && hub->handler) hub->handler(std::move(exchange));
  });
  return response;
}

SOCKETIO_DECL MemoryResponsePtr MemoryTransport::request(HttpRequest request, std::string body) {
  MemoryResponsePtr response = start_request(std::move(request));
  if (const auto exchange = response->exchange_.lock()) {
    exchange->add_body(body);
    exchange->finish_body();
  }
  return response;
}

SOCKETIO_DECL MemoryResponsePtr MemoryTransport::fetch(std::string method, std::string target, std::string body,
                                                       Headers headers) {
  MemoryResponsePtr response = request(make_request(std::move(method), std::move(target), headers), std::move(body));
  run_until_idle();
  return response;
}

SOCKETIO_DECL MemoryWebSocketClientPtr MemoryTransport::connect_websocket(HttpRequest request) {
  const auto add_missing = [&request](std::string_view name, std::string_view value) {
    if (!request.headers.contains(name)) request.headers.add(name, value);
  };
  if (request.method.empty()) request.method = "GET";
  add_missing("Upgrade", "websocket");
  add_missing("Connection", "Upgrade");
  add_missing("Sec-WebSocket-Version", "13");
  add_missing("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");

  auto client = std::make_shared<MemoryWebSocketClient>();
  client->hub_ = hub_;
  auto exchange = std::make_shared<detail::MemoryExchange>(hub_, std::move(request), nullptr, client);
  exchange->finish_body();
  client->exchange_ = exchange;
  hub_->track(exchange);
  hub_->scheduler.post([hub = hub_, exchange = std::move(exchange)]() mutable {
    if (hub->is_listening && hub->handler) hub->handler(std::move(exchange));
  });
  return client;
}

SOCKETIO_DECL MemoryWebSocketClientPtr MemoryTransport::connect_websocket(std::string target, Headers headers) {
  MemoryWebSocketClientPtr client = connect_websocket(make_request("GET", std::move(target), headers));
  run_until_idle();
  return client;
}

}  // namespace socketio
