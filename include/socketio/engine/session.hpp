// SPDX-License-Identifier: MIT
// One Engine.IO session: a client with its channel, its heartbeat and its unsent messages. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/close_reason.hpp>
#include <socketio/engine/cookies.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/protocol/eio_packet.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

class Session;

namespace detail {
struct EngineState;
class PendingRequest;
}  // namespace detail

/// Receives what happens in one session.
///
/// Every function may do anything to the session and to its engine: send, close, replace the listener. What it throws
/// is caught and given to `Engine::on_error`; the session goes on.
///
/// @par Thread safety  Called on the owner's thread.
class SessionListener {
 public:
  SOCKETIO_DECL virtual ~SessionListener();

  /// A message from the client.
  ///
  /// @param data  the payload without the packet type; valid during the call only, may be overwritten
  virtual void on_message(Session& session, bool is_binary, std::span<char> data) = 0;

  /// The session has ended; called exactly once, nothing follows it. May come from inside `Session::close`, never from
  /// inside `Session::send`.
  ///
  /// @param description  details of a `transport_error`; often empty; valid during the call
  virtual void on_close(Session& session, CloseReason reason, std::string_view description) = 0;

  /// Everything sent so far has been handed over: accepted by the operating system, or put into the response to a
  /// poll. Never called from inside `Session::send`.
  SOCKETIO_DECL virtual void on_drain(Session& session);

  /// A pong has arrived.
  SOCKETIO_DECL virtual void on_heartbeat(Session& session);

  /// The client has tested a WebSocket to upgrade to.
  SOCKETIO_DECL virtual void on_upgrading(Session& session);

  /// The session uses the WebSocket from now on.
  SOCKETIO_DECL virtual void on_upgrade(Session& session);

  /// The server is shutting down (`Engine::shut_down`): closes the session, at once or as soon as nothing is owed to
  /// the client any more. By default at once.
  SOCKETIO_DECL virtual void on_shutdown(Session& session);

  /// Whether the three functions below are to be called. Asked once, by `Session::set_listener`; answering false saves
  /// their calls on every packet.
  SOCKETIO_DECL virtual bool observes_packets() const;

  /// A packet of any type has arrived; called before it is acted upon.
  ///
  /// @param data  without the packet type; binary data is decoded
  SOCKETIO_DECL virtual void on_packet(Session& session, EioPacketType type, bool is_binary, std::string_view data);

  /// A packet is about to be sent or buffered; may come from inside `Session::send`.
  SOCKETIO_DECL virtual void on_packet_create(Session& session, const Message& packet);

  /// The write buffer is about to be handed to the channel; may come from inside `Session::send`.
  ///
  /// @param packets  valid until something is sent
  SOCKETIO_DECL virtual void on_flush(Session& session, std::span<const MessagePtr> packets);
};

/// One client of the engine, from its handshake to its end, over long-polling and WebSocket.
///
/// @par Thread safety  Owner's thread only, except the functions marked otherwise.
/// @par Lifetime       The engine keeps an open session alive; keep a `shared_ptr` to use it after its end. All
///                     functions may be called at any time, from inside any callback, and on a closed session.
/// @par Specification  Engine.IO protocol, revision 4.
class Session : public std::enable_shared_from_this<Session> {
  /// Only members can make one: it is no aggregate, hence `{}` makes none.
  class Private {
   private:
    friend class Session;
    Private() noexcept {}
  };

 public:
  enum class Channel : std::uint8_t { polling, websocket };
  enum class ReadyState : std::uint8_t { opening, open, closing, closed };
  using SentCallback = detail::UniqueFunction<void()>;

  Session(Private, std::shared_ptr<detail::EngineState> engine, std::string id, const HttpRequest& request,
          int protocol);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Any thread.

  /// The session id: a secret shared with the client; never show it to others.
  const std::string& id() const noexcept { return id_; }

  /// The request that opened the session, with what the middleware has attached to it. Later requests of the session do
  /// not change it.
  const HttpRequest& request() const noexcept { return request_; }
  const std::string& remote_address() const noexcept { return request_.remote_address; }

