// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_connection.hpp>: the life of a connection, reading and writing. Transport layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>

#include <asio/error.hpp>

#include <chrono>
#include <utility>

namespace socketio::detail {

struct AsioConnection::Move {
  std::shared_ptr<AsioShard> target;
  HttpRequest request;
  bool is_upgrade;
};

struct AsioConnection::Http {
  Http(AsioConnection* connection, AsioPeer who, const HttpLimits& limits)
      : parser(limits),
        timer([](void* self) { static_cast<AsioConnection*>(self)->on_timeout(); }, connection),
        peer(std::move(who)) {}

  HttpHeadParser parser;
  HttpBodyDecoder body;
  std::string tail;       // received and not yet used
  std::string body_text;  // of the body that is being read for the exchange
  Timer timer;
  AsioPeer peer;
  AsioExchange* exchange = nullptr;  // alive and unanswered, or nullptr
  std::unique_ptr<Move> move;        // it is about to leave this shard
  std::size_t max_body_bytes = 0;
  std::size_t discarded_bytes = 0;
  std::uint64_t requests = 0;      // whose head was complete
  std::uint64_t deadline_for = 0;  // the request that the timer runs for
  HttpDeadline deadline = HttpDeadline::none;
  bool active = false;      // a request is being answered or its body received
  bool answered = false;    // its response has been queued
  bool reading = false;     // its body goes to the exchange
  bool discarding = false;  // its body goes nowhere
  bool consuming = false;   // http_input() is at work
  bool resuming = false;    // a call of http_input() is posted
};

struct AsioConnection::Extra {
  explicit Extra(AsioConnection* connection)
      : timer([](void* self) { static_cast<AsioConnection*>(self)->on_timeout(); }, connection) {}

  Timer timer;
  std::string pending;                   // WebSocket bytes that wait for a listener
  std::optional<WebSocketClose> closed;  // the end that the listener has not been told of
  bool resuming = false;                 // a look at `pending` is posted
  bool removed = false;                  // the listener was removed: nobody waits to be told
};

inline AsioConnection::AsioConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer)
    : shard_(std::move(shard)), http_(std::make_unique<Http>(this, std::move(peer), shard_->options.http)) {}

inline AsioConnection::~AsioConnection() = default;

inline void AsioConnection::start() {
  shard_->add(shared_from_this());
  if (shard_->closing()) return end();  // accepted by another shard, before that was closed too
  if (http_->peer.secure) {
    phase_ = Phase::opening;
    const auto timeout = shard_->options.tls_handshake_timeout;
    if (timeout.count() != 0) shard_->scheduler.arm(http_->timer, timeout);
    return wait_readable();
  }
  http_update_deadline(false);
  update_reading();
}

/// Goes on with the opening of the stream.
inline void AsioConnection::open() {
  switch (open_stream()) {
    case Opening::wants_read: return wait_readable();
    case Opening::wants_write: return wait_writable();
    case Opening::refused: return end_after_flush(true);  // so that the peer gets to read why
    case Opening::failed: return end();
    case Opening::done: break;
  }
  phase_ = Phase::http;
  shard_->scheduler.cancel(http_->timer);
  http_update_deadline(false);
  update_reading();
}

inline AsioConnection::Extra& AsioConnection::extra() {
  if (!extra_) extra_ = std::make_unique<Extra>(this);
  return *extra_;
}

inline AsioOutQueue& AsioConnection::queue() {
  if (!queue_) queue_ = shard_->take_queue();
  return *queue_;
}

inline void AsioConnection::mark_dirty() {
  if (dirty_ || waiting_writable_) return;
  dirty_ = true;
  shard_->flush_later(shared_from_this());
}

inline void AsioConnection::arm(std::chrono::milliseconds timeout) { shard_->scheduler.arm(extra().timer, timeout); }

inline void AsioConnection::update_reading() {
  if (waiting_readable_ || !wants_input()) return;
  waiting_readable_ = true;
  wait_readable();
}

