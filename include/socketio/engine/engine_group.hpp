// SPDX-License-Identifier: MIT
// The engines of one server, one for each of its threads, as one. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/engine.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// What `Server::engine` returns: the hooks, the middleware and the sessions of all of the server's engines.
///
/// What is registered reaches the engine of the calling thread at once and the others as soon as their threads get to
/// it. Where there are several, it is called on all of these threads, possibly at the same time.
///
/// @par Thread safety  Any thread.
class EngineGroup {
 public:
  EngineGroup() = default;
  EngineGroup(const EngineGroup&) = delete;
  EngineGroup& operator=(const EngineGroup&) = delete;

  /// For the library: the engine on the next thread.
  void add(Engine& engine) { engines_.push_back(&engine); }

  std::size_t size() const noexcept { return engines_.size(); }
  const EngineOptions& options() const noexcept { return engines_.front()->options(); }

  // See the functions of Engine of the same names.
  SOCKETIO_DECL void on_connection(Engine::ConnectionHandler handler);
  SOCKETIO_DECL void on_connection_error(Engine::ConnectionErrorHandler handler);
  SOCKETIO_DECL void on_initial_headers(Engine::HeadersHandler handler);
  SOCKETIO_DECL void on_headers(Engine::HeadersHandler handler);
  SOCKETIO_DECL void on_flush(Engine::FlushHandler handler);
  SOCKETIO_DECL void on_drain(Engine::DrainHandler handler);
  SOCKETIO_DECL void on_error(Engine::ErrorHandler handler);
  SOCKETIO_DECL void use(Engine::Middleware middleware);

  /// How many sessions there are, on all threads. Any thread.
  std::size_t clients_count() const noexcept { return engines_.front()->clients_count_of_group(); }

  /// The session of that id, if the calling thread is the one that has it.
  SOCKETIO_DECL std::shared_ptr<Session> find(std::string_view sid) const;

  /// Calls `visit(Session&)` for every session, on each one's thread: at once on the calling one.
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    const auto shared = std::make_shared<std::decay_t<Visit>>(std::forward<Visit>(visit));
    dispatch_to_all([shared](Engine& engine) { engine.for_each_session(*shared); });
  }

  /// Closes every session at once and refuses new ones with 503, until the server listens again.
  SOCKETIO_DECL void close();

 private:
  template <class Function>
  void add_to_all(void (Engine::*adder)(Function), Function function);

  /// What waits in an event loop of the program's may be run when the server has gone: then it does nothing.
  SOCKETIO_DECL void dispatch_to_all(const std::function<void(Engine&)>& task) const;

  std::vector<Engine*> engines_;
  std::shared_ptr<char> alive_{new char()};
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/engine_group.ipp>
#endif
