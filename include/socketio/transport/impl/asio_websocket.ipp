// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_connection.hpp>: the WebSocket's messages and its end. Transport layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>

#include <stdexcept>
#include <utility>

namespace socketio::detail {

inline void AsioConnection::set_listener(std::shared_ptr<WebSocketListener> listener) {
  const auto previous = std::exchange(listener_, std::move(listener));  // its destructor may call us
  if (!listener_) {
    if (phase_ != Phase::ended || extra_) extra().removed = true;
    return;
  }
  if (extra_) {
    extra_->removed = false;
    if (extra_->closed) shard_->scheduler.post([self = shared_from_this()] { self->deliver_close(); });
    if (!extra_->pending.empty()) resume_input_later();
  }
  update_reading();
}

inline void AsioConnection::send(const MessagePtr& message) {
  if (phase_ != Phase::websocket) return;
  if (const auto compressed = deflate_ ? deflate_->frame_of(message) : nullptr)
    queue().push(compressed, *compressed);
  else if (protocol_)
    protocol_->send(message, queue());
  else
    queue().push(message);
  drain_due_ = true;
  mark_dirty();
}

inline void AsioConnection::close(std::optional<std::uint16_t> code) {
  if (phase_ != Phase::websocket) return;
  if (code && !is_valid_close_code(*code)) throw std::invalid_argument("not a WebSocket close code that may be sent");
  websocket_queue_close(code);
  phase_ = Phase::closing;
  arm(shard_->options.close_timeout);
  mark_dirty();
  if (!extra_->pending.empty()) resume_input_later();
  update_reading();
}

inline void AsioConnection::terminate() {
  const Phase phase = phase_;
  if (phase == Phase::http) return;
  end();
  if (phase != Phase::websocket && phase != Phase::closing) return;
  extra().closed = WebSocketClose{WebSocketClose::Cause::closed_locally, 1006, {}};
  if (listener_) shard_->scheduler.post([self = shared_from_this()] { self->deliver_close(); });
}

/// Looks at the bytes that had to wait, in a later turn.
inline void AsioConnection::resume_input_later() {
  bool& resuming = phase_ == Phase::http ? http_->resuming : extra().resuming;
  if (std::exchange(resuming, true)) return;
  shard_->scheduler.post([self = shared_from_this()] {
    if (self->phase_ == Phase::http) {
      self->http_->resuming = false;
      if (self->is_moving()) return self->try_move();
      self->http_input({});
    } else if (self->extra_) {
      self->extra_->resuming = false;
      if (self->phase_ != Phase::websocket && self->phase_ != Phase::closing) return;
      std::string pending = std::exchange(self->extra_->pending, {});
      if (!pending.empty()) self->websocket_input(pending);
    }
    self->update_reading();
  });
}

inline void AsioConnection::websocket_input(std::span<char> input) {
  const auto listener = listener_;
  while (phase_ == Phase::websocket || phase_ == Phase::closing) {
    if (phase_ == Phase::websocket && (!listener || listener_ != listener)) {
      // The next listener shall have the rest, and not inside the call that set it.
      if (input.empty()) return;
      extra().pending.assign(input.data(), input.size());
      if (listener_) resume_input_later();
      return;
    }
    const WebSocketEvent event = protocol_ ? protocol_->parse(input) : parser_.parse(input);
    const std::string_view payload(event.payload.data(), event.payload.size());
    switch (event.kind) {
      case WebSocketEvent::Kind::none: return;
      case WebSocketEvent::Kind::message:
        if (phase_ != Phase::websocket) break;
        if (event.is_compressed)
          websocket_compressed(event);
        else
          listener->on_message(event.is_binary, event.payload);
        break;
      case WebSocketEvent::Kind::ping: websocket_pong(payload); break;
      case WebSocketEvent::Kind::pong: break;
      case WebSocketEvent::Kind::close: return websocket_closed_by_peer(event.code, std::string(payload));
      case WebSocketEvent::Kind::failed: return websocket_violated(event.code, event.error);
    }
  }
}

inline void AsioConnection::websocket_compressed(const WebSocketEvent& event) {
  std::string message;
  const std::string_view payload(event.payload.data(), event.payload.size());
  switch (deflate_->inflate(payload, parser_.max_message_bytes(), message)) {
    case InflateResult::too_big: return websocket_violated(1009, "message too big");
    case InflateResult::bad_data: return websocket_violated(1007, "message cannot be decompressed");
    case InflateResult::ok: break;
  }
  if (!event.is_binary && !is_valid_utf8(message)) return websocket_violated(1007, "text is not UTF-8");
  listener_->on_message(event.is_binary, message);
}

inline void AsioConnection::websocket_pong(std::string_view payload) {
  if (phase_ != Phase::websocket) return;  // RFC 6455 section 5.5.1: nothing follows a close frame
  queue().push_pong(protocol_ ? protocol_->pong(payload) : websocket_control_frame(0xA, payload));
  mark_dirty();
  if (queue_->pongs() <= shard_->options.max_pending_pongs) return;
  // Many pings in one turn are no flood yet; pings from a peer that does not read are one.
  if (!waiting_writable_) flush();
  if (phase_ != Phase::websocket || !queue_ || queue_->pongs() <= shard_->options.max_pending_pongs) return;
  end();
  report_close({WebSocketClose::Cause::protocol_violation, 1006, "too many pending pongs"});
}

/// @param code  no value: an empty close frame
inline void AsioConnection::websocket_queue_close(std::optional<std::uint16_t> code, std::string_view reason) {
  queue().push(protocol_ ? protocol_->close(code, reason) : websocket_close_frame(code, reason));
}

inline void AsioConnection::websocket_stop() noexcept {
  if (protocol_)
    protocol_->stop();
  else
    parser_.stop();
}

inline void AsioConnection::websocket_closed_by_peer(std::uint16_t code, std::string reason) {
  const bool ours_first = phase_ == Phase::closing;
  // A browser shows its page the reason that comes back.
  if (!ours_first) websocket_queue_close(code == 1005 ? std::nullopt : std::optional(code), reason);
  end_after_flush(false);
  using Cause = WebSocketClose::Cause;
  report_close({ours_first ? Cause::closed_locally : Cause::closed_by_peer, code, std::move(reason)});
}

inline void AsioConnection::websocket_violated(std::uint16_t code, std::string_view why) {
  if (phase_ == Phase::closing) {
    end_after_flush(true);
    return report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
  }
  websocket_queue_close(code);
  end_after_flush(true);
  report_close({WebSocketClose::Cause::protocol_violation, code, std::string(why)});
}

/// Tells the listener how it ended, at once; without one, the next.
inline void AsioConnection::report_close(WebSocketClose how) {
  if (!listener_ && extra_ && extra_->removed) return;
  extra().closed = std::move(how);
  deliver_close();
}

inline void AsioConnection::deliver_close() {
  if (!listener_ || !extra_ || !extra_->closed) return;
  const WebSocketClose how = *std::exchange(extra_->closed, std::nullopt);
  const auto listener = std::exchange(listener_, nullptr);
  listener->on_close(how);
}

}  // namespace socketio::detail
