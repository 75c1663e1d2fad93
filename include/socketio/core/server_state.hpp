// SPDX-License-Identifier: MIT
// The state behind a server: its engine, its transport and its namespaces. Core layer.
#pragma once

#include <socketio/core/connection.hpp>
#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/parent_namespace_state.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/engine/engine_server.hpp>
#include <socketio/protocol/value.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
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

/// @par Thread safety  Owner's thread only, except what is marked otherwise.
template <class Config>
class ServerState : public std::enable_shared_from_this<ServerState<Config>> {
 public:
  using Parser = typename Config::Parser;
  using Transport = typename Config::Transport;
  using NamespacePtr = std::shared_ptr<NamespaceState<Config>>;
  using ParentPtr = std::shared_ptr<ParentNamespaceState<Config>>;
  using NamespaceHandler = UniqueFunction<void(const NamespacePtr&)>;

  ServerState(asio::io_context& context, ServerOptions options, typename Transport::Options transport_options)
      : options_(checked(std::move(options))),
        transport_(context, std::move(transport_options)),
        shard_(std::make_shared<Shard>(transport_.scheduler(), transport_.get_executor())),
        parser_(options_->parser_limits()),
        engine_server_(transport_, options_->engine_options()) {
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
    main_ = of("/");
  }
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  /// Ends without a word to the users' handlers: what they refer to may be gone already. The engine ends the
  /// connections after this, and they abandon their sockets because the shard is closed.
  ~ServerState() {
    shard_->close();
    for (const auto& [name, nsp] : namespaces_) nsp->drop_handlers();
    for (const ParentPtr& parent : parents_) parent->drop_handlers();
  }

  // Any thread.
  std::uint64_t generation() const noexcept { return generation_; }
  void opened() {
    if (is_closed_.exchange(false)) ++generation_;
    for (const NamespacePtr& nsp : all()) nsp->suspend(false);
  }
  const ServerOptions& options() const noexcept { return *options_; }
  Shard& shard() noexcept { return *shard_; }
  Transport& transport() noexcept { return transport_; }

  Engine& engine() noexcept { return engine_server_.engine(); }
  BasicEngineServer<Transport>& engine_server() noexcept { return engine_server_; }
  Parser& parser() noexcept { return parser_; }

  /// The namespace of that name, made if there is none yet: as a child of the first parent whose pattern it matches, if
  /// there is one. Any thread.
  NamespacePtr of(std::string_view name) {
    std::string full(name);
    if (full.empty() || full.front() != '/') full.insert(0, 1, '/');
    if (NamespacePtr existing = find(full)) return existing;
    ParentPtr parent;
    for (std::size_t i = 0; (parent = parent_at(i)) && !parent->matches(full);) ++i;
    return find_or_make(full, parent);
  }

  /// A parent of the namespaces whose names have the pattern in them. Any thread, as the one below.
  ParentPtr of_pattern(std::regex pattern) {
    return add(std::make_shared<ParentNamespaceState<Config>>(next_parent_name(), shard_, std::move(pattern),
                                                              options_->max_matched_name_bytes));
  }
  template <class F>
  ParentPtr of_function(F&& function) {
    const std::string name = next_parent_name();
    return add(std::make_shared<ParentNamespaceState<Config>>(name, shard_,
                                                              make_namespace_matcher(std::forward<F>(function), name)));
  }

  /// The namespace that a client asks for, if it is there.
  NamespacePtr find_to_join(std::string_view name) {
    NamespacePtr nsp = find(name);
    if (nsp) announce(nsp);  // made on another thread a moment ago
    return nsp;
  }

  /// Asks the parents, in the order of their registration, who takes a name; `done` gets the first that does or null,
  /// possibly at once.
  void find_parent(std::string name, Value auth, UniqueFunction<void(const ParentPtr&, const Value& auth)> done) {
    search(std::make_shared<Search>(Search{std::move(name), std::move(auth), 0, std::move(done)}));
  }

  /// The namespace of that name, made as a child of `parent` if there is none yet.
  NamespacePtr child_of(const ParentPtr& parent, const std::string& name) { return find_or_make(name, parent); }

