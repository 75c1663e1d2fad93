// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/session.hpp>: the write path, incoming packets, the heartbeat, the end. Engine layer.
#pragma once

#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/eio3_payload.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

SOCKETIO_DECL SessionListener::~SessionListener() = default;
SOCKETIO_DECL void SessionListener::on_drain(Session&) {}
SOCKETIO_DECL void SessionListener::on_heartbeat(Session&) {}
SOCKETIO_DECL void SessionListener::on_upgrading(Session&) {}
SOCKETIO_DECL void SessionListener::on_upgrade(Session&) {}
SOCKETIO_DECL void SessionListener::on_shutdown(Session& session) { session.close(); }
SOCKETIO_DECL bool SessionListener::observes_packets() const { return true; }
SOCKETIO_DECL void SessionListener::on_packet(Session&, EioPacketType, bool, std::string_view) {}
SOCKETIO_DECL void SessionListener::on_packet_create(Session&, const Message&) {}
SOCKETIO_DECL void SessionListener::on_flush(Session&, std::span<const MessagePtr>) {}

/// The part of a session that exists only while its channel is polling.
struct Session::Polling {
  explicit Polling(Session& session)
      : body_timer([](void* at) { static_cast<Session*>(at)->handle_body_timeout(); }, &session),
        close_timer([](void* at) { static_cast<Session*>(at)->finish(CloseReason::forced_close, {}); }, &session) {}

  ExchangePtr poll;  // the parked GET
  HttpHeaders poll_headers;
  ExchangePtr post;  // the POST whose body is being read
  HttpHeaders post_headers;
  Timer body_timer;              // armed while `post` is read
  std::string payload;           // of the last POST, while the rest of its packets waits for the next turn
  std::size_t payload_from = 0;  // where the rest begins
  bool payload_is_binary = false;
  bool has_payload = false;  // packets of the last POST are being handled, or wait
  Timer close_timer;
  std::string jsonp_head;  // what stands before the payload of a client that loads it as a script; empty for others
  bool closes_on_next_poll = false;
  bool takes_bytes = true;  // matters to revision 3 only
};

/// The answer to a poll.
struct Session::PollBody {
  std::string text;
  std::string_view content_type = "text/plain; charset=UTF-8";
  bool may_compress = false;
};

struct Session::SentCallbacks {
  std::vector<SentCallback> waiting;  // of packets that are not handed over
  std::vector<SentCallback> ready;    // of packets that went into a poll, to be called in a later turn
};

/// A WebSocket on which the client tries to go on with the session.
class Session::Upgrade final : public WebSocketListener, public std::enable_shared_from_this<Session::Upgrade> {
 public:
  Upgrade(Session& session, std::shared_ptr<WebSocket> websocket, bool base64)
      : session_(&session),
        websocket_(std::move(websocket)),
        needs_base64_(base64),
        timeout_timer_([](void* at) { static_cast<Upgrade*>(at)->session_->drop_upgrade(); }, this),
        check_timer_([](void* at) { static_cast<Upgrade*>(at)->release_poll(); }, this) {}

  void begin(std::chrono::milliseconds timeout);

  void raise_message_limit(std::size_t bytes) { websocket_->raise_message_limit(bytes); }

  /// Parts from the session. @return the WebSocket
  std::shared_ptr<WebSocket> detach();
  bool needs_base64() const noexcept { return needs_base64_; }

  SOCKETIO_DECL void on_message(bool is_binary, std::span<char> payload) override;
  void on_drain() override {}
  SOCKETIO_DECL void on_close(const WebSocketClose& how) override;

 private:
  // How long after the probe, and how often, a poll is answered with nothing, so that the client can go on.
  static constexpr std::chrono::milliseconds check_interval{100};

  void answer_probe();
  void release_poll();

  Session* session_;  // null once detached
  std::shared_ptr<WebSocket> websocket_;
  bool needs_base64_;
  Timer timeout_timer_;
  Timer check_timer_;
};

SOCKETIO_DECL Session::Session(Private, std::shared_ptr<detail::EngineState> engine, std::string id,
                               const HttpRequest& request, int protocol)
    : engine_(std::move(engine)),
      id_(std::move(id)),
      request_(request),
      heartbeat_timer_([](void* at) { static_cast<Session*>(at)->handle_heartbeat_timer(); }, this),
      is_eio3_(protocol == 3) {}

