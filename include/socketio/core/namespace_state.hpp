// SPDX-License-Identifier: MIT
// The state behind the handle `Namespace`: its sockets, its rooms, and what it does with those who connect. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/memory_adapter.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room_listeners.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/fwd.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class ParentNamespaceState;
template <class Config>
class SocketState;

/// @par Thread safety  Owner's thread only, except what is marked otherwise.
/// @par Lifetime       Kept by its server, its sockets and the handles of users.
template <class Config>
class NamespaceState final : public std::enable_shared_from_this<NamespaceState<Config>> {
 public:
  using SocketPtr = std::shared_ptr<SocketState<Config>>;
  using ParentPtr = std::shared_ptr<ParentNamespaceState<Config>>;
  using Setup = NamespaceSetup<Config>;

  /// @param parent  whose child this is; null for one that the program has made for itself
  NamespaceState(std::string name, std::shared_ptr<Shard> shard, std::shared_ptr<const ServerOptions> options,
                 const ParentPtr& parent = nullptr)
      : name_(std::move(name)),
        shard_(std::move(shard)),
        options_(std::move(options)),
        parent_(parent),
        adapter_(make_adapter(*options_, name_)) {}

  // Any thread.
  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<Shard>& shard() const noexcept { return shard_; }
  const ServerOptions& options() const noexcept { return *options_; }
  Adapter& adapter() noexcept { return *adapter_; }
  ParentPtr parent() const noexcept { return parent_.lock(); }

  /// The id of an acknowledgement, shared by all sockets so that a broadcast can ask for one. Any thread.
  std::uint64_t next_ack_id() noexcept { return next_ack_id_.fetch_add(1, std::memory_order_relaxed); }

  /// The offset for a packet that clients who come back are to get; empty if it is none of those. Any thread.
  std::string next_offset(const EmitFlags& flags) {
    if (!options_->connection_state_recovery || flags.is_volatile) return {};
    return adapter_->next_offset();
  }

  /// Those selected that are still connected. Any thread.
  std::vector<SocketPtr> select(const BroadcastOptions& options) {
    std::vector<SocketPtr> sockets;
    adapter_->for_each(options, [&](RoomMember& member) {
      if (auto socket = static_cast<SocketState<Config>&>(member).weak_from_this().lock())
        sockets.push_back(std::move(socket));
    });
    return sockets;
  }

  /// Sends a packet to everyone selected. Any thread.
  ///
  /// @param offset  what the packet was encoded with; empty if with none
  void broadcast(OutgoingPacket packet, const BroadcastOptions& options, std::string offset = {}) {
    if (shard_->owns_this_thread())
      broadcast_here(packet, options, offset);
    else
      shard_->post([self = this->shared_from_this(), packet = std::move(packet), options, offset = std::move(offset)] {
        self->broadcast_here(packet, options, offset);
      });
  }

  /// Sends a packet that asks for an acknowledgement to everyone selected on this server. A client that has none to
  /// give because it is gone, or owes too many, is not waited for.
  void broadcast_expecting(std::uint64_t id, const OutgoingPacket& packet, const BroadcastOptions& options,
                           std::optional<std::chrono::milliseconds> timeout, std::shared_ptr<BroadcastAck> collector) {
    for (const SocketPtr& socket : select(options)) {
      auto withdraw = [weak = std::weak_ptr(socket), id] {
        if (const auto alive = weak.lock()) alive->cancel_ack(id);
      };
      if (socket->expect_ack(id, timeout, collector->expect(std::move(withdraw))))
        socket->deliver(packet, options.flags);
    }
    // In a later turn, as an answer would come: also when nobody is there.
    shard_->post([collector = std::move(collector)] { collector->start(); });
  }

  void use(typename Setup::Chain::Function middleware) { setup_.use(std::move(middleware)); }
  void add_connection_handler(typename Setup::ConnectionHandler handler, bool is_connect, bool once) {
    setup_.add_connection_handler(std::move(handler), is_connect, once);
  }
  void remove_connection_handlers(bool is_connect) { setup_.remove_connection_handlers(is_connect); }

  void add_room_listener(RoomEvent::Kind kind, RoomListeners::Listener listener) {
    if (!room_listeners_) room_listeners_ = std::make_shared<RoomListeners>();
    room_listeners_->add(kind, std::move(listener));
    if (std::exchange(hears_of_rooms_, true)) return;
    adapter_->on_room_event([this](const RoomEvent& event) {
      if (const auto kept = room_listeners_) kept->notify(event, *shard_, name_);
    });
  }
  void remove_room_listeners(RoomEvent::Kind kind) {
    if (room_listeners_) room_listeners_->remove(kind);
  }

  /// Begins with what the parent has by now.
  void inherit(const Setup& setup) { setup_ = setup; }

  /// True once: whoever gets it sets the namespace up and tells of it.
  bool take_announcement() noexcept { return !std::exchange(announced_, true); }

  /// Sets who is told when the last socket has left, those counted whose middleware are at work.
  void on_empty(UniqueFunction<void(NamespaceState&)> handler) { on_empty_ = std::move(handler); }

