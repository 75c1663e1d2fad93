// SPDX-License-Identifier: MIT
// Bodies of namespace_setup.hpp. Core layer.
#pragma once

#include <socketio/core/namespace_setup.hpp>

namespace socketio::detail {

SOCKETIO_DECL void NamespaceSetup::use(ConnectionMiddleware::Function middleware) {
  const std::lock_guard lock(mutex_);
  if (!has_ended_) middleware_.add(std::move(middleware));
}

SOCKETIO_DECL void NamespaceSetup::add_connection_handler(ConnectEvent event, ConnectionHandler handler,
                                                          const Registration& how) {
  auto shared = std::make_shared<const ConnectionHandler>(std::move(handler));
  handlers_.add(mutex_, event, make_listening(how, std::move(shared)), how.first);
}

SOCKETIO_DECL void NamespaceSetup::remove_connection_handlers(ConnectEvent event, std::optional<Listener> listener) {
  handlers_.remove_if(mutex_, [&](ConnectEvent key, const Handler& handler) {
    return key == event && (!listener || handler.listener == *listener);
  });
}

SOCKETIO_DECL std::vector<Listener> NamespaceSetup::connection_listeners(ConnectEvent event) const {
  std::vector<Listener> listeners;
  handlers_.for_each(mutex_, [&](ConnectEvent key, const Handler& handler) {
    if (key == event) listeners.push_back(handler.listener);
  });
  return listeners;
}

SOCKETIO_DECL ConnectionMiddleware NamespaceSetup::middleware() const {
  const std::lock_guard lock(mutex_);
  return middleware_;
}

SOCKETIO_DECL void NamespaceSetup::handle_connection(const SocketPtr& socket) {
  handlers_.dispatch(
      mutex_, [](ConnectEvent) { return true; }, [&](const Handler& handler) { (*handler.function)(socket); });
}

SOCKETIO_DECL void NamespaceSetup::inherit(const NamespaceSetup& parent) {
  std::vector<std::pair<ConnectEvent, std::unique_ptr<Handler>>> copies;
  parent.handlers_.for_each(parent.mutex_, [&](ConnectEvent event, const Handler& handler) {
    copies.emplace_back(event, std::unique_ptr<Handler>(new Handler{handler.listener, handler.once, handler.function}));
  });
  for (auto& [event, handler] : copies) handlers_.add(mutex_, event, std::move(handler), false);
  ConnectionMiddleware chain = parent.middleware();
  const std::lock_guard lock(mutex_);
  middleware_ = std::move(chain);
}

SOCKETIO_DECL void NamespaceSetup::end() {
  handlers_.end(mutex_);
  ConnectionMiddleware removed;
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  std::swap(middleware_, removed);
}

SOCKETIO_DECL void SetupGate::open() {
  std::vector<std::pair<std::shared_ptr<Shard>, UniqueFunction<void()>>> waiting;
  {
    const std::lock_guard lock(mutex_);
    is_open_.store(true, std::memory_order_release);
    waiting.swap(waiting_);
  }
  for (auto& [shard, task] : waiting) shard->post(std::move(task));
}

SOCKETIO_DECL void SetupGate::when_open(const std::shared_ptr<Shard>& shard, UniqueFunction<void()> task) {
  if (!is_open_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    if (!is_open_.load(std::memory_order_relaxed)) {
      waiting_.emplace_back(shard, std::move(task));
      return;
    }
  }
  task();
}

}  // namespace socketio::detail
