// SPDX-License-Identifier: MIT
// The Socket.IO server: listens, owns the namespaces, and is the main namespace's front. Core layer.
#pragma once

#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/client.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/namespace.hpp>
#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/parent_namespace.hpp>
#include <socketio/core/remote_socket.hpp>
#include <socketio/core/room.hpp>
#include <socketio/core/run_loops.hpp>
#include <socketio/core/server_state.hpp>
#include <socketio/core/socket.hpp>
#include <socketio/engine/session_callbacks.hpp>
#include <socketio/engine/static_files.hpp>
#include <socketio/fwd.hpp>

#include <asio/async_result.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// A Socket.IO server (Socket.IO protocol 5 over Engine.IO protocol 4).
///
/// Everything that it shares with a namespace (`on`, `use`, `emit`, `to`, ...) means the main namespace, "/".
///
/// With ServerOptions::threads it runs on several threads: each has an event loop, and the clients that connect are
/// spread over them. A client stays on its thread: its handlers run there, one at a time. What is common to all, the
/// handlers of the server and of namespaces, middleware, and the functions among the options, may then be called on all
/// threads at the same time.
///
/// @tparam Config  a struct that names `Transport`, `Parser` and `SocketData` (the type of `socket.data()`)
/// @par Thread safety  The constructor, the destructor, `listen` and `run` belong to the thread that runs the event
/// loop
///                     (the first one, if there are several), or to any one thread while no loop runs; all other
///                     functions may be called from any thread, unless they say otherwise.
/// @par Lifetime       Destroying a server that has not been closed drops its clients without calling any handler. It
///                     must not be destroyed from inside a handler, nor while another thread runs it, uses it or one of
///                     its handles (`Socket`, `Namespace`, `Room`). Handles may outlive it, and do nothing then.
template <class Config>
class BasicServer : public detail::BroadcastVerbs<BasicServer<Config>, Config> {
 public:
  using Transport = typename Config::Transport;
  using TransportOptions = typename Transport::Options;
  using executor_type = typename Transport::executor_type;

  static_assert(socketio::Transport<Transport>,
                "socketio: Config::Transport does not model socketio::Transport (see engine/transport.hpp).");

  /// A server with an event loop of its own, or ServerOptions::threads of them; `run` runs them.
  ///
  /// @throws std::invalid_argument  naming every invalid option
  explicit BasicServer(ServerOptions options = {}, TransportOptions transport_options = {})
      : BasicServer(detail::checked(std::move(options)), nullptr, transport_options) {}

  /// A server on the program's own event loop, which exactly one thread runs.
  ///
  /// @param context  must outlive the server
  explicit BasicServer(asio::io_context& context, ServerOptions options = {}, TransportOptions transport_options = {})
      : BasicServer(detail::checked(std::move(options)), &context, transport_options) {}

  ~BasicServer() {
    state_.reset();
    for (const auto& context : own_contexts_) context->shutdown();
  }
  BasicServer(const BasicServer&) = delete;
  BasicServer& operator=(const BasicServer&) = delete;

  /// Accepts connections. Owner's thread only, or before `run`.
  ///
  /// @param port     0: any that is free
  /// @param address  of the interface: "127.0.0.1", "::1", "0.0.0.0"; empty: all of them, IPv6 and IPv4
  /// @return         the port
  /// @throws std::system_error  when the address cannot be bound; the text names it
  std::uint16_t listen(std::uint16_t port, const std::string& address = {}) { return state_->listen(port, address); }

  /// The same over TLS; on another port beside the plain one, if both are wanted.
  ///
  /// @param security  a Tls, see <socketio/tls.hpp>; or what else the transport protects connections with
  template <class Security>
  requires(!std::convertible_to<const Security&, std::string>) std::uint16_t
      listen(std::uint16_t port, const Security& security, const std::string& address = {}) {
    static_assert(SecurableTransport<Transport, Security>,
                  "socketio: listen takes a port and an address, or a port, a socketio::Tls and an address where "
                  "Config::Transport can listen with it; MemoryTransport cannot (see docs/tls.md).");
    return state_->listen(port, security, address);
  }

  /// Runs the event loop until `close` has ended everything. With ServerOptions::threads, the calling thread runs the
  /// first loop and others, which it starts and waits for, run the rest.
  ///
  /// An exception that leaves an event loop (handlers' do not; those of what the program has posted there do) ends them
  /// all, and leaves this function; so does std::system_error when a thread cannot be started.
  void run() {
    for (asio::io_context* const context : contexts_) context->restart();
    if (contexts_.size() == 1)
      context().run();
    else
      detail::LoopRun(contexts_, [this] { return state_->is_open(); }).run();  // open still: it was told to stop
  }

  /// Disconnects every client (reason: "server shutting down"; clients will try to reconnect), stops listening, and
  /// lets `run` return. The clients of the calling thread have gone when it returns. The server can listen again.
  void close() {
    for (std::size_t i = 0; i < contexts_.size(); ++i)
      on_shard(i, [generation = state_->generation()](State& state, auto& shard) { state.close(shard, generation); });
  }

