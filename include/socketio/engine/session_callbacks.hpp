// SPDX-License-Identifier: MIT
// A session listener made of plain callables, for programs that use the engine by itself. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
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

  SOCKETIO_DECL void on_message(Session& session, bool is_binary, std::span<char> data) override;
  SOCKETIO_DECL void on_close(Session& session, CloseReason reason, std::string_view description) override;
  SOCKETIO_DECL void on_drain(Session& session) override;
  SOCKETIO_DECL void on_heartbeat(Session& session) override;
  SOCKETIO_DECL void on_upgrading(Session& session) override;
  SOCKETIO_DECL void on_upgrade(Session& session) override;
  SOCKETIO_DECL bool observes_packets() const override;
  SOCKETIO_DECL void on_packet(Session& session, EioPacketType type, bool is_binary, std::string_view data) override;
  SOCKETIO_DECL void on_packet_create(Session& session, const Message& created) override;
  SOCKETIO_DECL void on_flush(Session& session, std::span<const MessagePtr> packets) override;

 private:
  static void call(const Event& event, Session& session);
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/session_callbacks.ipp>
#endif
