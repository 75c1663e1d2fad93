// SPDX-License-Identifier: MIT
// Everything that can be set on a Socket.IO server, with the reference implementation's defaults. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/recovery_options.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/protocol/limits.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace socketio {

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

  /// Lets clients whose connection was cut for a moment come back as who they were. Off unless set; events then have
  /// one more argument on the wire, a string, which handlers of the client see.
  std::optional<ConnectionStateRecoveryOptions> connection_state_recovery{};

  /// Makes the adapter of each namespace, for servers that work together (`MemoryCluster::adapter`) or rooms of a kind
  /// of its own; by default a MemoryAdapter, from which such an adapter may be derived. Called with the name of the
  /// namespace, by whichever thread makes it, once for each thread of the server.
  std::function<std::unique_ptr<Adapter>(const std::string& nsp)> adapter{};

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

  std::chrono::milliseconds ping_interval = EngineOptions{}.ping_interval;
  std::chrono::milliseconds ping_timeout = EngineOptions{}.ping_timeout;
  std::chrono::milliseconds upgrade_timeout = EngineOptions{}.upgrade_timeout;
  std::chrono::milliseconds close_timeout = EngineOptions{}.close_timeout;
  std::size_t max_http_buffer_size = EngineOptions{}.max_http_buffer_size;
  TransportSet transports{};
  std::optional<HttpCompressionOptions> http_compression = EngineOptions{}.http_compression;
  std::optional<PerMessageDeflateOptions> per_message_deflate{};
  bool allow_upgrades = EngineOptions{}.allow_upgrades;
  std::optional<ServeClientOptions> serve_client{};
  bool allow_eio3 = EngineOptions{}.allow_eio3;
  std::optional<CorsOptions> cors{};
  std::function<std::optional<CorsOptions>(const HttpRequest&)> cors_delegate{};
  std::optional<CookieOptions> cookie{};
  std::function<void(const HttpRequest&, Verdict)> allow_request{};
  std::optional<std::string> initial_packet{};
  std::function<void(const HttpRequest&, SessionIdReply)> generate_id{};
  bool destroy_upgrade = EngineOptions{}.destroy_upgrade;
  std::chrono::milliseconds destroy_upgrade_timeout = EngineOptions{}.destroy_upgrade_timeout;
  std::size_t max_sessions = EngineOptions{}.max_sessions;
  std::size_t max_sessions_per_address = EngineOptions{}.max_sessions_per_address;
  std::size_t max_unsent_bytes = EngineOptions{}.max_unsent_bytes;

  std::size_t thread_count() const {
    return threads != 0 ? threads : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  }

  EngineOptions engine_options() const {
    EngineOptions engine;
    engine.path = path;
    engine.add_trailing_slash = add_trailing_slash;
    engine.ping_interval = ping_interval;
    engine.ping_timeout = ping_timeout;
    engine.upgrade_timeout = upgrade_timeout;
    engine.close_timeout = close_timeout;
    engine.max_http_buffer_size = max_http_buffer_size;
    engine.transports = transports;
    engine.http_compression = http_compression;
    engine.per_message_deflate = per_message_deflate;
    engine.allow_upgrades = allow_upgrades;
    engine.serve_client = serve_client;
    engine.allow_eio3 = allow_eio3;
    engine.cors = cors;
    engine.cors_delegate = cors_delegate;
    engine.cookie = cookie;
    engine.allow_request = allow_request;
    engine.initial_packet = initial_packet;
    engine.generate_id = generate_id;
    engine.destroy_upgrade = destroy_upgrade;
    engine.destroy_upgrade_timeout = destroy_upgrade_timeout;
    engine.max_sessions = max_sessions;
    engine.max_sessions_per_address = max_sessions_per_address;
    engine.max_unsent_bytes = max_unsent_bytes;
    return engine;
  }

  ParserLimits parser_limits() const {
    ParserLimits limits;
    limits.max_attachments = max_attachments;
    limits.max_binary_values = max_binary_values;
    limits.max_depth = max_depth;
    // What can arrive: a text and its attachments, each as large as a message may be.
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    limits.max_packet_bytes =
        max_http_buffer_size > most / (max_attachments + 1) ? most : max_http_buffer_size * (max_attachments + 1);
    return limits;
  }

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const {
    std::vector<std::string> problems = engine_options().validate();
    if (threads > 1024) problems.emplace_back("threads must be at most 1024");
    if (connect_timeout.count() <= 0) problems.emplace_back("connect_timeout must be positive");
    if (connect_timeout > longest_delay) problems.emplace_back("connect_timeout must be at most 50 years");
    if (connection_state_recovery)
      for (std::string& problem : connection_state_recovery->validate()) problems.push_back(std::move(problem));
    if (max_matched_name_bytes == 0) problems.emplace_back("max_matched_name_bytes must be at least 1");
    if (max_attachments == 0) problems.emplace_back("max_attachments must be at least 1");
    if (max_depth == 0) problems.emplace_back("max_depth must be at least 1");
    return problems;
  }
};

}  // namespace socketio
