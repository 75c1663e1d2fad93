// SPDX-License-Identifier: MIT
// The bodies of the core layer: one half of src.hpp, for builds that compile it in two files.
#pragma once

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#error \
    "socketio: <socketio/impl/src.hpp> is for programs that define SOCKETIO_SEPARATE_COMPILATION in all of their files."
#else

#include <socketio/detail/config.hpp>

#include <socketio/core/impl/ack.ipp>
#include <socketio/core/impl/adapter.ipp>
#include <socketio/core/impl/broadcast_ack.ipp>
#include <socketio/core/impl/cluster.ipp>
#include <socketio/core/impl/completion.ipp>
#include <socketio/core/impl/connection.ipp>
#include <socketio/core/impl/connection_events.ipp>
#include <socketio/core/impl/coroutines.ipp>
#include <socketio/core/impl/error.ipp>
#include <socketio/core/impl/event_rates.ipp>
#include <socketio/core/impl/event_receiver.ipp>
#include <socketio/core/impl/handler_traits.ipp>
#include <socketio/core/impl/loop_watch.ipp>
#include <socketio/core/impl/memory_cluster.ipp>
#include <socketio/core/impl/middleware.ipp>
#include <socketio/core/impl/namespace_matcher.ipp>
#include <socketio/core/impl/namespace_setup.ipp>
#include <socketio/core/impl/namespace_state.ipp>
#include <socketio/core/impl/options.ipp>
#include <socketio/core/impl/outgoing.ipp>
#include <socketio/core/impl/parent_namespace_state.ipp>
#include <socketio/core/impl/recovery.ipp>
#include <socketio/core/impl/recovery_options.ipp>
#include <socketio/core/impl/room_listeners.ipp>
#include <socketio/core/impl/rooms.ipp>
#include <socketio/core/impl/run_loops.ipp>
#include <socketio/core/impl/server_context.ipp>
#include <socketio/core/impl/server_side_events.ipp>
#include <socketio/core/impl/server_state.ipp>
#include <socketio/core/impl/session_log.ipp>
#include <socketio/core/impl/shard.ipp>
#include <socketio/core/impl/shutdown.ipp>
#include <socketio/core/impl/socket_state.ipp>
#include <socketio/core/impl/timed_calls.ipp>
#include <socketio/socketio.hpp>

namespace socketio {

template class detail::PacketCodecOf<JsonParser>;
template class TransportRef<AsioTransport>;
template class OwnedTransport<AsioTransport>;
template class BasicServer<DefaultConfig>;
template class BasicNamespace<DefaultConfig>;
template class BasicRoom<DefaultConfig>;
template class BasicSocket<DefaultConfig>;
template class BasicBroadcastOperator<DefaultConfig>;
template class BasicSocketEmitter<DefaultConfig>;
template class detail::SocketVerbs<Socket, DefaultConfig>;

}  // namespace socketio

#endif
