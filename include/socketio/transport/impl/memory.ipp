// SPDX-License-Identifier: MIT
// The bodies of transport/memory.hpp: exchanges and WebSockets as queues between two objects of one thread.
#pragma once

#include <socketio/protocol/utf8.hpp>
#include <socketio/transport/memory.hpp>
#include <socketio/transport/websocket_deflate.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <deque>
#include <span>
#include <unordered_map>

namespace socketio {

inline void ManualScheduler::post(Task task) {
  asio::post(context_, [task = std::move(task)] { task(); });
}

inline void ManualScheduler::run_until_idle() {
  for (;;) {
    context_.restart();
    context_.poll();
    if (timers().next_deadline() > now()) return;
    timers().advance(now());
  }
}

inline void ManualScheduler::advance(Clock::duration by) {
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

  MemoryTransportOptions options;
  ManualScheduler scheduler;
  ExchangeHandler handler;
  bool is_listening = false;
  std::vector<std::weak_ptr<MemoryExchange>> exchanges;
  std::size_t sweep_at = 64;
  std::unordered_map<MemoryWebSocket*, std::shared_ptr<MemoryWebSocket>> websockets;  // those that have not ended
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
    unsent_bytes_ += message->frame_bytes();
    outgoing_.push_back(message);
    post_flush();
  }

  bool is_writable() const override { return !has_ended_ && !is_closing_ && !is_waiting_for_drain_; }
  std::size_t unsent_bytes() const override { return unsent_bytes_; }

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
    hub_->scheduler.post([self = shared_from_this()] { self->flush(); });
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

  /// Nobody listens any more; what still matters is how the connection ends.
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

