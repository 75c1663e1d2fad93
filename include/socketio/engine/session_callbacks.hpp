// SPDX-License-Identifier: MIT
// A session listener made of plain callables, for those who use the engine by itself. Engine layer.
#pragma once

#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/session.hpp>

#include <span>
#include <string_view>

namespace socketio {

/// One callable for each event of a session; those that are not set are not called.
///
/// @code
/// engine.on_connection([](std::shared_ptr<Session> session) {
///   auto events = std::make_shared<SessionCallbacks>();
///   events->message = [](Session& from, bool, std::span<char> data) {
///     from.send(Message::text(std::string_view(data.data(), data.size())));
///   };
///   session->set_listener(events);
/// });
/// @endcode
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       A callable must not be replaced while it runs.
class SessionCallbacks final : public SessionListener {
 public:
  using Event = detail::UniqueFunction<void(Session&)>;

  detail::UniqueFunction<void(Session&, bool is_binary, std::span<char> data)> message;
  detail::UniqueFunction<void(Session&, CloseReason, std::string_view description)> close;
  Event drain;
  Event heartbeat;
  Event upgrading;
  Event upgrade;

  /// Set these before the session gets its listener.
  detail::UniqueFunction<void(Session&, EioPacketType, bool is_binary, std::string_view data)> packet;
  detail::UniqueFunction<void(Session&, const Message&)> packet_create;
  detail::UniqueFunction<void(Session&, std::span<const MessagePtr>)> flush;

  void on_message(Session& session, bool is_binary, std::span<char> data) override {
    if (message) message(session, is_binary, data);
  }
  void on_close(Session& session, CloseReason reason, std::string_view description) override {
    if (close) close(session, reason, description);
  }
  void on_drain(Session& session) override { call(drain, session); }
  void on_heartbeat(Session& session) override { call(heartbeat, session); }
  void on_upgrading(Session& session) override { call(upgrading, session); }
  void on_upgrade(Session& session) override { call(upgrade, session); }
  bool observes_packets() const override { return packet || packet_create || flush; }
  void on_packet(Session& session, EioPacketType type, bool is_binary, std::string_view data) override {
    if (packet) packet(session, type, is_binary, data);
  }
  void on_packet_create(Session& session, const Message& created) override {
    if (packet_create) packet_create(session, created);
  }
  void on_flush(Session& session, std::span<const MessagePtr> packets) override {
    if (flush) flush(session, packets);
  }

 private:
  static void call(const Event& event, Session& session) {
    if (event) event(session);
  }
};

}  // namespace socketio
