// SPDX-License-Identifier: MIT
// A client in a namespace as a handle: listen to it, send to it, put it in rooms, disconnect it. Core layer.
#pragma once

#include <socketio/core/broadcast_operator.hpp>
#include <socketio/core/coroutines.hpp>
#include <socketio/core/emit_with_ack.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/event_handler.hpp>
#include <socketio/core/handshake.hpp>
#include <socketio/core/incoming_event.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/room_list.hpp>
#include <socketio/core/socket_state.hpp>
#include <socketio/fwd.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>

#include <chrono>
#include <compare>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio {

namespace detail {

template <class Config>
class SocketEmission;

}  // namespace detail

/// Sends to one socket with flags set: what `socket.volatile_()`, `socket.compress(...)` and `socket.timeout(...)`
/// return.
///
/// @par Thread safety  Immutable; all functions from any thread.
template <class Config>
class BasicSocketEmitter {
 public:
  /// For the library.
  BasicSocketEmitter(std::shared_ptr<detail::SocketState<Config>> socket, EmitFlags flags,
                     std::optional<std::chrono::milliseconds> timeout)
      : socket_(std::move(socket)), flags_(flags), timeout_(timeout) {}

  /// Sends an event to the client.
  ///
  /// @param event  the name; reserved names throw std::invalid_argument
  /// @param args   anything that converts to the wire, encoded before this function returns. The last one may be a
  ///               callback for the client's acknowledgement: `[](Results... results)`, or, to hear of a timeout and of
  ///               a disconnection too, `[](std::error_code error, Results... results)`.
  /// @par Errors   The callback's error is Errc::timed_out, disconnected, bad_argument (the answer does not convert)
  ///               or too_many_pending_acks. A callback without an error parameter is not called then.
  template <class... Args>
  void emit(std::string_view event, Args&&... args) const {
    detail::require_untyped_events<typename Config::EmitEvents>();
    emit_any(event, std::forward<Args>(args)...);
  }

  /// Sends a typed event; the compiler checks its arguments, and the callback for its acknowledgement.
  template <TypedEvent E, class... Args>
  void emit(const E&, Args&&... args) const {
    detail::require_declared_event<typename Config::EmitEvents, E>();
    if constexpr (detail::ends_with_receiver<Args...>())
      emit_declared_expecting<E>(std::forward_as_tuple(std::forward<Args>(args)...),
                                 std::make_index_sequence<sizeof...(Args) - 1>{});
    else if constexpr (detail::require_event_arguments<E, std::remove_cvref_t<Args>...>())
      detail::send_declared<E>([this](std::string_view name, const auto&... each) { this->emit_plain(name, each...); },
                               std::index_sequence_for<Args...>{}, args...);
  }

  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <class Name, class... Args>
  void emit_event(const Name& event, Args&&... args) const {
    emit(event, std::forward<Args>(args)...);
  }
  /// emit("message", args...)
  template <class... Args>
  void send(Args&&... args) const {
    emit(detail::message_event<typename Config::EmitEvents>(), std::forward<Args>(args)...);
  }

  /// Sends an event and completes with the first item of the client's acknowledgement.
  ///
  /// @tparam Result  what the item converts to; void to ignore it
  /// @param args     as for `emit`; the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of the signature `void(std::error_code, Result)`
  /// @par Errors     Errc::timed_out (after `timeout`), disconnected, bad_argument, too_many_pending_acks;
  ///                 asio::error::operation_aborted after a cancellation. Without `timeout` it waits for as long as the
  ///                 socket lives.
  template <class Result = Value, class... Args>
  auto emit_with_ack(std::string_view event, Args&&... args) const {
    detail::require_untyped_events<typename Config::EmitEvents>();
    return emit_any_with_ack<Result>(event, std::forward<Args>(args)...);
  }

