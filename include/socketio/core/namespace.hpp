// SPDX-License-Identifier: MIT
// A namespace as a handle: who may connect, what happens then, and sending to everyone in it. Core layer.
#pragma once

#include <socketio/core/broadcast_operator.hpp>
#include <socketio/core/connection_verbs.hpp>
#include <socketio/core/namespace_adapter.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/fwd.hpp>

#include <asio/async_result.hpp>
#include <asio/use_awaitable.hpp>

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

  /// Sends an event to the other servers of the cluster, not to clients and not to this server.
  ///
  /// @param event  "connect", "connection" and "new_namespace" throw std::invalid_argument
  /// @param args   as for `emit`. The last one may be a callback for what each of the other servers answers:
  ///               `[](std::error_code error, std::vector<Result> answers)`. With the in-memory adapter there are no
  ///               other servers: nothing is sent, and the callback gets no answers, in a later turn.
  template <EventName E, class... Args>
  void server_side_emit(const E& event, Args&&... args) const {
    const std::string_view name = require_server_side<E>(event);
    if constexpr (TypedEvent<E> && !detail::ends_with_receiver<Args...>())
      static_cast<void>(detail::require_event_arguments<E, std::remove_cvref_t<Args>...>());
    if constexpr (detail::ends_with_broadcast_callback<Args...>())
      answer_alone(name, std::get<sizeof...(Args) - 1>(std::forward_as_tuple(std::forward<Args>(args)...)));
    else
      static_assert((detail::EmittableArgument<Args> && ...),
                    "socketio: an argument of server_side_emit cannot be converted, or the last one is no callback for "
                    "the answers: [](std::error_code, std::vector<T>).");
  }

  /// As `server_side_emit`, and completes with what each of the other servers answers.
  ///
  /// @tparam Result  what each answer converts to; void to count them
  /// @param args     the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of `void(std::error_code, std::vector<Result>)`, or of
  ///                 `void(std::error_code, std::size_t)` for void
  template <class Result = Value, class... Args>
  auto server_side_emit_with_ack(std::string_view event, Args&&... args) const {
    require_server_side<std::string_view>(event);
    if constexpr (detail::ends_with_receiver<Args...>())
      return complete_alone<Result>(event,
                                    std::get<sizeof...(Args) - 1>(std::forward_as_tuple(std::forward<Args>(args)...)));
    else
      return complete_alone<Result>(event, asio::use_awaitable);
  }
  template <TypedEvent E, class... Args>
  auto server_side_emit_with_ack(const E& event, Args&&... args) const {
    const std::string_view name = require_server_side<E>(event);
    if constexpr (detail::ends_with_receiver<Args...>()) {
      return complete_alone<typename E::Result>(
          name, std::get<sizeof...(Args) - 1>(std::forward_as_tuple(std::forward<Args>(args)...)));
    } else {
      static_assert(detail::require_event_arguments<E, std::remove_cvref_t<Args>...>());
      return complete_alone<typename E::Result>(name, asio::use_awaitable);
    }
  }

  friend bool operator==(const BasicNamespace& a, const BasicNamespace& b) noexcept { return a.state_ == b.state_; }

 private:
  friend class detail::BroadcastVerbs<BasicNamespace, Config>;
  friend class detail::ConnectionVerbs<BasicNamespace, Config>;

  BasicBroadcastOperator<Config> selection() const { return {state_, BroadcastOptions{}}; }

  template <class E>
  static std::string_view require_server_side(const E& event) {
    if constexpr (TypedEvent<E>)
      detail::require_declared_event<typename Config::ServerSideEvents, E>();
    else
      detail::require_untyped_events<typename Config::ServerSideEvents>();
    const std::string_view name = detail::name_of(event);
    if (name == "connect" || name == "connection" || name == "new_namespace")
      throw std::invalid_argument('"' + std::string(name) + "\" is a reserved event name");
    return name;
  }

  template <class Result, class Token>
  auto complete_alone(std::string_view event, Token&& token) const {
    using Answers = typename detail::BroadcastAnswers<Result>::type;
    return asio::async_initiate<Token, void(std::error_code, Answers)>(
        [state = state_, event = std::string(event)](auto handler) {
          const auto shard = state->shards().here();
          if (!shard->is_open()) return detail::complete_without_server<Answers>(std::move(handler));
          const auto nobody =
              detail::make_broadcast_completion<Result>(shard, state->name(), event, std::move(handler));
          shard->post([nobody] { nobody->start(); });
        },
        token);
  }

  template <class Callback>
  void answer_alone(std::string_view event, Callback&& callback) const {
    using Function = std::decay_t<Callback>;
    using Shape = detail::BroadcastCallbackShape<typename detail::SignatureOf<Function>::Parameters>;
    const auto nobody = detail::make_broadcast_ack<typename Shape::Result>(
        state_->shards().here(), name(), std::string(event),
        [function = Function(std::forward<Callback>(callback))](std::error_code error, auto answers) mutable {
          if constexpr (Shape::takes_error)
            function(error, std::move(answers));
          else
            static_cast<void>(error), function(std::move(answers));
        });
    state_->shards().here()->post([nobody] { nobody->start(); });
  }

  std::shared_ptr<detail::NamespaceState<Config>> state_;
};

}  // namespace socketio
