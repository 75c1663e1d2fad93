// SPDX-License-Identifier: MIT
// Makes the connections of a listener that speaks TLS. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/tls_forward.hpp>
#include <socketio/transport/tls_options.hpp>

#include <memory>
#include <mutex>

namespace socketio::detail {

/// Makes each connection with the newest context.
///
/// @par Thread safety  Any thread.
class TlsConnectionMaker final : public AsioConnectionMaker {
 public:
  using Options = std::shared_ptr<const TlsOptions>;
  using Context = std::shared_ptr<asio::ssl::context>;

  /// @param options  the options that the context was made from; null: it is the program's own
  void use(Options options, Context context);

  Options options() const;

  SOCKETIO_DECL std::shared_ptr<AsioConnection> make(const std::shared_ptr<AsioShard>& shard, AsioPeer peer,
                                                     AcceptedSocket socket) const override;

 private:
  Context context() const;

  mutable std::mutex mutex_;
  Options options_;
  Context context_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/tls_connection_maker.ipp>
#endif
