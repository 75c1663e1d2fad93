// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_websocket.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_websocket.hpp>

#include <functional>
#include <stdexcept>
#include <utility>

namespace socketio::detail {

struct AsioWebSocket::Extra {
  explicit Extra(AsioConnection& connection) : timer(&AsioConnection::on_timer, &connection) {}

  Timer timer;
  std::string pending;                   // bytes that wait for a listener, or for their turn
  std::size_t pending_from = 0;          // the first of them
  std::string being_taken;               // what was pending, while it is handled
  std::optional<WebSocketClose> closed;  // the end, until a listener knows of it
  bool resuming = false;                 // a look at `pending` is posted
  bool removed = false;                  // the listener was removed, and must not hear of the end
};

SOCKETIO_DECL AsioWebSocket::AsioWebSocket(AsioConnection& connection, std::unique_ptr<WebSocketDeflate> deflate)
    : connection_(connection), deflate_(std::move(deflate)) {}

SOCKETIO_DECL AsioWebSocket::~AsioWebSocket() = default;

SOCKETIO_DECL AsioWebSocket::Extra& AsioWebSocket::extra() {
  if (!extra_) extra_ = std::make_unique<Extra>(connection_);
  return *extra_;
}

SOCKETIO_DECL Timer& AsioWebSocket::timer() { return extra().timer; }

SOCKETIO_DECL bool AsioWebSocket::has_kept_input() const noexcept { return extra_ && !extra_->pending.empty(); }

SOCKETIO_DECL bool AsioWebSocket::is_open() const noexcept {
  return connection_.phase() == AsioConnection::Phase::websocket;
}

SOCKETIO_DECL bool AsioWebSocket::is_writable() const { return is_open() && !connection_.is_drain_due(); }

SOCKETIO_DECL std::size_t AsioWebSocket::unsent_bytes() const { return connection_.kept_bytes(); }

SOCKETIO_DECL void AsioWebSocket::set_listener(std::shared_ptr<WebSocketListener> listener) {
  const auto previous = std::exchange(listener_, std::move(listener));  // its destructor may call us
  if (!listener_) {
    if (connection_.phase() != AsioConnection::Phase::ended || extra_) extra().removed = true;
    return;
  }
  if (extra_) {
    extra_->removed = false;
    if (extra_->closed)
      connection_.shard().scheduler.post([self = connection_.shared_from_this(), this] { deliver_close(); });
    if (has_kept_input()) resume_later();
  }
  connection_.update_reading();
}

SOCKETIO_DECL bool AsioWebSocket::deflate(const MessagePtr& message) {
  const auto frame = deflate_->frame_of(message);
  if (frame) connection_.queue().push(frame, *frame);
  return frame != nullptr;
}

SOCKETIO_DECL void AsioWebSocket::close(std::optional<std::uint16_t> code) {
  if (!is_open()) return;
  if (code && !is_valid_close_code(*code)) throw std::invalid_argument("not a WebSocket close code that may be sent");
  queue_close(code);
  connection_.begin_closing();
  if (has_kept_input()) resume_later();
  connection_.update_reading();
}

SOCKETIO_DECL void AsioWebSocket::terminate() {
  const AsioConnection::Phase phase = connection_.phase();
  connection_.end();
  if (phase != AsioConnection::Phase::websocket && phase != AsioConnection::Phase::closing) return;
  extra().closed = WebSocketClose{WebSocketClose::Cause::closed_locally, 1006, {}};
  if (listener_) connection_.shard().scheduler.post([self = connection_.shared_from_this(), this] { deliver_close(); });
}

SOCKETIO_DECL void AsioWebSocket::keep_input(std::string_view input) {
  Extra& kept = extra();
  const auto from = static_cast<std::size_t>(input.data() - kept.being_taken.data());
  if (const bool is_its_end = std::less_equal<>()(kept.being_taken.data(), input.data()) &&
                              std::less<>()(input.data(), kept.being_taken.data() + kept.being_taken.size());
      is_its_end) {
    kept.pending = std::move(kept.being_taken);
    kept.pending_from = from;
  } else {
    kept.pending.assign(input);
    kept.pending_from = 0;
  }
}

SOCKETIO_DECL void AsioWebSocket::resume_later() {
  if (std::exchange(extra().resuming, true)) return;
  connection_.shard().scheduler.post([self = connection_.shared_from_this(), this] {
    extra_->resuming = false;
    std::string& taken = extra_->being_taken = std::exchange(extra_->pending, {});
    if (!taken.empty()) on_input(std::span<char>(taken).subspan(extra_->pending_from));
    taken = std::string();
    connection_.update_reading();
  });
}

SOCKETIO_DECL bool AsioWebSocket::wants_input() const { return (listener_ || !is_open()) && !has_kept_input(); }

template <class Parser>
void AsioWebSocket::take_input(Parser& parser, std::span<char> input, std::size_t most) {
  using Phase = AsioConnection::Phase;
  const auto listener = listener_;
  for (std::size_t taken = 0; connection_.phase() == Phase::websocket || connection_.phase() == Phase::closing;
       ++taken) {
    if (taken == most && most != 0 && !input.empty()) {
      keep_input({input.data(), input.size()});
      return resume_later();
    }
    if (is_open() && (!listener || listener_ != listener)) {
      // The next listener gets the rest, and not inside the call that set it.
      if (input.empty()) return;
      keep_input({input.data(), input.size()});
      if (listener_) resume_later();
      return;
    }
    const WebSocketEvent event = parser.parse(input);
    const std::string_view payload(event.payload.data(), event.payload.size());
    switch (event.kind) {
      case WebSocketEvent::Kind::none: return;
      case WebSocketEvent::Kind::message:
        if (!is_open()) break;
        if (event.is_compressed)
          take_compressed(event);
        else
          listener->on_message(event.is_binary, event.payload);
        break;
      case WebSocketEvent::Kind::ping: on_ping(payload); break;
      case WebSocketEvent::Kind::pong: break;
      case WebSocketEvent::Kind::close: return on_closed_by_peer(event.code, std::string(payload));
      case WebSocketEvent::Kind::failed: return on_violation(event.code, event.error);
    }
  }
}

SOCKETIO_DECL void AsioWebSocket::take_compressed(const WebSocketEvent& event) {
  std::string message;
  const std::string_view payload(event.payload.data(), event.payload.size());
  switch (deflate_->inflate(payload, max_message_bytes(), message)) {
    case InflateResult::too_big: return on_violation(1009, "message too big");
    case InflateResult::bad_data: return on_violation(1007, "message cannot be decompressed");
    case InflateResult::ok: break;
  }
  if (!event.is_binary && !is_valid_utf8(message)) return on_violation(1007, "text is not UTF-8");
  listener_->on_message(event.is_binary, message);
}

SOCKETIO_DECL void AsioWebSocket::on_ping(std::string_view payload) {
  if (!is_open()) return;  // RFC 6455 section 5.5.1: nothing follows a close frame
  connection_.queue().push_pong(pong_frame(payload));
  connection_.mark_dirty();
  const std::size_t most = connection_.shard().options.max_pending_pongs;
  if (connection_.unsent_pongs() <= most) return;
  // Many pings in one turn are harmless as long as the peer reads the pongs.
  if (!connection_.waits_to_write()) connection_.flush();
  if (!is_open() || connection_.unsent_pongs() <= most) return;
  connection_.end();
  report_close({WebSocketClose::Cause::protocol_violation, 1006, "too many pending pongs"});
}

/// @param code  no value: an empty close frame
SOCKETIO_DECL void AsioWebSocket::queue_close(std::optional<std::uint16_t> code, std::string_view reason) {
  connection_.queue().push(close_frame(code, reason));
}

SOCKETIO_DECL void AsioWebSocket::on_closed_by_peer(std::uint16_t code, std::string reason) {
  using Cause = WebSocketClose::Cause;
  const bool ours_first = !is_open();
  // The echo has the reason, too: a browser shows it to its page.
  if (!ours_first) queue_close(code == 1005 ? std::nullopt : std::optional(code), reason);
  connection_.end_after_flush(false);
  report_close({ours_first ? Cause::closed_locally : Cause::closed_by_peer, code, std::move(reason)});
}

SOCKETIO_DECL void AsioWebSocket::on_violation(std::uint16_t code, std::string_view why) {
  if (!is_open()) {
    connection_.end_after_flush(true);
    return report_close({WebSocketClose::Cause::closed_locally, 1006, {}});
  }
  queue_close(code);
  connection_.end_after_flush(true);
  report_close({WebSocketClose::Cause::protocol_violation, code, std::string(why)});
}

SOCKETIO_DECL void AsioWebSocket::on_drain() {
  if (const auto listener = listener_) listener->on_drain();
}

SOCKETIO_DECL void AsioWebSocket::stop_reading() {
  stop_parser();
  if (extra_) extra_->pending = std::string();
}

SOCKETIO_DECL void AsioWebSocket::on_end() {
  stop_reading();
  deflate_.reset();
  if (extra_) connection_.shard().scheduler.cancel(extra_->timer);
}

SOCKETIO_DECL void AsioWebSocket::drop_listener() { const auto dropped = std::exchange(listener_, nullptr); }

SOCKETIO_DECL void AsioWebSocket::report_close(WebSocketClose how) {
  if (!listener_ && extra_ && extra_->removed) return;
  extra().closed = std::move(how);
  deliver_close();
}

SOCKETIO_DECL void AsioWebSocket::deliver_close() {
  if (!listener_ || !extra_ || !extra_->closed) return;
  const WebSocketClose how = *std::exchange(extra_->closed, std::nullopt);
  const auto listener = std::exchange(listener_, nullptr);
  listener->on_close(how);
}

// AsioNativeWebSocket

SOCKETIO_DECL AsioNativeWebSocket::AsioNativeWebSocket(AsioConnection& connection, const WebSocketLimits& limits,
                                                       std::unique_ptr<WebSocketDeflate> deflate)
    : AsioWebSocket(connection, std::move(deflate)), parser_(limits) {
  if (compresses()) parser_.expect_compression();
}

SOCKETIO_DECL void AsioNativeWebSocket::send(const MessagePtr& message) {
  if (!is_open()) return;
  if (!send_compressed(message)) connection().queue().push(message);
  connection().mark_dirty_and_drain();
}

SOCKETIO_DECL void AsioNativeWebSocket::raise_message_limit(std::size_t bytes) { parser_.raise_message_limit(bytes); }

SOCKETIO_DECL void AsioNativeWebSocket::on_input(std::span<char> input) {
  take_input(parser_, input, parser_.max_messages_per_turn());
}

SOCKETIO_DECL void AsioNativeWebSocket::stop_parser() noexcept { parser_.stop(); }

SOCKETIO_DECL std::size_t AsioNativeWebSocket::max_message_bytes() const noexcept {
  return parser_.max_message_bytes();
}

SOCKETIO_DECL std::string AsioNativeWebSocket::pong_frame(std::string_view payload) {
  return websocket_control_frame(0xA, payload);
}

SOCKETIO_DECL std::string AsioNativeWebSocket::close_frame(std::optional<std::uint16_t> code, std::string_view reason) {
  return websocket_close_frame(code, reason);
}

// AsioAdaptedWebSocket

SOCKETIO_DECL AsioAdaptedWebSocket::AsioAdaptedWebSocket(AsioConnection& connection, const WebSocketLimits& limits,
                                                         std::unique_ptr<WebSocketDeflate> deflate,
                                                         std::unique_ptr<WebSocketProtocol> protocol)
    : AsioWebSocket(connection, std::move(deflate)),
      protocol_(std::move(protocol)),
      max_message_bytes_(limits.max_message_bytes),
      max_messages_per_turn_(limits.max_messages_per_turn) {
  if (compresses()) protocol_->expect_compression();
}

SOCKETIO_DECL void AsioAdaptedWebSocket::send(const MessagePtr& message) {
  if (!is_open()) return;
  if (!send_compressed(message)) protocol_->send(message, connection().queue());
  connection().mark_dirty_and_drain();
}

SOCKETIO_DECL void AsioAdaptedWebSocket::raise_message_limit(std::size_t bytes) {
  max_message_bytes_ = bytes;
  protocol_->raise_message_limit(bytes);
}

SOCKETIO_DECL void AsioAdaptedWebSocket::on_input(std::span<char> input) {
  take_input(*protocol_, input, max_messages_per_turn_);
}

SOCKETIO_DECL void AsioAdaptedWebSocket::stop_parser() noexcept { protocol_->stop(); }

SOCKETIO_DECL std::size_t AsioAdaptedWebSocket::max_message_bytes() const noexcept { return max_message_bytes_; }

SOCKETIO_DECL std::string AsioAdaptedWebSocket::pong_frame(std::string_view payload) {
  return protocol_->pong(payload);
}

SOCKETIO_DECL std::string AsioAdaptedWebSocket::close_frame(std::optional<std::uint16_t> code,
                                                            std::string_view reason) {
  return protocol_->close(code, reason);
}

}  // namespace socketio::detail
