// SPDX-License-Identifier: MIT
// Handlers and middleware for clients that connect, the same on servers, namespaces and parent namespaces. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/socket_state.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/fwd.hpp>
#include <socketio/listener.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

/// @throws std::invalid_argument  for a name that is neither "connect" nor "connection"
SOCKETIO_DECL ConnectEvent to_connect_event(std::string_view event);

/// How long the name of an event is, if it is a literal, whose length is in its type; else npos.
template <class E>
inline constexpr std::size_t literal_length = std::string_view::npos;
template <std::size_t size>
inline constexpr std::size_t literal_length<char[size]> = size - 1;

/// Whether a name may be one of `names`, as far as the compiler can tell.
template <class E, std::size_t count>
constexpr bool may_be_one_of(const std::array<const char*, count>& names) {
  if (literal_length<E> == std::string_view::npos) return true;
  for (const char* const name : names)
    if (std::string_view(name).size() == literal_length<E>) return true;
  return false;
}

/// @tparam Derived  a handle; has `setup()`, a NamespaceSetup, and is a friend
template <class Derived, class Config>
class ConnectionVerbs {
 public:
  /// Registers a handler that is called when a client has connected: a function or a coroutine that takes a `Socket`.
  /// Clients that have connected before are not concerned. It runs on the thread of that socket; on a server of several
  /// threads it may be called on all of them at the same time, as may middleware.
  ///
  /// @param event    "connection", or "connect" for handlers that come before those
  /// @param handler  a function, or a member function followed by its object, as for `Socket::on`
  /// @return         what `off` takes this handler away by
  /// @throws std::invalid_argument  for any other name, unless the compiler finds it: sockets have the events of
  /// clients
  template <class E, class... F>
  Listener on(const E& event, F&&... handler) const {
    return derived().add_handler(event, Registration{}, std::forward<F>(handler)...);
  }

  /// As `on`, for the next client only.
  template <class E, class... F>
  Listener once(const E& event, F&&... handler) const {
    return derived().add_handler(event, Registration{.once = true}, std::forward<F>(handler)...);
  }

  /// As `on` and `once`, before the handlers of that event that are there already.
  template <class E, class... F>
  Listener prepend(const E& event, F&&... handler) const {
    return derived().add_handler(event, Registration{.first = true}, std::forward<F>(handler)...);
  }
  template <class E, class... F>
  Listener prepend_once(const E& event, F&&... handler) const {
    return derived().add_handler(event, Registration{.once = true, .first = true}, std::forward<F>(handler)...);
  }

  /// Removes one handler of an event, all of them, or those of all events.
  void off(std::string_view event, Listener listener) const { derived().remove_handlers(event, listener); }
  void off(std::string_view event) const { derived().remove_handlers(event, std::nullopt); }
  void off() const {
    for (const char* const event : Derived::events) off(event);
  }

  /// The same as `off`.
  void remove_all_listeners(std::string_view event) const { off(event); }
  void remove_all_listeners() const { off(); }

  /// The events that have handlers, and the handlers of one.
  std::vector<std::string> event_names() const {
    std::vector<std::string> names;
    for (const char* const event : Derived::events)
      if (has_listeners(event)) names.emplace_back(event);
    return names;
  }
  std::vector<Listener> listeners(std::string_view event) const { return derived().handlers_of(event); }
  bool has_listeners(std::string_view event) const { return !listeners(event).empty(); }

  /// Adds a middleware that every connection to this namespace passes, in the order of registration.
  ///
  /// Three forms: `[](Socket socket, Next next)` calls `next()` or `next(ConnectError(...))`, at once or later;
  /// `[](Socket socket)` lets pass by returning and refuses by throwing ConnectError (or by returning a
  /// `std::optional<ConnectError>`); either of them may be a coroutine, and wait in between. The client sees the
  /// refusal as `connect_error`, with its message and data. Any other exception goes to the error hook; the client is
  /// refused without its details.
  /// @return  this handle, for the next call
  template <class F>
  const Derived& use(F&& middleware) const {
    static_assert(AsynchronousMiddleware<std::decay_t<F>, BasicSocket<Config>> ||
                      DirectMiddleware<std::decay_t<F>, BasicSocket<Config>>,
                  "socketio: a middleware is callable as f(Socket, Next), or as f(Socket) returning void, "
                  "std::optional<ConnectError>, or an asio::awaitable of one of them.");
    setup().use(make_middleware<BasicSocket<Config>, SocketPtr>(
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

  // A server shadows these functions: it has one event more.

  static constexpr std::array<const char*, 2> events{"connect", "connection"};

  template <class E, class F>
  Listener add_handler(const E& event, const Registration& how, F&& handler) const {
    static_assert(
        may_be_one_of<E>(Derived::events),
        "socketio: servers and namespaces have the events \"connection\" and \"connect\", and servers "
        "\"new_namespace\". Listen to clients' events on their sockets: on(\"connection\", [](socketio::Socket "
        "socket) { socket.on(\"x\", ...); }).");
    constexpr bool takes_socket = std::is_invocable_v<std::decay_t<F>&, BasicSocket<Config>>;
    static_assert(takes_socket,
                  "socketio: a connection handler is callable with a socketio::Socket. Clients' events are listened to "
                  "on their sockets, those of other servers with on_server_side.");
    if constexpr (takes_socket && may_be_one_of<E>(Derived::events))
      setup().add_connection_handler(to_connect_event(event), erase(std::forward<F>(handler)), how);
    return how.listener;
  }
  template <class E, class Member, class Object>
  Listener add_handler(const E& event, const Registration& how, Member member, Object&& object) const {
    return derived().add_handler(event, how, bind_member(member, std::forward<Object>(object)));
  }
  void remove_handlers(std::string_view event, std::optional<Listener> listener) const {
    setup().remove_connection_handlers(to_connect_event(event), listener);
  }
  std::vector<Listener> handlers_of(std::string_view event) const {
    return setup().connection_listeners(to_connect_event(event));
  }

 private:
  const Derived& derived() const noexcept { return static_cast<const Derived&>(*this); }
  NamespaceSetup& setup() const { return derived().setup(); }

  template <class F>
  static asio::awaitable<void> run(std::shared_ptr<F> handler, SocketPtr socket) {
    try {
      co_await (*handler)(BasicSocket<Config>(socket));
    } catch (...) {
      socket->report_handler_exception("connection");
    }
  }

  template <class F>
  static ConnectionHandler erase(F&& handler) {
    using Function = std::decay_t<F>;
    return [function = std::make_shared<Function>(std::forward<F>(handler))](const SocketPtr& socket) {
      using Result = std::invoke_result_t<Function&, BasicSocket<Config>>;
      if constexpr (is_awaitable<Result>) {
        spawn(socket->shard(), run<Function>(function, socket));
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

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/connection_events.ipp>
#include <socketio/core/impl/core.ipp>
#endif
