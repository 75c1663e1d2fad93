// SPDX-License-Identifier: MIT
// The whole server in one include.
#pragma once

#include <socketio/default_config.hpp>
#include <socketio/server.hpp>
#include <socketio/version.hpp>

#if defined(SOCKETIO_SEPARATE_COMPILATION)
namespace socketio {

// Compiled with the bodies (impl/core_src.hpp): what every program with a default server would compile again.
extern template class detail::PacketCodecOf<JsonParser>;
extern template class TransportRef<AsioTransport>;
extern template class OwnedTransport<AsioTransport>;
extern template class BasicServer<DefaultConfig>;
extern template class BasicNamespace<DefaultConfig>;
extern template class BasicRoom<DefaultConfig>;
extern template class BasicSocket<DefaultConfig>;
extern template class BasicBroadcastOperator<DefaultConfig>;
extern template class BasicSocketEmitter<DefaultConfig>;
extern template class detail::SocketVerbs<Socket, DefaultConfig>;

}  // namespace socketio
#endif
