// SPDX-License-Identifier: MIT
// Bodies of server_state.hpp. Core layer.
#pragma once

#include <socketio/core/connection.hpp>
#include <socketio/core/server_state.hpp>
#include <socketio/core/socket_state.hpp>

#include <exception>
#include <stdexcept>

namespace socketio::detail {

SOCKETIO_DECL std::shared_ptr<const ServerOptions> checked(ServerOptions options) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) throw std::invalid_argument("socketio::ServerOptions: " + problems);
  return std::make_shared<const ServerOptions>(std::move(options));
}

SOCKETIO_DECL ServerShard::ServerShard(ServerState& server, ShardTransport transport,
                                       std::unique_ptr<PacketCodec> codec, const ServerOptions& options,
                                       std::shared_ptr<ErrorSink> errors, std::shared_ptr<SessionDirectory> sessions,
                                       std::size_t index, std::shared_ptr<LoopWatcher> watcher)
    : server_(server),
      transport_(std::move(transport.transport)),
      shard_(std::make_shared<Shard>(transport_->scheduler(), std::move(transport.executor), std::move(errors), index,
                                     std::move(watcher))),
      codec_(std::move(codec)),
      engine_server_(*transport_, options.engine_options(), std::move(sessions), index) {
  engine().on_connection(
      [this](std::shared_ptr<Session> session) { std::make_shared<Connection>(*this, std::move(session))->start(); });
  engine().on_error([this](std::exception_ptr error, std::string_view where) {
    try {
      std::rethrow_exception(std::move(error));
    } catch (...) {
      shard_->report_current_exception({}, {}, where);
    }
  });
  engine_server_.set_default_answer(404, {});
}

SOCKETIO_DECL void ServerShard::when_without_connections(UniqueFunction<void()> done) {
  waiting_for_end_.push_back(std::move(done));
  // The transport may be told of the end of one generation when the next has begun: then nothing waits.
  transport_->when_empty([shard = shard_, this] {
    if (shard->is_open()) end_waiting();
  });
}

SOCKETIO_DECL void ServerShard::open(std::uint64_t generation) {
  generation_ = generation;
  is_draining_ = false;
  shard_->set_draining(false);
  end_waiting();
  engine().reopen();
}

SOCKETIO_DECL void ServerShard::shut_down(UniqueFunction<void()> done) {
  is_draining_ = true;
  shard_->set_draining(true);
  engine().shut_down([shard = shard_, done = std::move(done)]() mutable {
    if (shard->is_open()) shard->when_idle(std::move(done));
  });
}

SOCKETIO_DECL void ServerShard::end_waiting() {
  for (const auto& done : std::exchange(waiting_for_end_, {})) done();
}

SOCKETIO_DECL ServerState::ServerState(std::shared_ptr<const ServerOptions> options, ServerParts parts) {
  const auto sessions = std::make_shared<SessionDirectory>(parts.transports.size(), options->engine_options());
  if (options->blocked_call_limit.count() != 0)
    watcher_ = std::make_shared<LoopWatcher>(options->blocked_call_limit, parts.transports.size());
  const ParserLimits limits = options->parser_limits();
  std::vector<std::shared_ptr<Shard>> shards;
  for (ShardTransport& transport : parts.transports) {
    server_shards_.push_back(std::make_unique<ServerShard>(*this, std::move(transport), parts.make_codec(limits),
                                                           *options, errors_, sessions, server_shards_.size(),
                                                           watcher_));
    shards.push_back(server_shards_.back()->shard());
    engines_.add(server_shards_.back()->engine());
  }
  std::shared_ptr<RecoveryBudget> budget;
  if (const auto& recovery = options->connection_state_recovery)
    budget = std::make_shared<RecoveryBudget>(recovery->max_total_bytes);
  std::shared_ptr<const EventRates> rates;
  if (options->rate_limits.limits_events())
    rates = std::make_shared<const EventRates>(options->rate_limits, options->ipv6_prefix);
  context_ = std::make_shared<const ServerContext>(
      ServerContext{std::move(options), std::make_shared<const ShardGroup>(std::move(shards)), parts.make_codec(limits),
                    parts.data_type, std::move(budget), std::move(rates)});
  sessions_ = sessions;
  if (context_->recovery_budget)
    // A shard takes nothing once the server is being destroyed.
    context_->recovery_budget->on_trim(
        [home = this->shards().home(), this] { home->post([this] { trim_recovery(); }); });
  main_ = of("/");
}

