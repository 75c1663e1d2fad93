// SPDX-License-Identifier: MIT
// The state behind the handle `Socket`: one client in one namespace. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/adapter.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/connection.hpp>
#include <socketio/core/disconnect_reason.hpp>
#include <socketio/core/event_rates.hpp>
#include <socketio/core/event_receiver.hpp>
#include <socketio/core/handshake.hpp>
#include <socketio/core/incoming_event.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/rooms.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/core/timed_calls.hpp>
#include <socketio/detail/config.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio::detail {

/// What connection state recovery adds to a socket.
struct SocketRecovery {
  std::string pid;  // known to the client only
  std::atomic<bool> may_return{true};
  std::atomic<bool> is_recovered{false};
  std::optional<RestoredSession> returning;  // from its restoration until it is connected
  std::size_t missed_bytes = 0;
};

/// What few sockets have: catch-all handlers, and timers.
struct SocketExtras {
  CatchAllList incoming;
  CatchAllList outgoing;
  std::unique_ptr<TimedCalls> timers;
};

/// A socket from the CONNECT packet on; `connected` while it is a member of its namespace.
///
/// @par Thread safety  Owner's thread only, except what is marked otherwise.
/// @par Lifetime       Kept by its connection from CONNECT until it has left or was refused, and by the handles of
///                     users. At its end it drops handlers, middleware and expected acknowledgements, so that a handler
///                     that captured its own socket does not keep it alive.
class SocketState final : public RoomMember, public EventReceiver, public std::enable_shared_from_this<SocketState> {
 public:
  enum class Direction { incoming, outgoing };

  SOCKETIO_DECL SocketState(std::shared_ptr<NamespaceState> nsp, std::shared_ptr<Connection> connection, std::string id,
                            Value auth);
  SOCKETIO_DECL ~SocketState();

  // Any thread.
  const std::string& id() const noexcept override { return id_; }
  SOCKETIO_DECL const std::string& receiver_id() const noexcept override;
  SOCKETIO_DECL const std::string& nsp_name() const noexcept override;
  SOCKETIO_DECL Shard& shard() const noexcept override;
  SOCKETIO_DECL void begin_progress(std::uint32_t weight) noexcept override;
  SOCKETIO_DECL void end_progress(std::uint32_t weight) noexcept override;
  /// Sends an answer to the client.
  SOCKETIO_DECL void send_ack(OutgoingPacket packet);
  bool is_connected() const noexcept { return connected_.load(std::memory_order_acquire); }
  const std::shared_ptr<NamespaceState>& nsp() const noexcept { return nsp_; }
  NamespacePart& part() const noexcept { return *part_; }
  const std::shared_ptr<Connection>& connection() const noexcept { return connection_; }
  SOCKETIO_DECL Session& session() const noexcept;
  SOCKETIO_DECL Handshake handshake() const;
  bool is_recovered() const noexcept { return recovery_ && recovery_->is_recovered.load(std::memory_order_relaxed); }

  /// The Config::SocketData, made by the first caller.
  SOCKETIO_DECL void* data();

  /// The rooms of this socket, and whether it is in one.
  SOCKETIO_DECL std::vector<std::string> rooms() const;
  SOCKETIO_DECL bool is_in(std::string_view room) const;

  // Any thread: each acts at once on the owner's thread, elsewhere as soon as that thread gets to it.

  SOCKETIO_DECL void register_handler(std::string_view event, EventHandlerPtr handler, bool first);
  /// @param listener  null: all handlers of the event
  SOCKETIO_DECL void unregister_handlers(std::string_view event, std::optional<Listener> listener);
  SOCKETIO_DECL void unregister_all_handlers();
  SOCKETIO_DECL void register_catch_all(Direction direction, EventHandlerPtr handler, bool first);
  /// @param listener  null: all of them
  SOCKETIO_DECL void unregister_catch_all(Direction direction, std::optional<Listener> listener);
  SOCKETIO_DECL void start_timer(TimedCallPtr timer);
  SOCKETIO_DECL void register_middleware(MiddlewareChain<IncomingEvent>::Function middleware);
  SOCKETIO_DECL void join_rooms(std::vector<std::string> rooms);
  SOCKETIO_DECL void leave_rooms(std::vector<std::string> rooms);
  SOCKETIO_DECL void request_disconnect(bool close);

  // Any thread.

  SOCKETIO_DECL std::vector<std::string> event_names() const;
  SOCKETIO_DECL std::vector<Listener> listeners(std::string_view event) const;
  SOCKETIO_DECL std::vector<Listener> catch_all_listeners(Direction direction) const;

  /// Sends a packet that only this socket gets. Any thread.
  ///
  /// @param offset  what the packet was encoded with; empty if with none
  SOCKETIO_DECL void send(const OutgoingPacket& packet, const EmitFlags& flags, std::string_view offset);

  /// Sends a packet that asks for the acknowledgement `id`, which `handler` takes. Any thread.
  SOCKETIO_DECL void send_expecting(std::uint64_t id, OutgoingPacket packet, const EmitFlags& flags,
                                    std::optional<std::chrono::milliseconds> timeout, PendingAcks::Handler handler);

  /// What reports say of an operation of this socket. Any thread.
  SOCKETIO_DECL OperationPlace place(std::string_view event) const;

