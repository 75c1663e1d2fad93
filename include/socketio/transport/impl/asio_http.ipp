// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_http.hpp>: requests, their bodies, and responses. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_http.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_websocket.hpp>
#include <socketio/transport/http_writer.hpp>
#include <socketio/transport/websocket_handshake.hpp>

#include <chrono>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL AsioHttp::AsioHttp(AsioConnection& connection, AsioPeer peer, const HttpLimits& limits)
    : connection_(connection),
      parser_(limits),
      timer_(&AsioConnection::on_timer, &connection),
      peer_(std::move(peer)) {}

SOCKETIO_DECL void AsioHttp::accept_proxy_header() {
  if (const auto& source = proxy_header_->source()) {
    peer_.address = source->address.to_string();
    peer_.port = source->port;
  }
  proxy_header_.reset();
}

SOCKETIO_DECL bool AsioHttp::wants_input() const {
  const AsioTransportOptions& options = connection_.shard().options;
  return !is_resuming_ && !move_ && tail_.size() < options.max_pipelined_bytes &&
         connection_.unsent_bytes() <= options.max_unsent_response_bytes;
}

/// Lasts as long as on_input. If the upgrade comes in the meantime, the end of on_input destroys the AsioHttp.
class AsioHttp::Consuming {
 public:
  explicit Consuming(AsioHttp& http) noexcept : http_(http) { http.is_consuming_ = true; }
  Consuming(const Consuming&) = delete;
  Consuming& operator=(const Consuming&) = delete;
  ~Consuming() {
    http_.is_consuming_ = false;
    const auto retired = std::move(http_.retired_);
  }

 private:
  AsioHttp& http_;
};

SOCKETIO_DECL void AsioHttp::on_input(std::string_view fresh) {
  using Phase = AsioConnection::Phase;
  std::string joined;
  std::string_view input = fresh;
  if (!tail_.empty()) {
    joined = std::exchange(tail_, {});
    joined += fresh;
    input = joined;
  }
  const Consuming consuming(*this);
  while (connection_.phase() == Phase::http && step(input)) {
  }
  if (connection_.phase() == Phase::http) {
    tail_.assign(input);
    update_deadline(!input.empty());
  } else if (connection_.phase() == Phase::websocket || connection_.phase() == Phase::closing) {
    // RFC 6455 section 4.2: the bytes behind the opening handshake belong to the WebSocket.
    if (input.empty()) return connection_.update_reading();
    connection_.websocket().keep_input(input);
    connection_.websocket().resume_later();
  }
}

/// One step of on_input; false when nothing more can be done with the input at present.
SOCKETIO_DECL bool AsioHttp::step(std::string_view& input) {
  switch (state_) {
    case State::head: {
      if (connection_.unsent_bytes() > connection_.shard().options.max_unsent_response_bytes) return false;
      std::size_t consumed = 0;
      const HttpHeadParser::Status status = parser_.parse(input, consumed);
      input.remove_prefix(consumed);
      if (status == HttpHeadParser::Status::failed) refuse(parser_.error_status());
      if (status != HttpHeadParser::Status::complete) return false;
      open_exchange();
      return true;
    }
    case State::delivered: return false;
    case State::reading_body:
    case State::discarding_body: return !body_.complete() && take_body(input);
    case State::answered:
      if (!body_.complete()) return take_body(input);
      begin_next_request();
      return true;
  }
  return false;
}

SOCKETIO_DECL void AsioHttp::open_exchange() {
  ++requests_;
  state_ = State::delivered;
  discarded_bytes_ = 0;
  body_ = HttpBodyDecoder(parser_.framing(), connection_.shard().options.http);
  HttpRequest request = std::move(parser_.request());
  request.remote_address = peer_.address;
  request.remote_port = peer_.port;
  request.secure = peer_.secure;
  if (request.secure) request.tls = connection_.tls_peer();
  const bool upgrade = asks_to_upgrade(request, parser_.is_http_1_0());
  deliver(std::move(request), upgrade);
}

SOCKETIO_DECL void AsioHttp::deliver(HttpRequest request, bool is_upgrade) {
  auto exchange = std::make_shared<AsioExchange>(connection_.shared_from_this(), std::move(request), is_upgrade);
  exchange_ = exchange.get();
  connection_.shard().deliver(std::move(exchange));
}

