// SPDX-License-Identifier: MIT
// The middleware and the connection handlers of a namespace, and the gate that holds its first clients. Core layer.
#pragma once

#include <socketio/core/middleware.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/detail/unique_function.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace socketio::detail {

class SocketState;

using SocketPtr = std::shared_ptr<SocketState>;
using ConnectionHandler = UniqueFunction<void(const SocketPtr&)>;
using ConnectionMiddleware = MiddlewareChain<SocketPtr>;

enum class ConnectEvent : std::uint8_t { connect, connection };

/// Handlers of `connect` come before handlers of `connection`, whatever the order of their registration.
template <>
struct ListenerOrder<ConnectEvent> {
  static constexpr bool precedes(ConnectEvent a, ConnectEvent b) noexcept { return a < b; }
};

/// The functions that a namespace, or a parent of namespaces, has been given for clients that connect.
///
/// @par Thread safety  Any thread. A function that is removed is destroyed by the thread that removes it, with nothing
///                     locked.
class NamespaceSetup {
 public:
  NamespaceSetup() = default;
  NamespaceSetup(const NamespaceSetup&) = delete;
  NamespaceSetup& operator=(const NamespaceSetup&) = delete;

  SOCKETIO_DECL void use(ConnectionMiddleware::Function middleware);

  SOCKETIO_DECL void add_connection_handler(ConnectEvent event, ConnectionHandler handler, const Registration& how);
  /// @param listener  null: all handlers of the event
  SOCKETIO_DECL void remove_connection_handlers(ConnectEvent event, std::optional<Listener> listener);
  SOCKETIO_DECL std::vector<Listener> connection_listeners(ConnectEvent event) const;

  /// A copy, which keeps the middleware that there are now.
  SOCKETIO_DECL ConnectionMiddleware middleware() const;

  /// Calls the handlers registered now, whatever they do to the namespace.
  SOCKETIO_DECL void handle_connection(const SocketPtr& socket);

  /// Takes over the functions that a parent has now, and none that it gets later. Called once, on a new one.
  SOCKETIO_DECL void inherit(const NamespaceSetup& parent);

  /// Destroys all functions, and takes none from now on: nothing would ever destroy them.
  SOCKETIO_DECL void end();

 private:
  // Shared, because children inherit the handlers of their parent.
  using Handler = Listening<std::shared_ptr<const ConnectionHandler>>;

  mutable std::mutex mutex_;
  ConnectionMiddleware middleware_;
  bool has_ended_ = false;
  ListenerList<Handler, ConnectEvent> handlers_;
};

/// Lets clients of a new namespace wait until the handlers of "new_namespace" have seen it.
///
/// @par Thread safety  Any thread.
class SetupGate {
 public:
  /// True for the first caller, who sets the namespace up and then calls `open`.
  bool begin() noexcept { return !has_begun_.exchange(true); }
  SOCKETIO_DECL void open();

  /// Runs `task` at once if the gate is open, otherwise on `shard` when it opens.
  SOCKETIO_DECL void when_open(const std::shared_ptr<Shard>& shard, UniqueFunction<void()> task);

 private:
  std::mutex mutex_;
  std::atomic<bool> has_begun_{false};
  std::atomic<bool> is_open_{false};
  std::vector<std::pair<std::shared_ptr<Shard>, UniqueFunction<void()>>> waiting_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/namespace_setup.ipp>
#endif