SOCKETIO_DECL Session::~Session() = default;

SOCKETIO_DECL std::shared_ptr<Session> Session::make(std::shared_ptr<detail::EngineState> engine, std::string id,
                                                     const HttpRequest& request, int protocol) {
  return std::make_shared<Session>(Private{}, std::move(engine), std::move(id), request, protocol);
}

SOCKETIO_DECL Scheduler& Session::scheduler() const noexcept { return engine_->scheduler; }

SOCKETIO_DECL bool Session::is_writable() const noexcept {
  if (ready_state_ == ReadyState::closed || !buffer_.empty()) return false;
  return websocket_ ? websocket_->is_writable() : polling_ && polling_->poll;
}

SOCKETIO_DECL std::size_t Session::unsent_bytes() const noexcept {
  return buffered_bytes_ + (websocket_ ? websocket_->unsent_bytes() : 0);
}

template <class Call>
void Session::guarded(std::string_view where, Call&& call) {
  static_cast<void>(engine_->guarded(where, std::forward<Call>(call)));
}

/// Tells the listener and the observers of an event. Nothing but the end is told after the end.
template <class Call>
void Session::tell(std::string_view where, Call&& call) {
  const bool is_end = ready_state_ == ReadyState::closed;
  if (listener_) guarded(where, [&] { call(*listener_); });
  const std::size_t count = observers_ ? observers_->size() : 0;
  for (std::size_t i = 0; i < count && is_end == (ready_state_ == ReadyState::closed); ++i) {
    const std::shared_ptr<SessionListener> observer = (*observers_)[i];
    guarded(where, [&] { call(*observer); });
  }
}

SOCKETIO_DECL void Session::observe(std::shared_ptr<SessionListener> observer) {
  if (!observer || ready_state_ == ReadyState::closed) return;
  if (observer->observes_packets()) observes_packets_ = true;
  if (!observers_) observers_ = std::make_unique<std::vector<std::shared_ptr<SessionListener>>>();
  observers_->push_back(std::move(observer));
}

SOCKETIO_DECL void Session::set_listener(std::shared_ptr<SessionListener> listener) {
  if (ready_state_ == ReadyState::closed) return;
  const auto observes = [](const std::shared_ptr<SessionListener>& one) { return one && one->observes_packets(); };
  observes_packets_ =
      observes(listener) || (observers_ && std::any_of(observers_->begin(), observers_->end(), observes));
  std::shared_ptr<SessionListener> old = std::exchange(listener_, std::move(listener));
  // It may be running at this very moment.
  if (old) engine_->scheduler.post([old = std::move(old)] {});
}

// ------------------------------------------------------------------------------------------------ the write path

SOCKETIO_DECL std::size_t Session::max_message_bytes() const noexcept {
  const std::size_t most = engine_->options.max_http_buffer_size;
  const std::size_t first = engine_->options.max_first_message_bytes;
  return accepts_large_messages_ || first == 0 || first > most ? most : first;
}

SOCKETIO_DECL void Session::accept_large_messages() {
  if (accepts_large_messages_) return;
  accepts_large_messages_ = true;
  if (websocket_) websocket_->raise_message_limit(max_message_bytes());
  if (upgrade_) upgrade_->raise_message_limit(max_message_bytes());
}

SOCKETIO_DECL void Session::send(const MessagePtr& message) {
  if (may_send(*message)) pass_on(message);
}

SOCKETIO_DECL void Session::send(const MessagePtr& message, SentCallback on_sent) {
  if (!may_send(*message)) return;
  if (on_sent) {
    if (!sent_callbacks_) sent_callbacks_ = std::make_unique<SentCallbacks>();
    sent_callbacks_->waiting.push_back(std::move(on_sent));
  }
  pass_on(message);
}

SOCKETIO_DECL bool Session::may_send(const Message& message) {
  return ready_state_ < ReadyState::closing && keeps_up() && announce(message);
}

SOCKETIO_DECL void Session::pass_on(const MessagePtr& message) {
  if (can_bypass_buffer()) {
    hand_to_websocket(message);
  } else {
    queue(message);
    flush();
  }
}

