// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/session_callbacks.hpp>. Engine layer.
#pragma once

#include <socketio/engine/session_callbacks.hpp>

#include <span>
#include <string_view>

namespace socketio {

SOCKETIO_DECL void SessionCallbacks::on_message(Session& session, bool is_binary, std::span<char> data) {
  if (message) message(session, is_binary, data);
}

SOCKETIO_DECL void SessionCallbacks::on_close(Session& session, CloseReason reason, std::string_view description) {
  if (close) close(session, reason, description);
}

SOCKETIO_DECL void SessionCallbacks::on_drain(Session& session) { call(drain, session); }
SOCKETIO_DECL void SessionCallbacks::on_heartbeat(Session& session) { call(heartbeat, session); }
SOCKETIO_DECL void SessionCallbacks::on_upgrading(Session& session) { call(upgrading, session); }
SOCKETIO_DECL void SessionCallbacks::on_upgrade(Session& session) { call(upgrade, session); }

SOCKETIO_DECL bool SessionCallbacks::observes_packets() const { return packet || packet_create || flush; }

SOCKETIO_DECL void SessionCallbacks::on_packet(Session& session, EioPacketType type, bool is_binary,
                                               std::string_view data) {
  if (packet) packet(session, type, is_binary, data);
}

SOCKETIO_DECL void SessionCallbacks::on_packet_create(Session& session, const Message& created) {
  if (packet_create) packet_create(session, created);
}

SOCKETIO_DECL void SessionCallbacks::on_flush(Session& session, std::span<const MessagePtr> packets) {
  if (flush) flush(session, packets);
}

SOCKETIO_DECL void SessionCallbacks::call(const Event& event, Session& session) {
  if (event) event(session);
}

}  // namespace socketio
