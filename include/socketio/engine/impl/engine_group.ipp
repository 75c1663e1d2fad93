// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/engine_group.hpp>. Engine layer.
#pragma once

#include <socketio/engine/engine_group.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace socketio {

SOCKETIO_DECL void EngineGroup::dispatch_to_all(const std::function<void(Engine&)>& task) const {
  for (Engine* const engine : engines_)
    engine->scheduler().dispatch([weak = std::weak_ptr(alive_), engine, task] {
      if (const auto alive = weak.lock()) task(*engine);
    });
}

template <class Function>
void EngineGroup::add_to_all(void (Engine::*adder)(Function), Function function) {
  if (!function) return dispatch_to_all([adder](Engine& engine) { (engine.*adder)(nullptr); });
  const std::shared_ptr<const Function> shared(new Function(std::move(function)));
  dispatch_to_all([adder, shared](Engine& engine) {
    (engine.*adder)([shared](auto&&... args) { (*shared)(std::forward<decltype(args)>(args)...); });
  });
}

SOCKETIO_DECL void EngineGroup::on_connection(Engine::ConnectionHandler handler) {
  add_to_all(&Engine::on_connection, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::on_connection_error(Engine::ConnectionErrorHandler handler) {
  add_to_all(&Engine::on_connection_error, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::on_initial_headers(Engine::HeadersHandler handler) {
  add_to_all(&Engine::on_initial_headers, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::on_headers(Engine::HeadersHandler handler) {
  add_to_all(&Engine::on_headers, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::on_flush(Engine::FlushHandler handler) {
  add_to_all(&Engine::on_flush, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::on_drain(Engine::DrainHandler handler) {
  add_to_all(&Engine::on_drain, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::on_error(Engine::ErrorHandler handler) {
  add_to_all(&Engine::on_error, std::move(handler));
}
SOCKETIO_DECL void EngineGroup::use(Engine::Middleware middleware) { add_to_all(&Engine::use, std::move(middleware)); }

SOCKETIO_DECL std::shared_ptr<Session> EngineGroup::find(std::string_view sid) const {
  for (Engine* const engine : engines_)
    if (engine->scheduler().running_in_this_thread()) return engine->find(sid);
  return nullptr;
}

SOCKETIO_DECL void EngineGroup::close() {
  dispatch_to_all([](Engine& engine) { engine.close(); });
}

}  // namespace socketio