SOCKETIO_DECL void Session::send(std::span<const MessagePtr> messages) {
  if (ready_state_ >= ReadyState::closing || !keeps_up()) return;
  for (const MessagePtr& message : messages)
    if (!announce(*message)) return;
  if (can_bypass_buffer()) {
    for (const MessagePtr& message : messages) hand_to_websocket(message);
  } else {
    for (const MessagePtr& message : messages) queue(message);
    flush();
  }
}

/// @return false if a listener has closed the session
SOCKETIO_DECL bool Session::announce(const Message& message) {
  if (!observes_packets_) return true;
  tell("on_packet_create", [&](SessionListener& told) { told.on_packet_create(*this, message); });
  return ready_state_ < ReadyState::closing;
}

/// Whether a packet may go to the WebSocket at once: nothing is queued, and no listener or hook observes the queue.
SOCKETIO_DECL bool Session::can_bypass_buffer() const noexcept {
  return websocket_ && buffer_.empty() && !is_flushing_ && !observes_packets_ && !engine_->flush_hook;
}

SOCKETIO_DECL void Session::queue(const MessagePtr& message) {
  buffered_bytes_ += message->kept_bytes();
  buffer_.push_back(message);
  note_writable(false);
}

SOCKETIO_DECL void Session::hand_to_websocket(const MessagePtr& message) {
  note_writable(false);  // until it is drained
  if (is_eio3_ && message->is_binary())
    websocket_->send(needs_base64_ ? Message::eio3_base64(*message) : Message::eio3_binary(*message));
  else if (needs_base64_ && message->is_binary())
    websocket_->send(Message::base64(*message));
  else
    websocket_->send(message);
}

SOCKETIO_DECL void Session::flush() {
  const auto can_flush = [this] {
    return ready_state_ != ReadyState::closed && !buffer_.empty() && (websocket_ || (polling_ && polling_->poll));
  };
  if (is_flushing_ || !can_flush()) return;
  if (observes_packets_ || engine_->flush_hook) {
    is_flushing_ = true;  // packets that the listeners send join the buffer
    if (observes_packets_) tell("on_flush", [this](SessionListener& told) { told.on_flush(*this, buffer_); });
    if (can_flush()) guarded("on_flush", [this] { engine_->flush_hook(*this, std::span<const MessagePtr>(buffer_)); });
    is_flushing_ = false;
    if (!can_flush()) return;
  }

  const std::vector<MessagePtr> packets = std::exchange(buffer_, {});
  buffered_bytes_ = 0;
  if (websocket_) {
    for (const MessagePtr& packet : packets) hand_to_websocket(packet);
  } else {
    if (sent_callbacks_) {
      for (SentCallback& callback : sent_callbacks_->waiting) sent_callbacks_->ready.push_back(std::move(callback));
      sent_callbacks_->waiting.clear();
    }
    answer_poll(body_of(*polling_, packets));
    post_drain();
  }
  if (closes_after_flush_ && ready_state_ == ReadyState::closing && buffer_.empty()) close_channel(false);
}

SOCKETIO_DECL bool Session::keeps_up() {
  const std::size_t limit = engine_->options.max_unsent_bytes;
  if (limit == 0 || unsent_bytes() <= limit) return true;
  fail_later("too many unsent bytes");
  return false;
}

/// Ends the session with `transport_error` in a later turn: the caller of `send` may be walking over a list of
/// sessions.
SOCKETIO_DECL void Session::fail_later(const char* description) {
  if (ready_state_ == ReadyState::closed) return;
  ready_state_ = ReadyState::closing;
  engine_->scheduler.post([weak = weak_from_this(), description] {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->ready_state_ == ReadyState::closed) return;
    if (self->websocket_) self->websocket_->terminate();
    self->finish(CloseReason::transport_error, description);
  });
}

SOCKETIO_DECL void Session::post_drain() {
  const bool is_awaited =
      listener_ || observers_ || engine_->drain_hook || (sent_callbacks_ && !sent_callbacks_->ready.empty());
  if (!is_awaited || drain_is_posted_ || ready_state_ == ReadyState::closed) return;
  drain_is_posted_ = true;
  engine_->scheduler.post([weak = weak_from_this()] {
    if (const std::shared_ptr<Session> self = weak.lock()) {
      self->drain_is_posted_ = false;
      self->deliver_drain();
    }
  });
}

