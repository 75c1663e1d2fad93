// SPDX-License-Identifier: MIT
// Errors of the user's API: codes, what a middleware refuses with, and what the error hook receives. Core layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/value.hpp>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace socketio {

enum class Errc {
  timed_out = 1,          // no acknowledgement in time
  disconnected,           // the socket disconnected before it acknowledged
  bad_argument,           // the peer sent an argument of the wrong type, or too few of them
  handler_failed,         // a handler of the user threw an exception
  malformed_packet,       // the peer sent bytes that are not a Socket.IO packet
  protocol_violation,     // a well-formed packet that the peer may not send now
  middleware_refused,     // a packet middleware refused an event
  too_many_pending_acks,  // ServerOptions::max_pending_acks would be exceeded
  no_answer,              // another server of the cluster has gone, or its handler does not answer
  limit_exceeded,         // the peer would exceed one of the limits of ServerOptions
  rate_limited,           // the peer sends events faster than ServerOptions::rate_limits allow
};

/// The category of Errc.
SOCKETIO_DECL const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// What a middleware refuses a connection or an event with.
///
/// A refused connection reaches the client as `connect_error`, with `message` and, if there is any, `data`.
class MiddlewareError : public std::runtime_error {
 public:
  explicit MiddlewareError(const std::string& message) : std::runtime_error(message) {}

  /// @param data  whatever converts to the client; null is sent as null. JSON has no binary data: over the JSON parser
  ///              the client gets `{"type":"Buffer","data":[bytes...]}`, as from Node.js.
  MiddlewareError(const std::string& message, Value data)
      : std::runtime_error(message), data_(std::move(data)), has_data_(true) {}

  /// Whether it was made with data.
  bool has_data() const noexcept { return has_data_; }
  /// Null if it was made without.
  const Value& data() const noexcept { return data_; }

 private:
  Value data_;
  bool has_data_ = false;
};

using ConnectError = MiddlewareError;

/// What went wrong, and where: passed to the server's error hook.
struct ErrorReport {
  std::error_code code;
  std::string detail;            // what exactly; may quote the peer, so treat it as untrusted
  std::string nsp;               // namespace; empty where none is concerned
  std::string socket_id;         // empty where no socket is concerned
  std::string event;             // empty where no event is concerned
  std::exception_ptr exception;  // what a handler threw; null otherwise

  /// One line for a log: `event "sum" of socket 4BpK... in /: argument 2: expected integer, got string`.
  SOCKETIO_DECL std::string message() const;
};

using ErrorHook = std::function<void(const ErrorReport&)>;

}  // namespace socketio

template <>
struct std::is_error_code_enum<socketio::Errc> : std::true_type {};

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/error.ipp>
#endif