/// Whether bytes that arrive now have somewhere to go; if not, they stay with the operating system.
inline bool AsioConnection::wants_input() const {
  switch (phase_) {
    case Phase::opening: return false;  // open_stream reads
    case Phase::http:
      return !http_->resuming && !http_->move && http_->tail.size() < shard_->options.max_pipelined_bytes &&
             unsent_bytes() <= shard_->options.max_unsent_response_bytes;
    case Phase::websocket: return listener_ && !(extra_ && !extra_->pending.empty());
    case Phase::closing: return !(extra_ && !extra_->pending.empty());
    case Phase::lingering: return true;
    case Phase::flushing:
    case Phase::ended: break;
  }
  return false;
}

inline void AsioConnection::on_readable() {
  waiting_readable_ = false;
  if (is_moving()) return try_move();
  if (!wants_input()) return phase_ == Phase::opening ? open() : void();
  std::span<char> buffer = shard_->read_buffer();
  if (phase_ == Phase::http) buffer = buffer.first(AsioShard::max_http_read_bytes);
  std::error_code error;
  const std::size_t bytes = read_some(buffer, error);
  if (error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted) {
    update_reading();
    return;
  }
  if (error) return on_input_end(error);
  if (phase_ == Phase::http)
    http_input(std::string_view(buffer.data(), bytes));
  else if (phase_ != Phase::lingering)
    websocket_input(buffer.first(bytes));
  update_reading();
}

inline void AsioConnection::on_writable() {
  waiting_writable_ = false;
  if (phase_ == Phase::opening) return open();
  flush();
  if (std::exchange(reads_when_writable_, false)) on_readable();
}

inline void AsioConnection::on_input_end(const std::error_code& error) {
  switch (phase_) {
    case Phase::http: {
      // Whoever has sent all it wants to send may still read; but an answer that is not there yet has nobody left to
      // wait for it, for a closed connection looks the same from here (Node.js decides likewise).
      const auto exchange = take_exchange();
      if (error == asio::error::eof && queue_)
        end_after_flush(false);
      else
        end();
      if (exchange) exchange->abort(false);
      return;
    }
    case Phase::websocket: end(); return report_close({WebSocketClose::Cause::closed_by_peer, 1006, {}});
    case Phase::closing: end(); return report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
    case Phase::flushing:
    case Phase::lingering: return end();
    case Phase::opening:
    case Phase::ended: return;
  }
}

inline void AsioConnection::flush() {
  dirty_ = false;
  if (phase_ == Phase::ended || waiting_writable_ || !queue_) return;
  bool progress = false;
  while (!queue_->empty()) {
    std::error_code error;
    std::size_t bytes = 0;
    if (queue_->is_one_piece()) {
      const std::string_view piece = queue_->front();
      bytes = write_some(asio::const_buffer(piece.data(), piece.size()), error);
    } else {
      queue_->gather(shard_->buffers());
      bytes = write_some(shard_->buffers(), error);
    }
    if (error == asio::error::would_block || error == asio::error::try_again) {
      waiting_writable_ = true;
      if (progress) on_write_progress();
      return wait_writable();
    }
    if (error == asio::error::interrupted) continue;
    if (error) return on_write_failed();
    queue_->consume(bytes);
    progress = true;
  }
  shard_->give_back(std::move(queue_));
  if (is_moving()) return try_move();
  on_flushed();
}

/// Gives a peer that reads slowly, but reads, more time.
inline void AsioConnection::on_write_progress() {
  if (phase_ == Phase::http) {
    http_->deadline = HttpDeadline::none;
    http_update_deadline(!http_->tail.empty());
  } else if (phase_ == Phase::flushing) {
    arm(shard_->options.close_timeout);
  }
}

inline void AsioConnection::on_flushed() {
  switch (phase_) {
    case Phase::http:
      // Requests may have been held back because too much was unsent.
      if (!http_->active && !http_->tail.empty())
        http_input({});
      else
        http_update_deadline(false);
      return update_reading();
    case Phase::websocket:
      if (!std::exchange(drain_due_, false)) return;
      if (const auto listener = listener_) listener->on_drain();
      return;
    case Phase::flushing:
      if (!linger_) return end();
      phase_ = Phase::lingering;
      shut_down_send();
      arm(shard_->options.linger_timeout);
      return update_reading();
    case Phase::opening:
    case Phase::closing:
    case Phase::lingering:
    case Phase::ended: return;
  }
}

