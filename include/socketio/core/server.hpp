// SPDX-License-Identifier: MIT
// The Socket.IO server: listens, owns the namespaces, and is the main namespace's front. Core layer.
#pragma once

#include <socketio/core/client.hpp>
#include <socketio/core/namespace.hpp>
#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/parent_namespace.hpp>
#include <socketio/core/room.hpp>
#include <socketio/core/server_state.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/engine/session_callbacks.hpp>
#include <socketio/engine/static_files.hpp>
#include <socketio/fwd.hpp>

#include <asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// A Socket.IO server (Socket.IO protocol 5 over Engine.IO protocol 4).
///
/// Everything that it shares with a namespace (`on`, `use`, `emit`, `to`, ...) means the main namespace, "/".
///
/// @tparam Config  a struct that names `Transport`, `Parser` and `SocketData` (the type of `socket.data()`)
/// @par Thread safety  The constructor, the destructor, `listen` and `run` belong to the thread that runs the event
/// loop,
///                     or to any one thread while the loop does not run; all other functions may be called from any
///                     thread, unless they say otherwise. Handlers run on the thread that runs the event loop.
/// @par Lifetime       Destroying a server that has not been closed drops its clients without calling any handler. It
///                     must not be destroyed from inside a handler, nor while another thread uses it or one of its
///                     handles (`Socket`, `Namespace`, `Room`). Handles may outlive it, and do nothing then.
template <class Config>
class BasicServer : public detail::BroadcastVerbs<BasicServer<Config>, Config> {
 public:
  using Transport = typename Config::Transport;
  using TransportOptions = typename Transport::Options;
  using executor_type = typename Transport::executor_type;

  static_assert(socketio::Transport<Transport>,
                "socketio: Config::Transport does not model socketio::Transport (see engine/transport.hpp).");

  /// A server with an event loop of its own; `run` runs it.
  ///
  /// @throws std::invalid_argument  naming every invalid option
  explicit BasicServer(ServerOptions options = {}, TransportOptions transport_options = {})
      : own_context_(std::make_unique<asio::io_context>(1)), context_(*own_context_) {
    state_ = std::make_shared<State>(context_, std::move(options), std::move(transport_options));
  }

  /// A server on the program's own event loop, which exactly one thread runs.
  ///
  /// @param context  must outlive the server
  explicit BasicServer(asio::io_context& context, ServerOptions options = {}, TransportOptions transport_options = {})
      : context_(context), state_(std::make_shared<State>(context, std::move(options), std::move(transport_options))) {}

  BasicServer(const BasicServer&) = delete;
  BasicServer& operator=(const BasicServer&) = delete;

  /// Accepts connections. Owner's thread only, or before `run`.
  ///
  /// @param port     0: any that is free
  /// @param address  of the interface: "127.0.0.1", "::1", "0.0.0.0"; empty: all of them, IPv6 and IPv4
  /// @return         the port
  /// @throws std::system_error  when the address cannot be bound; the text names it
  std::uint16_t listen(std::uint16_t port, const std::string& address = {}) {
    const std::uint16_t bound = state_->engine_server().listen(port, address);
    state_->opened();
    return bound;
  }

  /// Runs the event loop until `close` has ended everything.
  void run() {
    context_.restart();
    context_.run();
  }

  /// Disconnects every client (reason: "server shutting down"; clients will try to reconnect), stops listening, and
  /// lets `run` return. On the owner's thread the clients have gone when it returns. The server can listen again.
  void close() {
    on_owner([generation = state_->generation()](State& state) { state.close(generation); });
  }

  /// The namespace of that name; made if there is none yet. "admin" and "/admin" are the same. If a regular expression
  /// given to `of` is found in the name, the new namespace is a child of that parent.
  BasicNamespace<Config> of(std::string_view name) { return BasicNamespace<Config>(state_->of(name)); }

  /// As above, with a `connect` handler.
  template <class Handler>
  BasicNamespace<Config> of(std::string_view name, Handler&& connect) {
    return of(name).on("connect", std::forward<Handler>(connect));
  }

  /// The parent of all namespaces whose names have this pattern in them (write "^...$" for the whole name). They come
  /// into being when clients ask for them.
  ///
  /// Names longer than ServerOptions::max_matched_name_bytes match no pattern. Where a name matches several parents,
  /// the one registered first takes it.
  BasicParentNamespace<Config> of(std::regex pattern) {
    return BasicParentNamespace<Config>(state_->of_pattern(std::move(pattern)));
  }
  template <class Handler>
  BasicParentNamespace<Config> of(std::regex pattern, Handler&& connect) {
    return of(std::move(pattern)).on("connect", std::forward<Handler>(connect));
  }

