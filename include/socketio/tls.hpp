// SPDX-License-Identifier: MIT
// TLS for the transports on TCP; the one header to include for it, and the one that needs OpenSSL.
#pragma once

#include <socketio/transport/asio.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/tls_connection.hpp>
#include <socketio/transport/tls_context.hpp>
#include <socketio/transport/tls_options.hpp>

#include <asio/ssl/context.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace socketio {

namespace detail {

/// Makes connections with the newest context.
class TlsConnectionMaker final : public AsioConnectionMaker {
 public:
  using Options = std::shared_ptr<const TlsOptions>;
  using Context = std::shared_ptr<asio::ssl::context>;

  /// @param options  what the context is made of; null: it is the program's own
  void use(Options options, Context context) {
    const std::lock_guard lock(mutex_);
    options_.swap(options);  // what was there is destroyed after the lock
    context_.swap(context);
  }

  Options options() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }

  std::shared_ptr<AsioConnection> make(const std::shared_ptr<AsioShard>& shard, AsioPeer peer,
                                       AcceptedSocket socket) const override {
    return std::make_shared<TlsConnection<AsioSocket>>(shard, std::move(peer), std::move(socket), context());
  }

 private:
  Context context() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }

  mutable std::mutex mutex_;
  Options options_;
  Context context_;
};

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
  explicit Tls(TlsOptions options) { replace(std::move(options)); }

  /// For those who want more of OpenSSL than TlsOptions has. Everything is as the context says, except that there is no
  /// renegotiation. One that asks for clients' certificates needs a session id context, or a client that comes back
  /// with a ticket is refused.
  explicit Tls(asio::ssl::context context) { replace(std::move(context)); }

  /// Reads the files again. What connects from now on sees the new ones; what is connected stays so. If it fails,
  /// nothing has changed.
  ///
  /// @throws as the constructor; std::logic_error if this was made of a context
  void reload() {
    const auto options = maker_->options();
    if (!options) throw std::logic_error("socketio::Tls: what is made of a context has no files; use replace");
    maker_->use(options, detail::make_tls_context(*options));
  }

  /// The same with other options, or with another context.
  ///
  /// @throws as the constructor
  void replace(TlsOptions options) {
    auto context = detail::make_tls_context(options);
    maker_->use(std::make_shared<const TlsOptions>(std::move(options)), std::move(context));
  }
  void replace(asio::ssl::context context) {
    maker_->use(nullptr, std::make_shared<asio::ssl::context>(std::move(context)));
  }

 private:
  friend class AsioTransport;

  std::shared_ptr<detail::TlsConnectionMaker> maker_ = std::make_shared<detail::TlsConnectionMaker>();
};

inline std::uint16_t AsioTransport::listen(std::uint16_t port, const Tls& tls, const std::string& address) {
  return listen_with(tls.maker_, port, address);
}

}  // namespace socketio