SOCKETIO_DECL std::shared_ptr<AsioExchange> AsioHttp::exchange() const {
  return exchange_ ? exchange_->weak_from_this().lock() : nullptr;
}

SOCKETIO_DECL std::shared_ptr<AsioExchange> AsioHttp::take_exchange() {
  auto taken = exchange();
  exchange_ = nullptr;
  return taken;
}

SOCKETIO_DECL void AsioHttp::read_body(const BodyLimits& limits) {
  body_limits_ = limits;
  body_chunks_ = 0;
  const HttpFraming framing = parser_.framing();
  if (framing.kind == HttpFraming::Kind::length && framing.length > limits.max_bytes) {
    if (!parser_.expects_continue()) state_ = State::discarding_body;
    return exchange()->deliver_body(BodyError::too_large, {});
  }
  state_ = State::reading_body;
  body_text_.clear();
  if (parser_.expects_continue() && tail_.empty()) {
    connection_.queue().push(std::string(http_continue));
    connection_.mark_dirty();
  }
  if (!is_consuming_) resume_later();
}

/// Takes a piece of the body from the input; false when nothing more can be done with the input at present.
SOCKETIO_DECL bool AsioHttp::take_body(std::string_view& input) {
  if (input.empty()) return false;
  const HttpBodyDecoder::Piece piece = body_.decode(input);
  input.remove_prefix(piece.consumed);
  if (piece.status == HttpBodyDecoder::Status::failed) {
    refuse(body_.error_status());
    return false;
  }
  if (state_ == State::reading_body) {
    BodyError error = BodyError::none;
    if (!piece.data.empty()) ++body_chunks_;
    if (piece.data.size() > body_limits_.max_bytes - body_text_.size())
      error = BodyError::too_large;
    else if (body_limits_.max_chunks != 0 && body_chunks_ > body_limits_.max_chunks)
      error = BodyError::too_many_chunks;
    else
      body_text_ += piece.data;
    if (error == BodyError::none && piece.status != HttpBodyDecoder::Status::complete) return true;
    state_ = error == BodyError::none ? State::delivered : State::discarding_body;
    std::string body = std::exchange(body_text_, {});
    if (error != BodyError::none) body.clear();
    if (const auto waiting = exchange()) waiting->deliver_body(error, std::move(body));
    return true;
  }
  discarded_bytes_ += piece.data.size();
  if (discarded_bytes_ <= connection_.shard().options.max_discarded_bytes) return true;
  if (state_ == State::answered)
    connection_.end_after_flush(true);
  else
    state_ = State::delivered;  // the rest waits, and the response will be the last
  return false;
}

SOCKETIO_DECL void AsioHttp::respond(HttpResponse response, bool is_head) {
  if (connection_.phase() != AsioConnection::Phase::http) return;
  exchange_ = nullptr;
  state_ = State::answered;
  body_text_ = std::string();
  const AsioTransportOptions& options = connection_.shard().options;
  const bool is_closing = connection_.shard().closing();
  // The connection discards the rest of a short body. A long one, or one that may never come, costs the connection.
  const bool unread = !body_.complete();
  const bool costly = unread && (parser_.expects_continue() || body_.remaining() > options.max_discarded_bytes ||
                                 discarded_bytes_ > options.max_discarded_bytes);
  const bool keep_alive = parser_.keep_alive() && !response.close && !is_closing && !costly;
  const HttpWriterContext context{keep_alive,
                                  std::chrono::duration_cast<std::chrono::seconds>(options.keep_alive_timeout)};
  std::string head = http_response_head(response, context);
  AsioOutQueue& queue = connection_.queue();
  if (is_head || is_bodiless(response.status) || response.body.empty()) {
    queue.push(std::move(head));
  } else if (response.body.size() <= 16 * 1024) {
    queue.push(std::move(head += response.body));
  } else {
    queue.push(std::move(head));
    queue.push(std::move(response.body));
  }
  connection_.mark_dirty();
  if (!keep_alive) return connection_.end_after_flush(unread || !is_closing);
  if (is_consuming_) return;
  if (!unread && tail_.empty()) {
    begin_next_request();
    update_deadline(false);
  } else {
    resume_later();
  }
  connection_.update_reading();
}