  /// The same with a typed event, whose result is what it completes with.
  template <TypedEvent E, class... Args>
  auto emit_with_ack(const E&, Args&&... args) const {
    detail::require_declared_event<typename Config::EmitEvents, E>();
    if constexpr (detail::ends_with_receiver<Args...>()) {
      return emit_declared_and_take_token<E>(std::forward_as_tuple(std::forward<Args>(args)...),
                                             std::make_index_sequence<sizeof...(Args) - 1>{});
    } else {
      static_assert(detail::require_event_arguments<E, std::remove_cvref_t<Args>...>());
      return detail::send_declared<E>(
          [this](std::string_view name, const auto&... each) {
            return this->emit_and_complete<typename E::Result>(name, asio::use_awaitable, each...);
          },
          std::index_sequence_for<Args...>{}, args...);
    }
  }

  BasicSocketEmitter volatile_() const {
    BasicSocketEmitter copy = *this;
    copy.flags_.is_volatile = true;
    return copy;
  }
  BasicSocketEmitter compress(bool compress) const {
    BasicSocketEmitter copy = *this;
    copy.flags_.compress = compress;
    return copy;
  }
  BasicSocketEmitter timeout(std::chrono::milliseconds timeout) const {
    BasicSocketEmitter copy = *this;
    copy.timeout_ = timeout;
    return copy;
  }

  /// Everyone in the namespace but this socket; the flags and the timeout set so far come along, as with the three
  /// below.
  BasicBroadcastOperator<Config> broadcast() const {
    BasicBroadcastOperator<Config> everyone(socket_->nsp(), BroadcastOptions{{}, {socket_->id()}, flags_});
    return timeout_ ? everyone.timeout(*timeout_) : everyone;
  }
  BasicBroadcastOperator<Config> local() const { return broadcast().local(); }

  /// Everyone in these rooms but this socket.
  template <detail::RoomArgument... Rooms>
  BasicBroadcastOperator<Config> to(const Rooms&... rooms) const {
    return broadcast().to(rooms...);
  }
  BasicBroadcastOperator<Config> to(std::initializer_list<std::string_view> rooms) const {
    return broadcast().to(rooms);
  }
  template <detail::RoomArgument... Rooms>
  BasicBroadcastOperator<Config> in(const Rooms&... rooms) const {
    return to(rooms...);
  }
  BasicBroadcastOperator<Config> in(std::initializer_list<std::string_view> rooms) const { return to(rooms); }

  /// Everyone but this socket and those in these rooms.
  template <detail::RoomArgument... Rooms>
  BasicBroadcastOperator<Config> except(const Rooms&... rooms) const {
    return broadcast().except(rooms...);
  }
  BasicBroadcastOperator<Config> except(std::initializer_list<std::string_view> rooms) const {
    return broadcast().except(rooms);
  }

 private:
  using Parser = typename Config::Parser;

  template <class... Args>
  using LastOf = std::tuple_element_t<sizeof...(Args) - 1, std::tuple<Args...>>;

  template <class... Args>
  void emit_any(std::string_view event, Args&&... args) const {
    if constexpr (sizeof...(Args) == 0) {
      emit_plain(event);
    } else if constexpr (detail::AckCallback<LastOf<Args...>>) {
      emit_expecting(event, std::forward_as_tuple(std::forward<Args>(args)...),
                     std::make_index_sequence<sizeof...(Args) - 1>{});
    } else {
      emit_plain(event, args...);
    }
  }

  template <class Result, class... Args>
  auto emit_any_with_ack(std::string_view event, Args&&... args) const {
    if constexpr (sizeof...(Args) > 0) {
      if constexpr (!detail::EmittableArgument<LastOf<Args...>>) {
        return emit_and_take_token<Result>(event, std::forward_as_tuple(std::forward<Args>(args)...),
                                           std::make_index_sequence<sizeof...(Args) - 1>{});
      } else {
        return emit_and_complete<Result>(event, asio::use_awaitable, args...);
      }
    } else {
      return emit_and_complete<Result>(event, asio::use_awaitable);
    }
  }