  /// The namespace "/". Any thread.
  const NamespacePtr& main_namespace() const noexcept { return main_; }

  /// The namespace of exactly that name; null if there is none. Any thread.
  NamespacePtr find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = namespaces_.find(name);
    return found == namespaces_.end() ? nullptr : found->second;
  }

  void add_new_namespace_handler(NamespaceHandler handler) {
    new_namespace_handlers_.push_back(std::make_shared<NamespaceHandler>(std::move(handler)));
  }

  /// Ends every client as a server that shuts down: sockets first, without a DISCONNECT packet, so that clients will
  /// try to reconnect; then their connections, then the transport.
  ///
  /// @param generation  of the server when this was asked for: one that has been closed and opened since is another
  void close(std::uint64_t generation) {
    if (generation != generation_) return;
    is_closed_ = true;
    for (const NamespacePtr& nsp : all()) {
      for (const auto& socket : nsp->select({})) socket->close(DisconnectReason::server_shutting_down);
      if (find(nsp->name()) == nsp) nsp->adapter().close();
      nsp->suspend(true);
    }
    engine_server_.close();
  }

 private:
  /// A name on its way through the parents.
  struct Search {
    std::string name;
    Value auth;
    std::size_t position;
    UniqueFunction<void(const ParentPtr&, const Value&)> done;
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
        parent->ask(search->name, search->auth,
                    NamespaceNext(Next(shard_, [weak = this->weak_from_this(), search, parent](Next::Result refusal) {
                      const auto self = weak.lock();
                      if (!self) return;
                      if (refusal)
                        self->search(search);
                      else
                        search->done(parent, search->auth);
                    })));
        return;
      }
      if (matches(*parent, search->name)) return search->done(parent, search->auth);
    }
    search->done(nullptr, search->auth);
  }

  /// A pattern that gives up on a client's name is the program's mistake, and no match.
  bool matches(const ParentNamespaceState<Config>& parent, const std::string& name) const {
    try {
      return parent.matches(name);
    } catch (const std::regex_error&) {
      shard_->report_current_exception(parent.name(), {}, {});
      return false;
    }
  }

  NamespacePtr find_or_make(const std::string& name, const ParentPtr& parent) {
    if (NamespacePtr found = find(name)) return found;
    // Not under the lock: its adapter may be made by a function of the user's.
    const auto nsp = std::make_shared<NamespaceState<Config>>(name, shard_, options_, parent);
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
    shard_->dispatch([weak = this->weak_from_this(), nsp] {
      if (const auto self = weak.lock()) self->announce(nsp);
    });
    return nsp;
  }

  /// Sets a new namespace up and tells of it, before its first client connects.
  void announce(const NamespacePtr& nsp) {
    if (nsp == main_ || !nsp->take_announcement()) return;
    if (const ParentPtr parent = nsp->parent()) nsp->inherit(*parent);
    nsp->suspend(is_closed_);
    const auto handlers = new_namespace_handlers_;
    for (const auto& handler : handlers) (*handler)(nsp);
  }

  void remove_child(NamespaceState<Config>& child) {
    NamespacePtr removed;
    {
      const std::lock_guard lock(mutex_);
      const auto found = namespaces_.find(child.name());
      if (found == namespaces_.end() || found->second.get() != &child) return;
      removed = std::move(found->second);
      namespaces_.erase(found);
    }
    if (const ParentPtr parent = removed->parent()) parent->detach(removed);
    removed->adapter().close();
    removed->drop_handlers();
  }

  std::shared_ptr<const ServerOptions> options_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<bool> is_closed_{false};
  Transport transport_;
  std::shared_ptr<Shard> shard_;
  Parser parser_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, NamespacePtr, std::less<>> namespaces_;
  std::vector<ParentPtr> parents_;  // in the order of registration; none ever goes
  NamespacePtr main_;
  std::vector<std::shared_ptr<NamespaceHandler>> new_namespace_handlers_;
  BasicEngineServer<Transport> engine_server_;
};

}  // namespace socketio::detail
