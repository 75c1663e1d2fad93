// SPDX-License-Identifier: MIT
// The state behind the handle `Namespace`: its sockets, its rooms, and the functions of the user's. Core layer.
#pragma once

#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/cluster.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/recovery.hpp>
#include <socketio/core/room_listeners.hpp>
#include <socketio/core/rooms.hpp>
#include <socketio/core/server_context.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/core/timed_calls.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio::detail {

class ParentNamespaceState;
class SocketState;

/// The sockets of a namespace that live on one shard, and their rooms.
///
/// @par Thread safety  The shard's thread only, except `shard` and the functions of Rooms that any thread may call.
struct NamespacePart {
  std::shared_ptr<Shard> shard;
  Rooms rooms;
};

/// @par Thread safety  Any thread, except what is marked otherwise.
/// @par Lifetime       Kept by its server, its sockets and the handles of users.
class NamespaceState final : public std::enable_shared_from_this<NamespaceState> {
 public:
  using ParentPtr = std::shared_ptr<ParentNamespaceState>;

  /// @param parent  the parent of this child, which begins with the functions of its parent; null for a namespace that
  ///                the program has made itself
  /// @throws std::logic_error  if ServerOptions::adapter makes no adapter; and what that function throws
  SOCKETIO_DECL NamespaceState(std::string name, std::shared_ptr<const ServerContext> server, const ParentPtr& parent);
  SOCKETIO_DECL ~NamespaceState();

  const std::string& name() const noexcept { return name_; }
  const ShardGroup& shards() const noexcept { return *server_->shards; }
  const ServerOptions& options() const noexcept { return *server_->options; }
  /// Null: events are not limited.
  const EventRates* event_rates() const noexcept { return server_->event_rates.get(); }
  const PacketCodec& codec() const noexcept { return *server_->codec; }
  const SocketDataType& data_type() const noexcept { return server_->data_type; }
  ParentPtr parent() const noexcept { return parent_.lock(); }
  NamespacePart& part(std::size_t index) const noexcept { return parts_[index]; }

  /// That of the calling thread; null on other threads.
  SOCKETIO_DECL NamespacePart* part_here() const noexcept;

  /// The id of an acknowledgement, shared by all sockets so that a broadcast can ask for one.
  std::uint64_t next_ack_id() noexcept { return next_ack_id_.fetch_add(1, std::memory_order_relaxed); }

  /// The offset for a packet that clients get which come back; empty without connection state recovery and for volatile
  /// packets.
  std::string next_offset(const EmitFlags& flags) {
    return recovery_ && !flags.is_volatile ? recovery_->next_offset() : std::string();
  }

  /// The packet of an event whose name and arguments are values.
  ///
  /// @throws std::invalid_argument  if it has more attachments than clients accept
  SOCKETIO_DECL OutgoingPacket encode_event(std::span<const Value> event, const std::optional<std::uint64_t>& id,
                                            const EmitFlags& flags, std::string_view offset) const;

  /// The sockets selected that are still connected, on all shards or on one.
  SOCKETIO_DECL std::vector<SocketPtr> select(const BroadcastOptions& options) const;
  SOCKETIO_DECL static std::vector<SocketPtr> select_on(NamespacePart& part, const BroadcastOptions& options);

  /// The names of all rooms, each once.
  SOCKETIO_DECL std::vector<std::string> rooms() const;
  SOCKETIO_DECL std::size_t socket_count() const;
  SOCKETIO_DECL std::size_t room_size(std::string_view room) const;
  std::size_t server_count() const { return cluster_ ? cluster_->server_count() : 1; }

  // What follows concerns those selected on all servers; on this one only with `flags.local`.

  /// Sends a packet.
  ///
  /// @param offset  what the packet was encoded with; empty if with none
  SOCKETIO_DECL void broadcast(OutgoingPacket packet, const BroadcastOptions& options, std::string_view offset = {});

  /// Sends a packet that asks for acknowledgements. A client that has gone, or that owes too many, is not waited for.
  SOCKETIO_DECL void broadcast_expecting(std::uint64_t id, const OutgoingPacket& packet,
                                         const BroadcastOptions& options,
                                         std::optional<std::chrono::milliseconds> timeout,
                                         const BroadcastAckPtr& collector);

