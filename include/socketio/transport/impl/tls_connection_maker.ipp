// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/tls_connection_maker.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/tls_connection.hpp>
#include <socketio/transport/tls_connection_maker.hpp>

#include <asio/ssl/context.hpp>

#include <utility>

namespace socketio::detail {

SOCKETIO_DECL void TlsConnectionMaker::use(Options options, Context context) {
  const std::lock_guard lock(mutex_);
  options_.swap(options);  // the parameters destroy the old ones after the lock
  context_.swap(context);
}

SOCKETIO_DECL TlsConnectionMaker::Options TlsConnectionMaker::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

SOCKETIO_DECL TlsConnectionMaker::Context TlsConnectionMaker::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

SOCKETIO_DECL std::shared_ptr<AsioConnection> TlsConnectionMaker::make(const std::shared_ptr<AsioShard>& shard,
                                                                       AsioPeer peer, AcceptedSocket socket) const {
  return std::make_shared<TlsConnection<AsioSocket>>(shard, std::move(peer), std::move(socket), context());
}

}  // namespace socketio::detail