SOCKETIO_DECL void ServerState::trim_recovery() {
  for (const NamespacePtr& nsp : all())
    if (Recovery* const recovery = nsp->recovery()) recovery->trim();
  context_->recovery_budget->end_trim();
}

SOCKETIO_DECL ServerState::~ServerState() {
  if (signals_) signals_->end();
  if (watcher_) watcher_->stop();
  for (const auto& [name, nsp] : namespaces_) nsp->detach();
  for (const NamespacePtr& nsp : leaving_) nsp->detach();
  for (const auto& shard : shards()) shard->close();
  for (const NamespacePtr& nsp : leaving_) nsp->end_timers();
  for (const auto& [name, nsp] : namespaces_) {
    nsp->end_timers();
    nsp->drop_handlers();
  }
  for (const ParentPtr& parent : parents_) parent->drop_handlers();
}

template <class F>
void ServerState::on_shard(std::size_t index, F action) {
  shards()[index]->dispatch([weak = weak_from_this(), index, action = std::move(action)]() mutable {
    if (const auto state = weak.lock()) action(*state, state->server_shard(index));
  });
}

SOCKETIO_DECL std::uint16_t ServerState::listen(const std::function<std::uint16_t(AnyTransport&)>& bind) {
  if (is_shutting_down_) throw std::logic_error("socketio: listen was called while the server shuts down");
  if (watcher_) watcher_->start();
  const std::uint16_t bound = bind(server_shard(0).transport());
  has_opened_ = true;
  if (is_closed_->exchange(false)) ++generation_;
  for (const NamespacePtr& nsp : all()) {
    nsp->suspend(false);
    attach(nsp);
  }
  const std::uint64_t generation = generation_;
  server_shard(0).open(generation);
  for (std::size_t i = 1; i < shards().size(); ++i)
    shards()[i]->post([shard = &server_shard(i), generation] { shard->open(generation); });
  return bound;
}

SOCKETIO_DECL void ServerState::close(UniqueFunction<void()> done) {
  const std::uint64_t generation = generation_;
  if (!done) {
    for (std::size_t i = 0; i < shards().size(); ++i)
      on_shard(i,
               [generation](ServerState& state, ServerShard& shard) { state.close_shard(shard, generation, nullptr); });
    return;
  }
  struct Waiting {
    std::shared_ptr<Shard> shard;
    std::atomic<std::size_t> missing;
    UniqueFunction<void()> done;
  };
  const std::shared_ptr<Waiting> waiting(new Waiting{shards().here(), {shards().size()}, std::move(done)});
  for (std::size_t i = 0; i < shards().size(); ++i)
    on_shard(i, [waiting, generation](ServerState& state, ServerShard& shard) {
      state.close_shard(shard, generation, [waiting] {
        if (--waiting->missing == 0) waiting->shard->post([waiting] { waiting->done(); });
      });
    });
}

SOCKETIO_DECL void ServerState::close_shard(ServerShard& shard, std::uint64_t generation, UniqueFunction<void()> done) {
  if (generation > shard.generation())  // it is about to be opened: see `listen`
    return shard.shard()->post([this, &shard, generation, done = std::move(done)]() mutable {
      close_shard(shard, generation, std::move(done));
    });
  if (generation != shard.generation()) {
    if (done) done();
    return;
  }
  const bool is_first = shard.index() == 0;
  if (is_first) *is_closed_ = true;
  if (is_first && signals_ && !shutdown_) std::exchange(signals_, nullptr)->end();
  for (const NamespacePtr& nsp : all()) {
    for (const auto& socket : NamespaceState::select_on(nsp->part(shard.index()), {}))
      socket->close(DisconnectReason::server_shutting_down);
    if (!is_first) continue;
    if (find(nsp->name()) == nsp) nsp->close_adapter();
    nsp->suspend(true);
  }
  shard.engine_server().close();
  if (is_first && closed_hook_) closed_hook_();
  if (done) shard.when_without_connections(std::move(done));
}

SOCKETIO_DECL RateLimitCounts ServerState::rate_limit_counts() const noexcept {
  RateLimitCounts counts;
  if (context_->event_rates) counts = context_->event_rates->counts();
  counts.handshakes_per_address = sessions_->refused_handshakes();
  return counts;
}

SOCKETIO_DECL void ServerState::on_each_shard(void (*action)(ServerState&, ServerShard&)) {
  for (std::size_t i = 0; i < shards().size(); ++i)
    shards()[i]->post([weak = weak_from_this(), i, action] {
      if (const auto state = weak.lock()) action(*state, state->server_shard(i));
    });
}