  /// The parent of all namespaces that a function accepts, which is asked when a client wants to connect to a namespace
  /// that is not there.
  ///
  /// It gets the name and the client's credentials. Three forms: `[](const std::string& name, const Value& auth)`
  /// returns whether it accepts; with a third parameter `NamespaceNext next` it calls `next(true)` or `next(false)`, at
  /// once or later; either of them may be a coroutine. A refusal, also by throwing ConnectError, asks the parent
  /// registered next; after the last one the client gets "Invalid namespace". Any other exception goes to the error
  /// hook, and refuses. Once a namespace is there it is there for all: who may connect to it is for a middleware to
  /// say.
  template <detail::NamespaceFunction F>
  BasicParentNamespace<Config> of(F&& accepts) {
    static_assert(detail::AsynchronousMatcher<F> || detail::DirectMatcher<F>,
                  "socketio: a function that accepts namespaces is callable as f(const std::string& name, const Value& "
                  "auth) returning bool or asio::awaitable<bool>, or as f(name, auth, NamespaceNext).");
    return BasicParentNamespace<Config>(state_->of_function(std::forward<F>(accepts)));
  }
  template <detail::NamespaceFunction F, class Handler>
  BasicParentNamespace<Config> of(F&& accepts, Handler&& connect) {
    return of(std::forward<F>(accepts)).on("connect", std::forward<Handler>(connect));
  }

  /// As `Namespace::on` for the main namespace; and "new_namespace", whose handler takes a `Namespace`.
  template <class F>
  BasicServer& on(std::string_view event, F&& handler) {
    using Function = std::decay_t<F>;
    if constexpr (std::is_invocable_v<Function&, BasicSocket<Config>>) {
      main_namespace().on(event, std::forward<F>(handler));
    } else if constexpr (!std::is_invocable_v<Function&, BasicNamespace<Config>>) {
      static_assert(std::is_invocable_v<Function&, BasicNamespace<Config>>,
                    "socketio: a handler of the server is callable with a socketio::Socket (\"connection\") or with a "
                    "socketio::Namespace (\"new_namespace\").");
    } else {
      static_assert(!detail::is_awaitable<std::invoke_result_t<Function&, BasicNamespace<Config>>>,
                    "socketio: a \"new_namespace\" handler cannot be a coroutine: it sets up the namespace before the "
                    "first client connects.");
      if (event != "new_namespace")
        throw std::invalid_argument("a handler that takes a Namespace is for \"new_namespace\", not for \"" +
                                    std::string(event) + '"');
      on_owner([function = Function(std::forward<F>(handler))](State& state) mutable {
        state.add_new_namespace_handler(
            [function = std::move(function), &shard = state.shard()](const auto& nsp) mutable {
              try {
                function(BasicNamespace<Config>(nsp));
              } catch (...) {
                shard.report_current_exception(nsp->name(), {}, "new_namespace");
              }
            });
      });
    }
    return *this;
  }

  /// As `Namespace::once`, `off` and `remove_all_listeners` for the main namespace; "new_namespace" is removed with its
  /// server.
  template <class F>
  BasicServer& once(std::string_view event, F&& handler) {
    main_namespace().once(event, std::forward<F>(handler));
    return *this;
  }
  BasicServer& off(std::string_view event) {
    main_namespace().off(event);
    return *this;
  }
  BasicServer& remove_all_listeners() {
    main_namespace().remove_all_listeners();
    return *this;
  }
  BasicServer& remove_all_listeners(std::string_view event) { return off(event); }

  /// As `Namespace::server_side_emit` for the main namespace.
  template <EventName E, class... Args>
  void server_side_emit(const E& event, Args&&... args) const {
    main_namespace().server_side_emit(event, std::forward<Args>(args)...);
  }

  /// As `Namespace::use` for the main namespace.
  template <class F>
  BasicServer& use(F&& middleware) {
    main_namespace().use(std::forward<F>(middleware));
    return *this;
  }

  BasicRoom<Config> room(std::string name) { return main_namespace().room(std::move(name)); }
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }

  /// Sets who hears of errors: exceptions from handlers, arguments that do not convert, packets that are malformed. By
  /// default exceptions, and the first argument error of each handler, are written to std::cerr.
  void on_error(ErrorHook hook) {
    on_owner([hook = std::move(hook)](State& state) mutable { state.shard().set_error_hook(std::move(hook)); });
  }

  /// Sets who answers HTTP requests that are not Socket.IO's; by default they get an empty 404.
  void on_request(ExchangeHandler handler) {
    on_owner(
        [handler = std::move(handler)](State& state) mutable { state.engine_server().on_request(std::move(handler)); });
  }

  /// Answers those requests with the files of a directory.
  void serve_directory(const std::string& directory) { on_request(StaticFiles(directory)); }

  /// The Engine.IO server below: its hooks, middleware and sessions. Owner's thread only, or before `run`.
  Engine& engine() noexcept { return state_->engine(); }

  Transport& transport() noexcept { return state_->transport(); }
  asio::io_context& context() noexcept { return context_; }
  executor_type get_executor() noexcept { return state_->transport().get_executor(); }
  const ServerOptions& options() const noexcept { return state_->options(); }

 private:
  friend class detail::BroadcastVerbs<BasicServer, Config>;

  using State = detail::ServerState<Config>;

  /// What is posted may run when the server is gone: then it does nothing.
  template <class F>
  void on_owner(F action) {
    state_->shard().dispatch([weak = std::weak_ptr(state_), action = std::move(action)]() mutable {
      if (const auto state = weak.lock()) action(*state);
    });
  }

  BasicNamespace<Config> main_namespace() const { return BasicNamespace<Config>(state_->main_namespace()); }
  BasicBroadcastOperator<Config> selection() const { return {state_->main_namespace(), BroadcastOptions{}}; }

  std::unique_ptr<asio::io_context> own_context_;  // destroyed last: suspended coroutines hold handles
  asio::io_context& context_;
  std::shared_ptr<State> state_;
};

}  // namespace socketio
