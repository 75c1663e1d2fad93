// SPDX-License-Identifier: MIT
// A namespace as a handle: who may connect, what happens then, and sending to everyone in it.
#pragma once

#include <socketio/broadcast_operator.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/connection_events.hpp>
#include <socketio/core/emission.hpp>
#include <socketio/core/event_handler.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/core/timed_calls.hpp>
#include <socketio/fwd.hpp>
#include <socketio/listener.hpp>
#include <socketio/namespace_adapter.hpp>
#include <socketio/room.hpp>
#include <socketio/socket.hpp>

#include <asio/async_result.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// A part of the server with clients, rooms, middleware and handlers of its own, sharing the clients' connections.
///
/// A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread. What concerns a socket is done on the thread of that socket: at
/// once
///                     if it is the calling thread, elsewhere as soon as that thread gets to it.
template <class Config>
class BasicNamespace : public detail::BroadcastVerbs<BasicNamespace<Config>, Config>,
                       public detail::ConnectionVerbs<BasicNamespace<Config>, Config>,
                       public detail::TimerVerbs<BasicNamespace<Config>> {
 public:
  /// For the library; users call `Server::of`.
  explicit BasicNamespace(std::shared_ptr<detail::NamespaceState> state) : state_(std::move(state)) {}

  /// "/" or "/name".
  const std::string& name() const noexcept { return state_->name(); }

  BasicRoom<Config> room(std::string name) const { return {state_, std::move(name)}; }

  /// The sockets that are connected to this namespace on this server.
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }

  /// How many sockets are connected.
  std::size_t size() const { return state_->socket_count(); }

  /// The socket of that id, if it is connected to this namespace on this server.
  std::optional<BasicSocket<Config>> find_socket(std::string_view id) const {
    // Nearly always it is in the room of its id; it may have left that one, and others may have joined it.
    for (const auto& room : {std::vector<std::string>{std::string(id)}, std::vector<std::string>{}})
      for (auto& socket : state_->select(BroadcastOptions{room, {}, {}}))
        if (socket->id() == id) return BasicSocket<Config>(std::move(socket));
    return std::nullopt;
  }

  /// Rooms that are created and deleted: `nsp.adapter().on("create-room", ...)`.
  BasicNamespaceAdapter<Config> adapter() const { return BasicNamespaceAdapter<Config>(state_); }

  /// The names of the rooms that exist, those of the sockets' ids included.
  std::vector<std::string> rooms() const { return state_->rooms(); }

  /// Sends an event to the other servers of the cluster, not to clients and not to this server; there its handlers are
  /// those of `on_server_side`. Without a cluster there are no others.
  ///
  /// @param event  "connect", "connection" and "new_namespace" throw std::invalid_argument
  /// @param args   as for `emit`. The last one may be a callback for what each of the other servers answers, see
  ///               `server_side_emit_with_ack`: `[](std::error_code error, std::vector<Result> answers)`
  template <EventName E, class... Args>
  void server_side_emit(const E& event, Args&&... args) const {
    take_apart(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          using Receiver = decltype(receiver);
          if constexpr (!detail::is_receiver<Receiver>)
            state_->server_side_emit(encode_for_others(name, each...), nullptr);
          else if constexpr (TypedEvent<E> || detail::is_broadcast_callback<Receiver>())
            state_->server_side_emit(encode_for_others(name, each...),
                                     detail::make_broadcast_callback<E>(place(name), std::forward<Receiver>(receiver)));
          else
            encode_for_others(name, each..., receiver);  // says what is wrong with the last argument
        },
        std::forward<Args>(args)...);
  }

  /// As `server_side_emit`, and completes with what each of the other servers answers: the first item.
  ///
  /// @tparam Result  what each answer converts to; void to count them
  /// @param args     the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of `void(std::error_code, std::vector<Result>)`, or of
  ///                 `void(std::error_code, std::size_t)` for void
  /// @par Errors     Errc::timed_out when not all have answered in time (5 seconds, unless the adapter says otherwise),
  ///                 Errc::no_answer when one has gone or has no handler for the event, Errc::bad_argument when an
  ///                 answer does not convert, Errc::disconnected when this server closes; the answers that did come are
  ///                 there all the same. A server alone gets no answers, and no error. It cannot be cancelled.
  template <class Result = Value, EventName E, class... Args>
  auto server_side_emit_with_ack(const E& event, Args&&... args) const {
    return take_apart(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          return this->template ask<detail::Answer<E, Result>>(
              name, detail::token_of(std::forward<decltype(receiver)>(receiver)), each...);
        },
        std::forward<Args>(args)...);
  }

  /// Registers a handler for an event that another server of the cluster sends with `server_side_emit`.
  ///
  /// It has a name of its own, unlike in the reference implementation: there `io.on("chat message", ...)` is a mistake
  /// that goes unnoticed.
  ///
  /// @param event    a name, or a typed Event of Config::ServerSideEvents; "connect", "connection" and "new_namespace"
  ///                 throw std::invalid_argument
  /// @param handler  as for `Socket::on`: its parameters say what the arguments are converted to, the last one may be
  /// an
  ///                 `Ack`; the returned value answers the other server; it may be a coroutine
  /// @return         what `off_server_side` takes this handler away by
  /// @par Thread safety  Any thread; handlers run on the server's first one.
  template <EventName E, class... F>
  Listener on_server_side(const E& event, F&&... handler) const {
    return add_server_side(event, {}, std::forward<F>(handler)...);
  }
  /// As `on_server_side`, for the next event of that name only.
  template <EventName E, class... F>
  Listener once_server_side(const E& event, F&&... handler) const {
    return add_server_side(event, {.once = true}, std::forward<F>(handler)...);
  }
  /// Removes one handler of such an event, or all of them.
  template <EventName E>
  void off_server_side(const E& event, Listener listener) const {
    state_->server_side_handlers().remove(detail::name_of(event), listener);
  }
  template <EventName E>
  void off_server_side(const E& event) const {
    state_->server_side_handlers().remove(detail::name_of(event), std::nullopt);
  }

  friend bool operator==(const BasicNamespace& a, const BasicNamespace& b) noexcept { return a.state_ == b.state_; }

 private:
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  friend class detail::ConnectionVerbs<BasicNamespace, Config>;
  friend class detail::TimerVerbs<BasicNamespace>;

  using Parser = typename Config::Parser;
  using ServerSideEvents = typename Config::ServerSideEvents;

  BasicBroadcastOperator<Config> selection() const { return {state_, BroadcastOptions{}}; }
  detail::NamespaceSetup& setup() const noexcept { return state_->setup(); }
  std::shared_ptr<detail::Shard> timer_shard() const { return state_->shards().home(); }
  void start_timer(detail::TimedCallPtr timer) const { state_->start_timer(std::move(timer)); }

  detail::OperationPlace place(std::string_view event) const {
    return {state_->shards().here(), name(), {}, std::string(event)};
  }

  template <class E, class Send, class... Args>
  static decltype(auto) take_apart(const E& event, Send&& send, Args&&... args) {
    detail::require_server_side_event(detail::name_of(event));
    return detail::take_apart<ServerSideEvents>(event, std::forward<Send>(send), std::forward<Args>(args)...);
  }

  /// Null if there are no other servers.
  template <class... Args>
  std::optional<OutgoingPacket> encode_for_others(std::string_view event, const Args&... args) const {
    static_assert((detail::EmittableArgument<Args> && ...),
                  "socketio: an argument of server_side_emit cannot be converted, or the last one is no callback for "
                  "the answers: [](std::error_code, std::vector<T>).");
    if (!state_->connects_servers()) return std::nullopt;
    return detail::encode_event<Parser>(state_->name(), std::nullopt, EmitFlags{},
                                        (std::numeric_limits<std::size_t>::max)(), event, {}, args...);
  }

  template <class Result, class Token, class... Args>
  auto ask(std::string_view event, Token&& token, const Args&... args) const {
    using Answers = typename detail::BroadcastAnswers<Result>::type;
    return asio::async_initiate<Token, void(std::error_code, Answers)>(
        [state = state_, place = place(event)](auto handler, std::optional<OutgoingPacket> packet) {
          if (!place.shard->is_open()) return detail::complete_without_server<Answers>(std::move(handler));
          state->server_side_emit(std::move(packet),
                                  detail::make_broadcast_completion<Result>(place, std::move(handler)));
        },
        token, encode_for_others(event, args...));
  }

  template <class E, class F>
  Listener add_server_side(const E& event, const detail::Registration& how, F&& handler) const {
    detail::require_server_side_event(detail::name_of(event));
    const auto add = [&](auto&& function) {
      state_->server_side_handlers().add(
          detail::name_of(event),
          detail::make_event_handler<detail::ServerSideAnswerer>(std::forward<decltype(function)>(function), how),
          how.first);
    };
    if constexpr (TypedEvent<E>) {
      detail::require_declared_event<ServerSideEvents, E>();
      detail::with_declared_handler<E>(std::forward<F>(handler), add);
    } else {
      detail::require_untyped_events<ServerSideEvents>();
      detail::require_event_handler<std::decay_t<F>>();
      if constexpr (detail::EventFunction<F>) add(std::forward<F>(handler));
    }
    return how.listener;
  }
  template <class E, class Member, class Object>
  Listener add_server_side(const E& event, const detail::Registration& how, Member member, Object&& object) const {
    return add_server_side(event, how, detail::bind_member(member, std::forward<Object>(object)));
  }

  std::shared_ptr<detail::NamespaceState> state_;
};

}  // namespace socketio