  /// The revision of the Engine.IO protocol that the client speaks: 4, or 3 (`EngineOptions::allow_eio3`).
  int protocol() const noexcept { return is_eio3_ ? 3 : 4; }

  Channel channel() const noexcept { return channel_; }

  /// "polling" or "websocket".
  std::string_view transport_name() const noexcept {
    return channel() == Channel::polling ? std::string_view("polling") : std::string_view("websocket");
  }
  ReadyState ready_state() const noexcept { return ready_state_; }
  bool is_upgraded() const noexcept { return is_upgraded_; }

  /// What `is_writable` was when something last happened to the session.
  bool was_writable() const noexcept { return was_writable_.load(std::memory_order_relaxed); }

  // Owner's thread.

  bool is_upgrading() const noexcept { return upgrade_ != nullptr; }

  /// Whether a message sent now would leave at once: a poll is waiting, or nothing is queued on the WebSocket.
  bool is_writable() const noexcept;

  /// Bytes of memory that hold what was sent and is not handed over yet, see `SessionListener::on_drain`: a message of
  /// few bytes takes some hundred.
  std::size_t unsent_bytes() const noexcept;

  /// Packets waiting for the next poll. Still there during `on_close`, and gone soon after.
  std::span<const MessagePtr> write_buffer() const noexcept { return buffer_; }

  /// Sends one packet, now or as soon as the client can take it; does nothing unless the session is open.
  ///
  /// @param on_sent  called once when the packet has been handed over, never from inside `send`; dropped without a
  ///                 call if the session ends first
  /// @par Limits     `EngineOptions::max_unsent_bytes`: if more is unsent already, the message is dropped and the
  ///                 session closed in a later turn (`transport_error`)
  void send(const MessagePtr& message);
  void send(const MessagePtr& message, SentCallback on_sent);

  /// Sends several packets as one unit: nothing comes between them.
  void send(std::span<const MessagePtr> messages);

  /// Asks the listener to close the session, because the server is shutting down; without a listener it is closed.
  void shut_down();

  /// Ends the session.
  ///
  /// What was sent before is still delivered: a polling session waits for the client's polls, at most
  /// `EngineOptions::close_timeout`.
  ///
  /// @param discard  drop what is unsent on a polling session and end at once
  void close(bool discard = false);

  /// Sets the listener that receives the events; nullptr removes it.
  void set_listener(std::shared_ptr<SessionListener> listener);
  const std::shared_ptr<SessionListener>& listener() const noexcept { return listener_; }

  /// Adds a listener that is called after the session's own, for everything but messages. Packets that carry messages
  /// reach its `SessionListener::on_packet`. Observers stay until the session has ended.
  void observe(std::shared_ptr<SessionListener> observer);

  /// Ends the limit EngineOptions::max_first_message_bytes: the client may send messages of any size that
  /// `max_http_buffer_size` allows.
  void accept_large_messages();

  Scheduler& scheduler() const noexcept;

 private:
  friend class detail::PendingRequest;

  struct Polling;
  struct PollBody;
  struct SentCallbacks;
  class Upgrade;

  /// The session's own ear on its WebSocket; a member, so that it costs no allocation.
  class WebSocketEar final : public WebSocketListener {
   public:
    explicit WebSocketEar(Session& session) noexcept : session_(session) {}
    SOCKETIO_DECL void on_message(bool is_binary, std::span<char> payload) override;
    SOCKETIO_DECL void on_drain() override;
    SOCKETIO_DECL void on_close(const WebSocketClose& how) override;

   private:
    Session& session_;
  };

  static std::shared_ptr<Session> make(std::shared_ptr<detail::EngineState> engine, std::string id,
                                       const HttpRequest& request, int protocol);

  // The handshake; the session is in the table by then. `jsonp`: the number of the client's callback, if it has one.
  void open_polling(HttpExchange& exchange, HttpHeaders headers, bool base64, std::optional<std::string_view> jsonp);
  void open_websocket(std::shared_ptr<WebSocket> websocket, bool base64);
  void queue_open_packets();
  void attach(std::shared_ptr<WebSocket> websocket);