  /// Makes sockets join rooms, leave rooms, or disconnect, each on its own thread: at once on the calling one. What the
  /// same thread has asked of these sockets before has been done by then.
  SOCKETIO_DECL void add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms);
  SOCKETIO_DECL void del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms);
  SOCKETIO_DECL void disconnect_sockets(const BroadcastOptions& options, bool close);

  /// Describes sockets.
  ///
  /// @param done  called once, on any thread, with the sockets of the servers that answered, and the error if one did
  ///              not
  SOCKETIO_DECL void fetch(const BroadcastOptions& options, std::optional<std::chrono::milliseconds> timeout,
                           Cluster::FetchDone done);

  /// Whether there may be other servers with this namespace.
  bool connects_servers() const noexcept { return cluster_ != nullptr; }

  /// Sends an event to the handlers of the other servers.
  ///
  /// @param packet     null if there are no other servers
  /// @param collector  takes their answers, and ends in a later turn; null if none are wanted
  SOCKETIO_DECL void server_side_emit(std::optional<OutgoingPacket> packet, const BroadcastAckPtr& collector);

  ServerSideHandlers& server_side_handlers() noexcept { return server_side_handlers_; }

  /// Runs `task` on the thread of `part`, after what the calling thread has sent in this namespace, and before what it
  /// sends from now on. `task` calls none of the handlers of sockets.
  SOCKETIO_DECL void post_in_order(NamespacePart& part, UniqueFunction<void()> task);

  /// Sends a packet to those selected on one thread, which is the calling one.
  SOCKETIO_DECL void broadcast_on(NamespacePart& part, const OutgoingPacket& packet, const BroadcastOptions& options);

  /// Begins the membership in the cluster; until it is closed.
  SOCKETIO_DECL void attach();
  /// Ends the membership when no event loop runs any more and the server is being destroyed.
  SOCKETIO_DECL void detach();
  /// Ends the membership. First thread.
  SOCKETIO_DECL void close_adapter();

  NamespaceSetup& setup() noexcept { return setup_; }
  SetupGate& gate() noexcept { return gate_; }

  RoomListeners& room_listeners() noexcept { return *room_listeners_; }
  SOCKETIO_DECL void add_room_listener(RoomTopic topic, RoomListeners::Function function, const Registration& how);

  /// Sets the function that is called, on any thread, when the last socket has left; sockets whose middleware are
  /// running count. Before the first one comes.
  void on_empty(UniqueFunction<void(NamespaceState&)> handler) { on_empty_ = std::move(handler); }

  /// A client wants to connect; its socket counts as one of this namespace until `handle_left`.
  void handle_entered() noexcept { population_.fetch_add(1); }
  /// A socket has left, or was refused.
  SOCKETIO_DECL void handle_left();
  SOCKETIO_DECL bool is_empty() const;
  SOCKETIO_DECL void tell_if_empty();

  /// Runs the middleware for a socket that wants to connect; `done` comes in a later turn. On the socket's thread.
  SOCKETIO_DECL void admit(const SocketPtr& socket, Next::Done done);

  /// Null without connection state recovery.
  Recovery* recovery() const noexcept { return recovery_.get(); }
  const std::shared_ptr<RecoveryBudget>& recovery_budget() const noexcept { return server_->recovery_budget; }
  SOCKETIO_DECL RecoveryUsage recovery_usage() const;

  /// Whether a client that comes back can be sent that much at once, instead of being taken for a slow consumer.
  bool can_be_sent(std::size_t bytes) const noexcept {
    return options().max_unsent_bytes == 0 || bytes <= options().max_unsent_bytes;
  }

  /// The server is closed, or open again. First thread.
  SOCKETIO_DECL void suspend(bool suspended);

  /// Begins a timer on the first thread, unless the server is closed.
  SOCKETIO_DECL void start_timer(TimedCallPtr timer);
  /// First thread, or while no loop runs.
  SOCKETIO_DECL void end_timers();

  /// The end of the namespace. Forgets what is kept for clients that might come back, and destroys the users'
  /// functions: they may hold handles of this very namespace.
  SOCKETIO_DECL void drop_handlers();

 private:
  SOCKETIO_DECL std::unique_ptr<Cluster> make_cluster();

  /// Calls `tell(cluster)` on the first thread after what the calling thread has sent in this namespace, unless there
  /// are no other servers or `flags.local` is set.
  template <class Tell>
  void tell_others(const BroadcastOptions& options, Tell tell);
  template <class F>
  void at_first(F task);
  /// Calls `act(socket)` for the sockets selected on this server. `post(part, task)` runs a task on a part's thread.
  template <class Act, class Post>
  void act_on_parts(const BroadcastOptions& options, const Act& act, const Post& post);
  template <class Act>
  void act_in_order(const BroadcastOptions& options, const Act& act);
  /// Calls `ask(cluster, answer, done)` on the first thread; the answers go to the collector, as one group of it.
  template <class Ask>
  void ask_others(const BroadcastAckPtr& collector, Ask ask);
  void expect_on(NamespacePart& part, std::uint64_t id, const OutgoingPacket& packet, const BroadcastOptions& options,
                 std::optional<std::chrono::milliseconds> timeout, const BroadcastAckPtr& collector);
  void listen_to_rooms(NamespacePart& part);

  std::string name_;
  std::shared_ptr<const ServerContext> server_;
  std::weak_ptr<ParentNamespaceState> parent_;
  std::unique_ptr<NamespacePart[]> parts_;  // one for each shard
  std::atomic<std::uint64_t> next_ack_id_{0};
  NamespaceSetup setup_;
  SetupGate gate_;
  ServerSideHandlers server_side_handlers_;
  std::unique_ptr<Cluster> cluster_;    // null for a server that is alone
  std::unique_ptr<Recovery> recovery_;  // null without connection state recovery; may use the cluster's store
  std::shared_ptr<RoomListeners> room_listeners_ = std::make_shared<RoomListeners>();
  std::atomic<bool> hears_of_rooms_{false};
  RoomCensus census_;  // with several shards, once there is a listener to rooms
  std::atomic<std::size_t> population_{0};
  UniqueFunction<void(NamespaceState&)> on_empty_;
  std::atomic<bool> has_ended_{false};
  std::unique_ptr<TimedCalls> timers_;  // of the first thread; null if there has been none
  bool takes_timers_ = true;
};

}  // namespace socketio::detail
