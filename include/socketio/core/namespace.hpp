// SPDX-License-Identifier: MIT
// A namespace as a handle: who may connect, what happens then, and sending to everyone in it. Core layer.
#pragma once

#include <socketio/core/broadcast_operator.hpp>
#include <socketio/core/coroutines.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/room.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/fwd.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// A part of the server with clients, rooms, middleware and handlers of its own, sharing the clients' connections.
///
/// A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread. On the owner's thread they act at once, elsewhere as soon as that
///                     thread gets to it.
template <class Config>
class BasicNamespace : public detail::BroadcastVerbs<BasicNamespace<Config>, Config> {
 public:
  /// For the library; users call `Server::of`.
  explicit BasicNamespace(std::shared_ptr<detail::NamespaceState<Config>> state) : state_(std::move(state)) {}

  /// "/" or "/name".
  const std::string& name() const noexcept { return state_->name(); }

  /// Registers what happens when a client has connected: a function or a coroutine that takes a `Socket`.
  ///
  /// @param event  "connection", or "connect" for handlers that come before those
  /// @throws std::invalid_argument  for any other name: events of clients are listened to on their sockets
  template <class F>
  const BasicNamespace& on(std::string_view event, F&& handler) const {
    static_assert(std::is_invocable_v<std::decay_t<F>&, BasicSocket<Config>>,
                  "socketio: a connection handler is callable with a socketio::Socket.");
    const bool is_connect = event == "connect";
    if (!is_connect && event != "connection")
      throw std::invalid_argument("\"" + std::string(event) +
                                  "\" is not an event of a namespace; listen to a client's events "
                                  "with socket.on(...) inside on(\"connection\", ...)");
    state_->shard()->dispatch([state = state_, is_connect, erased = erase(std::forward<F>(handler))]() mutable {
      state->add_connection_handler(std::move(erased), is_connect);
    });
    return *this;
  }

  /// Adds a middleware that every connection to this namespace passes, in the order of registration.
  ///
  /// Three forms: `[](Socket socket, Next next)` calls `next()` or `next(ConnectError(...))`, at once or later;
  /// `[](Socket socket)` lets pass by returning and refuses by throwing ConnectError (or by returning a
  /// `std::optional<ConnectError>`); either of them may be a coroutine, and wait in between. The client sees the
  /// refusal as `connect_error`, with its message and data. Any other exception goes to the error hook; the client is
  /// refused without its details.
  template <class F>
  const BasicNamespace& use(F&& middleware) const {
    static_assert(detail::AsynchronousMiddleware<std::decay_t<F>, BasicSocket<Config>> ||
                      detail::DirectMiddleware<std::decay_t<F>, BasicSocket<Config>>,
                  "socketio: a middleware is callable as f(Socket, Next), or as f(Socket) returning void, "
                  "std::optional<ConnectError>, or an asio::awaitable of one of them.");
    auto function = detail::make_middleware<BasicSocket<Config>, SocketPtr>(
        std::forward<F>(middleware), [](const SocketPtr& socket) { return BasicSocket<Config>(socket); },
        [](const SocketPtr& socket) {
          return detail::MiddlewarePlace{socket->nsp_name(), socket->id(), {}};
        });
    state_->shard()->dispatch(
        [state = state_, function = std::move(function)]() mutable { state->use(std::move(function)); });
    return *this;
  }

  BasicRoom<Config> room(std::string name) const { return {state_, std::move(name)}; }

  /// Who is connected to this namespace on this server.
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }

  /// The names of the rooms that exist, those of the sockets' ids included.
  std::vector<std::string> rooms() const { return state_->adapter().rooms(); }

  friend bool operator==(const BasicNamespace& a, const BasicNamespace& b) noexcept { return a.state_ == b.state_; }

 private:
  friend class detail::BroadcastVerbs<BasicNamespace, Config>;

  using SocketPtr = std::shared_ptr<detail::SocketState<Config>>;
  using Handler = typename detail::NamespaceState<Config>::ConnectionHandler;

  BasicBroadcastOperator<Config> selection() const { return {state_, BroadcastOptions{}}; }

  template <class F>
  static asio::awaitable<void> run(std::shared_ptr<F> handler, SocketPtr socket) {
    try {
      co_await (*handler)(BasicSocket<Config>(socket));
    } catch (...) {
      socket->report_handler_exception("connection");
    }
  }

  template <class F>
  static Handler erase(F&& handler) {
    using Function = std::decay_t<F>;
    return [function = std::make_shared<Function>(std::forward<F>(handler))](const SocketPtr& socket) {
      using Result = std::invoke_result_t<Function&, BasicSocket<Config>>;
      if constexpr (detail::is_awaitable<Result>) {
        asio::co_spawn(socket->shard().executor(), run<Function>(function, socket), [](std::exception_ptr) {});
      } else {
        try {
          (*function)(BasicSocket<Config>(socket));
        } catch (...) {
          socket->report_handler_exception("connection");
        }
      }
    };
  }

  std::shared_ptr<detail::NamespaceState<Config>> state_;
};

}  // namespace socketio