SOCKETIO_DECL void AsioHttp::destroy_connection() {
  if (connection_.phase() != AsioConnection::Phase::http) return;
  exchange_ = nullptr;
  // The peer still gets the responses to its earlier requests.
  if (connection_.has_unsent())
    connection_.end_after_flush(false);
  else
    connection_.end();
}

SOCKETIO_DECL void AsioHttp::begin_next_request() {
  state_ = State::head;
  parser_ = HttpHeadParser(connection_.shard().options.http);
}

/// Answers a request that is not HTTP, or breaks a limit, and ends the connection.
SOCKETIO_DECL void AsioHttp::refuse(unsigned status) {
  const auto aborted = take_exchange();
  if (state_ != State::answered) {
    std::string head;
    append_status_line(head, status);
    head += "Connection: close\r\n\r\n";
    connection_.queue().push(std::move(head));
  }
  connection_.end_after_flush(true);
  if (aborted) aborted->abort(false);
}

SOCKETIO_DECL void AsioHttp::resume_later() {
  if (std::exchange(is_resuming_, true)) return;
  connection_.shard().scheduler.post([self = connection_.shared_from_this()] { self->resume_http(); });
}

SOCKETIO_DECL void AsioHttp::on_flushed() {
  // Requests may have waited because too much was unsent.
  if (state_ == State::head && !tail_.empty())
    on_input({});
  else
    update_deadline(false);
}

SOCKETIO_DECL void AsioHttp::on_write_progress() {
  deadline_ = Deadline::none;
  update_deadline(!tail_.empty());
}

/// Arms the one timer of the HTTP phase; a timeout of zero means for ever.
SOCKETIO_DECL void AsioHttp::update_deadline(bool has_input) {
  Deadline wanted = Deadline::head;
  if (state_ != State::head && !move_)
    wanted = body_.complete() ? Deadline::none : Deadline::body;
  else if (connection_.has_unsent())
    wanted = connection_.is_dirty() ? Deadline::none : Deadline::write;
  else if (requests_ > 0 && !has_input && !parser_.started())
    wanted = Deadline::keep_alive;
  if (wanted == deadline_ && requests_ == deadline_for_) return;
  deadline_ = wanted;
  deadline_for_ = requests_;
  const AsioTransportOptions& options = connection_.shard().options;
  std::chrono::milliseconds timeout{0};
  switch (wanted) {
    case Deadline::none: break;
    case Deadline::head: timeout = options.head_timeout; break;
    case Deadline::body:
    case Deadline::write: timeout = options.request_timeout; break;
    case Deadline::keep_alive: timeout = options.keep_alive_timeout; break;
  }
  if (timeout.count() == 0)
    connection_.shard().scheduler.cancel(timer_);
  else
    connection_.shard().scheduler.arm(timer_, timeout);
}

SOCKETIO_DECL void AsioHttp::on_timeout() {
  if (deadline_ == Deadline::head || deadline_ == Deadline::body) return refuse(408);
  connection_.end();
}

SOCKETIO_DECL void AsioHttp::stop() {
  connection_.shard().scheduler.cancel(timer_);
  exchange_ = nullptr;
  move_ = nullptr;
  tail_ = std::string();
  body_text_ = std::string();
}

SOCKETIO_DECL std::string AsioHttp::leave(std::unique_ptr<AsioHttp> http) {
  http->connection_.shard().scheduler.cancel(http->timer_);
  std::string tail = std::move(http->tail_);
  AsioHttp& left = *http;
  if (left.is_consuming_) left.retired_ = std::move(http);
  return tail;
}

// A connection that changes its shard

SOCKETIO_DECL void AsioHttp::begin_move(AsioMove move) {
  exchange_ = nullptr;
  move_ = std::make_unique<AsioMove>(std::move(move));
  resume_later();  // the connection leaves then, and not from inside the reading of this request
}

SOCKETIO_DECL AsioMove AsioHttp::take_move() {
  connection_.shard().scheduler.cancel(timer_);
  deadline_ = Deadline::none;
  return std::move(*std::exchange(move_, nullptr));
}

}  // namespace socketio::detail
