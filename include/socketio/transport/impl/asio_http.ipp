// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_connection.hpp>: requests, their bodies, and responses. Transport layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/http_writer.hpp>
#include <socketio/transport/websocket_handshake.hpp>

#include <utility>

namespace socketio::detail {

/// Takes requests from what has arrived until one has to wait; keeps the rest.
inline void AsioConnection::http_input(std::string_view fresh) {
  std::string joined;
  std::string_view input = fresh;
  if (!http_->tail.empty()) {
    joined = std::exchange(http_->tail, {});
    joined += fresh;
    input = joined;
  }
  http_->consuming = true;
  while (phase_ == Phase::http && http_step(input)) {
  }
  if (phase_ == Phase::http) {
    http_->consuming = false;
    http_->tail.assign(input);
    http_update_deadline(!input.empty());
  } else if (phase_ == Phase::websocket || phase_ == Phase::closing) {
    // RFC 6455 section 4.2: what follows the opening handshake belongs to the WebSocket.
    if (input.empty()) return update_reading();
    extra().pending.assign(input);
    resume_input_later();
  }
}

/// One step of http_input; false when nothing more can be done with the input at present.
inline bool AsioConnection::http_step(std::string_view& input) {
  Http& http = *http_;
  if (!http.active) {
    if (unsent_bytes() > shard_->options.max_unsent_response_bytes) return false;
    std::size_t consumed = 0;
    const HttpHeadParser::Status status = http.parser.parse(input, consumed);
    input.remove_prefix(consumed);
    if (status == HttpHeadParser::Status::complete) {
      http_open_exchange();
      return true;
    }
    if (status == HttpHeadParser::Status::failed) http_refuse(http.parser.error_status());
    return false;
  }
  if (!http.body.complete()) return (http.reading || http.discarding) && http_decode_body(input);
  if (!http.answered) return false;
  http_next_request();
  return true;
}

inline void AsioConnection::http_open_exchange() {
  Http& http = *http_;
  ++http.requests;
  http.active = true;
  http.answered = http.reading = http.discarding = false;
  http.discarded_bytes = 0;
  http.body = HttpBodyDecoder(http.parser.framing(), shard_->options.http);
  HttpRequest request = std::move(http.parser.request());
  request.remote_address = http.peer.address;
  request.remote_port = http.peer.port;
  request.secure = http.peer.secure;
  if (request.secure) request.tls = tls_peer();
  const bool upgrade = asks_to_upgrade(request, http.parser.is_http_1_0());
  http_deliver(std::move(request), upgrade);
}

inline void AsioConnection::http_deliver(HttpRequest request, bool is_upgrade) {
  auto exchange = std::make_shared<AsioExchange>(shared_from_this(), std::move(request), is_upgrade);
  http_->exchange = exchange.get();
  shard_->deliver(std::move(exchange));
}

inline HttpFraming AsioConnection::body_framing() const noexcept {
  return http_ ? http_->parser.framing() : HttpFraming{};
}

inline void AsioConnection::read_body(std::size_t max_bytes) {
  Http& http = *http_;
  http.max_body_bytes = max_bytes;
  const HttpFraming framing = http.parser.framing();
  if (framing.kind == HttpFraming::Kind::length && framing.length > max_bytes) {
    http.discarding = !http.parser.expects_continue();
    const auto exchange = http.exchange->weak_from_this().lock();
    return exchange->deliver_body(BodyError::too_large, {});
  }
  http.reading = true;
  http.body_text.clear();
  if (http.parser.expects_continue() && http.tail.empty()) {
    queue().push(std::string(http_continue));
    mark_dirty();
  }
  if (!http.consuming) resume_input_later();
}

inline bool AsioConnection::http_decode_body(std::string_view& input) {
  Http& http = *http_;
  if (input.empty()) return false;
  const HttpBodyDecoder::Piece piece = http.body.decode(input);
  input.remove_prefix(piece.consumed);
  if (piece.status == HttpBodyDecoder::Status::failed) {
    http_refuse(http.body.error_status());
    return false;
  }
  if (http.reading) {
    const bool fits = piece.data.size() <= http.max_body_bytes - http.body_text.size();
    if (fits) http.body_text += piece.data;
    if (fits && piece.status != HttpBodyDecoder::Status::complete) return true;
    http.reading = false;
    http.discarding = !fits;
    std::string body = std::exchange(http.body_text, {});
    if (const auto exchange = http.exchange ? http.exchange->weak_from_this().lock() : nullptr)
      exchange->deliver_body(fits ? BodyError::none : BodyError::too_large, fits ? std::move(body) : std::string());
    return true;
  }
  http.discarded_bytes += piece.data.size();
  if (http.discarded_bytes <= shard_->options.max_discarded_bytes) return true;
  if (http.answered)
    end_after_flush(true);
  else
    http.discarding = false;  // and the response will be the last
  return false;
}

inline void AsioConnection::respond(HttpResponse response, bool is_head) {
  if (phase_ != Phase::http) return;
  Http& http = *http_;
  http.exchange = nullptr;
  http.answered = true;
  http.reading = false;
  http.body_text = std::string();
  // A body that nobody has read goes to waste if it is short; the connection, if it is long or may never come.
  const bool unread = !http.body.complete();
  http.discarding = unread;
  const bool costly =
      unread && (http.parser.expects_continue() || http.body.remaining() > shard_->options.max_discarded_bytes ||
                 http.discarded_bytes > shard_->options.max_discarded_bytes);
  const bool keep_alive = http.parser.keep_alive() && !response.close && !shard_->closing() && !costly;
  const HttpWriterContext context{keep_alive,
                                  std::chrono::duration_cast<std::chrono::seconds>(shard_->options.keep_alive_timeout)};
  std::string head = http_response_head(response, context);
  if (is_head || is_bodiless(response.status) || response.body.empty()) {
    queue().push(std::move(head));
  } else if (response.body.size() <= 16 * 1024) {
    queue().push(std::move(head += response.body));
  } else {
    queue().push(std::move(head));
    queue().push(std::move(response.body));
  }
  mark_dirty();
  if (!keep_alive) return end_after_flush(unread || !shard_->closing());
  if (!http.consuming) {
    if (!unread && http.tail.empty()) {
      http_next_request();
      http_update_deadline(false);
    } else {
      resume_input_later();
    }
    update_reading();
  }
}

inline void AsioConnection::destroy() {
  if (phase_ != Phase::http) return;
  http_->exchange = nullptr;
  // Earlier responses of this connection are still owed.
  if (queue_)
    end_after_flush(false);
  else
    end();
}

inline void AsioConnection::http_next_request() {
  http_->active = false;
  http_->parser = HttpHeadParser(shard_->options.http);
}

/// Answers what is not HTTP, or breaks a limit, and ends the connection.
inline void AsioConnection::http_refuse(unsigned status) {
  const bool answered = http_->active && http_->answered;
  const auto exchange = take_exchange();
  if (!answered) {
    std::string head;
    append_status_line(head, status);
    head += "Connection: close\r\n\r\n";
    queue().push(std::move(head));
  }
  end_after_flush(true);
  if (exchange) exchange->abort(false);
}

/// Arms the one timer of the HTTP phase for what is awaited now; a timeout of zero means for ever.
inline void AsioConnection::http_update_deadline(bool has_input) {
  Http& http = *http_;
  HttpDeadline wanted = HttpDeadline::head;
  if (http.active && !http.move)
    wanted = http.body.complete() ? HttpDeadline::none : HttpDeadline::body;
  else if (queue_)
    wanted = dirty_ ? HttpDeadline::none : HttpDeadline::write;
  else if (http.requests > 0 && !has_input && !http.parser.started())
    wanted = HttpDeadline::keep_alive;
  if (wanted == http.deadline && http.requests == http.deadline_for) return;
  http.deadline = wanted;
  http.deadline_for = http.requests;
  const AsioTransportOptions& options = shard_->options;
  std::chrono::milliseconds timeout{0};
  switch (wanted) {
    case HttpDeadline::none: break;
    case HttpDeadline::head: timeout = options.head_timeout; break;
    case HttpDeadline::body:
    case HttpDeadline::write: timeout = options.request_timeout; break;
    case HttpDeadline::keep_alive: timeout = options.keep_alive_timeout; break;
  }
  if (timeout.count() == 0)
    shard_->scheduler.cancel(http.timer);
  else
    shard_->scheduler.arm(http.timer, timeout);
}

inline void AsioConnection::http_on_timeout() {
  if (http_->deadline == HttpDeadline::head || http_->deadline == HttpDeadline::body) return http_refuse(408);
  end();
}

inline std::unique_ptr<WebSocketDeflate> AsioConnection::make_deflate(const DeflateAgreement& agreement,
                                                                      const PerMessageDeflateOptions& options) const {
  return std::make_unique<WebSocketDeflate>(shard_->deflate_pool(), agreement, options);
}

inline std::shared_ptr<WebSocket> AsioConnection::become_websocket(const HttpRequest& request,
                                                                   const HttpResponse& handshake,
                                                                   const HttpHeaders& headers,
                                                                   const WebSocketLimits& limits,
                                                                   std::unique_ptr<WebSocketDeflate> deflate) {
  if (phase_ != Phase::http) return nullptr;
  const bool consuming = http_->consuming;
  std::string tail = std::move(http_->tail);
  http_.reset();
  phase_ = Phase::websocket;
  parser_ = WebSocketParser(limits);
  deflate_ = std::move(deflate);
  if (deflate_) parser_.expect_compression();
  std::string head;
  if (shard_->protocols) {
    protocol_ = shard_->protocols->accept(request, handshake, headers, limits, head);
    if (deflate_) protocol_->expect_compression();
  } else {
    head = http_upgrade_head(handshake, headers);
  }
  queue().push(std::move(head));
  mark_dirty();
  if (!consuming && !tail.empty()) extra().pending = std::move(tail);
  return shared_from_this();
}

inline std::shared_ptr<WebSocket> AsioExchange::accept_websocket(const HttpHeaders& headers,
                                                                 const WebSocketLimits& limits) {
  if (!connection_) return nullptr;
  std::optional<DeflateAgreement> agreement;
  HttpResponse response = answer_websocket_handshake(request_, limits.per_message_deflate, &agreement);
  const auto refuse = [&response](unsigned status, std::string_view why) {
    response = HttpResponse{};
    response.status = status;
    response.headers.add("Content-Type", "text/html");
    response.body = why;
    response.close = true;
  };
  if (response.status == 101) {
    if (!is_upgrade_)
      refuse(400, "Invalid Upgrade header");
    else if (connection_->body_framing().kind != HttpFraming::Kind::none)
      refuse(400, "Unexpected body");
    else if (connection_->shard_is_closing())
      refuse(503, http_reason(503));
  }
  if (response.status != 101) {
    respond(std::move(response));
    return nullptr;
  }
  std::unique_ptr<WebSocketDeflate> deflate;
  if (agreement) deflate = connection_->make_deflate(*agreement, *limits.per_message_deflate);
  return finish()->become_websocket(request_, response, headers, limits, std::move(deflate));
}

}  // namespace socketio::detail
