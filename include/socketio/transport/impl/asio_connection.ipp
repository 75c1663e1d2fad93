// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_connection.hpp>: the life of a connection, reading and writing. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_http.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_websocket.hpp>
#include <socketio/transport/http_writer.hpp>

#include <asio/error.hpp>

#include <cassert>
#include <new>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL AsioWebSocket& AsioConnection::websocket() noexcept {
  return *std::launder(reinterpret_cast<AsioWebSocket*>(websocket_));
}

SOCKETIO_DECL AsioConnection::AsioConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer)
    : shard_(std::move(shard)), http_(std::make_unique<AsioHttp>(*this, std::move(peer), shard_->options.http)) {}

SOCKETIO_DECL AsioConnection::~AsioConnection() {
  if (!http_) websocket().~AsioWebSocket();
}

SOCKETIO_DECL void AsioConnection::start() {
  shard_->add(shared_from_this());
  if (shard_->closing()) return end();  // another shard accepted it, and this one was closed in the meantime
  const bool has_proxy_header = !shard_->proxies.empty() && shard_->proxies.contains(http_->peer().address);
  if (has_proxy_header) http_->expect_proxy_header();
  if (has_proxy_header || http_->peer().secure) {
    phase_ = Phase::opening;
    const auto timeout = has_proxy_header ? shard_->options.head_timeout : shard_->options.tls_handshake_timeout;
    if (timeout.count() != 0) arm(timeout);
    return wait_readable();
  }
  http_->update_deadline(false);
  update_reading();
}

