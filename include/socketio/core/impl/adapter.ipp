// SPDX-License-Identifier: MIT
// Bodies of adapter.hpp. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>

#include <utility>

namespace socketio {

SOCKETIO_DECL ClusterResponder::~ClusterResponder() {
  if (has_ended_) return;
  try {
    end(make_error_code(Errc::no_answer));
  } catch (...) {
    // Out of memory: the request ends by its timeout.
  }
}

SOCKETIO_DECL void ClusterResponder::answer(std::vector<Value> items) {
  ClusterMessage message{ClusterMessage::Type::answer, request_, {}};
  message.event = std::move(items);
  send_(std::move(message));
}

SOCKETIO_DECL void ClusterResponder::end(std::error_code error, std::vector<SocketDetails> sockets) {
  has_ended_ = true;
  ClusterMessage message{ClusterMessage::Type::end, request_, {}};
  message.error = error;
  message.sockets = std::move(sockets);
  send_(std::move(message));
}

}  // namespace socketio
