// SPDX-License-Identifier: MIT
// The Socket.IO server: listens, owns the namespaces, and stands for the main namespace.
#pragma once

#include <socketio/broadcast_operator.hpp>
#include <socketio/client.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/connection_events.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/loop_watch.hpp>
#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/run_loops.hpp>
#include <socketio/core/server_state.hpp>
#include <socketio/core/timed_calls.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/engine/any_transport.hpp>
#include <socketio/engine/session_callbacks.hpp>
#include <socketio/engine/static_files.hpp>
#include <socketio/fwd.hpp>
#include <socketio/listener.hpp>
#include <socketio/namespace.hpp>
#include <socketio/parent_namespace.hpp>
#include <socketio/protocol/value_writer.hpp>
#include <socketio/remote_socket.hpp>
#include <socketio/room.hpp>
#include <socketio/socket.hpp>

#include <asio/async_result.hpp>
#include <asio/io_context.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
/// spread over them. A client stays on its thread: its handlers run there, one at a time. Handlers of the server and of
/// namespaces, middleware, and the functions among the options may then be called on all threads at the same time.
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
class BasicServer : public detail::BroadcastVerbs<BasicServer<Config>, Config>,
                    public detail::ConnectionVerbs<BasicServer<Config>, Config>,
                    public detail::TimerVerbs<BasicServer<Config>> {
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
      : BasicServer(nullptr, detail::checked(std::move(options)), transport_options) {}

  /// A server on the program's own event loop, which exactly one thread runs.
  ///
  /// @param context  must outlive the server
  explicit BasicServer(asio::io_context& context, ServerOptions options = {}, TransportOptions transport_options = {})
      : BasicServer(&context, detail::checked(std::move(options)), transport_options) {}

  ~BasicServer() {
    state_.reset();
    loops_.shutdown();
  }
  BasicServer(const BasicServer&) = delete;
  BasicServer& operator=(const BasicServer&) = delete;

  /// Accepts connections. Owner's thread only, or before `run`.
  ///
  /// @param port     0: any that is free
  /// @param address  of the interface: "127.0.0.1", "::1", "0.0.0.0"; empty: all of them, IPv6 and IPv4
  /// @return         the port
  /// @throws std::system_error  when the address cannot be bound; the text names it. With
  ///                            ServerOptions::blocked_call_limit also when the thread of the watcher cannot be started
  std::uint16_t listen(std::uint16_t port, const std::string& address = {}) {
    return state_->listen([&](AnyTransport& transport) { return transport.listen(port, address); });
  }

  /// The same over TLS; on another port beside the plain one, if both are wanted.
  ///
  /// @param security  a Tls, see <socketio/tls.hpp>; or another object with which the transport protects connections
  template <class Security>
  requires(!std::convertible_to<const Security&, std::string>) std::uint16_t
      listen(std::uint16_t port, const Security& security, const std::string& address = {}) {
    static_assert(SecurableTransport<Transport, Security>,
                  "socketio: listen takes a port and an address, or a port, a socketio::Tls and an address where "
                  "Config::Transport can listen with it; MemoryTransport cannot (see docs/tls.md).");
    return state_->listen([&](AnyTransport&) { return transport().listen(port, security, address); });
  }

  /// Accepts connections on a Unix socket: see UnixSocket. Its clients have no address, so that limits per address do
  /// not hold for them.
  ///
  /// @throws std::system_error  when the path cannot be bound; the text names it
  template <class T = Transport>
  void listen(const UnixSocket& where) {
    static_assert(
        requires(T to) { to.listen(where); }, "socketio: Config::Transport has no Unix sockets.");
    state_->listen([&](AnyTransport&) { return transport().listen(where), std::uint16_t{0}; });
  }

  /// Accepts connections on a socket that listens already: one of systemd's, or of an earlier process.
  ///
  /// @return  its port; 0 if it is a Unix socket
  /// @throws std::system_error
  template <class T = Transport>
  std::uint16_t listen(const ListeningSocket& socket) {
    static_assert(
        requires(T to) { to.listen(socket); }, "socketio: Config::Transport has no sockets.");
    return state_->listen([&](AnyTransport&) { return transport().listen(socket); });
  }

  /// The same two over TLS.
  template <class Where, class Security>
  requires std::same_as<Where, UnixSocket> || std::same_as<Where, ListeningSocket>
  void listen(const Where& where, const Security& security) {
    static_assert(
        requires(Transport to) { to.listen(where, security); },
        "socketio: Config::Transport cannot listen there with TLS (see docs/tls.md).");
    state_->listen([&](AnyTransport&) { return transport().listen(where, security), std::uint16_t{0}; });
  }

  /// Runs the event loop until `close` or `shutdown` has ended everything. With ServerOptions::threads, the calling
  /// thread runs the first loop and others, which it starts and waits for, run the rest.
  ///
  /// An exception that leaves an event loop ends all loops, and leaves this function: handlers' exceptions do not,
  /// those of tasks that the program has posted there do. So does std::system_error when a thread cannot be started.
  void run() {
    loops_.run([this] { return state_->is_open(); });
  }

  /// Disconnects every client (reason: "server shutting down"; clients will try to reconnect), stops listening, and
  /// lets `run` return. The clients of the calling thread have gone when it returns. The server can listen again.
  void close() { state_->close(); }

  /// As above, and completes when every connection has ended: for programs whose event loop goes on.
  ///
  /// @param token  an Asio completion token for `void(std::error_code)`; the code is always zero. It needs the event
  ///               loops to run until then, and cannot be cancelled; if the server is destroyed first, it is dropped
  ///               without a call.
  template <class Token>
  auto close(Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [this](auto handler) {
          state_->close([complete = detail::make_completion<>({state_->shards().here(), {}, {}, "close"},
                                                              std::move(handler))]() mutable { complete({}); });
        },
        token);
  }

  /// Ends the server without losing what its clients have sent it. Any thread, also from a handler.
  ///
  /// 1. The health check says "draining". For ServerOptions::shutdown_notice nothing else changes.
  /// 2. The server refuses new clients with 503 and takes no more events. Where another process has the listening
  /// socket
  ///    too, it stops listening: clients connect to that one. What a handler has taken it finishes: coroutines run on,
  ///    and what they return, or what an Ack is called with, is sent.
  /// 3. Each connection ends as soon as its client has got all that is owed to it. The client sees "transport close",
  /// and
  ///    will try to reconnect; the server sees "server shutting down".
  /// 4. When no client is left and no coroutine runs, or at the deadline, the server closes. `run` returns, also if
  ///    something is left in the server's own event loops at the deadline.
  ///
  /// A call during a shutdown joins it; the earliest deadline counts. `listen` throws std::logic_error until the end.
  ///
  /// @param deadline  from now
  void shutdown(std::chrono::milliseconds deadline = std::chrono::seconds(10)) { state_->shut_down(deadline, nullptr); }

  /// As above, and completes at the end.
  ///
  /// @param token  an Asio completion token for `void(std::error_code)`: Errc::timed_out if the deadline has ended
  ///               something. As for `close`, it needs the event loops to run until then.
  template <class Token>
  auto shutdown(std::chrono::milliseconds deadline, Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [this, deadline](auto handler) {
          state_->shut_down(
              deadline,
              [complete = detail::make_completion<>({state_->shards().here(), {}, {}, "shutdown"}, std::move(handler))](
                  bool in_time) mutable { complete(in_time ? std::error_code() : make_error_code(Errc::timed_out)); });
        },
        token);
  }

  /// Calls `shutdown` at a signal. The next signal ends everything at once. When the server has closed, the signals do
  /// what they do by default. Owner's thread only, or before `run`.
  ///
  /// @throws std::system_error  if the operating system has no such signal
  void shutdown_on_signals(std::chrono::milliseconds deadline = std::chrono::seconds(10),
                           const std::vector<int>& numbers = {SIGINT, SIGTERM}) {
    state_->shut_down_on_signals(deadline, numbers);
  }

  /// Whether `shutdown` was called and has not completed: for handlers that run as long as their client is there. Any
  /// thread.
  bool is_shutting_down() const noexcept { return state_->is_shutting_down(); }

  /// The namespace of that name; made if there is none yet. "admin" and "/admin" are the same. If a regular expression
  /// given to `of` is found in the name, the new namespace is a child of that parent.
  BasicNamespace<Config> of(std::string_view name) { return BasicNamespace<Config>(state_->of(name)); }

  /// As above, with a `connect` handler.
  template <class Handler>
  BasicNamespace<Config> of(std::string_view name, Handler&& connect) {
    return with_handler(of(name), std::forward<Handler>(connect));
  }

  /// The parent of all namespaces whose names have this pattern in them (write "^...$" for the whole name). They come
  /// into being when clients ask for them.
  ///
  /// Names longer than ServerOptions::max_matched_name_bytes match no pattern. Where a name matches several parents,
  /// the one registered first takes it.
  ///
  /// @param pattern  a std::regex
  template <detail::RegularExpression R>
  BasicParentNamespace<Config> of(R&& pattern) {
    return BasicParentNamespace<Config>(state_->of_pattern(detail::make_namespace_pattern(std::forward<R>(pattern))));
  }
  template <detail::RegularExpression R, class Handler>
  BasicParentNamespace<Config> of(R&& pattern, Handler&& connect) {
    return with_handler(of(std::forward<R>(pattern)), std::forward<Handler>(connect));
  }

  /// The parent of all namespaces that a function accepts, which is asked when a client wants to connect to a namespace
  /// that is not there.
  ///
  /// It gets the name and the client's credentials. Three forms: `[](const std::string& name, const Value& auth)`
  /// returns whether it accepts; with a third parameter `NamespaceNext next` it calls `next(true)` or `next(false)`, at
  /// once or later; either of them may be a coroutine. A refusal, also by throwing ConnectError, asks the parent
  /// registered next; after the last one the client gets "Invalid namespace". Any other exception goes to the error
  /// hook, and refuses. Accepting a namespace accepts it for every client: use a middleware to decide which clients may
  /// connect.
  template <detail::NamespaceFunction F>
  BasicParentNamespace<Config> of(F&& accepts) {
    static_assert(detail::AsynchronousMatcher<F> || detail::DirectMatcher<F>,
                  "socketio: a function that accepts namespaces is callable as f(const std::string& name, const Value& "
                  "auth) returning bool or asio::awaitable<bool>, or as f(name, auth, NamespaceNext).");
    return BasicParentNamespace<Config>(state_->of_function(
        [&](const std::string& parent) { return detail::make_namespace_matcher(std::forward<F>(accepts), parent); }));
  }
  template <detail::NamespaceFunction F, class Handler>
  BasicParentNamespace<Config> of(F&& accepts, Handler&& connect) {
    return with_handler(of(std::forward<F>(accepts)), std::forward<Handler>(connect));
  }

  /// As `Namespace::server_side_emit` for the main namespace.
  template <EventName E, class... Args>
  void server_side_emit(const E& event, Args&&... args) const {
    main_namespace().server_side_emit(event, std::forward<Args>(args)...);
  }

  /// As `Namespace::server_side_emit_with_ack` for the main namespace.
  template <class Result = Value, EventName E, class... Args>
  auto server_side_emit_with_ack(const E& event, Args&&... args) const {
    return main_namespace().template server_side_emit_with_ack<Result>(event, std::forward<Args>(args)...);
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

  BasicRoom<Config> room(std::string name) { return main_namespace().room(std::move(name)); }
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }
  std::optional<BasicSocket<Config>> find_socket(std::string_view id) const { return main_namespace().find_socket(id); }

  /// Sets the function that is called for errors: exceptions from handlers, arguments that do not convert, packets that
  /// are malformed. By default exceptions, and the first argument error of each handler, are written to std::cerr.
  void on_error(ErrorHook hook) { state_->errors().set(std::move(hook)); }

  /// How often ServerOptions::rate_limits have not let something through. Any thread.
  RateLimitCounts rate_limit_counts() const noexcept { return state_->rate_limit_counts(); }

  /// Sets the function that is called when a function of the program has kept a thread of the server busy for longer
  /// than ServerOptions::blocked_call_limit: while it still does, and again when it has ended. By default both are
  /// written to std::cerr.
  ///
  /// Watched are handlers of events (also "disconnect"), of connections and of rooms, middleware, timers, and the
  /// callbacks of acknowledgements; a coroutine until it waits for the first time. Does nothing if the limit is 0.
  ///
  /// @param hook  called on a thread of its own, one call at a time, until the server is destroyed; it must not destroy
  ///              it. While it runs, nothing else is reported
  void on_blocked_call(BlockedCallHook hook) {
    if (state_->watcher() != nullptr) state_->watcher()->set_hook(std::move(hook));
  }

  /// How many calls have been reported in this way; 0 if nothing is watched.
  std::uint64_t blocked_calls() const noexcept { return state_->watcher() ? state_->watcher()->count() : 0; }

  /// Sets the handler of HTTP requests outside ServerOptions::path, in the place of an earlier handler or directory;
  /// null for none. Without a handler they get an empty 404.
  void on_request(ExchangeHandler handler) { state_->on_request(std::move(handler)); }

  /// Answers those requests with the files of a directory, in the place of an earlier handler or directory.
  void serve_directory(const std::string& directory) { on_request(StaticFiles(directory)); }

  /// The Engine.IO server below: its hooks, middleware and sessions.
  EngineGroup& engine() noexcept { return state_->engines(); }

  /// How many threads `run` uses, the calling one included.
  std::size_t thread_count() const noexcept { return loops_.size(); }

  /// The executor of the calling thread, if that is one of the server's; else of the first. Any thread.
  executor_type get_executor() noexcept { return transport_of(state_->shards().here()->index()).get_executor(); }

  // Those of the first thread.
  Transport& transport() noexcept { return transport_of(0); }
  asio::io_context& context() noexcept { return loops_[0]; }

  const ServerOptions& options() const noexcept { return state_->options(); }

 private:
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  friend class detail::ConnectionVerbs<BasicServer, Config>;
  friend class detail::TimerVerbs<BasicServer>;

  using ForConnections = detail::ConnectionVerbs<BasicServer, Config>;

  static constexpr std::string_view new_namespace = "new_namespace";
  static constexpr std::array<const char*, 3> events{"connect", "connection", "new_namespace"};

  BasicServer(asio::io_context* context, std::shared_ptr<const ServerOptions> options,
              const TransportOptions& transport_options)
      : loops_(context, options->thread_count()) {
    if (context != nullptr && options->thread_count() > 1)
      throw std::invalid_argument("socketio::ServerOptions: threads: a server on an io_context of the program has one");
    if (loops_.size() > 1 && !ShardedTransport<Transport>)
      throw std::invalid_argument("socketio::ServerOptions: threads: this transport runs on one only");
    state_ = std::make_shared<detail::ServerState>(
        std::move(options), detail::ServerParts{&make_codec, data_type(), make_transports(transport_options)});
    state_->on_closed([&loops = loops_] { loops.handle_closed(); });
    state_->on_cut_short([this] { loops_.stop(); });
  }

  static std::unique_ptr<detail::PacketCodec> make_codec(const ParserLimits& limits) {
    return std::make_unique<detail::PacketCodecOf<typename Config::Parser>>(limits);
  }

  template <class Data>
  static std::shared_ptr<void> make_data() {
    // An empty object, as in JavaScript.
    if constexpr (std::is_same_v<Data, Value>)
      return std::make_shared<Value>(Value::Object{});
    else
      return std::make_shared<Data>();
  }

  static detail::SocketDataType data_type() {
    using Data = typename Config::SocketData;
    detail::SocketDataType type{&make_data<Data>, nullptr, {}, [](const void*) { return sizeof(Data); }};
    if constexpr (std::is_same_v<Data, Value>) {
      type.unused = Value(Value::Object{});
      type.bytes = [](const void* data) { return detail::memory_of(*static_cast<const Value*>(data)); };
    }
    if constexpr (Writable<Data>)
      type.to_value = [](const void* data) -> Value {
        ValueWriter writer;
        write_value(writer, *static_cast<const Data*>(data));
        return std::move(writer.take().front());
      };
    return type;
  }

  std::vector<detail::ShardTransport> make_transports(const TransportOptions& options) {
    std::vector<detail::ShardTransport> made;
    std::vector<Transport*> linked;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      auto owned = std::make_unique<OwnedTransport<Transport>>(loops_[i], options);
      linked.push_back(&owned->get());
      if constexpr (std::is_same_v<executor_type, asio::io_context::executor_type>)
        made.push_back({std::move(owned), detail::any_executor(linked.back()->get_executor())});
      else
        made.push_back({std::move(owned), linked.back()->get_executor()});
    }
    if constexpr (ShardedTransport<Transport>)
      if (linked.size() > 1) Transport::link(linked);
    return made;
  }

  Transport& transport_of(std::size_t index) noexcept {
    return static_cast<TransportRef<Transport>&>(state_->server_shard(index).transport()).get();
  }

  template <class Nsp, class Handler>
  static Nsp with_handler(Nsp nsp, Handler&& connect) {
    nsp.on("connect", std::forward<Handler>(connect));
    return nsp;
  }

  // The event "new_namespace" beside those of the main namespace: its handlers take a `Namespace`.

  /// Whether a handler is one of "connection". A function with an `auto` parameter is taken for one, unless the name is
  /// a literal that says otherwise: it must not be asked about a Namespace, for which it may not compile.
  template <class E, class Function>
  static constexpr bool is_for_connections() {
    if constexpr (detail::literal_length<E> == new_namespace.size())
      return false;
    else
      return std::is_invocable_v<Function&, BasicSocket<Config>>;
  }
  template <class E, class Function>
  static constexpr bool is_for_namespaces() {
    if constexpr (detail::literal_length<E> == new_namespace.size() || detail::literal_length<E> == std::string::npos)
      return std::is_invocable_v<Function&, BasicNamespace<Config>>;
    else
      return false;
  }

  using ForConnections::add_handler;
  template <class E, class F>
  Listener add_handler(const E& event, const detail::Registration& how, F&& handler) const {
    using Function = std::decay_t<F>;
    if constexpr (is_for_connections<E, Function>()) {
      require_not_new_namespace(event);
      return ForConnections::add_handler(event, how, std::forward<F>(handler));
    } else if constexpr (!is_for_namespaces<E, Function>()) {
      static_assert(!std::is_same_v<Function, Function>,
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
    return how.listener;
  }
  static void require_not_new_namespace(std::string_view event) {
    if (event == new_namespace)
      throw std::invalid_argument("a handler of \"new_namespace\" takes a socketio::Namespace, not a Socket");
  }
  void remove_handlers(std::string_view event, std::optional<Listener> listener) const {
    if (event == new_namespace)
      state_->remove_new_namespace_handlers(listener);
    else
      ForConnections::remove_handlers(event, listener);
  }
  std::vector<Listener> handlers_of(std::string_view event) const {
    return event == new_namespace ? state_->new_namespace_listeners() : ForConnections::handlers_of(event);
  }

  detail::NamespaceSetup& setup() const noexcept { return state_->main_namespace()->setup(); }
  BasicNamespace<Config> main_namespace() const { return BasicNamespace<Config>(state_->main_namespace()); }
  BasicBroadcastOperator<Config> selection() const { return {state_->main_namespace(), BroadcastOptions{}}; }
  std::shared_ptr<detail::Shard> timer_shard() const { return state_->shards().home(); }
  void start_timer(detail::TimedCallPtr timer) const { state_->main_namespace()->start_timer(std::move(timer)); }

  detail::EventLoops loops_;  // destroyed last: suspended coroutines hold handles
  std::shared_ptr<detail::ServerState> state_;
};

}  // namespace socketio
