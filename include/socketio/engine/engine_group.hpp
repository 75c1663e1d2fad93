// SPDX-License-Identifier: MIT
// The engines of one server, one for each of its threads, as one. Engine layer.
#pragma once

#include <socketio/engine/engine.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>
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
  void on_connection(Engine::ConnectionHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_connection(std::move(shared)); });
  }
  void on_connection_error(Engine::ConnectionErrorHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_connection_error(std::move(shared)); });
  }
  void on_initial_headers(Engine::HeadersHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_initial_headers(std::move(shared)); });
  }
  void on_headers(Engine::HeadersHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_headers(std::move(shared)); });
  }
  void on_flush(Engine::FlushHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_flush(std::move(shared)); });
  }
  void on_drain(Engine::DrainHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_drain(std::move(shared)); });
  }
  void on_error(Engine::ErrorHandler handler) {
    add_to_all(std::move(handler), [](Engine& engine, auto shared) { engine.on_error(std::move(shared)); });
  }
  void use(Engine::Middleware middleware) {
    add_to_all(std::move(middleware), [](Engine& engine, auto shared) { engine.use(std::move(shared)); });
  }

  /// How many sessions there are, on all threads. Any thread.
  std::size_t clients_count() const noexcept { return engines_.front()->clients_count_of_group(); }

  /// The session of that id, if the calling thread is the one that has it.
  std::shared_ptr<Session> find(std::string_view sid) const {
    for (Engine* const engine : engines_)
      if (engine->scheduler().running_in_this_thread()) return engine->find(sid);
    return nullptr;
  }

  /// Calls `visit(Session&)` for every session, on each one's thread: at once on the calling one.
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    const auto shared = std::make_shared<std::decay_t<Visit>>(std::forward<Visit>(visit));
    dispatch_to_all([shared](Engine& engine) { engine.for_each_session(*shared); });
  }

  /// Closes every session at once and refuses new ones with 503, until the server listens again.
  void close() {
    dispatch_to_all([](Engine& engine) { engine.close(); });
  }

 private:
  template <class Function, class Register>
  void add_to_all(Function function, Register add) {
    const bool removes = !function;
    const auto shared = std::make_shared<const Function>(std::move(function));
    dispatch_to_all([shared, removes, add](Engine& engine) {
      if (removes)
        add(engine, Function());
      else
        add(engine, Function([shared](auto&&... args) { (*shared)(std::forward<decltype(args)>(args)...); }));
    });
  }

  /// What waits in an event loop of the program's may be run when the server has gone: then it does nothing.
  template <class Task>
  void dispatch_to_all(const Task& task) const {
    for (Engine* const engine : engines_)
      engine->scheduler().dispatch([weak = std::weak_ptr(alive_), engine, task] {
        if (const auto alive = weak.lock()) task(*engine);
      });
  }

  std::vector<Engine*> engines_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace socketio