  /// As above, and completes when every connection has ended: for programs whose event loop goes on.
  ///
  /// @param token  an Asio completion token for `void(std::error_code)`; the code is always zero. It needs the event
  ///               loops to run until then, and cannot be cancelled; if the server is destroyed first, it is dropped
  ///               without a call.
  template <class Token>
  auto close(Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [this](auto handler) {
          const auto shard = state_->shards().here();
          auto complete = std::make_shared<detail::UniqueFunction<void(std::error_code)>>(
              detail::make_completion<>(shard, {}, "close", std::move(handler)));
          const auto missing = std::make_shared<std::atomic<std::size_t>>(contexts_.size());
          for (std::size_t i = 0; i < contexts_.size(); ++i)
            on_shard(i, [shard, complete, missing, generation = state_->generation()](State& state, auto& closed) {
              state.close(closed, generation, [shard, complete, missing] {
                if (--*missing == 0) shard->post([complete] { (*complete)({}); });
              });
            });
        },
        token);
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

  /// As `Namespace::on`, `once` and `prepend` for the main namespace; and for "new_namespace", whose handler takes a
  /// `Namespace`.
  template <class... F>
  BasicServer& on(std::string_view event, F&&... handler) {
    add(event, {}, std::forward<F>(handler)...);
    return *this;
  }
  template <class... F>
  BasicServer& once(std::string_view event, F&&... handler) {
    add(event, {.once = true}, std::forward<F>(handler)...);
    return *this;
  }
  template <class... F>
  BasicServer& prepend(std::string_view event, F&&... handler) {
    add(event, {.first = true}, std::forward<F>(handler)...);
    return *this;
  }

  /// As `on`; what is returned takes this one handler away again.
  template <class... F>
  Listener add_listener(std::string_view event, F&&... handler) {
    const Registration how;
    add(event, how, std::forward<F>(handler)...);
    return how.listener;
  }
  BasicServer& remove_listener(std::string_view event, Listener listener) {
    if (event == new_namespace)
      state_->remove_new_namespace_handler(listener);
    else
      main_namespace().remove_listener(event, listener);
    return *this;
  }

  /// Removes all handlers of "connection", of "connect" or of "new_namespace", or of all three.
  BasicServer& off(std::string_view event) {
    if (event == new_namespace)
      state_->remove_new_namespace_handlers();
    else
      main_namespace().off(event);
    return *this;
  }
  BasicServer& remove_all_listeners() {
    main_namespace().remove_all_listeners();
    return off(new_namespace);
  }
  BasicServer& remove_all_listeners(std::string_view event) { return off(event); }

  /// Which of these events have handlers, and the handlers of one.
  std::vector<std::string> event_names() const {
    std::vector<std::string> names = main_namespace().event_names();
    if (has_listeners(new_namespace)) names.emplace_back(new_namespace);
    return names;
  }
  std::vector<Listener> listeners(std::string_view event) const {
    return event == new_namespace ? state_->new_namespace_listeners() : main_namespace().listeners(event);
  }
  bool has_listeners(std::string_view event) const { return !listeners(event).empty(); }

  /// As `Namespace::server_side_emit` for the main namespace.
  template <EventName E, class... Args>
  void server_side_emit(const E& event, Args&&... args) const {
    main_namespace().server_side_emit(event, std::forward<Args>(args)...);
  }

  /// As `Namespace::server_side_emit_with_ack` for the main namespace.
  template <class Result = Value, class... Args>
  auto server_side_emit_with_ack(std::string_view event, Args&&... args) const {
    return main_namespace().template server_side_emit_with_ack<Result>(event, std::forward<Args>(args)...);
  }
  template <TypedEvent E, class... Args>
  auto server_side_emit_with_ack(const E& event, Args&&... args) const {
    return main_namespace().server_side_emit_with_ack(event, std::forward<Args>(args)...);
  }

  /// As `Namespace::on_server_side` and its kin for the main namespace.
  template <EventName E, class... F>
  Listener on_server_side(const E& event, F&&... handler) {
    return main_namespace().on_server_side(event, std::forward<F>(handler)...);
  }
  template <EventName E, class... F>
  Listener once_server_side(const E& event, F&&... handler) {
    return main_namespace().once_server_side(event, std::forward<F>(handler)...);
  }
  template <EventName E>
  void off_server_side(const E& event, Listener listener) {
    main_namespace().off_server_side(event, listener);
  }
  template <EventName E>
  void off_server_side(const E& event) {
    main_namespace().off_server_side(event);
  }

  /// As `Namespace::use` for the main namespace.
  template <class... F>
  BasicServer& use(F&&... middleware) {
    main_namespace().use(std::forward<F>(middleware)...);
    return *this;
  }