  template <class E, class Tuple, std::size_t... I>
  void emit_declared_expecting(Tuple args, std::index_sequence<I...>) const {
    if constexpr (detail::require_event_arguments<E, std::remove_cvref_t<std::tuple_element_t<I, Tuple>>...>())
      detail::with_declared_callback<E>(std::get<sizeof...(I)>(std::move(args)), [&](auto callback) {
        detail::send_declared<E>(
            [&](std::string_view name, const auto&... each) {
              emit_expecting(name, std::forward_as_tuple(each..., std::move(callback)),
                             std::make_index_sequence<sizeof...(each)>{});
            },
            std::index_sequence<I...>{}, std::get<I>(args)...);
      });
  }

  template <class E, class Tuple, std::size_t... I>
  auto emit_declared_and_take_token(Tuple args, std::index_sequence<I...>) const {
    static_assert(detail::require_event_arguments<E, std::remove_cvref_t<std::tuple_element_t<I, Tuple>>...>());
    return detail::send_declared<E>(
        [&](std::string_view name, const auto&... each) {
          return emit_and_complete<typename E::Result>(name, std::get<sizeof...(I)>(std::move(args)), each...);
        },
        std::index_sequence<I...>{}, std::get<I>(args)...);
  }

  template <class... Args>
  OutgoingPacket encode(std::string_view event, const std::optional<std::uint64_t>& ack_id, const Args&... args) const {
    static_assert(
        (detail::PacketArgument<Args> && ...),
        "socketio: an argument of this emit cannot be converted to what clients receive. Allowed are bool, "
        "numbers, strings, std::optional, containers, tuples, std::variant, socketio::Binary, socketio::Value "
        "and structs declared with SOCKETIO_STRUCT, and as the last argument a callback for the "
        "acknowledgement.");
    detail::require_emittable(event);
    return detail::encode_event<Parser>(socket_->nsp_name(), ack_id, flags_, socket_->nsp()->options().max_attachments,
                                        event, args...);
  }

  template <class... Args>
  void emit_plain(std::string_view event, const Args&... args) const {
    const std::string offset = socket_->nsp()->next_offset(flags_);
    const OutgoingPacket packet = encode(event, std::nullopt, args..., detail::PacketOffset{offset});
    socket_->send(packet, flags_, offset);
  }

  template <class Tuple, std::size_t... I>
  void emit_expecting(std::string_view event, Tuple args, std::index_sequence<I...>) const {
    using Callback = std::decay_t<std::tuple_element_t<sizeof...(I), Tuple>>;
    using Results = typename detail::AckCallbackShape<typename detail::SignatureOf<Callback>::Parameters>::Results;
    const std::uint64_t id = socket_->nsp()->next_ack_id();
    OutgoingPacket packet = encode(event, id, std::get<I>(args)...);
    send_expecting(
        id, std::move(packet),
        detail::make_ack_callback(std::get<sizeof...(I)>(std::move(args)), socket_, std::string(event), Results{}));
  }

  template <class Result, class Tuple, std::size_t... I>
  auto emit_and_take_token(std::string_view event, Tuple args, std::index_sequence<I...>) const {
    return emit_and_complete<Result>(event, std::get<sizeof...(I)>(std::move(args)), std::get<I>(args)...);
  }

  template <class Result>
  struct CompletionSignature {
    using type = void(std::error_code, Result);
  };

  template <class Result, class Token, class... Args>
  auto emit_and_complete(std::string_view event, Token&& token, const Args&... args) const {
    using Signature = typename std::conditional_t<std::is_void_v<Result>, std::type_identity<void(std::error_code)>,
                                                  CompletionSignature<Result>>::type;
    const std::uint64_t id = socket_->nsp()->next_ack_id();
    return asio::async_initiate<Token, Signature>(
        [self = *this, id, event = std::string(event)](auto handler, OutgoingPacket packet) mutable {
          if (!self.socket_->shard().is_open()) return detail::complete_without_server<Result>(std::move(handler));
          auto slot = asio::get_associated_cancellation_slot(handler);
          if (slot.is_connected()) {
            slot.assign([socket = std::weak_ptr(self.socket_), id](asio::cancellation_type type) {
              if (type == asio::cancellation_type::none) return;
              // In a turn of its own: whoever cancels may not expect to be completed meanwhile.
              if (const auto alive = socket.lock()) alive->shard().post([alive, id] { alive->cancel_ack(id); });
            });
          }
          self.send_expecting(id, std::move(packet),
                              detail::make_ack_completion<Result>(std::move(handler), self.socket_, std::move(event)));
        },
        token, encode(event, id, args...));
  }

