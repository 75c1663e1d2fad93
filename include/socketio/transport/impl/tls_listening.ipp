// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/tls_listening.hpp>, and of the functions of AsioTransport that need TLS.
// Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio.hpp>
#include <socketio/transport/tls_connection_maker.hpp>
#include <socketio/transport/tls_context.hpp>
#include <socketio/transport/tls_listening.hpp>

#include <asio/ssl/context.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace socketio {

SOCKETIO_DECL Tls::Tls(TlsOptions options) : maker_(std::make_shared<detail::TlsConnectionMaker>()) {
  replace(std::move(options));
}

SOCKETIO_DECL Tls::Tls(asio::ssl::context context) : maker_(std::make_shared<detail::TlsConnectionMaker>()) {
  replace(std::move(context));
}

SOCKETIO_DECL void Tls::reload() {
  const auto options = maker_->options();
  if (!options) throw std::logic_error("socketio::Tls: it was made of a context, not of files; use replace");
  maker_->use(options, detail::make_tls_context(*options));
}

SOCKETIO_DECL void Tls::replace(TlsOptions options) {
  auto context = detail::make_tls_context(options);
  maker_->use(std::make_shared<const TlsOptions>(std::move(options)), std::move(context));
}

SOCKETIO_DECL void Tls::replace(asio::ssl::context context) {
  maker_->use(nullptr, std::make_shared<asio::ssl::context>(std::move(context)));
}

SOCKETIO_DECL std::uint16_t AsioTransport::listen(std::uint16_t port, const Tls& tls, const std::string& address) {
  return listen_with(tls.maker_, port, address);
}

SOCKETIO_DECL void AsioTransport::listen(const UnixSocket& where, const Tls& tls) { listen_with(tls.maker_, where); }

SOCKETIO_DECL std::uint16_t AsioTransport::listen(const ListeningSocket& socket, const Tls& tls) {
  return listen_with(tls.maker_, socket);
}

}  // namespace socketio
