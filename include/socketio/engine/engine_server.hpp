// SPDX-License-Identifier: MIT
// An engine on a transport: Engine.IO served by itself, with the other requests handed on. Engine layer.
#pragma once

#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/engine.hpp>
#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/transport.hpp>

#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace socketio {

/// Gives the exchanges of one transport to one engine, and those that are not the engine's to somebody else.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Must not outlive the transport; takes over its `on_exchange`.
/// @par Example        tests/conformance/engine_server.cpp
template <Transport TransportT>
class BasicEngineServer {
 public:
  /// @throws std::invalid_argument  naming every invalid option
  explicit BasicEngineServer(TransportT& transport, EngineOptions options = {})
      : BasicEngineServer(transport, std::move(options), nullptr, 0) {}

  /// On one of several transports that are linked (see ShardedTransport); `index` is that of the transport.
  BasicEngineServer(TransportT& transport, EngineOptions options, std::shared_ptr<detail::SessionDirectory> directory,
                    std::size_t index)
      : transport_(transport), engine_(transport.scheduler(), std::move(options), std::move(directory), index) {
    transport_.on_exchange([this](ExchangePtr exchange) { handle(std::move(exchange)); });
  }
  BasicEngineServer(const BasicEngineServer&) = delete;
  BasicEngineServer& operator=(const BasicEngineServer&) = delete;
  ~BasicEngineServer() { transport_.on_exchange(nullptr); }

  Engine& engine() noexcept { return engine_; }

  /// Sets who gets the requests outside the engine's path. Without anybody they get the default answer, and upgrade
  /// requests are ended after `EngineOptions::destroy_upgrade_timeout`, as are those that `handler` leaves unanswered.
  void on_request(ExchangeHandler handler) { request_hook_.set(std::move(handler)); }

  /// Sets how requests are answered that are nobody's; by default with 501 and `Not Implemented`.
  void set_default_answer(unsigned status, std::string body) {
    default_status_ = status;
    default_body_ = std::move(body);
  }

  /// Accepts connections; also again after `close`. Parameters, result and errors are those of the transport.
  std::uint16_t listen(std::uint16_t port, const std::string& address = {}) {
    const std::uint16_t bound = transport_.listen(port, address);
    engine_.reopen();
    return bound;
  }
  template <class Security>
  requires SecurableTransport<TransportT, Security> std::uint16_t listen(std::uint16_t port, const Security& security,
                                                                         const std::string& address = {}) {
    const std::uint16_t bound = transport_.listen(port, security, address);
    engine_.reopen();
    return bound;
  }

  /// Closes every session and the transport.
  void close() {
    engine_.close();
    transport_.close();
    foreign_upgrades_.clear();
  }

 private:
  /// An upgrade request that is not the engine's: nobody may ever answer it.
  struct ForeignUpgrade {
    ForeignUpgrade(BasicEngineServer& owner, const ExchangePtr& request)
        : server(owner), exchange(request), timer([](void* at) { static_cast<ForeignUpgrade*>(at)->expire(); }, this) {}

    void expire() {
      if (const ExchangePtr alive = exchange.lock()) alive->destroy();
      server.foreign_upgrades_.remove_if([this](const ForeignUpgrade& other) { return this == &other; });
    }

    BasicEngineServer& server;
    std::weak_ptr<HttpExchange> exchange;
    ExchangePtr unclaimed;  // where there is no handler to keep it
    Timer timer;
  };

  void handle(ExchangePtr exchange) {
    if (engine_.matches(exchange->request())) {
      const std::optional<std::size_t> other = engine_.elsewhere(exchange->request());
      if (other && exchange->move_to(*other)) return;
      return engine_.handle(std::move(exchange));
    }
    const EngineOptions& options = engine_.options();
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

  static void answer(HttpExchange& exchange, unsigned status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    exchange.respond(std::move(response));
  }

  TransportT& transport_;
  Engine engine_;
  detail::Hook<void(ExchangePtr)> request_hook_;
  unsigned default_status_ = 501;
  std::string default_body_ = "Not Implemented";
  std::list<ForeignUpgrade> foreign_upgrades_;
};

}  // namespace socketio
