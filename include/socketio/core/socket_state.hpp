// SPDX-License-Identifier: MIT
// The state behind the handle `Socket`: one client in one namespace. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/adapter.hpp>
#include <socketio/core/connection.hpp>
#include <socketio/core/disconnect_reason.hpp>
#include <socketio/core/event_handler.hpp>
#include <socketio/core/handshake.hpp>
#include <socketio/core/incoming_event.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/shard.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class NamespaceState;
template <class Config>
struct NamespacePart;

/// What connection state recovery adds to a socket.
struct SocketRecovery {
  std::string pid;  // known to the client only
  std::atomic<bool> may_return{true};
  std::atomic<bool> is_recovered{false};
  std::optional<RestoredSession> returning;  // from its restoration until it is connected
  std::size_t missed_bytes = 0;
};

/// A socket from the CONNECT packet on; `connected` while it is a member of its namespace.
///
/// @par Thread safety  Owner's thread only, except what is marked otherwise.
/// @par Lifetime       Kept by its connection from CONNECT until it has left or was refused, and by the handles of
///                     users. At its end it drops handlers, middleware and expected acknowledgements, so that one that
///                     captured its own socket does not keep it alive.
template <class Config>
class SocketState final : public RoomMember, public std::enable_shared_from_this<SocketState<Config>> {
 public:
  using Parser = typename Config::Parser;
  using Data = typename Config::SocketData;
  using HandlerPtr = EventHandlerPtr<SocketState>;

  enum class Direction { incoming, outgoing };

  SocketState(std::shared_ptr<NamespaceState<Config>> nsp, std::shared_ptr<Connection<Config>> connection,
              std::string id, Value auth)
      : nsp_(std::move(nsp)),
        part_(&nsp_->part(connection->shard_index())),
        connection_(std::move(connection)),
        id_(std::move(id)),
        auth_(std::move(auth)) {}

  // Any thread.
  const std::string& id() const noexcept override { return id_; }
  bool is_connected() const noexcept { return connected_.load(std::memory_order_acquire); }
  const std::shared_ptr<NamespaceState<Config>>& nsp() const noexcept { return nsp_; }
  const std::string& nsp_name() const noexcept { return nsp_->name(); }
  NamespacePart<Config>& part() const noexcept { return *part_; }
  Shard& shard() const noexcept { return *part_->shard; }
  Adapter& adapter() const noexcept { return *part_->adapter; }
  Handshake handshake() const;
  /// What other servers are told of it. On the owner's thread.
  SocketDetails details() const;
  template <class... Results>
  void send_ack(std::uint64_t id, const Results&... results);
  void report_handler_exception(std::string_view event) const noexcept {
    shard().report_current_exception(nsp_name(), id_, event);
  }

  const std::shared_ptr<Connection<Config>>& connection() const noexcept { return connection_; }
  /// Any thread: whoever comes first makes them.
  Data& data() {
    if (!has_data_.load(std::memory_order_acquire)) {
      auto made = std::make_shared<Data>();
      const std::lock_guard lock(shard().handlers_mutex());
      if (!data_) data_ = std::move(made);
      has_data_.store(true, std::memory_order_release);
    }
    return *data_;
  }
  bool is_recovered() const noexcept { return recovery_ && recovery_->is_recovered.load(std::memory_order_relaxed); }

  /// Dropped once the socket has gone, as is a middleware: nothing would ever destroy it.
  void add_handler(std::string_view event, HandlerPtr handler, bool first) {
    if (!has_gone()) handlers_.add(shard(), event, std::move(handler), first);
  }

  void remove_handlers(std::string_view event) { handlers_.remove(shard(), event); }
  void remove_handler(std::string_view event, Listener listener) { handlers_.remove(shard(), event, listener); }
  void remove_all_handlers() { handlers_.clear(shard()); }

  void add_catch_all(Direction direction, HandlerPtr handler, bool first) {
    if (!has_gone()) catch_all(direction).add(shard().handlers_mutex(), std::move(handler), first);
  }
  void remove_catch_all(Direction direction, Listener listener) {
    catch_all(direction).remove(shard().handlers_mutex(), listener);
  }
  void clear_catch_all(Direction direction) { catch_all(direction).clear(shard().handlers_mutex()); }

  // Any thread.
  std::vector<std::string> event_names() const { return handlers_.event_names(shard()); }
  std::vector<Listener> listeners(std::string_view event) const { return handlers_.listeners(shard(), event); }
  std::vector<Listener> catch_all_listeners(Direction direction) const {
    return (direction == Direction::incoming ? incoming_ : outgoing_).listeners(shard().handlers_mutex());
  }

