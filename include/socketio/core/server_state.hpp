// SPDX-License-Identifier: MIT
// The state behind a server: its engine, its transport and its namespaces. Core layer.
#pragma once

#include <socketio/core/connection.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/engine/engine_server.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
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
  }

  // Any thread.
  std::uint64_t generation() const noexcept { return generation_; }
  void opened() noexcept {
    if (is_closed_.exchange(false)) ++generation_;
  }
  const ServerOptions& options() const noexcept { return *options_; }
  Shard& shard() noexcept { return *shard_; }
  Transport& transport() noexcept { return transport_; }

  Engine& engine() noexcept { return engine_server_.engine(); }
  BasicEngineServer<Transport>& engine_server() noexcept { return engine_server_; }
  Parser& parser() noexcept { return parser_; }

  /// The namespace of that name, made if there is none yet. Any thread.
  NamespacePtr of(std::string_view name) {
    std::string full(name);
    if (full.empty() || full.front() != '/') full.insert(0, 1, '/');
    NamespacePtr nsp;
    {
      const std::lock_guard lock(mutex_);
      NamespacePtr& place = namespaces_[full];
      if (place) return place;
      place = nsp = std::make_shared<NamespaceState<Config>>(full, shard_, options_);
    }
    if (full != "/") {
      shard_->dispatch([weak = this->weak_from_this(), nsp] {
        const auto self = weak.lock();
        if (!self) return;
        const auto handlers = self->new_namespace_handlers_;
        for (const auto& handler : handlers) (*handler)(nsp);
      });
    }
    return nsp;
  }

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
    std::vector<NamespacePtr> all;
    {
      const std::shared_lock lock(mutex_);
      for (const auto& [name, nsp] : namespaces_) all.push_back(nsp);
    }
    for (const NamespacePtr& nsp : all) {
      for (const auto& socket : nsp->select({})) socket->close(DisconnectReason::server_shutting_down);
      nsp->adapter().close();
    }
    engine_server_.close();
  }

 private:
  std::shared_ptr<const ServerOptions> options_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<bool> is_closed_{false};
  Transport transport_;
  std::shared_ptr<Shard> shard_;
  Parser parser_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, NamespacePtr, std::less<>> namespaces_;
  NamespacePtr main_;
  std::vector<std::shared_ptr<NamespaceHandler>> new_namespace_handlers_;
  BasicEngineServer<Transport> engine_server_;
};

}  // namespace socketio::detail
