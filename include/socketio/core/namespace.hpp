// SPDX-License-Identifier: MIT
// A namespace as a handle: who may connect, what happens then, and sending to everyone in it. Core layer.
#pragma once

#include <socketio/core/broadcast_operator.hpp>
#include <socketio/core/connection_verbs.hpp>
#include <socketio/core/event_handler.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/namespace_adapter.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/fwd.hpp>

#include <asio/async_result.hpp>
#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// A part of the server with clients, rooms, middleware and handlers of its own, sharing the clients' connections.
///
/// A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread. What concerns sockets is done on the thread of each: at once on
/// the
///                     calling one, elsewhere as soon as that thread gets to it.
template <class Config>
class BasicNamespace : public detail::BroadcastVerbs<BasicNamespace<Config>, Config>,
                       public detail::ConnectionVerbs<BasicNamespace<Config>, Config> {
 public:
  /// For the library; users call `Server::of`.
  explicit BasicNamespace(std::shared_ptr<detail::NamespaceState<Config>> state) : state_(std::move(state)) {}

  /// "/" or "/name".
  const std::string& name() const noexcept { return state_->name(); }

  BasicRoom<Config> room(std::string name) const { return {state_, std::move(name)}; }

  /// Who is connected to this namespace on this server.
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }

  /// How many they are.
  std::size_t size() const { return state_->socket_count(); }

  /// The socket of that id, if it is connected to this namespace on this server.
  std::optional<BasicSocket<Config>> find_socket(std::string_view id) const {
    // Nearly always it is in the room of its id; it may have left that one, and others may have joined it.
    for (const auto& room : {std::vector<std::string>{std::string(id)}, std::vector<std::string>{}})
      for (auto& socket : state_->select(BroadcastOptions{room, {}, {}}))
        if (socket->id() == id) return BasicSocket<Config>(std::move(socket));
    return std::nullopt;
  }

  /// Tells of rooms that come and go: `nsp.adapter().on("create-room", ...)`.
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
    require_server_side<E>(event);
    if constexpr (detail::ends_with_broadcast_callback<Args...>())
      emit_and_call(event, std::forward_as_tuple(std::forward<Args>(args)...),
                    std::make_index_sequence<sizeof...(Args) - 1>{});
    else if (auto packet = encode_for_others(event, args...))
      state_->tell_others(
          [packet = *std::move(packet)](Adapter& adapter) { adapter.server_side_emit(packet, nullptr, nullptr); });
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
  template <class Result = Value, class... Args>
  auto server_side_emit_with_ack(std::string_view event, Args&&... args) const {
    require_server_side<std::string_view>(event);
    if constexpr (detail::ends_with_receiver<Args...>())
      return emit_and_take_token<Result>(event, std::forward_as_tuple(std::forward<Args>(args)...),
                                         std::make_index_sequence<sizeof...(Args) - 1>{});
    else
      return emit_and_complete<Result>(event, asio::use_awaitable, args...);
  }
  template <TypedEvent E, class... Args>
  auto server_side_emit_with_ack(const E& event, Args&&... args) const {
    require_server_side<E>(event);
    if constexpr (detail::ends_with_receiver<Args...>())
      return emit_and_take_token<typename E::Result>(event, std::forward_as_tuple(std::forward<Args>(args)...),
                                                     std::make_index_sequence<sizeof...(Args) - 1>{});
    else
      return emit_and_complete<typename E::Result>(event, asio::use_awaitable, args...);
  }

  /// Registers a handler for an event that another server of the cluster sends with `server_side_emit`.
  ///
  /// It has a name of its own, unlike in the reference implementation: there `io.on("chat message", ...)` is a mistake
  /// that nobody hears of.
  ///
  /// @param event    a name, or a typed Event of Config::ServerSideEvents; "connect", "connection" and "new_namespace"
  ///                 throw std::invalid_argument
  /// @param handler  as for `Socket::on`: its parameters say what the arguments are converted to, the last one may be
  /// an
  ///                 `Ack`; what it returns answers the other server; it may be a coroutine
  /// @return         what `off_server_side` takes this handler away by
  /// @par Thread safety  Any thread; handlers run on the server's first one.
  template <EventName E, class... F>
  Listener on_server_side(const E& event, F&&... handler) const {
    return add_server_side(event, false, std::forward<F>(handler)...);
  }
  /// As `on_server_side`, for the next event of that name only.
  template <EventName E, class... F>
  Listener once_server_side(const E& event, F&&... handler) const {
    return add_server_side(event, true, std::forward<F>(handler)...);
  }
  /// Removes one handler of such an event, or all of them.
  template <EventName E>
  void off_server_side(const E& event, Listener listener) const {
    state_->server_side_handlers().remove(detail::name_of(event), listener);
  }
  template <EventName E>
  void off_server_side(const E& event) const {
    state_->server_side_handlers().remove(detail::name_of(event));
  }

  friend bool operator==(const BasicNamespace& a, const BasicNamespace& b) noexcept { return a.state_ == b.state_; }

 private:
  friend class detail::BroadcastVerbs<BasicNamespace, Config>;
  friend class detail::ConnectionVerbs<BasicNamespace, Config>;

  BasicBroadcastOperator<Config> selection() const { return {state_, BroadcastOptions{}}; }

  template <class E>
  static void require_server_side(const E& event) {
    if constexpr (TypedEvent<E>)
      detail::require_declared_event<typename Config::ServerSideEvents, E>();
    else
      detail::require_untyped_events<typename Config::ServerSideEvents>();
    const std::string_view name = detail::name_of(event);
    if (name == "connect" || name == "connection" || name == "new_namespace")
      throw std::invalid_argument('"' + std::string(name) + "\" is a reserved event name");
  }

  /// Null if there are no other servers.
  template <class E, class... Args>
  std::optional<OutgoingPacket> encode_for_others(const E& event, const Args&... args) const {
    const auto encode = [this](std::string_view name, const auto&... each) -> std::optional<OutgoingPacket> {
      if (!state_->connects_servers()) return std::nullopt;
      return detail::encode_event<typename Config::Parser>(state_->name(), std::nullopt, EmitFlags{},
                                                           (std::numeric_limits<std::size_t>::max)(), name, each...);
    };
    if constexpr (TypedEvent<E>) {
      if constexpr (detail::require_event_arguments<E, std::remove_cvref_t<Args>...>())
        return detail::send_declared<E>(encode, std::index_sequence_for<Args...>{}, args...);
      else
        return std::nullopt;
    } else {
      static_assert((detail::EmittableArgument<Args> && ...),
                    "socketio: an argument of server_side_emit cannot be converted, or the last one is no callback for "
                    "the answers: [](std::error_code, std::vector<T>).");
      if constexpr ((detail::EmittableArgument<Args> && ...))
        return encode(event, args...);
      else
        return std::nullopt;
    }
  }

  /// Has the other servers asked, if there are any; the collector ends in a later turn.
  static void collect(detail::NamespaceState<Config>& state, const std::shared_ptr<detail::BroadcastAck>& collector,
                      std::optional<OutgoingPacket> packet) {
    if (!packet) return state.shards().here()->post([collector] { collector->start(); });
    state.ask_others(collector, [packet = *std::move(packet)](Adapter& adapter, auto answer, auto done) {
      adapter.server_side_emit(packet, std::move(answer), std::move(done));
      return Adapter::Withdraw();
    });
  }

  template <class E, class Tuple, std::size_t... I>
  void emit_and_call(const E& event, Tuple args, std::index_sequence<I...>) const {
    using Function = std::decay_t<std::tuple_element_t<sizeof...(I), Tuple>>;
    using Shape = detail::BroadcastCallbackShape<typename detail::SignatureOf<Function>::Parameters>;
    auto packet = encode_for_others(event, std::get<I>(args)...);
    collect(*state_,
            detail::make_broadcast_ack<typename Shape::Result>(
                state_->shards().here(), name(), std::string(detail::name_of(event)),
                [function = Function(std::get<sizeof...(I)>(std::move(args)))](std::error_code error,
                                                                               auto answers) mutable {
                  if constexpr (Shape::takes_error)
                    function(error, std::move(answers));
                  else if (!error)
                    function(std::move(answers));
                }),
            std::move(packet));
  }

  template <class Result, class E, class Tuple, std::size_t... I>
  auto emit_and_take_token(const E& event, Tuple args, std::index_sequence<I...>) const {
    return emit_and_complete<Result>(event, std::get<sizeof...(I)>(std::move(args)), std::get<I>(args)...);
  }

  template <class Result, class E, class Token, class... Args>
  auto emit_and_complete(const E& event, Token&& token, const Args&... args) const {
    using Answers = typename detail::BroadcastAnswers<Result>::type;
    return asio::async_initiate<Token, void(std::error_code, Answers)>(
        [state = state_, event = std::string(detail::name_of(event))](auto handler,
                                                                      std::optional<OutgoingPacket> packet) {
          const auto shard = state->shards().here();
          if (!shard->is_open()) return detail::complete_without_server<Answers>(std::move(handler));
          collect(*state, detail::make_broadcast_completion<Result>(shard, state->name(), event, std::move(handler)),
                  std::move(packet));
        },
        token, encode_for_others(event, args...));
  }

  template <class E, class Member, class Object>
  Listener add_server_side(const E& event, bool once, Member member, Object&& object) const {
    return add_server_side(event, once, detail::bind_member(member, std::forward<Object>(object)));
  }
  template <class E, class F>
  Listener add_server_side(const E& event, bool once, F&& handler) const {
    require_server_side<E>(event);
    const Listener listener = Listener::make();
    const auto add = [&](auto&& function) {
      auto erased = detail::make_event_handler<detail::ServerSideReceiver>(std::forward<decltype(function)>(function));
      erased->listener = listener;
      erased->once = once;
      state_->server_side_handlers().add(detail::name_of(event), std::move(erased));
    };
    if constexpr (TypedEvent<E>) {
      detail::with_declared_handler<E>(std::forward<F>(handler), add);
    } else {
      detail::require_event_handler<std::decay_t<F>>();
      if constexpr (detail::EventFunction<F>) add(std::forward<F>(handler));
    }
    return listener;
  }

  std::shared_ptr<detail::NamespaceState<Config>> state_;
};

}  // namespace socketio
