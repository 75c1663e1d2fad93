// SPDX-License-Identifier: MIT
// What a namespace does with those who connect: its middleware, then its connection handlers. Core layer.
#pragma once

#include <socketio/core/middleware.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>

#include <array>
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
  void add_connection_handler(ConnectionHandler handler, bool is_connect) {
    (is_connect ? connect_handlers_ : connection_handlers_)
        .push_back(std::make_shared<ConnectionHandler>(std::move(handler)));
  }

  const Chain& middleware() const noexcept { return middleware_; }

  /// Calls the handlers registered now, whatever they do to the namespace.
  void handle_connection(const SocketPtr& socket) const {
    const std::array lists{connect_handlers_, connection_handlers_};
    for (const auto& list : lists)
      for (const auto& handler : list) (*handler)(socket);
  }

 private:
  Chain middleware_;
  std::vector<std::shared_ptr<ConnectionHandler>> connect_handlers_;
  std::vector<std::shared_ptr<ConnectionHandler>> connection_handlers_;
};

}  // namespace socketio::detail