inline void AsioConnection::on_write_failed() {
  const Phase phase = phase_;
  const auto exchange = take_exchange();
  end();
  if (exchange) exchange->abort(false);
  if (phase == Phase::websocket)
    report_close({WebSocketClose::Cause::write_failed, 1006, {}});
  else if (phase == Phase::closing)
    report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
}

inline void AsioConnection::on_timeout() {
  const auto self = shared_from_this();
  switch (phase_) {
    case Phase::http: return http_on_timeout();
    case Phase::closing: end(); return report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
    case Phase::opening:
    case Phase::flushing:
    case Phase::lingering: return end();
    case Phase::websocket:
    case Phase::ended: return;
  }
}

inline std::shared_ptr<AsioExchange> AsioConnection::take_exchange() {
  if (!http_ || !http_->exchange) return nullptr;
  return std::exchange(http_->exchange, nullptr)->weak_from_this().lock();
}

inline void AsioConnection::end() {
  if (phase_ == Phase::ended) return;
  const auto self = shared_from_this();
  phase_ = Phase::ended;
  http_.reset();
  websocket_stop();
  deflate_.reset();
  if (extra_) {
    shard_->scheduler.cancel(extra_->timer);
    extra_->pending = std::string();
  }
  queue_.reset();
  close_stream();
  shard_->remove(*this);
}

inline void AsioConnection::end_after_flush(bool linger) {
  phase_ = Phase::flushing;
  linger_ = linger;
  http_.reset();
  websocket_stop();
  if (extra_) extra_->pending = std::string();
  if (!queue_) return on_flushed();
  arm(shard_->options.close_timeout);
  mark_dirty();
}

inline void AsioConnection::shut_down() {
  switch (phase_) {
    case Phase::http:
      if (http_->active && !http_->answered) return;  // its response will be the last
      if (!queue_) return end();
      return end_after_flush(false);
    case Phase::websocket: return close(1001);
    case Phase::flushing: linger_ = false; return;
    case Phase::opening:
    case Phase::lingering: return end();
    case Phase::closing:
    case Phase::ended: return;
  }
}

inline void AsioConnection::abandon(bool silently) {
  const Phase phase = phase_;
  const auto exchange = take_exchange();
  end();
  if (silently) listener_.reset();
  if (exchange) exchange->abort(silently);
  if (!silently && (phase == Phase::websocket || phase == Phase::closing))
    report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
}

// AsioExchange

/// Takes leave of the connection: what was to be called will not be.
inline std::shared_ptr<AsioConnection> AsioExchange::finish() {
  const auto body_handler = std::move(body_handler_);
  const auto abort_handler = std::move(abort_handler_);
  return std::exchange(connection_, nullptr);
}

inline void AsioExchange::respond(HttpResponse response) {
  const bool is_head = request_.method == "HEAD";
  if (const auto connection = finish()) connection->respond(std::move(response), is_head);
}

inline void AsioExchange::destroy() {
  if (const auto connection = finish()) connection->destroy();
}

inline void AsioExchange::read_body(std::size_t max_bytes, BodyHandler handler) {
  if (!connection_) return;
  const HttpFraming framing = connection_->body_framing();
  if (framing.kind == HttpFraming::Kind::none) return handler(BodyError::none, {});
  body_handler_ = std::move(handler);
  connection_->read_body(max_bytes);
}

inline void AsioExchange::deliver_body(BodyError error, std::string body) {
  if (auto handler = std::exchange(body_handler_, nullptr)) handler(error, std::move(body));
}

inline void AsioExchange::abort(bool silently) {
  connection_.reset();
  const auto body_handler = std::move(body_handler_);
  const auto abort_handler = std::move(abort_handler_);
  if (silently) return;
  if (body_handler) body_handler(BodyError::aborted, {});
  if (abort_handler) abort_handler();
}

}  // namespace socketio::detail