/// Reads no byte beyond the header: what follows it may be for TLS, which reads from the stream itself.
SOCKETIO_DECL AsioConnection::Opening AsioConnection::read_proxy_header() {
  ProxyProtocolDecoder& header = *http_->proxy_header();
  while (const std::size_t wanted = header.wanted()) {
    std::error_code error;
    const std::span<char> buffer = shard_->read_buffer().first(wanted);
    const std::size_t bytes = read_plain(buffer, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return Opening::wants_read;
    if (error == asio::error::interrupted) continue;
    if (error) return Opening::failed;
    header.take({buffer.data(), bytes});
  }
  if (header.status() == ProxyProtocolDecoder::Status::failed) return Opening::failed;
  http_->accept_proxy_header();
  if (!http_->peer().secure) return Opening::done;
  shard_->scheduler.cancel(timer());
  const auto timeout = shard_->options.tls_handshake_timeout;
  if (timeout.count() != 0) arm(timeout);
  return open_stream();
}

/// Goes on with the opening of the stream.
SOCKETIO_DECL void AsioConnection::open() {
  switch (http_->proxy_header() ? read_proxy_header() : open_stream()) {
    case Opening::wants_read: return wait_readable();
    case Opening::wants_write: return wait_writable();
    case Opening::refused: return end_after_flush(true);  // so that the peer can read the reason
    case Opening::failed: return end();
    case Opening::done: break;
  }
  phase_ = Phase::http;
  shard_->scheduler.cancel(timer());
  http_->update_deadline(false);
  update_reading();
}

SOCKETIO_DECL AsioOutQueue& AsioConnection::take_queue() {
  queue_ = shard_->take_queue();
  return *queue_;
}

SOCKETIO_DECL void AsioConnection::flush_later() {
  dirty_ = true;
  shard_->flush_later(shared_from_this());
}

/// HTTP always needs a timer, and has one of its own; a WebSocket makes one when it closes.
SOCKETIO_DECL Timer& AsioConnection::timer() { return http_ ? http_->timer() : websocket().timer(); }

SOCKETIO_DECL void AsioConnection::arm(std::chrono::milliseconds timeout) { shard_->scheduler.arm(timer(), timeout); }

SOCKETIO_DECL void AsioConnection::update_reading() {
  if (waiting_readable_ || !wants_input()) return;
  waiting_readable_ = true;
  wait_readable();
}

/// Whether the connection can use bytes that arrive now; if not, they stay with the operating system.
SOCKETIO_DECL bool AsioConnection::wants_input() {
  switch (phase_) {
    case Phase::opening: return false;  // open_stream reads
    case Phase::http: return http_->wants_input();
    case Phase::websocket:
    case Phase::closing: return websocket().wants_input();
    case Phase::lingering: return true;
    case Phase::flushing:
    case Phase::ended: break;
  }
  return false;
}

SOCKETIO_DECL void AsioConnection::on_readable() {
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
    http_->on_input(std::string_view(buffer.data(), bytes));
  else if (phase_ != Phase::lingering)
    websocket().on_input(buffer.first(bytes));
  update_reading();
}

SOCKETIO_DECL void AsioConnection::on_writable() {
  waiting_writable_ = false;
  if (phase_ == Phase::opening) return open();
  flush();
  if (!reads_when_writable_) return;
  reads_when_writable_ = false;
  on_readable();
}

SOCKETIO_DECL void AsioConnection::on_input_end(const std::error_code& error) {
  switch (phase_) {
    case Phase::http: {
      // A peer that has sent everything may still read the response that is queued. It does not get one that comes
      // later: from here a half-closed connection looks like a closed one. Node.js decides in the same way.
      const auto exchange = http_->take_exchange();
      if (error == asio::error::eof && queue_)
        end_after_flush(false);
      else
        end();
      if (exchange) exchange->abort(false);
      return;
    }
    case Phase::websocket: end(); return websocket().report_close({WebSocketClose::Cause::closed_by_peer, 1006, {}});
    case Phase::closing: end(); return websocket().report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
    case Phase::flushing:
    case Phase::lingering: return end();
    case Phase::opening:
    case Phase::ended: return;
  }
}

SOCKETIO_DECL void AsioConnection::flush() {
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
SOCKETIO_DECL void AsioConnection::on_write_progress() {
  if (phase_ == Phase::http)
    http_->on_write_progress();
  else if (phase_ == Phase::flushing)
    arm(shard_->options.close_timeout);
}

SOCKETIO_DECL void AsioConnection::on_flushed() {
  switch (phase_) {
    case Phase::http: http_->on_flushed(); return update_reading();
    case Phase::websocket:
      if (!drain_due_) return;
      drain_due_ = false;
      return websocket().on_drain();
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

SOCKETIO_DECL void AsioConnection::on_write_failed() {
  const Phase phase = phase_;
  const auto exchange = http_ ? http_->take_exchange() : nullptr;
  end();
  if (exchange) exchange->abort(false);
  if (phase == Phase::websocket)
    websocket().report_close({WebSocketClose::Cause::write_failed, 1006, {}});
  else if (phase == Phase::closing)
    websocket().report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
}

SOCKETIO_DECL void AsioConnection::on_timeout() {
  const auto self = shared_from_this();
  switch (phase_) {
    case Phase::http: return http_->on_timeout();
    case Phase::closing: end(); return websocket().report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
    case Phase::opening:
    case Phase::flushing:
    case Phase::lingering: return end();
    case Phase::websocket:
    case Phase::ended: return;
  }
}

SOCKETIO_DECL void AsioConnection::begin_closing() {
  phase_ = Phase::closing;
  arm(shard_->options.close_timeout);
  mark_dirty();
}

SOCKETIO_DECL void AsioConnection::end() {
  if (phase_ == Phase::ended) return;
  const auto self = shared_from_this();
  phase_ = Phase::ended;
  if (http_)
    http_->stop();
  else
    websocket().on_end();
  queue_.reset();
  close_stream();
  shard_->remove(*this);
}

SOCKETIO_DECL void AsioConnection::end_after_flush(bool linger) {
  phase_ = Phase::flushing;
  linger_ = linger;
  if (http_)
    http_->stop();
  else
    websocket().stop_reading();
  if (!queue_) return on_flushed();
  arm(shard_->options.close_timeout);
  mark_dirty();
}

SOCKETIO_DECL void AsioConnection::shut_down() {
  switch (phase_) {
    case Phase::http:
      if (http_->owes_response()) return;  // which will be the last
      if (!queue_) return end();
      return end_after_flush(false);
    case Phase::websocket: return websocket().close(1001);
    case Phase::flushing: linger_ = false; return;
    case Phase::opening:
    case Phase::lingering: return end();
    case Phase::closing:
    case Phase::ended: return;
  }
}

SOCKETIO_DECL void AsioConnection::abandon(bool silently) {
  const Phase phase = phase_;
  const auto exchange = http_ ? http_->take_exchange() : nullptr;
  end();
  if (silently && !http_) websocket().drop_listener();
  if (exchange) exchange->abort(silently);
  if (!silently && (phase == Phase::websocket || phase == Phase::closing))
    websocket().report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
}

SOCKETIO_DECL void AsioConnection::resume_http() {
  if (phase_ != Phase::http) return;
  http_->on_resumed();
  if (is_moving()) return try_move();
  http_->on_input({});
  update_reading();
}

template <class W, class... Args>
void AsioConnection::emplace_websocket(Args&&... args) {
  static_assert(sizeof(W) <= websocket_room && alignof(W) <= alignof(void*));
  [[maybe_unused]] const AsioWebSocket* const made = ::new (websocket_) W(*this, std::forward<Args>(args)...);
  assert(made == &websocket());
}

SOCKETIO_DECL std::shared_ptr<WebSocket> AsioConnection::become_websocket(const HttpRequest& request,
                                                                          const HttpResponse& handshake,
                                                                          const HttpHeaders& headers,
                                                                          const WebSocketLimits& limits,
                                                                          std::unique_ptr<WebSocketDeflate> deflate) {
  if (phase_ != Phase::http) return nullptr;
  std::string head;
  if (shard_->protocols) {
    auto protocol = shard_->protocols->accept(request, handshake, headers, limits, head);
    emplace_websocket<AsioAdaptedWebSocket>(limits, std::move(deflate), std::move(protocol));
  } else {
    emplace_websocket<AsioNativeWebSocket>(limits, std::move(deflate));
    head = http_upgrade_head(handshake, headers);
  }
  const std::string tail = AsioHttp::leave(std::move(http_));
  phase_ = Phase::websocket;
  queue().push(std::move(head));
  mark_dirty();
  if (!tail.empty()) websocket().keep_input(tail);
  return {shared_from_this(), &websocket()};
}

}  // namespace socketio::detail
