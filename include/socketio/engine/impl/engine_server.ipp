// SPDX-License-Identifier: MIT
// Bodies of engine_server.hpp. Engine layer.
#pragma once

#include <socketio/engine/engine_server.hpp>

#include <exception>
#include <optional>

namespace socketio {

SOCKETIO_DECL EngineServer::EngineServer(AnyTransport& transport, EngineOptions options)
    : EngineServer(transport, std::move(options), nullptr, 0) {}

SOCKETIO_DECL EngineServer::EngineServer(AnyTransport& transport, EngineOptions options,
                                         std::shared_ptr<detail::SessionDirectory> directory, std::size_t index)
    : transport_(transport), engine_(transport.scheduler(), std::move(options), std::move(directory), index) {
  transport_.on_exchange([this](ExchangePtr exchange) { handle(std::move(exchange)); });
}

SOCKETIO_DECL EngineServer::~EngineServer() { transport_.on_exchange(nullptr); }

SOCKETIO_DECL void EngineServer::on_request(ExchangeHandler handler) { request_hook_.set(std::move(handler)); }

SOCKETIO_DECL void EngineServer::set_default_answer(unsigned status, std::string body) {
  default_status_ = status;
  default_body_ = std::move(body);
}

SOCKETIO_DECL std::uint16_t EngineServer::listen(std::uint16_t port, const std::string& address) {
  const std::uint16_t bound = transport_.listen(port, address);
  engine_.reopen();
  return bound;
}

SOCKETIO_DECL void EngineServer::close() {
  engine_.close();
  transport_.close();
  foreign_upgrades_.clear();
}

SOCKETIO_DECL EngineServer::ForeignUpgrade::ForeignUpgrade(EngineServer& owner, const ExchangePtr& request)
    : server(owner), exchange(request), timer([](void* at) { static_cast<ForeignUpgrade*>(at)->expire(); }, this) {}

SOCKETIO_DECL void EngineServer::ForeignUpgrade::expire() {
  if (const ExchangePtr alive = exchange.lock()) alive->destroy();
  server.foreign_upgrades_.remove_if([this](const ForeignUpgrade& other) { return this == &other; });
}

SOCKETIO_DECL void EngineServer::handle(ExchangePtr exchange) {
  if (engine_.matches(exchange->request())) {
    const std::optional<std::size_t> other = engine_.elsewhere(exchange->request());
    if (other && exchange->move_to(*other)) return;
    return engine_.handle(std::move(exchange));
  }
  engine_.find_client_address(*exchange);
  const EngineOptions& options = engine_.options();
  if (!options.health_path.empty() && exchange->request().path() == options.health_path && !exchange->is_upgrade())
    return answer_health_check(*exchange);
  const bool may_hang = exchange->is_upgrade() && options.transports.websocket && options.destroy_upgrade;
  if (may_hang) {
    ForeignUpgrade& foreign = foreign_upgrades_.emplace_back(*this, exchange);
    engine_.scheduler().arm(foreign.timer, options.destroy_upgrade_timeout);
    if (!request_hook_) {
      foreign.unclaimed = std::move(exchange);
      return;
    }
  }
  if (!request_hook_) return answer(*exchange, default_status_, default_body_);
  try {
    request_hook_(exchange);
  } catch (...) {
    answer(*exchange, 500, {});
    engine_.report_error(std::current_exception(), "request");
  }
}

SOCKETIO_DECL void EngineServer::answer_health_check(HttpExchange& exchange) const {
  HttpResponse response;
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Content-Type", "text/plain");
  response.status = engine_.is_draining() ? 503 : 200;
  response.body = engine_.is_draining() ? "draining" : "ok";
  exchange.respond(std::move(response));
}

SOCKETIO_DECL void EngineServer::answer(HttpExchange& exchange, unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  exchange.respond(std::move(response));
}

}  // namespace socketio
