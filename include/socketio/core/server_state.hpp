// SPDX-License-Identifier: MIT
// The state behind a server: its namespaces, and an engine on a transport for each of its threads. Core layer.
#pragma once

#include <socketio/core/connection.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/parent_namespace_state.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/engine_group.hpp>
#include <socketio/engine/engine_server.hpp>
#include <socketio/engine/session_directory.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/protocol/value.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// @throws std::invalid_argument  naming every invalid option
inline std::shared_ptr<const ServerOptions> checked(ServerOptions options) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) throw std::invalid_argument("socketio::ServerOptions: " + problems);
  return std::make_shared<const ServerOptions>(std::move(options));
}

template <class Config>
class ServerState;

/// What a server has on each of its threads: a transport, an engine, and the sessions that came to live there.
///
/// @par Thread safety  The shard's thread only, except what is marked otherwise.
template <class Config>
class ServerShard {
 public:
  using Parser = typename Config::Parser;
  using Transport = typename Config::Transport;

  ServerShard(ServerState<Config>& server, asio::io_context& context, const ServerOptions& options,
              typename Transport::Options transport_options, std::shared_ptr<ErrorSink> errors,
              std::shared_ptr<SessionDirectory> sessions, std::size_t index)
      : server_(server),
        transport_(context, std::move(transport_options)),
        shard_(std::make_shared<Shard>(transport_.scheduler(), transport_.get_executor(), std::move(errors), index)),
        parser_(options.parser_limits()),
        engine_server_(transport_, options.engine_options(), std::move(sessions), index) {
    engine().on_connection([this](std::shared_ptr<Session> session) {
      std::make_shared<Connection<Config>>(*this, std::move(session))->start();
    });
    engine().on_error([this](std::exception_ptr error, std::string_view where) {
      try {
        std::rethrow_exception(std::move(error));
      } catch (...) {
        shard_->report_current_exception({}, {}, where);
      }
    });
    engine_server_.set_default_answer(404, {});
  }
  ServerShard(const ServerShard&) = delete;
  ServerShard& operator=(const ServerShard&) = delete;

  // Any thread.
  std::size_t index() const noexcept { return shard_->index(); }
  const std::shared_ptr<Shard>& shard() const noexcept { return shard_; }

  ServerState<Config>& server() const noexcept { return server_; }
  Transport& transport() noexcept { return transport_; }
  Engine& engine() noexcept { return engine_server_.engine(); }
  BasicEngineServer<Transport>& engine_server() noexcept { return engine_server_; }
  Parser& parser() noexcept { return parser_; }

  /// Calls `done` in a later turn, when the transport has no connection any more, or is opened again.
  ///
  /// Looks from time to time: the transport's shutdown timeout bounds it, and a connection need not know who waits.
  void when_without_connections(UniqueFunction<void()> done) {
    waiting_for_end_.push_back(std::move(done));
    shard_->post([this] { look_for_end(this); });
  }

  /// From now on what is here is of this generation of the server: see `ServerState::close`.
  void open(std::uint64_t generation) {
    generation_ = generation;
    tell_of_end();
    engine().reopen();
  }
  std::uint64_t generation() const noexcept { return generation_; }

 private:
  static void look_for_end(void* context) {
    auto& self = *static_cast<ServerShard*>(context);
    if constexpr (requires { self.transport_.connection_count(); })
      if (self.transport_.connection_count() != 0)
        return self.transport_.scheduler().arm(self.end_timer_, std::chrono::milliseconds(10));
    self.tell_of_end();
  }
  void tell_of_end() {
    for (const auto& done : std::exchange(waiting_for_end_, {})) done();
  }

  ServerState<Config>& server_;
  Transport transport_;
  Timer end_timer_{&ServerShard::look_for_end, this};
  std::vector<UniqueFunction<void()>> waiting_for_end_;
  std::shared_ptr<Shard> shard_;
  Parser parser_;
  std::uint64_t generation_ = 0;
  BasicEngineServer<Transport> engine_server_;
};

/// @par Thread safety  Any thread, except what is marked otherwise.
template <class Config>
class ServerState : public std::enable_shared_from_this<ServerState<Config>> {
 public:
  using Transport = typename Config::Transport;
  using NamespacePtr = std::shared_ptr<NamespaceState<Config>>;
  using ParentPtr = std::shared_ptr<ParentNamespaceState<Config>>;
  using NamespaceHandler = UniqueFunction<void(const NamespacePtr&)>;

