// SPDX-License-Identifier: MIT
// The state behind a server: its namespaces, and an engine on a transport for each of its threads. Core layer.
#pragma once

#include <socketio/core/loop_watch.hpp>
#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/packet_codec.hpp>
#include <socketio/core/parent_namespace_state.hpp>
#include <socketio/core/server_context.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/core/shutdown.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/any_transport.hpp>
#include <socketio/engine/engine_group.hpp>
#include <socketio/engine/engine_server.hpp>
#include <socketio/engine/session_directory.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/value.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// @throws std::invalid_argument  naming every invalid option
SOCKETIO_DECL std::shared_ptr<const ServerOptions> checked(ServerOptions options);

class ServerState;

/// A transport, and the executor of the thread that it lives on.
struct ShardTransport {
  std::unique_ptr<AnyTransport> transport;
  asio::any_io_executor executor;
};

/// The choices of a Config as objects.
struct ServerParts {
  std::unique_ptr<PacketCodec> (*make_codec)(const ParserLimits&);
  SocketDataType data_type;
  std::vector<ShardTransport> transports;  // one for each thread
};

/// One thread of a server: its transport, its engine, and the sessions that live there.
///
/// @par Thread safety  The shard's thread only, except what is marked otherwise.
class ServerShard {
 public:
  SOCKETIO_DECL ServerShard(ServerState& server, ShardTransport transport, std::unique_ptr<PacketCodec> codec,
                            const ServerOptions& options, std::shared_ptr<ErrorSink> errors,
                            std::shared_ptr<SessionDirectory> sessions, std::size_t index,
                            std::shared_ptr<LoopWatcher> watcher);
  ServerShard(const ServerShard&) = delete;
  ServerShard& operator=(const ServerShard&) = delete;

  // Any thread.
  std::size_t index() const noexcept { return shard_->index(); }
  const std::shared_ptr<Shard>& shard() const noexcept { return shard_; }

  ServerState& server() const noexcept { return server_; }
  AnyTransport& transport() noexcept { return *transport_; }
  Engine& engine() noexcept { return engine_server_.engine(); }
  EngineServer& engine_server() noexcept { return engine_server_; }
  PacketCodec& codec() noexcept { return *codec_; }

  /// Calls `done` in a later turn, when the transport has no connection any more, or is opened again.
  SOCKETIO_DECL void when_without_connections(UniqueFunction<void()> done);

  /// Opens this shard for a generation of the server: see `ServerState::close`.
  SOCKETIO_DECL void open(std::uint64_t generation);
  std::uint64_t generation() const noexcept { return generation_; }

  /// Takes no more clients and events, and ends each connection as soon as nothing is owed to its client.
  ///
  /// @param done  called in a later turn, when no session is left and no coroutine runs
  SOCKETIO_DECL void shut_down(UniqueFunction<void()> done);
  bool is_draining() const noexcept { return is_draining_; }

 private:
  void end_waiting();

  ServerState& server_;
  std::unique_ptr<AnyTransport> transport_;
  std::vector<UniqueFunction<void()>> waiting_for_end_;
  std::shared_ptr<Shard> shard_;
  std::unique_ptr<PacketCodec> codec_;
  std::uint64_t generation_ = 0;
  bool is_draining_ = false;
  EngineServer engine_server_;
};

/// @par Thread safety  Any thread, except what is marked otherwise.
class ServerState : public std::enable_shared_from_this<ServerState> {
 public:
  using NamespacePtr = std::shared_ptr<NamespaceState>;
  using ParentPtr = std::shared_ptr<ParentNamespaceState>;
  using NamespaceHandler = UniqueFunction<void(const NamespacePtr&)>;

  SOCKETIO_DECL ServerState(std::shared_ptr<const ServerOptions> options, ServerParts parts);
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  /// Ends without a call of the users' handlers: what they refer to may be gone already. The engines end the
  /// connections after this, and they abandon their sockets because the shards are closed.
  SOCKETIO_DECL ~ServerState();

  std::uint64_t generation() const noexcept { return generation_; }
  const ServerOptions& options() const noexcept { return *context_->options; }
  const ShardGroup& shards() const noexcept { return *context_->shards; }
  ErrorSink& errors() noexcept { return *errors_; }
  EngineGroup& engines() noexcept { return engines_; }
  /// Null if the calls of the program's functions are not watched.
  LoopWatcher* watcher() const noexcept { return watcher_.get(); }
  ServerShard& server_shard(std::size_t index) const noexcept { return *server_shards_[index]; }

  /// Whether it listens, or has been told to and not been closed since.
  bool is_open() const noexcept { return has_opened_ && !*is_closed_; }

  /// On the first shard, or while none runs.
  ///
  /// @param bind  makes the first shard's transport listen and returns the port
  SOCKETIO_DECL std::uint16_t listen(const std::function<std::uint16_t(AnyTransport&)>& bind);

  /// Closes all shards: see BasicServer.
  ///
  /// @param done  null, or called on the shard of the calling thread when no shard has a connection any more
  SOCKETIO_DECL void close(UniqueFunction<void()> done = nullptr);

  /// Sets what is called on the first shard when the server has ceased to be open. Once, before anything else.
  void on_closed(UniqueFunction<void()> hook) { closed_hook_ = std::move(hook); }

  SOCKETIO_DECL RateLimitCounts rate_limit_counts() const noexcept;

  /// Ends in order, at the latest at the deadline: see BasicServer::shutdown.
  ///
  /// @param done  null, or called on the first shard
  SOCKETIO_DECL void shut_down(std::chrono::milliseconds deadline, Shutdown::Done done);
  /// The deadline of the shutdown that is going on is now.
  SOCKETIO_DECL void cut_shutdown_short();
  SOCKETIO_DECL void shut_down_on_signals(std::chrono::milliseconds deadline, const std::vector<int>& numbers);
  bool is_shutting_down() const noexcept { return is_shutting_down_; }