  BasicRoom<Config> room(std::string name) { return main_namespace().room(std::move(name)); }
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }
  std::optional<BasicSocket<Config>> find_socket(std::string_view id) const { return main_namespace().find_socket(id); }

  /// Sets who hears of errors: exceptions from handlers, arguments that do not convert, packets that are malformed. By
  /// default exceptions, and the first argument error of each handler, are written to std::cerr.
  void on_error(ErrorHook hook) { state_->errors().set(std::move(hook)); }

  /// Sets who answers HTTP requests that are not Socket.IO's; by default they get an empty 404.
  void on_request(ExchangeHandler handler) {
    const auto shared = handler ? std::make_shared<const ExchangeHandler>(std::move(handler)) : nullptr;
    for (std::size_t i = 0; i < contexts_.size(); ++i)
      on_shard(i, [shared](State&, auto& shard) {
        ExchangeHandler mine;
        if (shared) mine = [shared](ExchangePtr exchange) { (*shared)(std::move(exchange)); };
        shard.engine_server().on_request(std::move(mine));
      });
  }

  /// Answers those requests with the files of a directory.
  void serve_directory(const std::string& directory) { on_request(StaticFiles(directory)); }

  /// The Engine.IO server below: its hooks, middleware and sessions.
  EngineGroup& engine() noexcept { return state_->engines(); }

  /// How many threads `run` uses, the calling one included.
  std::size_t thread_count() const noexcept { return contexts_.size(); }

  /// The executor of the calling thread, if that is one of the server's; else of the first. Any thread.
  executor_type get_executor() noexcept {
    return state_->server_shard(state_->shards().here()->index()).transport().get_executor();
  }

  // Those of the first thread.
  Transport& transport() noexcept { return state_->server_shard(0).transport(); }
  asio::io_context& context() noexcept { return *contexts_.front(); }

  const ServerOptions& options() const noexcept { return state_->options(); }

 private:
  friend class detail::BroadcastVerbs<BasicServer, Config>;

  using State = detail::ServerState<Config>;
  using Registration = typename State::Registration;

  static constexpr std::string_view new_namespace = "new_namespace";

  BasicServer(std::shared_ptr<const ServerOptions> options, asio::io_context* context,
              const TransportOptions& transport_options) {
    const std::size_t threads = options->thread_count();
    if (context != nullptr) {
      if (threads > 1)
        throw std::invalid_argument(
            "socketio::ServerOptions: threads: a server on an io_context of the program has one");
      contexts_.push_back(context);
    }
    if (threads > 1 && !ShardedTransport<Transport>)
      throw std::invalid_argument("socketio::ServerOptions: threads: this transport runs on one only");
    while (contexts_.size() < threads) {
      own_contexts_.push_back(std::make_unique<detail::OwnLoop>());
      contexts_.push_back(own_contexts_.back().get());
    }
    state_ = std::make_shared<State>(contexts_, std::move(options), transport_options);
  }

  template <class F>
  void add(std::string_view event, const Registration& how, F&& handler) {
    using Function = std::decay_t<F>;
    if constexpr (std::is_invocable_v<Function&, BasicSocket<Config>>) {
      main_namespace().add(event, how, std::forward<F>(handler));
    } else if constexpr (!std::is_invocable_v<Function&, BasicNamespace<Config>>) {
      static_assert(std::is_invocable_v<Function&, BasicNamespace<Config>>,
                    "socketio: a handler of the server is callable with a socketio::Socket (\"connection\") or with a "
                    "socketio::Namespace (\"new_namespace\"). Clients' events are listened to on their sockets, those "
                    "of other servers with on_server_side.");
    } else {
      static_assert(!detail::is_awaitable<std::invoke_result_t<Function&, BasicNamespace<Config>>>,
                    "socketio: a \"new_namespace\" handler cannot be a coroutine: it sets up the namespace before the "
                    "first client connects.");
      if (event != new_namespace)
        throw std::invalid_argument("a handler that takes a Namespace is for \"new_namespace\", not for \"" +
                                    std::string(event) + '"');
      state_->add_new_namespace_handler(
          [function = Function(std::forward<F>(handler))](const auto& nsp) mutable {
            try {
              function(BasicNamespace<Config>(nsp));
            } catch (...) {
              nsp->shards().here()->report_current_exception(nsp->name(), {}, new_namespace);
            }
          },
          how);
    }
  }
  template <class Member, class Object>
  void add(std::string_view event, const Registration& how, Member member, Object&& object) {
    add(event, how, detail::bind_member(member, std::forward<Object>(object)));
  }

  /// What is posted may run when the server is gone: then it does nothing.
  template <class F>
  void on_shard(std::size_t index, F action) {
    state_->shards()[index]->dispatch([weak = std::weak_ptr(state_), index, action = std::move(action)]() mutable {
      if (const auto state = weak.lock()) action(*state, state->server_shard(index));
    });
  }

  BasicNamespace<Config> main_namespace() const { return BasicNamespace<Config>(state_->main_namespace()); }
  BasicBroadcastOperator<Config> selection() const { return {state_->main_namespace(), BroadcastOptions{}}; }

  std::vector<std::unique_ptr<detail::OwnLoop>> own_contexts_;  // destroyed last: suspended coroutines hold handles
  std::vector<asio::io_context*> contexts_;                     // one for each thread
  std::shared_ptr<State> state_;
};

}  // namespace socketio
