// SPDX-License-Identifier: MIT
// Everything that can be set on an Engine.IO server, with the reference implementation's defaults. Engine layer.
#pragma once

#include <socketio/engine/client_bundle.hpp>
#include <socketio/engine/compression.hpp>
#include <socketio/engine/cookie.hpp>
#include <socketio/engine/cors.hpp>
#include <socketio/engine/http.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {
class PendingRequest;
}  // namespace detail

/// The channels that the server offers.
struct TransportSet {
  bool polling = true;
  bool websocket = true;
};

/// The answer to `EngineOptions::allow_request`, to be given at once or later.
///
/// The first answer counts. If every copy is dropped without one, the connection of the request is ended.
///
/// @par Thread safety  Owner's thread only.
class Verdict {
 public:
  explicit Verdict(std::shared_ptr<detail::PendingRequest> request) : request_(std::move(request)) {}

  void allow() const;

  /// @param message  sent to the client instead of "Forbidden", unless empty
  void refuse(std::string message = {}) const;

 private:
  std::shared_ptr<detail::PendingRequest> request_;
};

/// Takes the id made by `EngineOptions::generate_id`, at once or later.
///
/// The first call counts. If every copy is dropped without one, the connection of the request is ended.
///
/// @par Thread safety  Owner's thread only.
class SessionIdReply {
 public:
  explicit SessionIdReply(std::shared_ptr<detail::PendingRequest> request) : request_(std::move(request)) {}

  /// @param id  not empty, valid UTF-8, not in use; otherwise as `fail`
  void operator()(std::string id) const;

  /// Refuses the request: code 3, `ID_GENERATION_ERROR`.
  void fail(std::string reason) const;

 private:
  std::shared_ptr<detail::PendingRequest> request_;
};

/// Settings of an `Engine`.
struct EngineOptions {
  /// Requests whose target starts with this are Engine.IO's; a trailing slash is added unless told otherwise.
  std::string path = "/engine.io";
  bool add_trailing_slash = true;

  /// Time from the last pong (or the handshake) to the next ping.
  std::chrono::milliseconds ping_interval{25'000};

  /// How long a ping may stay unanswered before the session is closed.
  std::chrono::milliseconds ping_timeout{20'000};

  /// How long an upgrade to WebSocket may take.
  std::chrono::milliseconds upgrade_timeout{10'000};

  /// How long a session closed by the server waits for the client's next poll to tell it.
  std::chrono::milliseconds close_timeout{30'000};

  /// The largest POST body and the largest WebSocket message, in bytes; told to the client as `maxPayload`.
  std::size_t max_http_buffer_size = 1'000'000;

  TransportSet transports{};

  /// Compression of responses to polls, for clients that accept it; without a value there is none.
  std::optional<HttpCompressionOptions> http_compression = HttpCompressionOptions{};

  /// Compression of WebSocket messages, for clients that offer it; without a value there is none.
  std::optional<PerMessageDeflateOptions> per_message_deflate{};

  /// Whether the handshake of a polling session offers the upgrade to WebSocket.
  bool allow_upgrades = true;

  /// Serves the JavaScript client under the path; without a value those requests are answered as unknown ones.
  std::optional<ServeClientOptions> serve_client{};

  /// Whether clients of Engine.IO revision 3 may connect: those of Socket.IO v2.
  bool allow_eio3 = false;

  /// Cross-origin headers; without a value there are none, and OPTIONS requests are nothing special.
  std::optional<CorsOptions> cors{};

  /// Chooses the cross-origin settings for each request, instead of `cors`; no value: none for this request.
  std::function<std::optional<CorsOptions>(const HttpRequest&)> cors_delegate{};

  /// The cookie of the session id; without a value there is none.
  std::optional<CookieOptions> cookie{};

  /// Decides, for each handshake, whether the client may connect; may answer later.
  std::function<void(const HttpRequest&, Verdict)> allow_request{};

  /// A `message` packet sent right after the handshake.
  std::optional<std::string> initial_packet{};

  /// Makes the id of a session instead of the system's random source; may answer later.
  std::function<void(const HttpRequest&, SessionIdReply)> generate_id{};

  /// Ends upgrade requests for foreign paths that nobody answers within `destroy_upgrade_timeout`.
  bool destroy_upgrade = true;
  std::chrono::milliseconds destroy_upgrade_timeout{1'000};

  /// The largest number of sessions, altogether and per remote address; more are refused with 503. 0: no limit.
  std::size_t max_sessions = 0;
  std::size_t max_sessions_per_address = 0;

  /// A session to which something is sent while more than this many bytes are unsent is closed: its client does not
  /// keep up. A single message may be larger. 0: no limit.
  std::size_t max_unsent_bytes = 16 * 1024 * 1024;

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const;
};

}  // namespace socketio

#include <socketio/engine/impl/options.ipp>