  /// Sets what ends the event loops when the deadline has cut a shutdown short: what is left in them is not waited for.
  void on_cut_short(UniqueFunction<void()> stop_loops) { stop_loops_ = std::move(stop_loops); }

  // For Shutdown, on the first shard.
  Shutdown* shutdown() const noexcept { return shutdown_.get(); }
  SOCKETIO_DECL void end_shutdown(bool in_time);

  /// Calls `action` for each shard, on its thread, in a later turn.
  SOCKETIO_DECL void on_each_shard(void (*action)(ServerState&, ServerShard&));

  /// Sets the handler of requests outside the path, on all threads.
  SOCKETIO_DECL void on_request(ExchangeHandler handler);

  /// The namespace of that name, made if there is none yet: as a child of the first parent whose pattern it matches, if
  /// there is one.
  SOCKETIO_DECL NamespacePtr of(std::string_view name);

  /// A parent of the namespaces whose names have the pattern in them; or those that a function accepts.
  SOCKETIO_DECL ParentPtr of_pattern(NamespacePattern pattern);
  /// @param make  makes the matcher of a parent whose name it gets
  SOCKETIO_DECL ParentPtr of_function(const std::function<NamespaceMatcher(const std::string& parent)>& make);

  /// The namespace that a client asks for, if it is there. The client counts as one of it from now on, see
  /// NamespaceState::handle_entered: a namespace that is empty may go at any time.
  SOCKETIO_DECL NamespacePtr enter(std::string_view name) const;

  /// Asks the parents, in the order of their registration, for a namespace; `done` gets the first that accepts the name
  /// or null, possibly at once.
  ///
  /// @param shard  the calling one, where `done` is called
  SOCKETIO_DECL void find_parent(std::shared_ptr<Shard> shard, std::string name, Value auth,
                                 UniqueFunction<void(const ParentPtr&, const Value& auth)> done);

  /// The namespace of that name, made as a child of `parent` if there is none yet; as `enter`.
  SOCKETIO_DECL NamespacePtr enter_child(const ParentPtr& parent, const std::string& name);

  /// The namespace "/".
  const NamespacePtr& main_namespace() const noexcept { return main_; }

  /// The namespace of exactly that name; null if there is none.
  SOCKETIO_DECL NamespacePtr find(std::string_view name) const;

  /// Handlers of "new_namespace".
  SOCKETIO_DECL void add_new_namespace_handler(NamespaceHandler handler, const Registration& how);
  /// @param listener  null: all of them
  SOCKETIO_DECL void remove_new_namespace_handlers(std::optional<Listener> listener);
  SOCKETIO_DECL std::vector<Listener> new_namespace_listeners() const;

  /// Sets a new namespace up and calls the handlers of "new_namespace", before its first client connects. The first
  /// caller does it.
  SOCKETIO_DECL void set_up(const NamespacePtr& nsp);

 private:
  /// A name on its way through the parents.
  struct Search {
    std::shared_ptr<Shard> shard;
    std::string name;
    Value auth;
    std::size_t position;
    UniqueFunction<void(const ParentPtr&, const Value&)> done;
  };

  /// Calls `action(state, server_shard)` on the thread of a shard. What is posted may run when the server is gone: then
  /// it does nothing.
  template <class F>
  void on_shard(std::size_t index, F action);

  /// Ends the clients of one shard, on its thread, as a server that shuts down: sockets first, without a DISCONNECT
  /// packet, so that clients will try to reconnect; then their connections, then the transport.
  ///
  /// @param generation  of the server when this was asked for: a server that has been closed and opened since is
  ///                    another generation
  /// @param done        null, or called when the shard has no connection any more
  void close_shard(ServerShard& shard, std::uint64_t generation, UniqueFunction<void()> done);

  std::vector<NamespacePtr> all() const;
  ParentPtr add(ParentPtr parent);
  ParentPtr parent_at(std::size_t position) const;
  void search(const std::shared_ptr<Search>& search);
  static bool matches(const ParentNamespaceState& parent, const std::string& name, const Shard& shard);
  void attach(const NamespacePtr& nsp);
  NamespacePtr find_or_make(const std::string& name, const ParentPtr& parent);
  void remove_child(NamespaceState& child);
  void trim_recovery();

  std::shared_ptr<const ServerContext> context_;
  std::shared_ptr<const SessionDirectory> sessions_;
  std::shared_ptr<ErrorSink> errors_ = std::make_shared<ErrorSink>();
  std::shared_ptr<LoopWatcher> watcher_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<bool> has_opened_{false};
  UniqueFunction<void()> closed_hook_;
  std::atomic<bool> is_shutting_down_{false};
  std::unique_ptr<Shutdown> shutdown_;
  std::shared_ptr<SignalWatch> signals_;  // null unless asked for
  UniqueFunction<void()> stop_loops_;
  std::shared_ptr<std::atomic<bool>> is_closed_ = std::make_shared<std::atomic<bool>>(false);
  mutable std::shared_mutex mutex_;
  std::map<std::string, NamespacePtr, std::less<>> namespaces_;
  std::vector<NamespacePtr> leaving_;  // removed; the first thread does not know it yet
  std::vector<ParentPtr> parents_;     // in the order of registration; none ever goes
  NamespacePtr main_;
  mutable std::mutex handlers_mutex_;
  ListenerList<Listening<NamespaceHandler>> new_namespace_handlers_;
  EngineGroup engines_;
  std::vector<std::unique_ptr<ServerShard>> server_shards_;
};

}  // namespace socketio::detail