  /// @param contexts  one for each thread of the server
  ServerState(const std::vector<asio::io_context*>& contexts, std::shared_ptr<const ServerOptions> options,
              const typename Transport::Options& transport_options)
      : options_(std::move(options)) {
    const auto sessions =
        std::make_shared<SessionDirectory>(contexts.size(), options_->max_sessions, options_->max_sessions_per_address);
    std::vector<std::shared_ptr<Shard>> shards;
    for (asio::io_context* const context : contexts) {
      server_shards_.push_back(std::make_unique<ServerShard<Config>>(*this, *context, *options_, transport_options,
                                                                     errors_, sessions, server_shards_.size()));
      shards.push_back(server_shards_.back()->shard());
      engines_.add(server_shards_.back()->engine());
    }
    shards_ = std::make_shared<const ShardGroup>(std::move(shards));
    if constexpr (ShardedTransport<Transport>) {
      std::vector<Transport*> transports;
      for (const auto& shard : server_shards_) transports.push_back(&shard->transport());
      if (transports.size() > 1) Transport::link(transports);
    }
    main_ = of("/");
  }
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  /// Ends without a word to the users' handlers: what they refer to may be gone already. The engines end the
  /// connections after this, and they abandon their sockets because the shards are closed.
  ~ServerState() {
    for (const auto& [name, nsp] : namespaces_) nsp->detach();
    for (const NamespacePtr& nsp : leaving_) nsp->detach();
    for (const auto& shard : *shards_) shard->close();
    for (const auto& [name, nsp] : namespaces_) nsp->drop_handlers();
    for (const ParentPtr& parent : parents_) parent->drop_handlers();
  }

  std::uint64_t generation() const noexcept { return generation_; }
  const ServerOptions& options() const noexcept { return *options_; }
  const ShardGroup& shards() const noexcept { return *shards_; }
  ErrorSink& errors() noexcept { return *errors_; }
  EngineGroup& engines() noexcept { return engines_; }

  /// What the shards are made of, each for its own thread.
  ServerShard<Config>& server_shard(std::size_t index) const noexcept { return *server_shards_[index]; }

  /// Whether it listens, or has been told to and not been closed since.
  bool is_open() const noexcept { return has_opened_ && !*is_closed_; }

  /// On the first shard, or while none runs.
  ///
  /// @param how  what else the transport is told beside the port
  template <class... How>
  std::uint16_t listen(std::uint16_t port, const How&... how) {
    const std::uint16_t bound = server_shard(0).engine_server().listen(port, how...);
    has_opened_ = true;
    if (is_closed_->exchange(false)) ++generation_;
    for (const NamespacePtr& nsp : all()) {
      nsp->suspend(false);
      attach(nsp);
    }
    const std::uint64_t generation = generation_;
    server_shard(0).open(generation);
    for (std::size_t i = 1; i < shards_->size(); ++i)
      (*shards_)[i]->post([shard = &server_shard(i), generation] { shard->open(generation); });
    return bound;
  }

  /// The namespace of that name, made if there is none yet: as a child of the first parent whose pattern it matches, if
  /// there is one.
  NamespacePtr of(std::string_view name) {
    std::string full(name);
    if (full.empty() || full.front() != '/') full.insert(0, 1, '/');
    if (NamespacePtr existing = find(full)) return existing;
    ParentPtr parent;
    for (std::size_t i = 0; (parent = parent_at(i)) && !parent->matches(full);) ++i;
    return find_or_make(full, parent);
  }

  /// A parent of the namespaces whose names have the pattern in them; or those that a function accepts.
  ParentPtr of_pattern(std::regex pattern) {
    return add(std::make_shared<ParentNamespaceState<Config>>(next_parent_name(), shards_, std::move(pattern),
                                                              options_->max_matched_name_bytes));
  }
  template <class F>
  ParentPtr of_function(F&& function) {
    const std::string name = next_parent_name();
    return add(std::make_shared<ParentNamespaceState<Config>>(name, shards_,
                                                              make_namespace_matcher(std::forward<F>(function), name)));
  }

  /// The namespace that a client asks for, if it is there. The client counts as one of it from now on, see
  /// NamespaceState::handle_entered: one that is empty may go at any time.
  NamespacePtr enter(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = namespaces_.find(name);
    if (found == namespaces_.end()) return nullptr;
    found->second->handle_entered();
    return found->second;
  }

