// SPDX-License-Identifier: MIT
// A client in a namespace as a handle: listen to it, send to it, put it in rooms, disconnect it.
#pragma once

#include <socketio/broadcast_operator.hpp>
#include <socketio/core/ack_results.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/emission.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/event_handler.hpp>
#include <socketio/core/handshake.hpp>
#include <socketio/core/incoming_event.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/selection.hpp>
#include <socketio/core/socket_state.hpp>
#include <socketio/core/timed_calls.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/detail/require_duration.hpp>
#include <socketio/fwd.hpp>
#include <socketio/listener.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio {

namespace detail {

/// One socket, and how it is sent to.
struct SocketTarget {
  const std::shared_ptr<SocketState>& socket;
  EmitFlags flags;
  std::optional<std::chrono::milliseconds> timeout;
};

template <class Result>
struct CompletionSignature {
  using type = void(std::error_code, Result);
};
template <>
struct CompletionSignature<void> {
  using type = void(std::error_code);
};

/// The functions that send to one socket, with flags or without.
///
/// @tparam Derived  has `target()`, a SocketTarget
template <class Derived, class Config>
class SocketVerbs : public RoomSelection<Derived> {
 public:
  /// Sends an event to the client.
  ///
  /// @param event  the name, or a typed Event, for which the compiler checks the arguments; reserved names throw
  ///               std::invalid_argument
  /// @param args   anything that converts to the wire, encoded before this function returns. The last one may be a
  ///               callback for the client's acknowledgement: `[](Results... results)`, or, to hear of a timeout and of
  ///               a disconnection too, `[](std::error_code error, Results... results)`.
  /// @par Errors   The callback's error is Errc::timed_out, disconnected, bad_argument (the answer does not convert)
  ///               or too_many_pending_acks. A callback without an error parameter is not called then.
  template <EventName E, class... Args>
  void emit(const E& event, Args&&... args) const {
    take_apart<typename Config::EmitEvents>(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          this->template send_event<E>(name, std::forward<decltype(receiver)>(receiver), each...);
        },
        std::forward<Args>(args)...);
  }

  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <EventName E, class... Args>
  void emit_event(const E& event, Args&&... args) const {
    emit(event, std::forward<Args>(args)...);
  }

  /// emit("message", args...)
  template <class... Args>
  void send(Args&&... args) const {
    emit(message_event<typename Config::EmitEvents>(), std::forward<Args>(args)...);
  }

