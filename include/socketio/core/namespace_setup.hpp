// SPDX-License-Identifier: MIT
// What a namespace does with those who connect: its middleware, then its connection handlers. Core layer.
#pragma once

#include <socketio/core/listener.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/detail/unique_function.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class SocketState;

/// The functions that a namespace, or a parent of namespaces, has been given.
///
/// What is taken away is destroyed on the thread that does it, when nothing is locked.
///
/// @par Thread safety  Any thread.
template <class Config>
class NamespaceSetup {
 public:
  using SocketPtr = std::shared_ptr<SocketState<Config>>;
  using Chain = MiddlewareChain<SocketPtr>;
  using ConnectionHandler = UniqueFunction<void(const SocketPtr&)>;

  NamespaceSetup() = default;
  NamespaceSetup(const NamespaceSetup&) = delete;
  NamespaceSetup& operator=(const NamespaceSetup&) = delete;

  void use(typename Chain::Function middleware) {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    functions_.middleware.add(std::move(middleware));
  }

  /// How a handler is registered.
  struct Registration {
    Listener listener = Listener::make();
    bool once = false;
    bool first = false;  // before those that are there already
  };

  /// `connect` handlers come before `connection` handlers, whatever the order of their registration.
  void add_connection_handler(bool is_connect, ConnectionHandler handler, const Registration& how) {
    Entry entry{how.listener, std::make_shared<ConnectionHandler>(std::move(handler)), how.once};
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    std::vector<Entry>& list = functions_.list(is_connect);
    list.insert(how.first ? list.begin() : list.end(), std::move(entry));
  }
  void remove_connection_handlers(bool is_connect) {
    std::vector<Entry> removed;
    const std::lock_guard lock(mutex_);
    removed.swap(functions_.list(is_connect));
  }
  void remove_connection_handler(bool is_connect, Listener listener) {
    std::vector<Entry> removed;
    const std::lock_guard lock(mutex_);
    std::vector<Entry>& list = functions_.list(is_connect);
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Entry& entry) { return entry.listener == listener; });
    if (found == list.end()) return;
    removed.push_back(std::move(*found));
    list.erase(found);
  }

  std::vector<Listener> connection_listeners(bool is_connect) const {
    std::vector<Listener> listeners;
    Functions now = functions();
    for (const Entry& entry : now.list(is_connect)) listeners.push_back(entry.listener);
    return listeners;
  }

  /// A copy, which keeps the functions that there are now.
  Chain middleware() const {
    const std::lock_guard lock(mutex_);
    return functions_.middleware;
  }

  /// Calls the handlers registered now, whatever they do to the namespace.
  void handle_connection(const SocketPtr& socket) {
    std::vector<std::shared_ptr<ConnectionHandler>> handlers;
    {
      const std::lock_guard lock(mutex_);
      for (const bool is_connect : {true, false}) {
        std::vector<Entry>& entries = functions_.list(is_connect);
        for (const Entry& entry : entries) handlers.push_back(entry.handler);
        std::erase_if(entries, [](const Entry& entry) { return entry.once; });
      }
    }
    for (const auto& handler : handlers) (*handler)(socket);
  }

  /// Begins with the functions that another one has by now, and none that it gets later.
  void inherit(const NamespaceSetup& other) {
    Functions copy = other.functions();
    const std::lock_guard lock(mutex_);
    std::swap(functions_, copy);
  }

  /// Lets go of everything, and takes nothing any more: nothing would ever destroy it.
  void end() {
    Functions removed;
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    std::swap(functions_, removed);
  }

 private:
  struct Entry {
    Listener listener;
    std::shared_ptr<ConnectionHandler> handler;
    bool once;
  };
  struct Functions {
    std::vector<Entry>& list(bool is_connect) noexcept { return is_connect ? connect : connection; }

    Chain middleware;
    std::vector<Entry> connect;
    std::vector<Entry> connection;
  };

  Functions functions() const {
    const std::lock_guard lock(mutex_);
    return functions_;
  }

  mutable std::mutex mutex_;
  Functions functions_;
  bool has_ended_ = false;
};

}  // namespace socketio::detail
