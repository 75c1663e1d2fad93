// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/session.hpp>: the handshake, and GET and POST of a polling session. Engine layer.
#pragma once

#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/eio_payload.hpp>
#include <socketio/protocol/utf8.hpp>

#include <algorithm>
#include <utility>

namespace socketio {

inline void Session::queue_open_packets() {
  const EngineOptions& options = engine_->options;
  const bool offers_upgrade = channel_ == Channel::polling && options.allow_upgrades && options.transports.websocket;
  std::string handshake = "{\"sid\":" + detail::json_quoted(id_);
  handshake += offers_upgrade ? ",\"upgrades\":[\"websocket\"]" : ",\"upgrades\":[]";
  handshake += ",\"pingInterval\":" + std::to_string(options.ping_interval.count());
  handshake += ",\"pingTimeout\":" + std::to_string(options.ping_timeout.count());
  handshake += ",\"maxPayload\":" + std::to_string(options.max_http_buffer_size) + '}';
  queue(Message::packet(EioPacketType::open, handshake));
  if (options.initial_packet && !options.initial_packet->empty()) queue(Message::text(*options.initial_packet));
  ready_state_ = ReadyState::open;
  arm_heartbeat(options.ping_interval);
}

/// The payload of a poll that carries these packets.
inline std::string Session::join(std::span<const MessagePtr> packets) {
  std::string payload;
  for (const MessagePtr& packet : packets) {
    if (!payload.empty()) payload += eio_payload_separator;
    packet->append_to_polling_payload(payload);
  }
  return payload;
}

inline bool Session::may_compress(std::span<const MessagePtr> packets) noexcept {
  return std::any_of(packets.begin(), packets.end(), [](const MessagePtr& packet) { return packet->compress(); });
}

inline void Session::open_polling(HttpExchange& exchange, HttpHeaders headers) {
  polling_ = std::make_unique<Polling>(*this);
  queue_open_packets();
  HttpResponse response;
  response.headers = std::move(headers);
  const std::vector<MessagePtr> packets = std::exchange(buffer_, {});
  buffered_bytes_ = 0;
  response.body = join(packets);
  if (may_compress(packets)) engine_->compress(response, request_);
  exchange.respond(std::move(response));
}

inline void Session::open_websocket(std::shared_ptr<WebSocket> websocket, bool base64) {
  channel_ = Channel::websocket;
  needs_base64_ = base64;
  queue_open_packets();
  attach(std::move(websocket));
  for (const MessagePtr& packet : std::exchange(buffer_, {})) websocket_->send(packet);
  buffered_bytes_ = 0;
}

inline void Session::attach(std::shared_ptr<WebSocket> websocket) {
  websocket_ = std::move(websocket);
  websocket_->set_listener(std::shared_ptr<WebSocketListener>(shared_from_this(), &websocket_ear_));
}

inline void Session::handle_request(ExchangePtr exchange, HttpHeaders headers) {
  if (exchange->request().method == "GET")
    handle_poll(std::move(exchange), std::move(headers));
  else if (exchange->request().method == "POST")
    handle_post(std::move(exchange), std::move(headers));
  else
    respond_empty(*exchange, 500, std::move(headers));
}

inline void Session::respond_empty(HttpExchange& exchange, unsigned status, HttpHeaders headers) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  exchange.respond(std::move(response));
}

inline void Session::handle_poll(ExchangePtr exchange, HttpHeaders headers) {
  if (polling_->poll) {
    finish(CloseReason::transport_error, "overlap from client");
    return respond_empty(*exchange, 400, std::move(headers));
  }
  exchange->on_abort([weak = weak_from_this(), parked = exchange.get()] {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || !self->polling_ || self->polling_->poll.get() != parked) return;
    self->polling_->poll.reset();
    self->finish(CloseReason::transport_error, "poll connection closed prematurely");
  });
  polling_->poll = std::move(exchange);
  polling_->poll_headers = std::move(headers);
  flush();
  if (polling_ && polling_->poll && polling_->closes_on_next_poll)
    finish(CloseReason::forced_close, {},
           "6\x1e"
           "1");
}

inline void Session::answer_poll(std::string payload, bool may_compress) {
  const ExchangePtr exchange = std::exchange(polling_->poll, nullptr);
  answer(*exchange, std::exchange(polling_->poll_headers, {}), "text/plain; charset=UTF-8", std::move(payload),
         may_compress);
}

inline void Session::answer(HttpExchange& exchange, HttpHeaders headers, std::string_view content_type,
                            std::string body, bool may_compress) {
  HttpHeaders completed = headers;
  if (!engine_->complete_headers(completed, exchange.request(), content_type)) {
    respond_empty(exchange, 500, std::move(headers));
    return fail_later("a headers hook failed");
  }
  HttpResponse response;
  response.headers = std::move(completed);
  response.body = std::move(body);
  if (may_compress) engine_->compress(response, exchange.request());
  exchange.respond(std::move(response));
}

inline void Session::handle_post(ExchangePtr exchange, HttpHeaders headers) {
  if (polling_->post) {
    finish(CloseReason::transport_error, "data request overlap from client");
    return respond_empty(*exchange, 400, std::move(headers));
  }
  if (exchange->request().headers.find("Content-Type") == "application/octet-stream") {
    finish(CloseReason::transport_error, "invalid content");
    return respond_empty(*exchange, 400, std::move(headers));
  }
  polling_->post = exchange;
  polling_->post_headers = std::move(headers);
  exchange->read_body(engine_->options.max_http_buffer_size,
                      [weak = weak_from_this(), reading = exchange.get()](BodyError error, std::string body) {
                        const std::shared_ptr<Session> self = weak.lock();
                        if (self && self->polling_ && self->polling_->post.get() == reading)
                          self->handle_body(error, std::move(body));
                      });
}

inline void Session::handle_body(BodyError error, std::string body) {
  const ExchangePtr exchange = std::exchange(polling_->post, nullptr);
  HttpHeaders headers = std::exchange(polling_->post_headers, {});
  switch (error) {
    case BodyError::aborted: return finish(CloseReason::transport_error, "data request connection closed prematurely");
    case BodyError::too_large: return respond_empty(*exchange, 413, std::move(headers));
    case BodyError::none: break;
  }
  if (!is_valid_utf8(body)) body = to_valid_utf8(body);
  handle_payload(body);
  answer(*exchange, std::move(headers), "text/html", "ok");
}

inline void Session::handle_payload(std::span<char> payload) {
  EioPayloadReader reader(std::string_view(payload.data(), payload.size()));
  while (const std::optional<EioPacketView> packet = reader.next()) {
    if (packet->type == EioPacketType::close)
      finish(CloseReason::transport_close, {}, "6");
    else
      handle_decoded(*packet, payload);
    if (ready_state_ == ReadyState::closed) return;
  }
  if (reader.failed() && ready_state_ == ReadyState::open) finish(CloseReason::parse_error, {});
}

inline void Session::abort_post() {
  if (const ExchangePtr exchange = std::exchange(polling_->post, nullptr)) exchange->destroy();
}

}  // namespace socketio
