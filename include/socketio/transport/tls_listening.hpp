// SPDX-License-Identifier: MIT
// What a program hands to `listen` so that a server speaks TLS. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/fwd.hpp>
#include <socketio/transport/tls_forward.hpp>
#include <socketio/transport/tls_options.hpp>

#include <memory>

namespace socketio {

namespace detail {
class TlsConnectionMaker;
}  // namespace detail

/// What a server needs to listen with TLS: `io.listen(443, tls)`. One can be used for several ports and servers.
///
/// @code
/// socketio::Tls tls({.certificate_chain_file = "cert.pem", .private_key_file = "key.pem"});
/// io.listen(443, tls);
/// @endcode
///
/// @par Thread safety  Any thread, as far as `asio::ssl::context` and the files allow.
/// @par Lifetime       May be destroyed as soon as `listen` has returned. A copy is the same Tls.
class Tls {
 public:
  /// @throws std::invalid_argument  naming every option, or the file, that is wrong, with OpenSSL's reason
  /// @throws std::system_error      naming the file that cannot be read
  explicit Tls(TlsOptions options);

  /// For programs that need more of OpenSSL than TlsOptions offers; include <asio/ssl/context.hpp>. The context decides
  /// about everything, except that renegotiation is never allowed. A context that asks for clients' certificates needs
  /// a session id context; without one, OpenSSL refuses a client that comes back with a ticket.
  explicit Tls(asio::ssl::context context);

  /// Reads the files again. Connections that are made from now on use the new ones; open connections keep the old ones.
  /// If it fails, nothing has changed.
  ///
  /// @throws as the constructor; std::logic_error if this was made of a context
  void reload();

  /// Goes over to other options, or to another context, as `reload` does.
  ///
  /// @throws as the constructor
  void replace(TlsOptions options);
  void replace(asio::ssl::context context);

 private:
  friend class AsioTransport;

  std::shared_ptr<detail::TlsConnectionMaker> maker_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/tls_listening.ipp>
#endif