SOCKETIO_DECL void ServerState::shut_down(std::chrono::milliseconds deadline, Shutdown::Done done) {
  is_shutting_down_ = true;
  // In a later turn: a handler may have called this, and its client is still to get what it answers.
  shards().home()->post([weak = weak_from_this(), deadline, done = std::move(done)]() mutable {
    const auto state = weak.lock();
    if (!state) return;
    if (!state->shutdown_) state->shutdown_ = std::make_unique<Shutdown>(*state);
    state->shutdown_->wait(deadline, std::move(done));
  });
}

SOCKETIO_DECL void ServerState::cut_shutdown_short() {
  shards().home()->post([weak = weak_from_this()] {
    if (const auto state = weak.lock(); state && state->shutdown_) state->shutdown_->cut_short();
  });
}

SOCKETIO_DECL void ServerState::shut_down_on_signals(std::chrono::milliseconds deadline,
                                                     const std::vector<int>& numbers) {
  if (signals_) std::exchange(signals_, nullptr)->end();
  signals_ = SignalWatch::make(shared_from_this(), deadline, numbers);
}

SOCKETIO_DECL void ServerState::end_shutdown(bool in_time) {
  is_shutting_down_ = false;
  if (signals_) std::exchange(signals_, nullptr)->end();
  const std::shared_ptr<Shutdown> ended(std::move(shutdown_));
  shards().home()->post([weak = weak_from_this(), ended, in_time] {
    const auto state = weak.lock();
    if (state && !in_time && state->stop_loops_) state->stop_loops_();
  });
}

SOCKETIO_DECL void ServerState::on_request(ExchangeHandler handler) {
  const auto shared = handler ? std::make_shared<const ExchangeHandler>(std::move(handler)) : nullptr;
  for (std::size_t i = 0; i < shards().size(); ++i)
    on_shard(i, [shared](ServerState&, ServerShard& shard) {
      ExchangeHandler mine;
      if (shared) mine = [shared](ExchangePtr exchange) { (*shared)(std::move(exchange)); };
      shard.engine_server().on_request(std::move(mine));
    });
}

SOCKETIO_DECL ServerState::NamespacePtr ServerState::of(std::string_view name) {
  std::string full(name);
  if (full.empty() || full.front() != '/') full.insert(0, 1, '/');
  if (NamespacePtr existing = find(full)) return existing;
  ParentPtr parent;
  for (std::size_t i = 0; (parent = parent_at(i)) && !parent->matches(full);) ++i;
  return find_or_make(full, parent);
}

SOCKETIO_DECL ServerState::ParentPtr ServerState::of_pattern(NamespacePattern pattern) {
  return add(
      std::make_shared<ParentNamespaceState>(next_parent_name(), std::move(pattern), options().max_matched_name_bytes));
}

SOCKETIO_DECL ServerState::ParentPtr ServerState::of_function(
    const std::function<NamespaceMatcher(const std::string& parent)>& make) {
  const std::string name = next_parent_name();
  return add(std::make_shared<ParentNamespaceState>(name, make(name)));
}

SOCKETIO_DECL ServerState::NamespacePtr ServerState::enter(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = namespaces_.find(name);
  if (found == namespaces_.end()) return nullptr;
  found->second->handle_entered();
  return found->second;
}

SOCKETIO_DECL void ServerState::find_parent(std::shared_ptr<Shard> shard, std::string name, Value auth,
                                            UniqueFunction<void(const ParentPtr&, const Value& auth)> done) {
  search(std::make_shared<Search>(Search{std::move(shard), std::move(name), std::move(auth), 0, std::move(done)}));
}

SOCKETIO_DECL ServerState::NamespacePtr ServerState::enter_child(const ParentPtr& parent, const std::string& name) {
  NamespacePtr nsp;
  while (!(nsp = enter(name))) find_or_make(name, parent);
  return nsp;
}

SOCKETIO_DECL ServerState::NamespacePtr ServerState::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : found->second;
}

SOCKETIO_DECL void ServerState::add_new_namespace_handler(NamespaceHandler handler, const Registration& how) {
  new_namespace_handlers_.add(handlers_mutex_, {}, make_listening(how, std::move(handler)), how.first);
}

SOCKETIO_DECL void ServerState::remove_new_namespace_handlers(std::optional<Listener> listener) {
  new_namespace_handlers_.remove_if(handlers_mutex_,
                                    [&](NoKey, const auto& each) { return !listener || each.listener == *listener; });
}