SOCKETIO_DECL void Session::call_sent_callbacks(std::vector<SentCallback> callbacks) {
  for (SentCallback& callback : callbacks) guarded("on_sent", callback);
}

SOCKETIO_DECL void Session::deliver_drain() {
  if (ready_state_ == ReadyState::closed) return;
  if (sent_callbacks_) {
    call_sent_callbacks(std::exchange(sent_callbacks_->ready, {}));
    if (websocket_ && ready_state_ != ReadyState::closed && websocket_->is_writable())
      call_sent_callbacks(std::exchange(sent_callbacks_->waiting, {}));
  }
  const bool has_unsent = !buffer_.empty() || (websocket_ && !websocket_->is_writable());
  if (has_unsent || ready_state_ == ReadyState::closed) return;
  note_writable(websocket_ || (polling_ && polling_->poll));
  tell("on_drain", [this](SessionListener& told) { told.on_drain(*this); });
  if (ready_state_ != ReadyState::closed) guarded("on_drain", [this] { engine_->drain_hook(*this); });
}

// -------------------------------------------------------------------------------------------- incoming packets

SOCKETIO_DECL void Session::WebSocketEar::on_message(bool is_binary, std::span<char> payload) {
  if (!is_binary)
    session_.handle_text(payload);
  else if (session_.is_eio3_)
    session_.handle_typed_bytes(payload);
  else
    session_.handle_packet(EioPacketType::message, true, payload);
}

SOCKETIO_DECL void Session::WebSocketEar::on_drain() { session_.deliver_drain(); }

SOCKETIO_DECL void Session::WebSocketEar::on_close(const WebSocketClose& how) {
  switch (how.cause) {
    case WebSocketClose::Cause::closed_by_peer: session_.finish(CloseReason::transport_close, {}); break;
    case WebSocketClose::Cause::protocol_violation: session_.finish(CloseReason::transport_error, how.reason); break;
    case WebSocketClose::Cause::write_failed: session_.finish(CloseReason::transport_error, "write error"); break;
    case WebSocketClose::Cause::closed_locally: session_.finish(CloseReason::forced_close, {}); break;
  }
}

/// The part of `text` that `view` points to.
SOCKETIO_DECL std::span<char> Session::part_of(std::span<char> text, std::string_view view) noexcept {
  return view.empty() ? text.first(0) : text.subspan(static_cast<std::size_t>(view.data() - text.data()), view.size());
}

/// A binary frame of revision 3.
SOCKETIO_DECL void Session::handle_typed_bytes(std::span<char> payload) {
  const auto packet = decode_eio3_binary_packet(std::string_view(payload.data(), payload.size()));
  if (!packet)
    finish(CloseReason::parse_error, {});
  else if (packet->type == EioPacketType::close)
    finish(CloseReason::transport_close, {});
  else
    handle_packet(packet->type, true, payload.subspan(1));
}

SOCKETIO_DECL void Session::handle_text(std::span<char> payload) {
  const std::string_view text(payload.data(), payload.size());
  const auto packet = is_eio3_ ? decode_eio3_packet(text) : decode_eio_packet(text);
  if (!packet)
    finish(CloseReason::parse_error, {});
  else if (packet->type == EioPacketType::close)
    finish(CloseReason::transport_close, {});
  else
    handle_decoded(*packet, payload);
}

SOCKETIO_DECL void Session::handle_decoded(const EioPacketView& packet, std::span<char> text) {
  if (!packet.is_binary) return handle_packet(packet.type, false, part_of(text, packet.data));
  std::string bytes;
  base64_decode(packet.data, bytes);
  handle_packet(packet.type, true, bytes);
}

