// SPDX-License-Identifier: MIT
// The Engine.IO server: takes HTTP exchanges, makes sessions of them and keeps the session table. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/connection_error.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/middleware.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/engine/session_directory.hpp>
#include <socketio/engine/transport.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// An Engine.IO v4 server without its network: a transport gives it exchanges, it gives its user sessions.
///
/// @par Errors         Nothing that a peer does throws. The engine catches what its callbacks throw and gives it to
///                     `on_error`; it answers the request at hand with 500 (400 after a middleware), or ends its
///                     connection.
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Must not outlive its scheduler. Destroying it closes every session; it may be closed, but not
///                     destroyed, from inside its own callbacks.
class Engine {
 public:
  using Middleware = detail::UniqueFunction<void(MiddlewareContext&, MiddlewareNext)>;
  using ConnectionHandler = detail::UniqueFunction<void(std::shared_ptr<Session>)>;
  using ConnectionErrorHandler = detail::UniqueFunction<void(const ConnectionError&)>;
  using HeadersHandler = detail::UniqueFunction<void(HttpHeaders&, const HttpRequest&)>;
  using FlushHandler = detail::UniqueFunction<void(Session&, std::span<const MessagePtr>)>;
  using DrainHandler = detail::UniqueFunction<void(Session&)>;
  using ErrorHandler = detail::UniqueFunction<void(std::exception_ptr, std::string_view where)>;

  static constexpr int protocol = 4;

  /// @throws std::invalid_argument  naming every invalid option
  explicit Engine(Scheduler& scheduler, EngineOptions options = {});

  /// One of several engines that serve one path together: see `elsewhere`.
  ///
  /// @param directory  what they share
  /// @param index      of this one among them
  Engine(Scheduler& scheduler, EngineOptions options, std::shared_ptr<detail::SessionDirectory> directory,
         std::size_t index);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  const EngineOptions& options() const noexcept;
  Scheduler& scheduler() const noexcept;

  /// Whether the request is for this engine: its raw target starts with the path.
  bool matches(const HttpRequest& request) const noexcept;

  /// The index of the engine that a request is for, if it belongs to a session that another one has, or would have.
  std::optional<std::size_t> elsewhere(const HttpRequest& request) const;

  /// Takes the client's address from the header of a trusted proxy, see `EngineOptions::trusted_proxies`. `handle` does
  /// it, too.
  void find_client_address(HttpExchange& exchange) const;

  /// Serves a request that `matches`, plain or upgrade: middlewares, verification, handshake, polls, upgrades.
  void handle(ExchangePtr exchange);

  // Each of these adds a handler to those of its event. The engine calls them in the order in which they were added. An
  // empty handler removes them all. If one of them throws, the exception is reported and the rest are not called.

  /// Adds a handler that is called for each new session. The first handler, a Socket.IO server's own, sets the
  /// session's listener; others may observe it (`Session::observe`). A polling client receives what they send in the
  /// response to its next poll.
  void on_connection(ConnectionHandler handler);

  /// Adds a handler that is called for each refused request.
  void on_connection_error(ConnectionErrorHandler handler);

  /// Adds a handler that may add headers to the response of a handshake: once per session, before `on_headers`.
  void on_initial_headers(HeadersHandler handler);

  /// Adds a handler that may add headers to every 200 response of a polling session and to every 101.
  void on_headers(HeadersHandler handler);

  /// Adds a handler that is called when a session hands its write buffer to its channel, and one that is called when
  /// the channel has accepted it.
  void on_flush(FlushHandler handler);
  void on_drain(DrainHandler handler);

  /// Adds a handler that is called with each exception that a callback throws.
  ///
  /// `where` names the callback: "connection", "connection_error", "initial_headers", "headers", "middleware",
  /// "cors", "allow_request", "generate_id", "request"; "on_sent" and the functions of `SessionListener` for sessions.
  void on_error(ErrorHandler handler);

  /// Gives an exception to the handlers of `on_error`. For code that calls users' callbacks on the engine's behalf.
  void report_error(std::exception_ptr error, std::string_view where) const noexcept;

  /// Adds a middleware; every request passes all of them in the order in which they were added, after CORS.
  void use(Middleware middleware);

  std::size_t clients_count() const noexcept;
  /// Counts the sessions of all engines of the server. Any thread.
  std::size_t clients_count_of_group() const noexcept;
  std::shared_ptr<Session> find(std::string_view sid) const;

  /// Calls `visit(Session&)` for every session that is in the table now; `visit` may close sessions.
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    for (const std::shared_ptr<Session>& session : snapshot()) visit(*session);
  }

  /// Tells health checks (`EngineOptions::health_path`) that the server is about to go.
  void announce_shutdown() noexcept;

  /// Refuses new sessions with 503 and asks the listener of each session to end it: `SessionListener::on_shutdown`.
  ///
  /// @param done  called in a later turn, when no session is left; dropped if the engine is destroyed first
  void shut_down(detail::UniqueFunction<void()> done);

  /// Closes every session at once (`forced_close`, unsent packets are discarded) and refuses new ones with 503.
  void close();

  /// Accepts sessions again after `close`.
  void reopen() noexcept;
  bool is_closed() const noexcept;
  /// Whether it has been announced that the server shuts down.
  bool is_draining() const noexcept;

 private:
  std::vector<std::shared_ptr<Session>> snapshot() const;

  std::shared_ptr<detail::EngineState> state_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/engine.ipp>
#endif