SOCKETIO_DECL std::vector<Listener> ServerState::new_namespace_listeners() const {
  std::vector<Listener> all;
  new_namespace_handlers_.for_each(handlers_mutex_, [&](NoKey, const auto& each) { all.push_back(each.listener); });
  return all;
}

SOCKETIO_DECL void ServerState::set_up(const NamespacePtr& nsp) {
  if (!nsp->gate().begin()) return;
  if (nsp != main_) {
    for (bool suspended = !*is_closed_; suspended != *is_closed_;) nsp->suspend(suspended = *is_closed_);
    new_namespace_handlers_.dispatch(
        handlers_mutex_, [](NoKey) { return true; }, [&](const auto& each) { each.function(nsp); });
  }
  nsp->gate().open();
}

SOCKETIO_DECL std::vector<ServerState::NamespacePtr> ServerState::all() const {
  std::vector<NamespacePtr> all;
  const std::shared_lock lock(mutex_);
  for (const auto& [name, nsp] : namespaces_) all.push_back(nsp);
  return all;
}

SOCKETIO_DECL ServerState::ParentPtr ServerState::add(ParentPtr parent) {
  const std::lock_guard lock(mutex_);
  parents_.push_back(parent);
  return parent;
}

SOCKETIO_DECL ServerState::ParentPtr ServerState::parent_at(std::size_t position) const {
  const std::shared_lock lock(mutex_);
  return position < parents_.size() ? parents_[position] : nullptr;
}

/// The caller keeps `search`: a function that is asked may go on after its answer.
SOCKETIO_DECL void ServerState::search(const std::shared_ptr<Search>& search) {
  while (const ParentPtr parent = parent_at(search->position++)) {
    if (!parent->has_pattern()) {
      parent->ask(search->name, search->auth, search->shard,
                  NamespaceNext(Next(search->shard, [weak = weak_from_this(), search, parent](Next::Result refusal) {
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

/// A pattern that gives up on a client's name is a mistake of the program, and no match.
SOCKETIO_DECL bool ServerState::matches(const ParentNamespaceState& parent, const std::string& name,
                                        const Shard& shard) {
  try {
    return parent.matches(name);
  } catch (...) {
    shard.report_current_exception(parent.name(), {}, {});
    return false;
  }
}

/// On the first thread, which knows whether the server has been closed meanwhile.
SOCKETIO_DECL void ServerState::attach(const NamespacePtr& nsp) {
  if (nsp->connects_servers())
    shards().home()->dispatch([nsp, is_closed = is_closed_] {
      if (!*is_closed) nsp->attach();
    });
}

SOCKETIO_DECL ServerState::NamespacePtr ServerState::find_or_make(const std::string& name, const ParentPtr& parent) {
  if (NamespacePtr found = find(name)) return found;
  // Not under the lock: a function of the user's may make its adapter.
  const auto nsp = std::make_shared<NamespaceState>(name, context_, parent);
  {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = namespaces_.try_emplace(name, nsp);
    if (!is_new) return place->second;
    if (parent) {
      if (options().cleanup_empty_child_namespaces)
        nsp->on_empty([weak = weak_from_this()](NamespaceState& empty) {
          if (const auto self = weak.lock()) self->remove_child(empty);
        });
      parent->attach(nsp);
    }
  }
  attach(nsp);
  shards().here()->dispatch([weak = weak_from_this(), nsp] {
    if (const auto self = weak.lock()) self->set_up(nsp);
  });
  return nsp;
}

SOCKETIO_DECL void ServerState::remove_child(NamespaceState& child) {
  NamespacePtr removed;
  {
    const std::lock_guard lock(mutex_);
    const auto found = namespaces_.find(child.name());
    if (found == namespaces_.end() || found->second.get() != &child) return;
    if (!child.is_empty()) return;  // a client has come meanwhile
    removed = std::move(found->second);
    namespaces_.erase(found);
    leaving_.push_back(removed);
  }
  if (const ParentPtr parent = removed->parent()) parent->detach(removed);
  removed->drop_handlers();  // first: from now on it is attached no more
  shards().home()->dispatch([weak = weak_from_this(), removed] {
    removed->close_adapter();
    removed->end_timers();
    if (const auto self = weak.lock()) {
      const std::lock_guard lock(self->mutex_);
      std::erase(self->leaving_, removed);
    }
  });
}

}  // namespace socketio::detail