  /// Sends an event and completes with the first item of the client's acknowledgement.
  ///
  /// @tparam Result  what the item converts to, void to ignore it; for a typed event, always the event's result
  /// @param args     as for `emit`; the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of the signature `void(std::error_code, Result)`
  /// @par Errors     Errc::timed_out (after `timeout`), disconnected, bad_argument, too_many_pending_acks;
  ///                 asio::error::operation_aborted after a cancellation. Without `timeout` it waits for as long as the
  ///                 socket lives.
  template <class Result = Value, EventName E, class... Args>
  auto emit_with_ack(const E& event, Args&&... args) const {
    return take_apart<typename Config::EmitEvents>(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          return this->template ask<Answer<E, Result>>(name, token_of(std::forward<decltype(receiver)>(receiver)),
                                                       each...);
        },
        std::forward<Args>(args)...);
  }

  /// Drops the next packet if the client is not ready for it, instead of queueing it.
  BasicSocketEmitter<Config> volatile_() const {
    return changed([](SocketTarget& target) { target.flags.is_volatile = true; });
  }
  /// Allows (the default) or forbids compression of the packet.
  BasicSocketEmitter<Config> compress(bool compress) const {
    return changed([compress](SocketTarget& target) { target.flags.compress = compress; });
  }
  /// Limits the time that the client has for its acknowledgement.
  BasicSocketEmitter<Config> timeout(std::chrono::milliseconds timeout) const {
    return changed([timeout](SocketTarget& target) { target.timeout = timeout; });
  }
  template <class Number>
  requires std::is_arithmetic_v<Number> BasicSocketEmitter<Config> timeout(Number)
  const {
    require_duration<Number>();
    return timeout(std::chrono::milliseconds());
  }

  /// Everyone in the namespace but this socket; the flags and the timeout set so far come along, as with `to`, `in`,
  /// `except` and `local`.
  BasicBroadcastOperator<Config> broadcast() const {
    const SocketTarget from = target();
    return {from.socket->nsp(), BroadcastOptions{{}, {from.socket->id()}, from.flags}, from.timeout};
  }
  /// The same, without the other servers of a cluster.
  BasicBroadcastOperator<Config> local() const { return broadcast().local(); }

 protected:
  ~SocketVerbs() = default;

 private:
  friend class RoomSelection<Derived>;
  using Parser = typename Config::Parser;

  decltype(auto) target() const { return static_cast<const Derived&>(*this).target(); }

  template <class Change>
  BasicSocketEmitter<Config> changed(const Change& change) const {
    SocketTarget copy = target();
    change(copy);
    return {copy.socket, copy.flags, copy.timeout};
  }

  BasicBroadcastOperator<Config> to_rooms(const std::vector<std::string>& rooms) const { return broadcast().to(rooms); }
  BasicBroadcastOperator<Config> except_rooms(const std::vector<std::string>& rooms) const {
    return broadcast().except(rooms);
  }

  template <class... Args>
  static OutgoingPacket encode(const SocketTarget& to, std::string_view event,
                               const std::optional<std::uint64_t>& ack_id, std::string_view offset,
                               const Args&... args) {
    static_assert(
        (EmittableArgument<Args> && ...),
        "socketio: an argument of this emit cannot be converted to what clients receive. Allowed are bool, "
        "numbers, strings, std::optional, containers, tuples, std::variant, socketio::Binary, socketio::Value "
        "and structs declared with SOCKETIO_STRUCT, and as the last argument a callback for the "
        "acknowledgement.");
    require_emittable(event);
    const NamespaceState& nsp = *to.socket->nsp();
    return encode_event<Parser>(nsp.name(), ack_id, to.flags, nsp.options().max_attachments, event, offset, args...);
  }

  template <class E, class Receiver, class... Args>
  void send_event(std::string_view event, Receiver&& receiver, const Args&... args) const {
    const SocketTarget to = target();
    if constexpr (!is_receiver<Receiver>) {
      const std::string offset = to.socket->nsp()->next_offset(to.flags);
      to.socket->send(encode(to, event, std::nullopt, offset, args...), to.flags, offset);
    } else if constexpr (TypedEvent<E>) {
      with_declared_callback<E>(std::forward<Receiver>(receiver),
                                [&](auto callback) { expect(to, event, std::move(callback), args...); });
    } else if constexpr (AckCallback<Receiver>) {
      expect(to, event, std::forward<Receiver>(receiver), args...);
    } else {
      encode(to, event, std::nullopt, {}, args..., receiver);  // says what is wrong with the last argument
    }
  }

  template <class Callback, class... Args>
  static void expect(const SocketTarget& to, std::string_view event, Callback&& callback, const Args&... args) {
    using Shape = AckCallbackShape<typename SignatureOf<std::decay_t<Callback>>::Parameters>;
    const std::uint64_t id = to.socket->nsp()->next_ack_id();
    OutgoingPacket packet = encode(to, event, id, {}, args...);
    to.socket->send_expecting(
        id, std::move(packet), to.flags, to.timeout,
        make_ack_callback(std::forward<Callback>(callback), to.socket->place(event), typename Shape::Results{}));
  }

  template <class Result, class Token, class... Args>
  auto ask(std::string_view event, Token&& token, const Args&... args) const {
    const SocketTarget to = target();
    const std::uint64_t id = to.socket->nsp()->next_ack_id();
    return asio::async_initiate<Token, typename CompletionSignature<Result>::type>(
        [socket = to.socket, flags = to.flags, timeout = to.timeout, id, place = to.socket->place(event)](
            auto handler, OutgoingPacket packet) mutable {
          if (!place.shard->is_open()) {
            if constexpr (std::is_void_v<Result>)
              return complete_without_server<>(std::move(handler));
            else
              return complete_without_server<Result>(std::move(handler));
          }
          on_cancellation(asio::get_associated_cancellation_slot(handler), place.shard,
                          [weak = std::weak_ptr(socket), id] {
                            if (const auto alive = weak.lock()) alive->cancel_ack(id);
                          });
          socket->send_expecting(id, std::move(packet), flags, timeout,
                                 make_ack_completion<Result>(std::move(handler), place));
        },
        token, encode(to, event, id, {}, args...));
  }
};

}  // namespace detail