  /// A client wants to connect; its socket counts as one of this namespace until `handle_left`.
  void handle_entered() noexcept { ++population_; }

  /// Runs the middleware for a socket that wants to connect; `done` comes in a later turn.
  void admit(SocketPtr socket, Next::Done done) {
    setup_.middleware().run(
        shard_, std::move(socket), [shard = shard_, done = std::move(done)](Next::Result refusal) mutable {
          shard->post([done = std::move(done), refusal = std::move(refusal)]() mutable { done(std::move(refusal)); });
        });
  }

  void handle_connection(const SocketPtr& socket) { setup_.handle_connection(socket); }

  /// A socket has left, or was refused.
  void handle_left() {
    --population_;
    if (is_empty() && on_empty_) on_empty_(*this);
  }

  /// Remembers a packet that is about to be sent, for those who are disconnected, or not quite back yet.
  void record(std::string_view offset, const OutgoingPacket& packet, const BroadcastOptions& options) {
    if (has_ended_) return;
    adapter_->record(offset, packet, options, shard_->scheduler().now());
    for (SocketState<Config>* socket : returning_) socket->handle_recorded(packet, options);
    arm_purge();
  }

  void persist_session(RecoverableSession session) {
    if (has_ended_) return;
    adapter_->persist_session(std::move(session), shard_->scheduler().now());
    arm_purge();
  }

  /// See Adapter::restore_session.
  void restore_session(std::string_view pid, std::string_view offset, Adapter::RestoreDone done) {
    adapter_->restore_session(pid, offset, shard_->scheduler().now(), std::move(done));
  }

  /// Whether a client that comes back can be sent that much at once, instead of being taken for a slow one.
  bool can_be_sent(std::size_t bytes) const noexcept {
    return options_->max_unsent_bytes == 0 || bytes <= options_->max_unsent_bytes;
  }

  /// A restored socket is not connected yet, and misses what is recorded from now on; until `handle_returned`.
  void handle_returning(SocketState<Config>& socket) { returning_.push_back(&socket); }
  void handle_returned(SocketState<Config>& socket) { std::erase(returning_, &socket); }

  /// While the server is closed nothing of it stays in the event loop; what is too old goes when it is used again.
  void suspend(bool suspended) {
    is_suspended_ = suspended;
    if (suspended) purge_timer_.reset();
  }

  /// The end of the namespace. Forgets what is kept for those who might come back, and lets go of the users' functions:
  /// they may hold handles of this very namespace.
  void drop_handlers() {
    has_ended_ = true;
    purge_timer_.reset();
    const auto setup = std::exchange(setup_, {});
    const auto room_listeners = std::exchange(room_listeners_, {});
  }

 private:
  static std::unique_ptr<Adapter> make_adapter(const ServerOptions& options, const std::string& name) {
    if (!options.adapter) return std::make_unique<MemoryAdapter>(options.connection_state_recovery);
    std::unique_ptr<Adapter> adapter = options.adapter(name);
    if (!adapter) throw std::logic_error("ServerOptions::adapter made none for " + name);
    return adapter;
  }

  void broadcast_here(const OutgoingPacket& packet, const BroadcastOptions& options, const std::string& offset) {
    if (!offset.empty()) record(offset, packet, options);
    adapter_->broadcast(packet, options);
  }

  bool is_empty() const { return population_ == 0 && adapter_->recovery_usage().sessions == 0; }

  void arm_purge() {
    if (purge_timer_ || is_suspended_) return;
    constexpr std::chrono::milliseconds longest = std::chrono::minutes(1);
    purge_timer_ = std::make_unique<Timer>(&NamespaceState::handle_purge, this);
    shard_->scheduler().arm(*purge_timer_,
                            std::min(options_->connection_state_recovery->max_disconnection_duration, longest));
  }
  static void handle_purge(void* context) {
    const auto self = static_cast<NamespaceState*>(context)->shared_from_this();
    self->purge_timer_.reset();
    self->adapter_->purge(self->shard_->scheduler().now());
    const RecoveryUsage usage = self->adapter_->recovery_usage();
    if (usage.sessions != 0 || usage.log_entries != 0) self->arm_purge();
    if (self->is_empty() && self->on_empty_) self->on_empty_(*self);
  }

  std::string name_;
  std::shared_ptr<Shard> shard_;
  std::shared_ptr<const ServerOptions> options_;
  std::weak_ptr<ParentNamespaceState<Config>> parent_;
  std::unique_ptr<Adapter> adapter_;
  std::atomic<std::uint64_t> next_ack_id_{0};
  Setup setup_;
  std::shared_ptr<RoomListeners> room_listeners_;
  bool hears_of_rooms_ = false;
  bool announced_ = false;
  std::size_t population_ = 0;
  std::vector<SocketState<Config>*> returning_;
  std::unique_ptr<Timer> purge_timer_;  // there is one while something may grow old
  bool is_suspended_ = false;
  bool has_ended_ = false;
  UniqueFunction<void(NamespaceState&)> on_empty_;
};

}  // namespace socketio::detail
