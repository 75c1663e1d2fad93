// SPDX-License-Identifier: MIT
// What namespaces and parent namespaces share: who may connect, and what happens then. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/fwd.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

/// @tparam Derived  a handle; its `state_` has a `setup()`
template <class Derived, class Config>
class ConnectionVerbs {
 public:
  /// Registers what happens when a client has connected: a function or a coroutine that takes a `Socket`. Clients that
  /// have connected before are not concerned. It runs on the thread of that socket; on a server of several threads it
  /// may be called on all of them at the same time, as may middleware.
  ///
  /// @param event  "connection", or "connect" for handlers that come before those
  /// @throws std::invalid_argument  for any other name: events of clients are listened to on their sockets
  ///
  /// @param handler  a function, or a member function followed by its object, as for `Socket::on`
  template <class... F>
  const Derived& on(std::string_view event, F&&... handler) const {
    add(event, {}, std::forward<F>(handler)...);
    return derived();
  }

  /// As `on`, for the next client only.
  template <class... F>
  const Derived& once(std::string_view event, F&&... handler) const {
    add(event, {.once = true}, std::forward<F>(handler)...);
    return derived();
  }

  /// As `on`, before the handlers of that event that are there already.
  template <class... F>
  const Derived& prepend(std::string_view event, F&&... handler) const {
    add(event, {.first = true}, std::forward<F>(handler)...);
    return derived();
  }

  /// As `on`; what is returned takes this one handler away again.
  template <class... F>
  Listener add_listener(std::string_view event, F&&... handler) const {
    const Registration how;
    add(event, how, std::forward<F>(handler)...);
    return how.listener;
  }
  const Derived& remove_listener(std::string_view event, Listener listener) const {
    state()->setup().remove_connection_handler(is_connect_event(event), listener);
    return derived();
  }

  /// Removes all handlers of "connection" or of "connect", or of both.
  const Derived& off(std::string_view event) const {
    state()->setup().remove_connection_handlers(is_connect_event(event));
    return derived();
  }
  const Derived& remove_all_listeners(std::string_view event) const { return off(event); }
  const Derived& remove_all_listeners() const {
    off("connect");
    return off("connection");
  }

  /// Which of "connect" and "connection" have handlers, and the handlers of one.
  std::vector<std::string> event_names() const {
    std::vector<std::string> names;
    for (const char* const name : {"connect", "connection"})
      if (has_listeners(name)) names.emplace_back(name);
    return names;
  }
  std::vector<Listener> listeners(std::string_view event) const {
    return state()->setup().connection_listeners(is_connect_event(event));
  }
  bool has_listeners(std::string_view event) const { return !listeners(event).empty(); }

  /// Adds a middleware that every connection to this namespace passes, in the order of registration.
  ///
  /// Three forms: `[](Socket socket, Next next)` calls `next()` or `next(ConnectError(...))`, at once or later;
  /// `[](Socket socket)` lets pass by returning and refuses by throwing ConnectError (or by returning a
  /// `std::optional<ConnectError>`); either of them may be a coroutine, and wait in between. The client sees the
  /// refusal as `connect_error`, with its message and data. Any other exception goes to the error hook; the client is
  /// refused without its details.
  template <class F>
  const Derived& use(F&& middleware) const {
    static_assert(AsynchronousMiddleware<std::decay_t<F>, BasicSocket<Config>> ||
                      DirectMiddleware<std::decay_t<F>, BasicSocket<Config>>,
                  "socketio: a middleware is callable as f(Socket, Next), or as f(Socket) returning void, "
                  "std::optional<ConnectError>, or an asio::awaitable of one of them.");
    state()->setup().use(make_middleware<BasicSocket<Config>, SocketPtr>(
        std::forward<F>(middleware), [](const SocketPtr& socket) { return BasicSocket<Config>(socket); },
        [](const SocketPtr& socket) {
          return MiddlewarePlace{socket->nsp_name(), socket->id(), {}};
        }));
    return derived();
  }
  template <class Member, class Object>
  const Derived& use(Member member, Object&& object) const {
    return use(bind_member(member, std::forward<Object>(object)));
  }

 protected:
  ~ConnectionVerbs() = default;

 private:
  friend class BasicServer<Config>;

  using Registration = typename NamespaceSetup<Config>::Registration;
  using SocketPtr = std::shared_ptr<SocketState<Config>>;
  using Handler = typename NamespaceSetup<Config>::ConnectionHandler;

  const Derived& derived() const noexcept { return static_cast<const Derived&>(*this); }
  const auto& state() const noexcept { return derived().state_; }

  static bool is_connect_event(std::string_view event) {
    const bool is_connect = event == "connect";
    if (!is_connect && event != "connection")
      throw std::invalid_argument("\"" + std::string(event) +
                                  "\" is not an event of a namespace; listen to a client's events "
                                  "with socket.on(...) inside on(\"connection\", ...)");
    return is_connect;
  }

  template <class F>
  void add(std::string_view event, const Registration& how, F&& handler) const {
    constexpr bool takes_socket = std::is_invocable_v<std::decay_t<F>&, BasicSocket<Config>>;
    static_assert(takes_socket,
                  "socketio: a connection handler is callable with a socketio::Socket. Clients' events are listened to "
                  "on their sockets, those of other servers with on_server_side.");
    if constexpr (takes_socket)
      state()->setup().add_connection_handler(is_connect_event(event), erase(std::forward<F>(handler)), how);
  }
  template <class Member, class Object>
  void add(std::string_view event, const Registration& how, Member member, Object&& object) const {
    add(event, how, bind_member(member, std::forward<Object>(object)));
  }

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
      if constexpr (is_awaitable<Result>) {
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
};

}  // namespace socketio::detail