  void send_expecting(std::uint64_t id, OutgoingPacket packet, detail::PendingAcks::Handler handler) const {
    socket_->dispatch_in_order([socket = socket_, id, packet = std::move(packet), flags = flags_, timeout = timeout_,
                                handler = std::move(handler)]() mutable {
      if (socket->expect_ack(id, timeout, std::move(handler))) socket->deliver(packet, flags);
    });
  }

  std::shared_ptr<detail::SocketState<Config>> socket_;
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
/// @par Lifetime       When the socket disconnects its handlers and its middleware are destroyed, after `disconnect`
///                     has been handled, so that they may hold the socket. Its `data` live as long as the last handle:
///                     a handle of the socket itself in them would keep both for ever.
template <class Config>
class BasicSocket {
 public:
  using Data = typename Config::SocketData;

  /// For the library.
  explicit BasicSocket(std::shared_ptr<detail::SocketState<Config>> state) : state_(std::move(state)) {}

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
  Data& data() const { return state_->data(); }

  /// The Engine.IO session below: its transport name, whether it has been upgraded, what is unsent; with
  /// `Session::observe`, its packets, its upgrade and its end. Session says which of its functions are for any thread.
  Session& conn() const noexcept { return state_->connection()->session(); }

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

  /// Removes one handler of an event, or all of them. Handlers of an event that is being handled right now are called
  /// all the same.
  template <EventName E>
  void off(const E& event, Listener listener) const {
    state_->shard().dispatch([state = state_, event = std::string(detail::name_of(event)), listener] {
      state->remove_handler(event, listener);
    });
  }
  template <EventName E>
  void off(const E& event) const {
    state_->shard().dispatch(
        [state = state_, event = std::string(detail::name_of(event))] { state->remove_handlers(event); });
  }

  /// Removes all handlers of an event, or of all events; catch-all handlers stay.
  template <EventName E>
  void remove_all_listeners(const E& event) const {
    off(event);
  }
  void remove_all_listeners() const {
    state_->shard().dispatch([state = state_] { state->remove_all_handlers(); });
  }

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
  void off_any(Listener listener) const { remove_catch_all(Direction::incoming, listener); }
  void off_any() const { clear_catch_all(Direction::incoming); }
  std::vector<Listener> listeners_any() const { return catch_all(Direction::incoming); }

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
  void off_any_outgoing(Listener listener) const { remove_catch_all(Direction::outgoing, listener); }
  void off_any_outgoing() const { clear_catch_all(Direction::outgoing); }
  std::vector<Listener> listeners_any_outgoing() const { return catch_all(Direction::outgoing); }

  /// Adds a middleware for this client's events: `[](IncomingEvent& event, Next next)`, or without `next`, returning
  /// when the event may pass and throwing MiddlewareError when not; or either of them as a coroutine, which later
  /// events may overtake.
  ///
  /// A refused event is dropped; the `error` handlers of this socket are told.
  template <class F>
  void use(F&& middleware) const {
    static_assert(
        detail::AsynchronousMiddleware<std::decay_t<F>, IncomingEvent&> ||
            detail::DirectMiddleware<std::decay_t<F>, IncomingEvent&>,
        "socketio: a packet middleware is callable as f(IncomingEvent&, Next), or as f(IncomingEvent&) returning "
        "void, std::optional<MiddlewareError>, or an asio::awaitable of one of them.");
    auto function = detail::make_middleware<IncomingEvent&, IncomingEvent>(
        std::forward<F>(middleware),
        [](const IncomingEvent& event) -> IncomingEvent& { return const_cast<IncomingEvent&>(event); },
        [nsp = state_->nsp(), id = state_->id()](const IncomingEvent& event) {
          return detail::MiddlewarePlace{nsp->name(), id, event.name()};
        });
    state_->shard().dispatch(
        [state = state_, function = std::move(function)]() mutable { state->use(std::move(function)); });
  }

