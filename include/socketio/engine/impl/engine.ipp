// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/engine.hpp>. Engine layer.
#pragma once

#include <socketio/engine/engine.hpp>
#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/impl/pending_request.ipp>
#include <socketio/engine/query.hpp>

#include <utility>

namespace socketio {

SOCKETIO_DECL Engine::Engine(Scheduler& scheduler, EngineOptions options)
    : Engine(scheduler, std::move(options), nullptr, 0) {}

SOCKETIO_DECL Engine::Engine(Scheduler& scheduler, EngineOptions options,
                             std::shared_ptr<detail::SessionDirectory> directory, std::size_t index)
    : state_(new detail::EngineState(scheduler, std::move(options), std::move(directory), index)) {}

SOCKETIO_DECL Engine::~Engine() {
  // No callback is called any more, and sessions that users keep must not keep alive what the callbacks hold.
  state_->middlewares.clear();
  state_->connection_hook.clear();
  state_->connection_error_hook.clear();
  state_->initial_headers_hook.clear();
  state_->headers_hook.clear();
  state_->flush_hook.clear();
  state_->drain_hook.clear();
  state_->when_without_sessions.reset();
  close();
  state_->error_hook.clear();
}

SOCKETIO_DECL const EngineOptions& Engine::options() const noexcept { return state_->options; }
SOCKETIO_DECL Scheduler& Engine::scheduler() const noexcept { return state_->scheduler; }

SOCKETIO_DECL bool Engine::matches(const HttpRequest& request) const noexcept {
  return std::string_view(request.target).substr(0, state_->path.size()) == state_->path;
}

SOCKETIO_DECL std::optional<std::size_t> Engine::elsewhere(const HttpRequest& request) const {
  const detail::SessionDirectory& directory = *state_->directory;
  if (directory.engines() == 1) return std::nullopt;
  const QueryParams query(request.query());
  const std::string_view sid = query.find("sid").value_or(std::string_view());
  if (sid.empty()) return std::nullopt;
  const std::size_t engine = directory.engine_of(sid);
  return engine == state_->index ? std::nullopt : std::optional(engine);
}

SOCKETIO_DECL void Engine::find_client_address(HttpExchange& exchange) const {
  if (!state_->client_addresses) return;
  if (auto client = state_->client_addresses->find(exchange.request()))
    exchange.set_remote(std::move(client->address), client->port);
}

SOCKETIO_DECL void Engine::handle(ExchangePtr exchange) {
  find_client_address(*exchange);
  std::make_shared<detail::PendingRequest>(state_, exchange)->start();
}

SOCKETIO_DECL void Engine::on_connection(ConnectionHandler handler) { state_->connection_hook.add(std::move(handler)); }
SOCKETIO_DECL void Engine::on_connection_error(ConnectionErrorHandler handler) {
  state_->connection_error_hook.add(std::move(handler));
}
SOCKETIO_DECL void Engine::on_initial_headers(HeadersHandler handler) {
  state_->initial_headers_hook.add(std::move(handler));
}
SOCKETIO_DECL void Engine::on_headers(HeadersHandler handler) { state_->headers_hook.add(std::move(handler)); }
SOCKETIO_DECL void Engine::on_flush(FlushHandler handler) { state_->flush_hook.add(std::move(handler)); }
SOCKETIO_DECL void Engine::on_drain(DrainHandler handler) { state_->drain_hook.add(std::move(handler)); }
SOCKETIO_DECL void Engine::on_error(ErrorHandler handler) { state_->error_hook.add(std::move(handler)); }

SOCKETIO_DECL void Engine::report_error(std::exception_ptr error, std::string_view where) const noexcept {
  state_->report(std::move(error), where);
}

SOCKETIO_DECL void Engine::use(Middleware middleware) {
  state_->middlewares.emplace_back(new Middleware(std::move(middleware)));
}

SOCKETIO_DECL std::size_t Engine::clients_count() const noexcept { return state_->sessions.size(); }

SOCKETIO_DECL std::size_t Engine::clients_count_of_group() const noexcept { return state_->directory->sessions(); }

SOCKETIO_DECL std::shared_ptr<Session> Engine::find(std::string_view sid) const {
  const auto found = state_->sessions.find(sid);
  return found == state_->sessions.end() ? nullptr : found->second;
}

SOCKETIO_DECL std::vector<std::shared_ptr<Session>> Engine::snapshot() const {
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(state_->sessions.size());
  for (const auto& [sid, session] : state_->sessions) sessions.push_back(session);
  return sessions;
}

SOCKETIO_DECL void Engine::announce_shutdown() noexcept { state_->is_draining = true; }

SOCKETIO_DECL void Engine::shut_down(detail::UniqueFunction<void()> done) {
  state_->is_draining = state_->is_closed = true;
  if (done) state_->when_without_sessions = std::make_shared<detail::UniqueFunction<void()>>(std::move(done));
  for_each_session([](Session& session) { session.shut_down(); });
  if (state_->when_without_sessions) state_->note_without_sessions();
}

SOCKETIO_DECL void Engine::close() {
  state_->is_closed = true;
  for_each_session([](Session& session) { session.close(true); });
}

SOCKETIO_DECL void Engine::reopen() noexcept { state_->is_draining = state_->is_closed = false; }
SOCKETIO_DECL bool Engine::is_draining() const noexcept { return state_->is_draining; }
SOCKETIO_DECL bool Engine::is_closed() const noexcept { return state_->is_closed; }

}  // namespace socketio