/// Sends to one socket with flags set: what `socket.volatile_()`, `socket.compress(...)` and `socket.timeout(...)`
/// return.
///
/// @par Thread safety  Immutable; all functions from any thread.
template <class Config>
class BasicSocketEmitter : public detail::SocketVerbs<BasicSocketEmitter<Config>, Config> {
 public:
  /// For the library.
  BasicSocketEmitter(std::shared_ptr<detail::SocketState> socket, EmitFlags flags,
                     std::optional<std::chrono::milliseconds> timeout)
      : socket_(std::move(socket)), flags_(flags), timeout_(timeout) {}

 private:
  friend class detail::SocketVerbs<BasicSocketEmitter, Config>;

  detail::SocketTarget target() const { return {socket_, flags_, timeout_}; }

  std::shared_ptr<detail::SocketState> socket_;
  EmitFlags flags_;
  std::optional<std::chrono::milliseconds> timeout_;
};

/// One client in one namespace.
///
/// A small handle: copying it is cheap, and using it after the client has gone does nothing.
///
/// @par Thread safety  All functions from any thread. On the owner's thread, the one where this socket lives, they act
///                     at once, elsewhere as soon as that thread gets to it. The handlers of one socket run one at a
///                     time, in the order in which the client sent the events, on the owner's thread; one that is a
///                     coroutine begins in that order, and others run while it waits.
/// @par Lifetime       When the socket disconnects its handlers, its middleware and its timers are destroyed, after
/// `disconnect`
///                     has been handled, so that they may hold the socket. Its `data` live as long as the last handle:
///                     a handle of the socket itself in them would keep both for ever.
template <class Config>
class BasicSocket : public detail::SocketVerbs<BasicSocket<Config>, Config>,
                    public detail::TimerVerbs<BasicSocket<Config>> {
 public:
  using Data = typename Config::SocketData;

  /// For the library.
  explicit BasicSocket(std::shared_ptr<detail::SocketState> state) : state_(std::move(state)) {}

  /// Identifies this socket to everyone; also the name of a room that it is in from the start.
  const std::string& id() const noexcept { return state_->id(); }
  bool connected() const noexcept { return state_->is_connected(); }
  bool disconnected() const noexcept { return !connected(); }
  /// Whether this client has come back: with its id, its rooms, its data, and what it missed (see
  /// ServerOptions::connection_state_recovery).
  bool recovered() const noexcept { return state_->is_recovered(); }
  BasicNamespace<Config> nsp() const { return BasicNamespace<Config>(state_->nsp()); }
  Handshake handshake() const { return state_->handshake(); }

  /// The owner's thread, for `asio::post` and `asio::co_spawn`. While the server is there.
  asio::any_io_executor get_executor() const { return state_->shard().executor(); }

  /// Whatever the program wants to remember of this client. Any thread gets it; what is in it the program guards
  /// itself, unless it is used on the owner's thread only. There, what converts it may run at any time: `fetch_sockets`
  /// tells other servers of it.
  Data& data() const { return *static_cast<Data*>(state_->data()); }

  /// The Engine.IO session below: its transport name, whether it has been upgraded, what is unsent; with
  /// `Session::observe`, its packets, its upgrade and its end. Session says which of its functions are for any thread.
  Session& conn() const noexcept { return state_->session(); }

  /// The client of this socket: its connection, and its sockets in other namespaces.
  BasicClient<Config> client() const;

  /// The HTTP request that began the connection.
  const HttpRequest& request() const noexcept { return conn().request(); }

  /// Whether nothing is queued for this client; on another thread than the owner's, as of a moment ago.
  bool is_writable() const noexcept {
    return state_->shard().owns_this_thread() ? conn().is_writable() : conn().was_writable();
  }

  /// Registers a handler for an event of this client.
  ///
  /// Its parameter types say what the arguments are converted to; the last one may be an `Ack`. What it returns answers
  /// the client's acknowledgement; it may be a coroutine (`asio::awaitable<T>`). Surplus arguments are ignored; missing
  /// ones are null to `Value` and `std::optional`, and errors otherwise.
  ///
  /// Besides the client's events there are `disconnecting` and `disconnect` (with a DisconnectReason and a description,
  /// empty unless the transport failed), and `error` (with a message, and the data of the MiddlewareError, if a packet
  /// middleware has refused an event or the client has sent nonsense).
  ///
  /// @par Errors  A wrong argument and an exception from the handler go to the server's error hook.
  ///
  /// @param event    a name, or a typed Event, for which the compiler checks the handler
  /// @param handler  a lambda, a function, a function object; or a member function, followed by the object (a pointer,
  ///                 which must stay valid until the socket has gone, or a smart pointer)
  /// @return         what `off` takes this handler away by
  template <EventName E, class... F>
  Listener on(const E& event, F&&... handler) const {
    return add_handler(event, {}, std::forward<F>(handler)...);
  }

  /// As `on`, for the next event of that name only.
  template <EventName E, class... F>
  Listener once(const E& event, F&&... handler) const {
    return add_handler(event, {.once = true}, std::forward<F>(handler)...);
  }

  /// As `on` and `once`, before the handlers that are there already.
  template <EventName E, class... F>
  Listener prepend(const E& event, F&&... handler) const {
    return add_handler(event, {.first = true}, std::forward<F>(handler)...);
  }
  template <EventName E, class... F>
  Listener prepend_once(const E& event, F&&... handler) const {
    return add_handler(event, {.once = true, .first = true}, std::forward<F>(handler)...);
  }

  /// Removes one handler of an event, all of them, or those of all events; catch-all handlers stay. Handlers of an
  /// event that is being handled right now are called all the same.
  template <EventName E>
  void off(const E& event, Listener listener) const {
    state_->unregister_handlers(detail::name_of(event), listener);
  }
  template <EventName E>
  void off(const E& event) const {
    state_->unregister_handlers(detail::name_of(event), std::nullopt);
  }

  void off() const { state_->unregister_all_handlers(); }

  /// The same as `off`.
  template <EventName E>
  void remove_all_listeners(const E& event) const {
    off(event);
  }
  void remove_all_listeners() const { off(); }

  /// The events that have handlers, and the handlers of one, in the order in which they are called.
  std::vector<std::string> event_names() const { return state_->event_names(); }
  template <EventName E>
  std::vector<Listener> listeners(const E& event) const {
    return state_->listeners(detail::name_of(event));
  }
  template <EventName E>
  bool has_listeners(const E& event) const {
    return !listeners(event).empty();
  }

  /// Registers a handler for every event of this client, whatever its name:
  /// `[](std::string_view event, const Args& args)`, or with parameters of other types behind the name. Its last
  /// parameter may be an `Ack`.
  ///
  /// It is called before the middleware and the handlers of the event, also for what a middleware then refuses.
  template <class F>
  Listener on_any(F&& handler) const {
    return add_catch_all(Direction::incoming, std::forward<F>(handler), false);
  }
  /// As `on_any`, before those that are there already.
  template <class F>
  Listener prepend_any(F&& handler) const {
    return add_catch_all(Direction::incoming, std::forward<F>(handler), true);
  }
  /// Removes one catch-all handler, or all of them.
  void off_any(Listener listener) const { state_->unregister_catch_all(Direction::incoming, listener); }
  void off_any() const { state_->unregister_catch_all(Direction::incoming, std::nullopt); }
  std::vector<Listener> listeners_any() const { return state_->catch_all_listeners(Direction::incoming); }

  /// Registers a handler for every event that is sent to this client, by itself or with a broadcast; called just
  /// before the packet is sent, or dropped because it is volatile. What it gets is what the client will get. The
  /// packet is decoded for it: it is made for looking into things, not for a server under load.
  template <class F>
  Listener on_any_outgoing(F&& handler) const {
    return add_catch_all(Direction::outgoing, std::forward<F>(handler), false);
  }
  template <class F>
  Listener prepend_any_outgoing(F&& handler) const {
    return add_catch_all(Direction::outgoing, std::forward<F>(handler), true);
  }
  void off_any_outgoing(Listener listener) const { state_->unregister_catch_all(Direction::outgoing, listener); }
  void off_any_outgoing() const { state_->unregister_catch_all(Direction::outgoing, std::nullopt); }
  std::vector<Listener> listeners_any_outgoing() const { return state_->catch_all_listeners(Direction::outgoing); }

  /// Adds a middleware for this client's events: `[](IncomingEvent& event, Next next)`, or without `next`, returning
  /// when the event may pass and throwing MiddlewareError when not; or either of them as a coroutine, which later
  /// events may overtake.
  ///
  /// A refused event is dropped; the `error` handlers of this socket are called.
  template <class F>
  void use(F&& middleware) const {
    static_assert(
        detail::AsynchronousMiddleware<std::decay_t<F>, IncomingEvent&> ||
            detail::DirectMiddleware<std::decay_t<F>, IncomingEvent&>,
        "socketio: a packet middleware is callable as f(IncomingEvent&, Next), or as f(IncomingEvent&) returning "
        "void, std::optional<MiddlewareError>, or an asio::awaitable of one of them.");
    state_->register_middleware(detail::make_middleware<IncomingEvent&, IncomingEvent>(
        std::forward<F>(middleware),
        [](const IncomingEvent& event) -> IncomingEvent& { return const_cast<IncomingEvent&>(event); },
        [nsp = state_->nsp(), id = state_->id()](const IncomingEvent& event) {
          return detail::MiddlewarePlace{nsp->name(), id, event.name()};
        }));
  }

  /// Joins rooms; does nothing once the socket has gone. In a middleware, the rooms count from the connection on.
  template <detail::RoomArgument... Rooms>
  void join(const Rooms&... rooms) const {
    state_->join_rooms(detail::room_list(rooms...));
  }
  void join(std::initializer_list<std::string_view> rooms) const { state_->join_rooms(detail::room_list(rooms)); }

  template <detail::RoomArgument... Rooms>
  void leave(const Rooms&... rooms) const {
    state_->leave_rooms(detail::room_list(rooms...));
  }
  void leave(std::initializer_list<std::string_view> rooms) const { state_->leave_rooms(detail::room_list(rooms)); }

  /// The rooms that this socket is in, in the order in which it joined them; among them its own id, unless it has left
  /// that one. Empty once it has disconnected.
  std::vector<std::string> rooms() const { return state_->rooms(); }
  bool is_in(std::string_view room) const { return state_->is_in(room); }

  /// Tells the client that it is disconnected from this namespace; it will not reconnect by itself.
  ///
  /// @param close  also disconnect its other namespaces and close the connection
  void disconnect(bool close = false) const { state_->request_disconnect(close); }

  friend bool operator==(const BasicSocket& a, const BasicSocket& b) noexcept { return a.state_ == b.state_; }
  friend auto operator<=>(const BasicSocket& a, const BasicSocket& b) noexcept { return a.state_ <=> b.state_; }

 private:
  friend class detail::SocketVerbs<BasicSocket, Config>;
  friend class detail::TimerVerbs<BasicSocket>;

  using Answerer = detail::SocketAnswerer<typename Config::Parser>;
  using Direction = detail::SocketState::Direction;

  detail::SocketTarget target() const { return {state_, {}, {}}; }
  std::shared_ptr<detail::Shard> timer_shard() const { return state_->part().shard; }
  void start_timer(detail::TimedCallPtr timer) const { state_->start_timer(std::move(timer)); }

  template <class E, class F>
  Listener add_handler(const E& event, const detail::Registration& how, F&& handler) const {
    const auto add = [&](auto&& function) {
      state_->register_handler(detail::name_of(event),
                               detail::make_event_handler<Answerer>(std::forward<decltype(function)>(function), how),
                               how.first);
    };
    if constexpr (TypedEvent<E>) {
      detail::require_declared_event<typename Config::ListenEvents, E>();
      detail::with_declared_handler<E>(std::forward<F>(handler), add);
    } else {
      detail::require_untyped_events<typename Config::ListenEvents>();
      detail::require_event_handler<std::decay_t<F>>();
      if constexpr (detail::EventFunction<F>) add(std::forward<F>(handler));
    }
    return how.listener;
  }
  template <class E, class Member, class Object>
  Listener add_handler(const E& event, const detail::Registration& how, Member member, Object&& object) const {
    return add_handler(event, how, detail::bind_member(member, std::forward<Object>(object)));
  }

  template <class F>
  Listener add_catch_all(Direction direction, F&& handler, bool first) const {
    const detail::Registration how{.first = first};
    detail::require_catch_all_handler<std::decay_t<F>>();
    if constexpr (detail::CatchAllFunction<F>)
      state_->register_catch_all(direction, detail::make_catch_all_handler<Answerer>(std::forward<F>(handler), how),
                                 first);
    return how.listener;
  }

  std::shared_ptr<detail::SocketState> state_;
};

}  // namespace socketio

#pragma pop_macro("emit")