  void flush() {
    flush_is_posted_ = false;
    if (has_ended_ || client_->stalled_) return;
    if (client_->pipe_is_broken_) return end({WebSocketClose::Cause::write_failed, 1006, {}});
    write_outgoing();
    if (is_closing_) {
      // A browser answers the close frame; whatever it sent before that arrives first.
      if (!client_->close_code) receive({What::close_frame, {}, close_code_});
      client_->close_code = close_code_.value_or(1005);
      return;
    }
    is_waiting_for_drain_ = false;
    const std::shared_ptr<WebSocketListener> listener = listener_;
    if (listener) listener->on_drain();
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
        websocket_client_(std::move(websocket_client)) {}
  ~MemoryExchange() override { destroy(); }

  const HttpRequest& request() const override { return request_; }

  bool is_upgrade() const override {
    return request_.headers.contains("Upgrade") && request_.headers.has_token("Connection", "upgrade");
  }

  void read_body(std::size_t max_bytes, BodyHandler handler) override {
    if (has_ended_) return;
    max_body_bytes_ = max_bytes;
    body_handler_ = std::move(handler);
    check_body();
  }

  void respond(HttpResponse response) override {
    if (std::exchange(has_ended_, true)) return;
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
    if (std::exchange(has_ended_, true)) return;
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

  /// The connection is cut from outside.
  void cut() {
    if (std::exchange(has_ended_, true)) return;
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
    check_body();
  }
  void finish_body() {
    body_is_complete_ = true;
    check_body();
  }

 private:
  void check_body() {
    if (!body_handler_ || has_ended_) return;
    if (body_.size() > max_body_bytes_) {
      const BodyHandler handler = std::move(body_handler_);
      handler(BodyError::too_large, {});
    } else if (body_is_complete_) {
      const BodyHandler handler = std::move(body_handler_);
      handler(BodyError::none, std::move(body_));
    }
  }

  struct Handlers {
    BodyHandler body;
    UniqueFunction<void()> abort;
  };

  /// Handlers may own what owns this exchange: the caller destroys them when it is done with `this`.
  Handlers take_handlers() { return {std::move(body_handler_), std::move(abort_handler_)}; }

  void refuse(unsigned status, std::string message, bool names_versions = false) {
    HttpResponse response;
    response.status = status;
    response.close = true;
    response.headers.add("Content-Type", "text/html");
    if (names_versions) response.headers.add("Sec-WebSocket-Version", "13, 8");
    response.body = std::move(message);
    respond(std::move(response));
  }

  std::shared_ptr<MemoryHub> hub_;
  HttpRequest request_;
  MemoryResponsePtr response_;
  MemoryWebSocketClientPtr websocket_client_;
  std::string body_;
  std::size_t max_body_bytes_ = 0;
  BodyHandler body_handler_;
  UniqueFunction<void()> abort_handler_;
  bool body_is_complete_ = false;
  bool has_ended_ = false;
};

inline std::shared_ptr<WebSocket> MemoryExchange::accept_websocket(const HttpHeaders& headers,
                                                                   const WebSocketLimits& limits) {
  if (has_ended_) return nullptr;
  const auto field = [this](std::string_view name) { return request_.headers.find(name).value_or(std::string_view()); };
  const std::string_view key = field("Sec-WebSocket-Key");
  const DeflateNegotiation deflate = limits.per_message_deflate
                                         ? negotiate_deflate(request_.headers, *limits.per_message_deflate)
                                         : DeflateNegotiation{};
  if (request_.method != "GET") {
    refuse(405, "Invalid HTTP method");
  } else if (!iequals(field("Upgrade"), "websocket")) {
    refuse(400, "Invalid Upgrade header");
  } else if (key.size() != 24 || key.substr(22) != "==") {
    refuse(400, "Missing or invalid Sec-WebSocket-Key header");
  } else if (field("Sec-WebSocket-Version") != "13" && field("Sec-WebSocket-Version") != "8") {
    refuse(400, "Missing or invalid Sec-WebSocket-Version header", true);
  } else if (deflate.refused) {
    refuse(400, "Invalid or unacceptable Sec-WebSocket-Extensions header");
  } else if (websocket_client_) {
    has_ended_ = true;
    const Handlers released = take_handlers();
    websocket_client_->accepted = true;
    websocket_client_->response.status = 101;
    websocket_client_->response.headers = headers;
    websocket_client_->compresses = deflate.agreement.has_value();
    if (deflate.agreement)
      websocket_client_->response.headers.add("Sec-WebSocket-Extensions", deflate.agreement->to_header());
    auto websocket = std::make_shared<MemoryWebSocket>(hub_, websocket_client_, limits);
    websocket_client_->websocket_ = websocket;
    hub_->websockets.emplace(websocket.get(), websocket);
    for (auto& sent : std::exchange(websocket_client_->early_, {})) websocket->receive(std::move(sent));
    return websocket;
  } else {
    destroy();  // a plain request that claims to be an upgrade: there is no WebSocket on its other side
  }
  return nullptr;
}

}  // namespace detail

inline void MemoryResponse::add_body(std::string_view piece) {
  hub_->scheduler.post([exchange = exchange_, piece = std::string(piece)] {
    if (const auto alive = exchange.lock()) alive->add_body(piece);
  });
}

inline void MemoryResponse::finish_body() {
  hub_->scheduler.post([exchange = exchange_] {
    if (const auto alive = exchange.lock()) alive->finish_body();
  });
}

inline void MemoryResponse::abort() {
  if (ended()) return;
  aborted = true;
  hub_->scheduler.post([exchange = exchange_] {
    if (const auto alive = exchange.lock()) alive->cut();
  });
}

inline void MemoryWebSocketClient::send(Sent what) {
  if (const auto server = websocket_.lock())
    server->receive(std::move(what));
  else if (!ended())
    early_.push_back(std::move(what));
}

inline void MemoryWebSocketClient::send_text(std::string_view payload) {
  send({Sent::What::text, std::string(payload), std::nullopt});
}

inline void MemoryWebSocketClient::send_binary(std::string_view payload) {
  send({Sent::What::binary, std::string(payload), std::nullopt});
}

inline void MemoryWebSocketClient::close(std::optional<std::uint16_t> code) {
  send({Sent::What::close_frame, {}, code});
}

inline void MemoryWebSocketClient::abort() {
  if (accepted) return send({Sent::What::end, {}, std::nullopt});
  hub_->scheduler.post([exchange = exchange_] {
    if (const auto alive = exchange.lock()) alive->cut();
  });
}

inline void MemoryWebSocketClient::stall_reading(bool stalled) {
  stalled_ = stalled;
  const auto server = websocket_.lock();
  if (!stalled && server && !server->is_writable()) server->post_flush();
}

inline void MemoryWebSocketClient::break_pipe() { pipe_is_broken_ = true; }

inline MemoryWebSocketClient::Received MemoryWebSocketClient::pop() {
  if (received.empty()) return {};
  Received first = std::move(received.front());
  received.erase(received.begin());
  return first;
}

inline MemoryTransport::MemoryTransport(asio::io_context& context, Options options)
    : context_(context), hub_(std::make_shared<detail::MemoryHub>(context, options)) {}

inline MemoryTransport::~MemoryTransport() {
  hub_->is_listening = false;
  hub_->handler = nullptr;
  for (const auto& [key, websocket] : std::exchange(hub_->websockets, {})) websocket->abandon();
}

inline Scheduler& MemoryTransport::scheduler() noexcept { return hub_->scheduler; }
inline void MemoryTransport::on_exchange(ExchangeHandler handler) { hub_->handler = std::move(handler); }

inline std::uint16_t MemoryTransport::listen(std::uint16_t port, const std::string&) {
  hub_->is_listening = true;
  return port == 0 ? std::uint16_t{1} : port;
}

inline void MemoryTransport::close() {
  hub_->is_listening = false;
  hub_->scheduler.post([hub = hub_, exchanges = std::exchange(hub_->exchanges, {})] {
    for (const auto& entry : exchanges)
      if (const auto exchange = entry.lock()) exchange->cut();
    const auto websockets = hub->websockets;
    for (const auto& [key, websocket] : websockets) websocket->close(1001);
  });
}

inline void MemoryTransport::run_until_idle() { hub_->scheduler.run_until_idle(); }
inline void MemoryTransport::advance(Scheduler::Clock::duration by) { hub_->scheduler.advance(by); }

inline HttpRequest MemoryTransport::make_request(std::string method, std::string target, Headers headers) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.remote_address = "127.0.0.1";
  request.remote_port = 50'000;
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  return request;
}

inline MemoryResponsePtr MemoryTransport::start_request(HttpRequest request) {
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

inline MemoryResponsePtr MemoryTransport::request(HttpRequest request, std::string body) {
  MemoryResponsePtr response = start_request(std::move(request));
  if (const auto exchange = response->exchange_.lock()) {
    exchange->add_body(body);
    exchange->finish_body();
  }
  return response;
}

inline MemoryResponsePtr MemoryTransport::fetch(std::string method, std::string target, std::string body,
                                                Headers headers) {
  MemoryResponsePtr response = request(make_request(std::move(method), std::move(target), headers), std::move(body));
  run_until_idle();
  return response;
}

inline MemoryWebSocketClientPtr MemoryTransport::connect_websocket(HttpRequest request) {
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

inline MemoryWebSocketClientPtr MemoryTransport::connect_websocket(std::string target, Headers headers) {
  MemoryWebSocketClientPtr client = connect_websocket(make_request("GET", std::move(target), headers));
  run_until_idle();
  return client;
}

}  // namespace socketio