  /// Asks the parents, in the order of their registration, who takes a name; `done` gets the first that does or null,
  /// possibly at once.
  ///
  /// @param shard  the calling one, where `done` is called
  void find_parent(std::shared_ptr<Shard> shard, std::string name, Value auth,
                   UniqueFunction<void(const ParentPtr&, const Value& auth)> done) {
    search(std::make_shared<Search>(Search{std::move(shard), std::move(name), std::move(auth), 0, std::move(done)}));
  }

  /// The namespace of that name, made as a child of `parent` if there is none yet; as `enter`.
  NamespacePtr enter_child(const ParentPtr& parent, const std::string& name) {
    NamespacePtr nsp;
    while (!(nsp = enter(name))) find_or_make(name, parent);
    return nsp;
  }

  /// The namespace "/".
  const NamespacePtr& main_namespace() const noexcept { return main_; }

  /// The namespace of exactly that name; null if there is none.
  NamespacePtr find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = namespaces_.find(name);
    return found == namespaces_.end() ? nullptr : found->second;
  }

  using Registration = typename NamespaceSetup<Config>::Registration;

  void add_new_namespace_handler(NamespaceHandler handler, const Registration& how) {
    NewNamespaceEntry entry{how.listener, std::make_shared<NamespaceHandler>(std::move(handler)), how.once};
    const std::lock_guard lock(mutex_);
    auto& list = new_namespace_handlers_;
    list.insert(how.first ? list.begin() : list.end(), std::move(entry));
  }
  // What is removed is destroyed after the lock.
  void remove_new_namespace_handlers() {
    std::vector<NewNamespaceEntry> removed;
    const std::lock_guard lock(mutex_);
    removed.swap(new_namespace_handlers_);
  }
  void remove_new_namespace_handler(Listener listener) {
    NewNamespaceEntry removed;
    const std::lock_guard lock(mutex_);
    auto& list = new_namespace_handlers_;
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.listener == listener; });
    if (found == list.end()) return;
    removed = std::move(*found);
    list.erase(found);
  }
  std::vector<Listener> new_namespace_listeners() const {
    std::vector<Listener> listeners;
    const std::shared_lock lock(mutex_);
    for (const auto& entry : new_namespace_handlers_) listeners.push_back(entry.listener);
    return listeners;
  }

  /// Sets a new namespace up and tells of it, before its first client connects; by whoever comes first.
  void set_up(const NamespacePtr& nsp) {
    if (!nsp->begin_setup()) return;
    if (nsp != main_) {
      for (bool suspended = !*is_closed_; suspended != *is_closed_;) nsp->suspend(suspended = *is_closed_);
      std::vector<NewNamespaceEntry> entries;
      {
        const std::lock_guard lock(mutex_);
        entries = new_namespace_handlers_;
        std::erase_if(new_namespace_handlers_, [](const auto& entry) { return entry.once; });
      }
      for (const auto& entry : entries) (*entry.handler)(nsp);
    }
    nsp->end_setup();
  }

  /// Ends the clients of one shard, on its thread, as a server that shuts down: sockets first, without a DISCONNECT
  /// packet, so that clients will try to reconnect; then their connections, then the transport.
  ///
  /// @param generation  of the server when this was asked for: one that has been closed and opened since is another
  /// @param done        null, or called when the shard has no connection any more
  void close(ServerShard<Config>& shard, std::uint64_t generation, UniqueFunction<void()> done = nullptr) {
    if (generation > shard.generation())  // it is about to be opened: see `listen`
      return shard.shard()->post(
          [this, &shard, generation, done = std::move(done)]() mutable { close(shard, generation, std::move(done)); });
    if (generation != shard.generation()) {
      if (done) done();
      return;
    }
    if (shard.index() == 0) *is_closed_ = true;
    for (const NamespacePtr& nsp : all()) {
      auto& part = nsp->part(shard.index());
      for (const auto& socket : NamespaceState<Config>::select_on(part, {}))
        socket->close(DisconnectReason::server_shutting_down);
      if (find(nsp->name()) == nsp) nsp->close_adapter(part);
      if (shard.index() == 0) nsp->suspend(true);
    }
    shard.engine_server().close();
    if (done) shard.when_without_connections(std::move(done));
  }

 private:
  /// A name on its way through the parents.
  struct Search {
    std::shared_ptr<Shard> shard;
    std::string name;
    Value auth;
    std::size_t position;
    UniqueFunction<void(const ParentPtr&, const Value&)> done;
  };

  struct NewNamespaceEntry {
    Listener listener;
    std::shared_ptr<NamespaceHandler> handler;
    bool once = false;
  };

  std::vector<NamespacePtr> all() const {
    std::vector<NamespacePtr> all;
    const std::shared_lock lock(mutex_);
    for (const auto& [name, nsp] : namespaces_) all.push_back(nsp);
    return all;
  }

  ParentPtr add(ParentPtr parent) {
    const std::lock_guard lock(mutex_);
    parents_.push_back(parent);
    return parent;
  }

  ParentPtr parent_at(std::size_t position) const {
    const std::shared_lock lock(mutex_);
    return position < parents_.size() ? parents_[position] : nullptr;
  }

  /// The caller keeps `search`: a function that is asked may go on after its answer.
  void search(const std::shared_ptr<Search>& search) {
    while (const ParentPtr parent = parent_at(search->position++)) {
      if (!parent->has_pattern()) {
        parent->ask(
            search->name, search->auth, search->shard,
            NamespaceNext(Next(search->shard, [weak = this->weak_from_this(), search, parent](Next::Result refusal) {
              const auto self = weak.lock();
              if (!self) return;
              if (refusal)
                self->search(search);
              else
                search->done(parent, search->auth);
            })));
        return;
      }
      if (matches(*parent, search->name, *search->shard)) return search->done(parent, search->auth);
    }
    search->done(nullptr, search->auth);
  }

  /// A pattern that gives up on a client's name is the program's mistake, and no match.
  static bool matches(const ParentNamespaceState<Config>& parent, const std::string& name, const Shard& shard) {
    try {
      return parent.matches(name);
    } catch (const std::regex_error&) {
      shard.report_current_exception(parent.name(), {}, {});
      return false;
    }
  }

  /// On the first thread, which knows whether the server has been closed meanwhile.
  void attach(const NamespacePtr& nsp) {
    if (nsp->connects_servers())
      shards_->home()->dispatch([nsp, is_closed = is_closed_] {
        if (!*is_closed) nsp->attach();
      });
  }

  NamespacePtr find_or_make(const std::string& name, const ParentPtr& parent) {
    if (NamespacePtr found = find(name)) return found;
    // Not under the lock: its adapters may be made by a function of the user's.
    const auto nsp = std::make_shared<NamespaceState<Config>>(name, shards_, options_, parent);
    {
      const std::lock_guard lock(mutex_);
      const auto [place, is_new] = namespaces_.try_emplace(name, nsp);
      if (!is_new) return place->second;
      if (parent) {
        if (options_->cleanup_empty_child_namespaces)
          nsp->on_empty([weak = this->weak_from_this()](NamespaceState<Config>& empty) {
            if (const auto self = weak.lock()) self->remove_child(empty);
          });
        parent->attach(nsp);
      }
    }
    attach(nsp);
    shards_->here()->dispatch([weak = this->weak_from_this(), nsp] {
      if (const auto self = weak.lock()) self->set_up(nsp);
    });
    return nsp;
  }

  void remove_child(NamespaceState<Config>& child) {
    NamespacePtr removed;
    {
      const std::lock_guard lock(mutex_);
      const auto found = namespaces_.find(child.name());
      if (found == namespaces_.end() || found->second.get() != &child) return;
      if (!child.is_empty()) return;  // somebody has come meanwhile
      removed = std::move(found->second);
      namespaces_.erase(found);
      if (removed->connects_servers()) leaving_.push_back(removed);
    }
    if (const ParentPtr parent = removed->parent()) parent->detach(removed);
    removed->drop_handlers();  // first: from now on it is attached no more
    for (const auto& shard : *shards_)
      shard->dispatch([weak = this->weak_from_this(), removed, index = shard->index()] {
        removed->close_adapter(removed->part(index));
        if (const auto self = weak.lock(); self && index == 0) self->forget(removed);
      });
  }

  void forget(const NamespacePtr& left) {
    const std::lock_guard lock(mutex_);
    std::erase(leaving_, left);
  }

  std::shared_ptr<const ServerOptions> options_;
  std::shared_ptr<ErrorSink> errors_ = std::make_shared<ErrorSink>();
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<bool> has_opened_{false};
  std::shared_ptr<std::atomic<bool>> is_closed_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<const ShardGroup> shards_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, NamespacePtr, std::less<>> namespaces_;
  std::vector<NamespacePtr> leaving_;  // removed, and perhaps still known to other servers
  std::vector<ParentPtr> parents_;     // in the order of registration; none ever goes
  NamespacePtr main_;
  std::vector<NewNamespaceEntry> new_namespace_handlers_;
  EngineGroup engines_;
  std::vector<std::unique_ptr<ServerShard<Config>>> server_shards_;
};

}  // namespace socketio::detail
