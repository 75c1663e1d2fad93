// SPDX-License-Identifier: MIT
// Errors of the user's API: codes, what a middleware refuses with, and what the error hook receives. Core layer.
#pragma once

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
};

inline const std::error_category& error_category() noexcept {
  static const class : public std::error_category {
    const char* name() const noexcept override { return "socketio"; }
    std::string message(int code) const override {
      switch (static_cast<Errc>(code)) {
        case Errc::timed_out: return "operation has timed out";
        case Errc::disconnected: return "socket has been disconnected";
        case Errc::bad_argument: return "argument of the wrong type";
        case Errc::handler_failed: return "handler failed";
        case Errc::malformed_packet: return "malformed packet";
        case Errc::protocol_violation: return "protocol violation";
        case Errc::middleware_refused: return "refused by a middleware";
        case Errc::too_many_pending_acks: return "too many pending acknowledgements";
        case Errc::no_answer: return "another server does not answer";
      }
      return "unknown error";
    }
    bool equivalent(int code, const std::error_condition& condition) const noexcept override {
      switch (static_cast<Errc>(code)) {
        case Errc::timed_out: return condition == std::errc::timed_out;
        case Errc::disconnected: return condition == std::errc::not_connected;
        default: return default_error_condition(code) == condition;
      }
    }
  } category;
  return category;
}

inline std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), error_category()}; }

/// What a middleware refuses a connection or an event with.
///
/// A refused connection reaches the client as `connect_error`, with `message` and, if it is not null, `data`.
class MiddlewareError : public std::runtime_error {
 public:
  explicit MiddlewareError(const std::string& message, Value data = {})
      : std::runtime_error(message), data_(std::move(data)) {}

  const Value& data() const noexcept { return data_; }

 private:
  Value data_;
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
  std::string message() const {
    std::string text;
    if (!event.empty()) text += "event \"" + event + "\" ";
    if (!socket_id.empty()) text += (text.empty() ? "socket " : "of socket ") + socket_id + ' ';
    if (!nsp.empty()) text += "in " + nsp;
    while (!text.empty() && text.back() == ' ') text.pop_back();
    if (!text.empty()) text += ": ";
    return text + (detail.empty() ? code.message() : detail);
  }
};

using ErrorHook = std::function<void(const ErrorReport&)>;

}  // namespace socketio

template <>
struct std::is_error_code_enum<socketio::Errc> : std::true_type {};
