// SPDX-License-Identifier: MIT
// The bodies of the layers below core, and of the transports on Asio and in memory: one half of src.hpp, for builds
// that compile it in two files.
#pragma once

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#error \
    "socketio: <socketio/impl/src.hpp> is for programs that define SOCKETIO_SEPARATE_COMPILATION in all of their files."
#else

#include <socketio/detail/config.hpp>

// detail
#include <socketio/detail/impl/out_buffer.ipp>
#include <socketio/detail/impl/sha1.ipp>
#include <socketio/detail/impl/zlib.ipp>

// protocol
#include <socketio/protocol/impl/base64.ipp>
#include <socketio/protocol/impl/binary.ipp>
#include <socketio/protocol/impl/convert_time.ipp>
#include <socketio/protocol/impl/converter.ipp>
#include <socketio/protocol/impl/eio3_payload.ipp>
#include <socketio/protocol/impl/error.ipp>
#include <socketio/protocol/impl/json_parser.ipp>
#include <socketio/protocol/impl/json_reader.ipp>
#include <socketio/protocol/impl/json_writer.ipp>
#include <socketio/protocol/impl/msgpack_parser.ipp>
#include <socketio/protocol/impl/msgpack_reader.ipp>
#include <socketio/protocol/impl/msgpack_writer.ipp>
#include <socketio/protocol/impl/packet.ipp>
#include <socketio/protocol/impl/sid.ipp>
#include <socketio/protocol/impl/utf8.ipp>
#include <socketio/protocol/impl/value.ipp>
#include <socketio/protocol/impl/value_view.ipp>
#include <socketio/protocol/impl/value_writer.ipp>

// engine
#include <socketio/engine/impl/client_address.ipp>
#include <socketio/engine/impl/client_bundle.ipp>
#include <socketio/engine/impl/compression.ipp>
#include <socketio/engine/impl/cookie.ipp>
#include <socketio/engine/impl/cookies.ipp>
#include <socketio/engine/impl/cors.ipp>
#include <socketio/engine/impl/engine.ipp>
#include <socketio/engine/impl/engine_group.ipp>
#include <socketio/engine/impl/engine_server.ipp>
#include <socketio/engine/impl/engine_state.ipp>
#include <socketio/engine/impl/http.ipp>
#include <socketio/engine/impl/ip_address.ipp>
#include <socketio/engine/impl/message.ipp>
#include <socketio/engine/impl/options.ipp>
#include <socketio/engine/impl/pending_request.ipp>
#include <socketio/engine/impl/query.ipp>
#include <socketio/engine/impl/rate_limits.ipp>
#include <socketio/engine/impl/request_values.ipp>
#include <socketio/engine/impl/scheduler.ipp>
#include <socketio/engine/impl/session.ipp>
#include <socketio/engine/impl/session_callbacks.ipp>
#include <socketio/engine/impl/session_directory.ipp>
#include <socketio/engine/impl/session_polling.ipp>
#include <socketio/engine/impl/session_upgrade.ipp>
#include <socketio/engine/impl/static_files.ipp>
#include <socketio/engine/impl/timer_queue.ipp>
#include <socketio/engine/impl/token_bucket.ipp>

// transport
#include <socketio/transport/impl/asio.ipp>
#include <socketio/transport/impl/asio_connection.ipp>
#include <socketio/transport/impl/asio_exchange.ipp>
#include <socketio/transport/impl/asio_http.ipp>
#include <socketio/transport/impl/asio_listener.ipp>
#include <socketio/transport/impl/asio_move.ipp>
#include <socketio/transport/impl/asio_options.ipp>
#include <socketio/transport/impl/asio_out_queue.ipp>
#include <socketio/transport/impl/asio_scheduler.ipp>
#include <socketio/transport/impl/asio_shard.ipp>
#include <socketio/transport/impl/asio_websocket.ipp>
#include <socketio/transport/impl/empty_handlers.ipp>
#include <socketio/transport/impl/epoll_set.ipp>
#include <socketio/transport/impl/http_parser.ipp>
#include <socketio/transport/impl/http_writer.ipp>
#include <socketio/transport/impl/listening_socket.ipp>
#include <socketio/transport/impl/memory.ipp>
#include <socketio/transport/impl/proxy_protocol.ipp>
#include <socketio/transport/impl/websocket_deflate.ipp>
#include <socketio/transport/impl/websocket_handshake.ipp>
#include <socketio/transport/impl/websocket_parser.ipp>

#if SOCKETIO_WITH_TLS
#include <socketio/transport/impl/tls_connection_maker.ipp>
#include <socketio/transport/impl/tls_context.ipp>
#include <socketio/transport/impl/tls_listening.ipp>
#include <socketio/transport/impl/tls_options.ipp>
#include <socketio/transport/impl/tls_session.ipp>
#endif

#endif
