// SPDX-License-Identifier: MIT
// Everything that can be set on an Engine.IO server, with the reference implementation's defaults. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/client_bundle.hpp>
#include <socketio/engine/compression.hpp>
#include <socketio/engine/cookie.hpp>
#include <socketio/engine/cors.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/rate_limits.hpp>

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

  /// The largest POST body and WebSocket message of a session until `Session::accept_large_messages`, in bytes, where
  /// that is less than `max_http_buffer_size`. 0: `max_http_buffer_size` holds from the beginning.
  std::size_t max_first_message_bytes = 0;

#define SOCKETIO_OPTION(name, value, ...) __VA_ARGS__ name = value;
#include <socketio/engine/option_list.inc>
#undef SOCKETIO_OPTION

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/options.ipp>
#endif