  SOCKETIO_DECL void deliver(const OutgoingPacket& packet, const EmitFlags& flags) override;

  /// Sends a packet that has its place in the sequence of the namespace.
  SOCKETIO_DECL void deliver_sequenced(const OutgoingPacket& packet, const EmitFlags& flags, bool is_recorded);

  /// Its client may come back, if the connection is cut.
  SOCKETIO_DECL void make_recoverable(std::string pid);
  /// Its client has come back: rooms and data are as they were, and the events that it missed precede its connection.
  SOCKETIO_DECL void restore(RestoredSession restored);
  /// A packet is being sent in the namespace while the client has come back but is not connected yet.
  SOCKETIO_DECL void handle_recorded(const OutgoingPacket& packet, const BroadcastOptions& options);

  /// Registers the handler of the acknowledgement `id`. When the socket is gone or owes too many, the handler gets the
  /// error in a later turn instead.
  ///
  /// @return whether the packet may be sent
  SOCKETIO_DECL bool expect_ack(std::uint64_t id, std::optional<std::chrono::milliseconds> timeout,
                                PendingAcks::Handler handler);
  SOCKETIO_DECL void cancel_ack(std::uint64_t id);

  SOCKETIO_DECL void join(std::string_view room);
  SOCKETIO_DECL void leave(std::string_view room);

  /// What other servers are told of it.
  SOCKETIO_DECL SocketDetails details() const;

  /// The client is connected: it is told, and reachable from now on.
  SOCKETIO_DECL void handle_connected();
  /// The client was refused by a middleware.
  SOCKETIO_DECL void handle_refused();
  /// The client was gone before the middleware had finished; it may come back once more if it had come back.
  SOCKETIO_DECL void handle_lost();
  SOCKETIO_DECL static void handle_event(std::shared_ptr<SocketState> self, PacketPtr packet);
  /// Whether the limits of rates let an event through. If not, this does what they want done with it.
  bool admits(const Packet& event) { return !rates_ || passes_rates(event); }
  SOCKETIO_DECL void handle_ack(const Packet& packet);
  /// The decoder has failed on the connection, or a middleware has refused an event: calls the `error` handlers.
  SOCKETIO_DECL void handle_error(std::string_view message, Value data = {});

  /// disconnect(): tells the client, unless its connection is gone, and leaves the namespace.
  SOCKETIO_DECL void disconnect(DisconnectReason reason = DisconnectReason::server_namespace_disconnect);
  /// disconnect(); with `close`, from all namespaces, and the connection ends.
  SOCKETIO_DECL void leave_server(bool close);
  /// Leaves the namespace, once: `disconnecting`, rooms, `disconnect`.
  SOCKETIO_DECL void close(DisconnectReason reason, std::string_view description = {});
  /// The server is being destroyed: drops all functions of the user's, without calling any of them.
  SOCKETIO_DECL void abandon();

 private:
  SOCKETIO_DECL void handle_idle() noexcept override;

  /// Null while the socket has no extras.
  CatchAllList* catch_all(Direction direction) const noexcept {
    if (!extras_) return nullptr;
    return direction == Direction::incoming ? &extras_->incoming : &extras_->outgoing;
  }
  SocketExtras& extras();
  void dispatch_to_all(Direction direction, Delivery& delivery);
  void remove_catch_all(Direction direction, std::optional<Listener> listener);
  void tell_outgoing(const OutgoingPacket& packet);
  void dispatch_local(std::string_view event, std::vector<Value> args);
  void dispatch(Delivery& delivery);
  bool has_gone() const noexcept { return is_over_ && !is_connected(); }
  void drop_handlers();
  void send_missed();
  bool has_too_many_rooms() const;
  bool has_too_many_in_progress(const Packet& packet) const;
  SOCKETIO_DECL bool passes_rates(const Packet& event);

  std::shared_ptr<NamespaceState> nsp_;
  NamespacePart* part_;  // of the namespace, where this socket lives
  std::shared_ptr<Connection> connection_;
  std::string id_;
  Value auth_;
  std::chrono::system_clock::time_point issued_ = std::chrono::system_clock::now();
  std::shared_ptr<void> data_;  // made when it is first used; the same after a recovery
  std::atomic<bool> has_data_{false};
  std::atomic<bool> connected_{false};
  bool is_over_ = false;  // has left, or was refused: joins no room any more
  bool has_reported_excess_ = false;
  std::atomic<std::uint32_t> in_progress_{0};  // see ServerOptions::max_handlers_in_progress
  EventHandlers handlers_;
  std::unique_ptr<SocketExtras> extras_;  // made when it is first used
  std::unique_ptr<MiddlewareChain<IncomingEvent>> middleware_;
  std::unique_ptr<PendingAcks> acks_;
  std::unique_ptr<SocketRecovery> recovery_;  // null without connection state recovery
  std::unique_ptr<SocketRates> rates_;        // null unless the server limits events
};

/// Answers the events of clients.
template <class Parser>
struct SocketAnswerer {
  template <class... Results>
  static void answer(EventReceiver& receiver, std::uint64_t id, const Results&... results) {
    auto& socket = static_cast<SocketState&>(receiver);
    const NamespaceState& nsp = *socket.nsp();
    socket.send_ack(encode_ack<Parser>(nsp.name(), id, nsp.options().max_attachments, results...));
  }
};

}  // namespace socketio::detail
