// SPDX-License-Identifier: MIT
// What a namespace does with those who connect: its middleware, then its connection handlers. Core layer.
#pragma once

#include <socketio/core/middleware.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class SocketState;

/// A copy has the functions registered so far, and none that the original gets later: what a child of a parent
/// namespace begins with.
///
/// @par Thread safety  Owner's thread only.
template <class Config>
class NamespaceSetup {
 public:
  using SocketPtr = std::shared_ptr<SocketState<Config>>;
  using Chain = MiddlewareChain<SocketPtr>;
  using ConnectionHandler = UniqueFunction<void(const SocketPtr&)>;

  void use(typename Chain::Function middleware) { middleware_.add(std::move(middleware)); }

  /// `connect` handlers come before `connection` handlers, whatever the order of their registration.
  void add_connection_handler(ConnectionHandler handler, bool is_connect, bool once = false) {
    list(is_connect).push_back({std::make_shared<ConnectionHandler>(std::move(handler)), once});
  }
  void remove_connection_handlers(bool is_connect) { const auto removed = std::exchange(list(is_connect), {}); }

  const Chain& middleware() const noexcept { return middleware_; }

  /// Calls the handlers registered now, whatever they do to the namespace.
  void handle_connection(const SocketPtr& socket) {
    std::vector<std::shared_ptr<ConnectionHandler>> handlers;
    for (const bool is_connect : {true, false}) {
      std::vector<Entry>& entries = list(is_connect);
      for (const Entry& entry : entries) handlers.push_back(entry.handler);
      std::erase_if(entries, [](const Entry& entry) { return entry.once; });
    }
    for (const auto& handler : handlers) (*handler)(socket);
  }

 private:
  struct Entry {
    std::shared_ptr<ConnectionHandler> handler;
    bool once;
  };

  std::vector<Entry>& list(bool is_connect) noexcept { return is_connect ? connect_handlers_ : connection_handlers_; }

  Chain middleware_;
  std::vector<Entry> connect_handlers_;
  std::vector<Entry> connection_handlers_;
};

}  // namespace socketio::detail
