// SPDX-License-Identifier: MIT
// Everything that can be set on a Socket.IO server, with the reference implementation's defaults. Core layer.
#pragma once

#include <socketio/core/recovery_options.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/protocol/limits.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

class Adapter;

/// Settings of a server: those of Socket.IO first, then those of the Engine.IO server below it under the same names
/// and with the same defaults as in `EngineOptions`, except `path`.
///
/// @par Example  `socketio::Server io({.ping_interval = 10s, .cors = socketio::CorsOptions{}});`
struct ServerOptions {
  /// Requests whose target starts with this path are Socket.IO's; clients use the same by default.
  std::string path = "/socket.io";
  bool add_trailing_slash = EngineOptions{}.add_trailing_slash;

  /// How many threads a server with event loops of its own runs on, the one that calls `run` included; 0: one for each
  /// processor. See BasicServer for what may then be called at the same time.
  std::size_t threads = 1;

  /// How long a connection may stay without having joined a namespace.
  std::chrono::milliseconds connect_timeout{45'000};

  /// How long `shutdown` goes on as before and only lets the health check (`health_path`) say that the server drains,
  /// so that load balancers send new clients elsewhere before it refuses any. Part of the deadline of `shutdown`.
  std::chrono::milliseconds shutdown_notice{0};

  /// Lets clients whose connection was cut for a moment come back as who they were. Off unless set; events then have
  /// one more argument on the wire, a string, which handlers of the client see.
  std::optional<ConnectionStateRecoveryOptions> connection_state_recovery{};

  /// Makes the adapter of each namespace, for servers that work together: `MemoryCluster::adapter`, or an Adapter of
  /// another kind. Without it the server is alone. Called with the name of the namespace, by the thread that makes the
  /// namespace.
  std::function<std::unique_ptr<Adapter>(const std::string& nsp)> adapter{};

  /// Namespaces in which one connection may be, or which it may be about to join; more are refused with
  /// `connect_error`, "too many namespaces". 0: no limit.
  std::size_t max_namespaces_per_connection = 1'000;

  /// Rooms in which one socket may be, without that of its id. Joining more does nothing; the first time it is reported
  /// as Errc::limit_exceeded. 0: no limit.
  std::size_t max_rooms_per_socket = 10'000;

  /// Bytes of the longest name that a client may use. A longer namespace is refused with `connect_error`, "Invalid
  /// namespace"; a longer event ends the connection. 0: no limit.
  std::size_t max_namespace_name_bytes = 1'024;
  std::size_t max_event_name_bytes = 8'192;

  /// Bytes of the longest room name. Joining a room with a longer one does nothing; the first time it is reported as
  /// Errc::limit_exceeded. 0: no limit.
  std::size_t max_room_name_bytes = 8'192;

  /// Events of one socket whose asynchronous middleware or coroutine handlers have not ended. An event counts once
  /// for each 4 KiB of it that are begun; one that would exceed the limit ends the connection. 0: no limit.
  std::size_t max_handlers_in_progress = 10'000;

  /// The largest POST body and WebSocket message of a client that has not joined a namespace yet, in bytes. Afterwards
  /// `max_http_buffer_size` holds, and also before if it is smaller. 0: `max_http_buffer_size` always holds.
  std::size_t max_unjoined_bytes = 100'000;

  /// Acknowledgements that one socket may owe; more are refused with Errc::too_many_pending_acks. 0: no limit.
  std::size_t max_pending_acks = 100'000;

  /// Whether a namespace that a client has brought into being (see ParentNamespace) goes when its last socket goes; the
  /// next client that asks for it makes it anew. Its handlers go with it, and handles on it reach nobody from then on.
  bool cleanup_empty_child_namespaces = false;

  /// Bytes of the longest namespace name that is matched against a regular expression; longer names match none. The
  /// standard library's matcher recurses: names of ten thousand bytes may overflow the stack.
  std::size_t max_matched_name_bytes = 256;

  /// Binary attachments of one packet, in both directions; JavaScript clients refuse more than 10.
  std::size_t max_attachments = ParserLimits{}.max_attachments;

  /// Binary values of one packet that a client sends, with the msgpack parser, which has no attachments.
  std::size_t max_binary_values = ParserLimits{}.max_binary_values;

  /// Nesting of arrays and objects in what a client sends.
  std::size_t max_depth = ParserLimits{}.max_depth;

  /// How long a function of the program, such as a handler, may keep a thread of the server from everything else before
  /// that is reported: see `BasicServer::on_blocked_call`. 0: nothing is watched, and nothing is paid for it.
  std::chrono::milliseconds blocked_call_limit{0};

  // Those of EngineOptions, with the same defaults.
#define SOCKETIO_OPTION(name, value, ...) __VA_ARGS__ name = value;
#include <socketio/engine/option_list.inc>
#undef SOCKETIO_OPTION

  /// Limits for a server that anybody can reach; docs/security.md has the reasons, line by line. A start: change what
  /// the program needs larger. Use it with the same function of the transport's options:
  /// `socketio::Server io(socketio::ServerOptions::hardened(), socketio::AsioTransportOptions::hardened());`
  SOCKETIO_DECL static ServerOptions hardened();

  /// `threads`, or the number of processors.
  SOCKETIO_DECL std::size_t thread_count() const;

  SOCKETIO_DECL EngineOptions engine_options() const;
  SOCKETIO_DECL ParserLimits parser_limits() const;

  /// Every problem in words; empty if there is none.
  SOCKETIO_DECL std::vector<std::string> validate() const;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/options.ipp>
#endif