  // Polling requests. `headers` are those that every response to the request gets (CORS, middlewares).
  void handle_request(ExchangePtr exchange, HttpHeaders headers);
  void handle_poll(ExchangePtr exchange, HttpHeaders headers);
  void handle_post(ExchangePtr exchange, HttpHeaders headers);
  void handle_body(BodyError error, std::string body);
  void handle_body_timeout();
  void read_post();
  void take_payload(std::size_t most);
  template <class Reader>
  bool take_packets(Reader reader, std::span<char> payload, std::size_t most);
  void answer_poll(PollBody body);
  void answer(HttpExchange& exchange, HttpHeaders headers, PollBody body);
  PollBody body_of(const Polling& polling, std::span<const MessagePtr> packets) const;
  PollBody body_of_signals(const Polling& polling, std::string_view types) const;
  static PollBody accepted_post();
  static PollBody finish_body(const Polling& polling, PollBody body);
  static void respond_empty(HttpExchange& exchange, unsigned status, HttpHeaders headers);
  void refuse_body(HttpExchange& exchange, unsigned status, HttpHeaders headers, std::string_view why);
  ExchangePtr take_post();
  void abort_post();

  /// Of a body or a message from the client.
  std::size_t max_message_bytes() const noexcept;

  // The write path.
  bool may_send(const Message& message);
  bool announce(const Message& message);
  bool can_bypass_buffer() const noexcept;
  void queue(const MessagePtr& message);
  void note_writable() noexcept { note_writable(is_writable()); }
  void note_writable(bool writable) noexcept { was_writable_.store(writable, std::memory_order_relaxed); }
  void hand_to_websocket(const MessagePtr& message);
  void pass_on(const MessagePtr& message);
  void flush();
  bool keeps_up();
  void fail_later(const char* description);
  void post_drain();
  void deliver_drain();
  void call_sent_callbacks(std::vector<SentCallback> callbacks);

  // The upgrade.
  void begin_upgrade(std::shared_ptr<WebSocket> websocket, bool base64);
  void complete_upgrade();
  void drop_upgrade();

  // Incoming packets and the heartbeat.
  static std::span<char> part_of(std::span<char> text, std::string_view view) noexcept;
  void handle_text(std::span<char> payload);
  void handle_typed_bytes(std::span<char> payload);
  void handle_decoded(const EioPacketView& packet, std::span<char> text);
  void handle_packet(EioPacketType type, bool is_binary, std::span<char> data);
  void handle_heartbeat_timer();
  void arm_heartbeat(Scheduler::Clock::duration delay);

  // The end.
  void close_channel(bool discard);
  void finish(CloseReason reason, std::string_view description, std::string_view poll_answer = "1");
  void release();

  template <class Call>
  void guarded(std::string_view where, Call&& call);
  template <class Call>
  void tell(std::string_view where, Call&& call);

  std::shared_ptr<detail::EngineState> engine_;
  std::string id_;
  HttpRequest request_;
  std::shared_ptr<WebSocket> websocket_;
  std::shared_ptr<SessionListener> listener_;
  std::unique_ptr<Polling> polling_;
  std::unique_ptr<std::vector<std::shared_ptr<SessionListener>>> observers_;
  std::unique_ptr<SentCallbacks> sent_callbacks_;
  std::shared_ptr<Upgrade> upgrade_;
  std::vector<MessagePtr> buffer_;
  std::size_t buffered_bytes_ = 0;
  Timer heartbeat_timer_;
  WebSocketEar websocket_ear_{*this};
  std::atomic<Channel> channel_{Channel::polling};
  std::atomic<ReadyState> ready_state_{ReadyState::opening};
  std::atomic<bool> is_upgraded_{false};
  std::atomic<bool> was_writable_{false};
  bool observes_packets_ : 1 = false;
  bool awaits_pong_ : 1 = false;
  bool pong_time_was_extended_ : 1 = false;
  bool is_flushing_ : 1 = false;
  bool drain_is_posted_ : 1 = false;
  bool closes_after_flush_ : 1 = false;
  bool needs_base64_ : 1 = false;
  bool is_eio3_ : 1 = false;
  bool accepts_large_messages_ : 1 = false;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/session.ipp>
#include <socketio/engine/impl/session_polling.ipp>
#include <socketio/engine/impl/session_upgrade.ipp>
#endif