  void use(typename MiddlewareChain<IncomingEvent>::Function middleware) {
    if (has_gone()) return;
    if (!middleware_) middleware_ = std::make_unique<MiddlewareChain<IncomingEvent>>();
    middleware_->add(std::move(middleware));
  }

  void deliver(const OutgoingPacket& packet, const EmitFlags& flags) override {
    if (!outgoing_.empty()) tell_outgoing(packet);
    connection_->send(packet, flags);
  }

  /// Sends a packet that has its place in the sequence of the namespace.
  void deliver_sequenced(const OutgoingPacket& packet, const EmitFlags& flags, bool is_recorded) {
    // Else it is among what the client has missed.
    if (!is_recorded || !recovery_ || !recovery_->returning) deliver(packet, flags);
  }

  /// Runs `task` on the owner's thread: now, or in the order of what the calling thread sends in this namespace.
  template <class F>
  void dispatch_in_order(F&& task) {
    if (shard().owns_this_thread())
      task();
    else
      nsp_->post_in_order(*part_, std::forward<F>(task));
  }

  /// Sends a packet that only this socket gets. Any thread.
  ///
  /// @param offset  what the packet was encoded with; empty if with none
  void send(const OutgoingPacket& packet, const EmitFlags& flags, std::string_view offset);

  /// Its client may come back, if the connection is cut.
  void make_recoverable(std::string pid);
  /// Its client has come back: rooms and data are as they were, and the events that it missed precede its connection.
  void restore(RestoredSession restored);
  /// A packet is being sent in the namespace while the client is not quite back.
  void handle_recorded(const OutgoingPacket& packet, const BroadcastOptions& options);

  /// Registers who waits for the acknowledgement `id`. When the socket is gone or owes too many, the handler gets the
  /// error in a later turn instead.
  ///
  /// @return whether the packet may be sent
  bool expect_ack(std::uint64_t id, std::optional<std::chrono::milliseconds> timeout, PendingAcks::Handler handler);

  void cancel_ack(std::uint64_t id) {
    if (acks_) acks_->cancel(id);
  }

  void join(std::string_view room);
  void leave(std::string_view room);

  /// The client is connected: it is told, and reachable from now on.
  void handle_connected();
  /// The client was refused by a middleware.
  void handle_refused();
  /// The client was gone before the middleware had finished; it may come back once more if it had come back.
  void handle_lost();
  static void handle_event(std::shared_ptr<SocketState> self, PacketPtr packet);
  void handle_ack(const Packet& packet);
  /// A decoder error on the connection, or what a middleware has refused an event with: the `error` handlers are told.
  void handle_error(std::string_view message, Value data = {}) {
    dispatch_local("error", {Value(std::string(message)), std::move(data)});
  }

  /// disconnect(): tells the client, unless its connection is gone, and leaves the namespace.
  void disconnect();
  /// disconnect(); with `close`, from all namespaces, and the connection ends.
  void leave_server(bool close) {
    if (!is_connected()) return;
    if (close)
      connection_->disconnect();
    else
      disconnect();
  }
  /// Leaves the namespace, once: `disconnecting`, rooms, `disconnect`.
  void close(DisconnectReason reason, std::string_view description = {});
  /// The server is being destroyed: forgets everything of the user's, without calling any of it.
  void abandon();

 private:
  CatchAllList<SocketState>& catch_all(Direction direction) noexcept {
    return direction == Direction::incoming ? incoming_ : outgoing_;
  }
  void tell_outgoing(const OutgoingPacket& packet);
  void dispatch_local(std::string_view event, std::vector<Value> args);
  void dispatch(Delivery<SocketState>& delivery) {
    if (is_connected()) handlers_.dispatch(shard(), delivery);
  }
  bool has_gone() const noexcept { return is_over_ && !is_connected(); }
  void drop_handlers();
  void send_missed();

  std::shared_ptr<NamespaceState<Config>> nsp_;
  NamespacePart<Config>* part_;  // of the namespace, where this socket lives
  std::shared_ptr<Connection<Config>> connection_;
  std::string id_;
  Value auth_;
  std::chrono::system_clock::time_point issued_ = std::chrono::system_clock::now();
  std::shared_ptr<Data> data_;  // made when it is first used; the same after a recovery
  std::atomic<bool> has_data_{false};
  std::atomic<bool> connected_{false};
  bool is_over_ = false;  // has left, or was refused: joins no room any more
  EventRegistry<SocketState> handlers_;
  CatchAllList<SocketState> incoming_;
  CatchAllList<SocketState> outgoing_;
  std::unique_ptr<MiddlewareChain<IncomingEvent>> middleware_;
  std::unique_ptr<PendingAcks> acks_;
  std::unique_ptr<SocketRecovery> recovery_;  // null without connection state recovery
};

}  // namespace socketio::detail

#include <socketio/core/impl/socket_state.hpp>
