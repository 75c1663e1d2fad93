// SPDX-License-Identifier: MIT
// An engine on a transport: Engine.IO served by itself, with the other requests handed on. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/any_transport.hpp>
#include <socketio/engine/engine.hpp>
#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace socketio {

/// Gives the exchanges of one transport to one engine, and exchanges outside the engine's path to another handler.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Must not outlive the transport; takes over its `on_exchange`.
class EngineServer {
 public:
  /// @throws std::invalid_argument  naming every invalid option
  SOCKETIO_DECL explicit EngineServer(AnyTransport& transport, EngineOptions options = {});

  /// On one of several transports that are linked (see ShardedTransport); `index` is that of the transport.
  SOCKETIO_DECL EngineServer(AnyTransport& transport, EngineOptions options,
                             std::shared_ptr<detail::SessionDirectory> directory, std::size_t index);
  EngineServer(const EngineServer&) = delete;
  EngineServer& operator=(const EngineServer&) = delete;
  SOCKETIO_DECL ~EngineServer();

  Engine& engine() noexcept { return engine_; }

  /// Sets the handler of requests outside the engine's path. Without one they get the default answer, and upgrade
  /// requests are ended after `EngineOptions::destroy_upgrade_timeout`, as are those that `handler` leaves unanswered.
  SOCKETIO_DECL void on_request(ExchangeHandler handler);

  /// Sets the answer to requests that have no handler; by default 501 and `Not Implemented`.
  SOCKETIO_DECL void set_default_answer(unsigned status, std::string body);

  /// Accepts connections; also again after `close`. Parameters, result and errors are those of the transport.
  SOCKETIO_DECL std::uint16_t listen(std::uint16_t port, const std::string& address = {});

  /// Closes every session and the transport.
  SOCKETIO_DECL void close();

 private:
  /// An upgrade request outside the engine's path, which might never be answered.
  struct ForeignUpgrade {
    ForeignUpgrade(EngineServer& owner, const ExchangePtr& request);

    void expire();

    EngineServer& server;
    std::weak_ptr<HttpExchange> exchange;
    ExchangePtr unclaimed;  // where there is no handler to keep it
    Timer timer;
  };

  void handle(ExchangePtr exchange);
  void answer_health_check(HttpExchange& exchange) const;
  static void answer(HttpExchange& exchange, unsigned status, std::string body);

  AnyTransport& transport_;
  Engine engine_;
  detail::Hook<void(ExchangePtr)> request_hook_;
  unsigned default_status_ = 501;
  std::string default_body_ = "Not Implemented";
  std::list<ForeignUpgrade> foreign_upgrades_;
};

/// An EngineServer on a transport whose type is known, which may listen in other ways than plainly.
///
/// @par Example  tests/conformance/engine_server.cpp
template <Transport TransportT>
class BasicEngineServer : private TransportRef<TransportT>, public EngineServer {
 public:
  /// @throws std::invalid_argument  naming every invalid option
  explicit BasicEngineServer(TransportT& transport, EngineOptions options = {})
      : TransportRef<TransportT>(transport),
        EngineServer(static_cast<TransportRef<TransportT>&>(*this), std::move(options)) {}

  using EngineServer::close;
  using EngineServer::listen;
  template <class Security>
  requires SecurableTransport<TransportT, Security> std::uint16_t listen(std::uint16_t port, const Security& security,
                                                                         const std::string& address = {}) {
    const std::uint16_t bound = this->get().listen(port, security, address);
    engine().reopen();
    return bound;
  }
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/engine_server.ipp>
#endif
