// SPDX-License-Identifier: MIT
// Bodies of error.hpp. Core layer.
#pragma once

#include <socketio/core/error.hpp>

namespace socketio {

SOCKETIO_DECL const std::error_category& error_category() noexcept {
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
        case Errc::limit_exceeded: return "limit exceeded";
        case Errc::rate_limited: return "rate limited";
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

SOCKETIO_DECL std::string ErrorReport::message() const {
  std::string text;
  if (!event.empty()) text += "event \"" + event + "\" ";
  if (!socket_id.empty()) text += (text.empty() ? "socket " : "of socket ") + socket_id + ' ';
  if (!nsp.empty()) text += "in " + nsp;
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (!text.empty()) text += ": ";
  return text + (detail.empty() ? code.message() : detail);
}

}  // namespace socketio