  /// Sends an event to the client; see BasicSocketEmitter::emit.
  template <EventName E, class... Args>
  void emit(const E& event, Args&&... args) const {
    emitter().emit(event, std::forward<Args>(args)...);
  }
  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <class Name, class... Args>
  void emit_event(const Name& event, Args&&... args) const {
    emit(event, std::forward<Args>(args)...);
  }
  /// emit("message", args...)
  template <class... Args>
  void send(Args&&... args) const {
    emit(detail::message_event<typename Config::EmitEvents>(), std::forward<Args>(args)...);
  }
  /// Sends an event and completes with the client's answer; see BasicSocketEmitter::emit_with_ack.
  template <class Result = Value, class... Args>
  auto emit_with_ack(std::string_view event, Args&&... args) const {
    return emitter().template emit_with_ack<Result>(event, std::forward<Args>(args)...);
  }
  template <TypedEvent E, class... Args>
  auto emit_with_ack(const E& event, Args&&... args) const {
    return emitter().emit_with_ack(event, std::forward<Args>(args)...);
  }

  /// Drops the next packet if the client is not ready for it, instead of queueing it.
  BasicSocketEmitter<Config> volatile_() const { return emitter().volatile_(); }
  BasicSocketEmitter<Config> compress(bool compress) const { return emitter().compress(compress); }
  /// Limits the time that the client has for its acknowledgement.
  BasicSocketEmitter<Config> timeout(std::chrono::milliseconds timeout) const { return emitter().timeout(timeout); }

  /// Everyone in the namespace but this socket.
  BasicBroadcastOperator<Config> broadcast() const { return emitter().broadcast(); }
  BasicBroadcastOperator<Config> local() const { return emitter().local(); }
  /// Everyone in these rooms but this socket.
  template <detail::RoomArgument... Rooms>
  BasicBroadcastOperator<Config> to(const Rooms&... rooms) const {
    return emitter().to(rooms...);
  }
  BasicBroadcastOperator<Config> to(std::initializer_list<std::string_view> rooms) const { return emitter().to(rooms); }
  template <detail::RoomArgument... Rooms>
  BasicBroadcastOperator<Config> in(const Rooms&... rooms) const {
    return to(rooms...);
  }
  BasicBroadcastOperator<Config> in(std::initializer_list<std::string_view> rooms) const { return to(rooms); }
  /// Everyone but this socket and those in these rooms.
  template <detail::RoomArgument... Rooms>
  BasicBroadcastOperator<Config> except(const Rooms&... rooms) const {
    return emitter().except(rooms...);
  }
  BasicBroadcastOperator<Config> except(std::initializer_list<std::string_view> rooms) const {
    return emitter().except(rooms);
  }

  /// Joins rooms; does nothing once the socket has gone. In a middleware, the rooms count from the connection on.
  template <detail::RoomArgument... Rooms>
  void join(const Rooms&... rooms) const {
    join_list(detail::room_list(rooms...));
  }
  void join(std::initializer_list<std::string_view> rooms) const { join_list(detail::room_list(rooms)); }

  template <detail::RoomArgument... Rooms>
  void leave(const Rooms&... rooms) const {
    leave_list(detail::room_list(rooms...));
  }
  void leave(std::initializer_list<std::string_view> rooms) const { leave_list(detail::room_list(rooms)); }

