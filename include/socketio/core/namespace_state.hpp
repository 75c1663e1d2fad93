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
#include <socketio/fwd.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
        adapter_(std::make_unique<MemoryAdapter>()) {}

  // Any thread.
  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<Shard>& shard() const noexcept { return shard_; }
  const ServerOptions& options() const noexcept { return *options_; }
  Adapter& adapter() noexcept { return *adapter_; }
  ParentPtr parent() const noexcept { return parent_.lock(); }

  /// The id of an acknowledgement, shared by all sockets so that a broadcast can ask for one. Any thread.
  std::uint64_t next_ack_id() noexcept { return next_ack_id_.fetch_add(1, std::memory_order_relaxed); }

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
  void broadcast(OutgoingPacket packet, const BroadcastOptions& options) {
    if (shard_->owns_this_thread())
      adapter_->broadcast(packet, options);
    else
      shard_->post([self = this->shared_from_this(), packet = std::move(packet), options] {
        self->adapter_->broadcast(packet, options);
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

  /// Runs the middleware for a socket that wants to connect; `done` comes in a later turn. The socket counts as one of
  /// this namespace until `handle_left`.
  void admit(SocketPtr socket, Next::Done done) {
    ++population_;
    setup_.middleware().run(
        shard_, std::move(socket), [shard = shard_, done = std::move(done)](Next::Result refusal) mutable {
          shard->post([done = std::move(done), refusal = std::move(refusal)]() mutable { done(std::move(refusal)); });
        });
  }

  void handle_connection(const SocketPtr& socket) { setup_.handle_connection(socket); }

  /// A socket has left, or was refused.
  void handle_left() {
    if (--population_ == 0 && on_empty_) on_empty_(*this);
  }

  /// The end of the namespace. Lets go of the users' functions: they may hold handles of this very namespace.
  void drop_handlers() {
    const auto setup = std::exchange(setup_, {});
    const auto room_listeners = std::exchange(room_listeners_, {});
  }

 private:
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
  UniqueFunction<void(NamespaceState&)> on_empty_;
};

}  // namespace socketio::detail