SOCKETIO_DECL void Session::handle_packet(EioPacketType type, bool is_binary, std::span<char> data) {
  if (ready_state_ != ReadyState::open) return;
  if (observes_packets_) {
    const std::string_view text(data.data(), data.size());
    tell("on_packet", [&](SessionListener& told) { told.on_packet(*this, type, is_binary, text); });
    if (ready_state_ != ReadyState::open) return;
  }
  if (awaits_pong_ && !pong_time_was_extended_ && type != EioPacketType::pong) {
    pong_time_was_extended_ = true;
    arm_heartbeat(engine_->options.ping_timeout);
  }
  switch (type) {
    case EioPacketType::message:
      if (listener_) guarded("on_message", [&] { listener_->on_message(*this, is_binary, data); });
      break;
    case EioPacketType::pong:
      if (is_eio3_) return finish(CloseReason::transport_error, "invalid heartbeat direction");
      awaits_pong_ = false;
      arm_heartbeat(engine_->options.ping_interval);
      tell("on_heartbeat", [this](SessionListener& told) { told.on_heartbeat(*this); });
      break;
    case EioPacketType::ping:
      if (!is_eio3_) return finish(CloseReason::transport_error, "invalid heartbeat direction");
      arm_heartbeat(engine_->options.ping_interval + engine_->options.ping_timeout);
      send(Message::packet(EioPacketType::pong));
      tell("on_heartbeat", [this](SessionListener& told) { told.on_heartbeat(*this); });
      break;
    case EioPacketType::open:
    case EioPacketType::close:
    case EioPacketType::upgrade:
    case EioPacketType::noop: break;
  }
}

// ----------------------------------------------------------------------------------------------- the heartbeat

SOCKETIO_DECL void Session::arm_heartbeat(Scheduler::Clock::duration delay) {
  engine_->scheduler.arm(heartbeat_timer_, delay);
}

SOCKETIO_DECL void Session::handle_heartbeat_timer() {
  if (awaits_pong_ || is_eio3_) return finish(CloseReason::ping_timeout, {});
  awaits_pong_ = true;
  pong_time_was_extended_ = false;
  arm_heartbeat(engine_->options.ping_timeout);
  send(engine_->ping);
}

// ----------------------------------------------------------------------------------------------------- the end

SOCKETIO_DECL void Session::shut_down() {
  if (ready_state_ == ReadyState::closed) return;
  if (const std::shared_ptr<SessionListener> listener = listener_)
    guarded("on_shutdown", [&] { listener->on_shutdown(*this); });
  else
    close();
}

SOCKETIO_DECL void Session::close(bool discard) {
  if (discard && ready_state_ != ReadyState::closed) return close_channel(true);
  if (ready_state_ != ReadyState::open) return;
  ready_state_ = ReadyState::closing;
  if (buffer_.empty())
    close_channel(false);
  else
    closes_after_flush_ = true;
}

SOCKETIO_DECL void Session::close_channel(bool discard) {
  if (!polling_) return finish(CloseReason::forced_close, {});
  // A client whose POST fails takes nothing from its next poll. When the server shuts down, that has what is owed to
  // it.
  if (!engine_->is_draining || discard) abort_post();
  if (polling_->poll || discard) return finish(CloseReason::forced_close, {});
  polling_->closes_on_next_poll = true;
  engine_->scheduler.arm(polling_->close_timer, engine_->options.close_timeout);
}

SOCKETIO_DECL void Session::finish(CloseReason reason, std::string_view description, std::string_view poll_answer) {
  if (ready_state_ == ReadyState::closed) return;
  ready_state_ = ReadyState::closed;
  note_writable(false);

  // Callers go on with `this` after their callbacks, and the listener may be running: both live until a later turn, or
  // until the loop is destroyed with that turn not run.
  std::shared_ptr<void> releasing(nullptr, [self = shared_from_this()](void*) { self->release(); });
  engine_->scheduler.post([releasing = std::move(releasing)] {});
  engine_->remove(*this);
  engine_->scheduler.cancel(heartbeat_timer_);
  drop_upgrade();
  if (polling_) {
    engine_->scheduler.cancel(polling_->close_timer);
    if (!engine_->is_draining) abort_post();
    if (polling_->poll) answer_poll(body_of_signals(*polling_, poll_answer));
    if (const ExchangePtr post = take_post()) answer(*post, std::exchange(polling_->post_headers, {}), accepted_post());
  }
  if (websocket_) {
    websocket_->set_listener(nullptr);
    websocket_->close();
    websocket_.reset();
  }

  if (sent_callbacks_) call_sent_callbacks(std::exchange(sent_callbacks_->ready, {}));
  tell("on_close", [&](SessionListener& told) { told.on_close(*this, reason, description); });
}

SOCKETIO_DECL void Session::release() {
  buffer_.clear();
  buffered_bytes_ = 0;
  listener_.reset();
  observers_.reset();
  sent_callbacks_.reset();
  polling_.reset();
}

}  // namespace socketio