  /// The rooms that this socket is in, in the order in which it joined them; among them its own id, unless it has left
  /// that one. Empty once it has disconnected.
  std::vector<std::string> rooms() const { return state_->adapter().rooms_of(*state_); }
  bool is_in(std::string_view room) const { return state_->adapter().is_member(*state_, room); }

  /// Tells the client that it is disconnected from this namespace; it will not reconnect by itself.
  ///
  /// @param close  also disconnect its other namespaces and close the connection
  void disconnect(bool close = false) const {
    state_->shard().dispatch([state = state_, close] { state->leave_server(close); });
  }

  friend bool operator==(const BasicSocket& a, const BasicSocket& b) noexcept { return a.state_ == b.state_; }
  friend auto operator<=>(const BasicSocket& a, const BasicSocket& b) noexcept { return a.state_ <=> b.state_; }

 private:
  BasicSocketEmitter<Config> emitter() const { return {state_, EmitFlags{}, std::nullopt}; }

  using State = detail::SocketState<Config>;
  using Direction = typename State::Direction;

  struct Registration {
    bool once = false;
    bool first = false;
  };

  template <class E, class F>
  Listener add_handler(const E& event, Registration how, F&& handler) const {
    const Listener listener = Listener::make();
    const auto add = [&](auto&& function) {
      auto erased = detail::make_event_handler<State>(std::forward<decltype(function)>(function));
      erased->listener = listener;
      erased->once = how.once;
      register_handler(detail::name_of(event), std::move(erased), how.first);
    };
    if constexpr (TypedEvent<E>) {
      detail::require_declared_event<typename Config::ListenEvents, E>();
      detail::with_declared_handler<E>(std::forward<F>(handler), add);
    } else {
      detail::require_untyped_events<typename Config::ListenEvents>();
      detail::require_event_handler<std::decay_t<F>>();
      if constexpr (detail::EventFunction<F>) add(std::forward<F>(handler));
    }
    return listener;
  }

  // The same for all functions, so that it is compiled once.
  void register_handler(std::string_view event, typename State::HandlerPtr handler, bool first) const {
    if (state_->shard().owns_this_thread()) return state_->add_handler(event, std::move(handler), first);
    state_->shard().post([state = state_, event = std::string(event), handler = std::move(handler), first]() mutable {
      state->add_handler(event, std::move(handler), first);
    });
  }

  template <class E, class Member, class Object>
  Listener add_handler(const E& event, Registration how, Member member, Object&& object) const {
    return add_handler(event, how, detail::bind_member(member, std::forward<Object>(object)));
  }

  template <class F>
  Listener add_catch_all(Direction direction, F&& handler, bool first) const {
    const Listener listener = Listener::make();
    detail::require_catch_all_handler<std::decay_t<F>>();
    if constexpr (detail::CatchAllFunction<F>) {
      auto erased = detail::make_catch_all_handler<State>(std::forward<F>(handler));
      erased->listener = listener;
      state_->shard().dispatch([state = state_, direction, first, erased = std::move(erased)]() mutable {
        state->add_catch_all(direction, std::move(erased), first);
      });
    }
    return listener;
  }
  void remove_catch_all(Direction direction, Listener listener) const {
    state_->shard().dispatch([state = state_, direction, listener] { state->remove_catch_all(direction, listener); });
  }
  void clear_catch_all(Direction direction) const {
    state_->shard().dispatch([state = state_, direction] { state->clear_catch_all(direction); });
  }
  std::vector<Listener> catch_all(Direction direction) const { return state_->catch_all_listeners(direction); }

  void join_list(std::vector<std::string> list) const {
    state_->dispatch_in_order([state = state_, list = std::move(list)] {
      for (const std::string& room : list) state->join(room);
    });
  }

  void leave_list(std::vector<std::string> list) const {
    state_->dispatch_in_order([state = state_, list = std::move(list)] {
      for (const std::string& room : list) state->leave(room);
    });
  }

  std::shared_ptr<detail::SocketState<Config>> state_;
};

}  // namespace socketio

#pragma pop_macro("emit")
