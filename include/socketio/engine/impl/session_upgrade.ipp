// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/session.hpp>: the upgrade from polling to WebSocket. Engine layer.
#pragma once

#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/impl/session.ipp>
#include <socketio/engine/session.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace socketio {

SOCKETIO_DECL void Session::begin_upgrade(std::shared_ptr<WebSocket> websocket, bool base64) {
  const bool is_possible = ready_state_ != ReadyState::closed && channel_ == Channel::polling && !upgrade_;
  if (!is_possible) return websocket->close();
  upgrade_ = std::make_shared<Upgrade>(*this, std::move(websocket), base64);
  upgrade_->begin(engine_->options.upgrade_timeout);
}

SOCKETIO_DECL void Session::drop_upgrade() {
  if (const std::shared_ptr<Upgrade> upgrade = std::exchange(upgrade_, nullptr)) {
    const std::shared_ptr<WebSocket> websocket = upgrade->detach();
    websocket->set_listener(nullptr);
    websocket->close();
  }
}

SOCKETIO_DECL void Session::complete_upgrade() {
  // What the client has posted comes before what it sends over the WebSocket.
  if (polling_->has_payload) take_payload(0);
  if (!upgrade_) return;  // a handler has ended the session
  const std::shared_ptr<Upgrade> upgrade = std::exchange(upgrade_, nullptr);
  const std::unique_ptr<Polling> old = std::move(polling_);
  channel_ = Channel::websocket;
  is_upgraded_ = true;
  needs_base64_ = upgrade->needs_base64();
  attach(upgrade->detach());
  note_writable();
  if (awaits_pong_) {
    pong_time_was_extended_ = false;
    arm_heartbeat(engine_->options.ping_timeout);
  }

  if (old->post) old->post->destroy();
  if (old->poll) answer(*old->poll, std::move(old->poll_headers), body_of_signals(*old, "1"));
  flush();
  if (ready_state_ == ReadyState::closed) return;
  tell("on_upgrade", [this](SessionListener& told) { told.on_upgrade(*this); });
  if (ready_state_ == ReadyState::closing) finish(CloseReason::forced_close, {});
}

SOCKETIO_DECL void Session::Upgrade::begin(std::chrono::milliseconds timeout) {
  session_->scheduler().arm(timeout_timer_, timeout);
  websocket_->set_listener(shared_from_this());
}

SOCKETIO_DECL std::shared_ptr<WebSocket> Session::Upgrade::detach() {
  session_->scheduler().cancel(timeout_timer_);
  session_->scheduler().cancel(check_timer_);
  session_ = nullptr;
  return std::move(websocket_);
}

SOCKETIO_DECL void Session::Upgrade::on_message(bool is_binary, std::span<char> payload) {
  const std::shared_ptr<Upgrade> self = shared_from_this();
  if (session_ == nullptr) return;
  const auto packet = is_binary ? std::nullopt : decode_eio_packet(std::string_view(payload.data(), payload.size()));
  if (packet && packet->type == EioPacketType::ping && packet->data == "probe")
    answer_probe();
  else if (packet && packet->type == EioPacketType::upgrade)
    session_->complete_upgrade();
  else
    session_->drop_upgrade();
}

SOCKETIO_DECL void Session::Upgrade::on_close(const WebSocketClose&) {
  const std::shared_ptr<Upgrade> self = shared_from_this();
  if (session_ != nullptr) session_->drop_upgrade();
}

SOCKETIO_DECL void Session::Upgrade::answer_probe() {
  websocket_->send(Message::packet(EioPacketType::pong, "probe"));
  session_->scheduler().arm(check_timer_, check_interval);
  Session& session = *session_;
  session.tell("on_upgrading", [&](SessionListener& told) { told.on_upgrading(session); });
}

SOCKETIO_DECL void Session::Upgrade::release_poll() {
  session_->scheduler().arm(check_timer_, check_interval);
  if (session_->polling_->poll) session_->answer_poll(session_->body_of_signals(*session_->polling_, "6"));
}

}  // namespace socketio
