// SPDX-License-Identifier: MIT
// Bodies of namespace_state.hpp. Core layer.
#pragma once

#include <socketio/core/namespace_state.hpp>
#include <socketio/core/parent_namespace_state.hpp>
#include <socketio/core/socket_state.hpp>

#include <iterator>
#include <mutex>
#include <stdexcept>
#include <unordered_set>

namespace socketio::detail {

SOCKETIO_DECL NamespaceState::NamespaceState(std::string name, std::shared_ptr<const ServerContext> server,
                                             const ParentPtr& parent)
    : name_(std::move(name)),
      server_(std::move(server)),
      parent_(parent),
      parts_(std::make_unique<NamespacePart[]>(shards().size())),
      cluster_(make_cluster()) {
  for (const auto& shard : shards()) parts_[shard->index()].shard = shard;
  if (options().connection_state_recovery)
    recovery_ = std::make_unique<Recovery>(*this, cluster_ ? cluster_->store() : nullptr);
  if (parent) setup_.inherit(parent->setup());
}

SOCKETIO_DECL NamespaceState::~NamespaceState() = default;

SOCKETIO_DECL std::unique_ptr<Cluster> NamespaceState::make_cluster() {
  if (!options().adapter) return nullptr;
  std::unique_ptr<Adapter> adapter = options().adapter(name_);
  if (!adapter) throw std::logic_error("ServerOptions::adapter made none for " + name_);
  return std::make_unique<Cluster>(*this, std::move(adapter));
}

SOCKETIO_DECL NamespacePart* NamespaceState::part_here() const noexcept {
  for (const auto& shard : shards())
    if (shard->owns_this_thread()) return &parts_[shard->index()];
  return nullptr;
}

SOCKETIO_DECL OutgoingPacket NamespaceState::encode_event(std::span<const Value> event,
                                                          const std::optional<std::uint64_t>& id,
                                                          const EmitFlags& flags, std::string_view offset) const {
  const PacketHeader header{PacketType::event, name_, id};
  EncodedPacket encoded;
  if (offset.empty()) {
    encoded = codec().encode(header, event);
  } else {
    std::vector<Value> items(event.begin(), event.end());
    items.emplace_back(std::string(offset));
    encoded = codec().encode(header, std::span<const Value>(items));
  }
  require_few_attachments(encoded, options().max_attachments, event.front().as_string());
  return OutgoingPacket(std::move(encoded), flags.compress, !offset.empty());
}

SOCKETIO_DECL std::vector<SocketPtr> NamespaceState::select(const BroadcastOptions& options) const {
  std::vector<SocketPtr> sockets;
  for (const auto& shard : shards())
    for (SocketPtr& socket : select_on(part(shard->index()), options)) sockets.push_back(std::move(socket));
  return sockets;
}

SOCKETIO_DECL std::vector<SocketPtr> NamespaceState::select_on(NamespacePart& part, const BroadcastOptions& options) {
  std::vector<SocketPtr> sockets;
  part.rooms.for_each(options, [&](RoomMember& member) {
    if (auto socket = static_cast<SocketState&>(member).weak_from_this().lock()) sockets.push_back(std::move(socket));
  });
  return sockets;
}

SOCKETIO_DECL std::vector<std::string> NamespaceState::rooms() const {
  std::vector<std::string> rooms = part(0).rooms.names();
  if (shards().size() == 1) return rooms;
  std::unordered_set<std::string> seen(rooms.begin(), rooms.end());
  for (std::size_t i = 1; i < shards().size(); ++i)
    for (std::string& room : part(i).rooms.names())
      if (seen.insert(room).second) rooms.push_back(std::move(room));
  return rooms;
}

SOCKETIO_DECL std::size_t NamespaceState::socket_count() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < shards().size(); ++i) count += part(i).rooms.socket_count();
  return count;
}

SOCKETIO_DECL std::size_t NamespaceState::room_size(std::string_view room) const {
  std::size_t size = 0;
  for (std::size_t i = 0; i < shards().size(); ++i) size += part(i).rooms.room_size(room);
  return size;
}

SOCKETIO_DECL void NamespaceState::post_in_order(NamespacePart& part, UniqueFunction<void()> task) {
  if (recovery_)
    recovery_->act(part, std::move(task));
  else
    part.shard->dispatch(std::move(task));
}

/// Runs `task` on the first thread, after what the calling thread has sent in this namespace: at once on the first
/// thread, unless what it has sent is waiting for its turn.
template <class F>
void NamespaceState::at_first(F task) {
  post_in_order(part(0), std::move(task));
}

template <class Tell>
void NamespaceState::tell_others(const BroadcastOptions& options, Tell tell) {
  if (!cluster_ || options.flags.local) return;
  at_first([self = shared_from_this(), tell = std::move(tell)]() mutable { tell(*self->cluster_); });
}

SOCKETIO_DECL void NamespaceState::broadcast(OutgoingPacket packet, const BroadcastOptions& options,
                                             std::string_view offset) {
  if (recovery_) return recovery_->send(std::move(packet), options, nullptr, offset);
  NamespacePart* const here = part_here();
  if (shards().size() > 1 || !here) {
    const auto shared = std::make_shared<const BroadcastOptions>(options);
    for (const auto& shard : shards())
      if (NamespacePart* const at = &part(shard->index()); at != here)
        shard->post([self = shared_from_this(), at, packet, shared] { self->broadcast_on(*at, packet, *shared); });
  }
  if (here) broadcast_on(*here, packet, options);
}

SOCKETIO_DECL void NamespaceState::broadcast_on(NamespacePart& part, const OutgoingPacket& packet,
                                                const BroadcastOptions& options) {
  if (cluster_ && &part == &parts_[0] && !options.flags.local) cluster_->broadcast(packet, options);
  part.rooms.broadcast(packet, options);
}

template <class Ask>
void NamespaceState::ask_others(const BroadcastAckPtr& collector, Ask ask) {
  at_first([self = shared_from_this(), collector, ask = std::move(ask)]() mutable {
    Cluster::Answer answer = [collector](const std::vector<Value>& items) { collector->add_answer(items); };
    Cluster::Done done = [collector, shard = self->shards().home()](std::error_code error) {
      collector->add_error(error);
      shard->post([collector] { collector->group_done(); });
    };
    if (collector->has_ended()) return done({});  // cancelled: the others are not to be asked any more
    Cluster::Withdraw withdraw = ask(*self->cluster_, std::move(answer), std::move(done));
    if (!withdraw) return;
    const auto shared = std::make_shared<const Cluster::Withdraw>(std::move(withdraw));
    const bool may_be_cancelled = collector->on_cancel([weak = std::weak_ptr(self), shared] {
      if (const auto nsp = weak.lock()) nsp->shards().home()->dispatch([nsp, shared] { (*shared)(); });
    });
    if (!may_be_cancelled) (*shared)();
  });
}

SOCKETIO_DECL void NamespaceState::broadcast_expecting(std::uint64_t id, const OutgoingPacket& packet,
                                                       const BroadcastOptions& options,
                                                       std::optional<std::chrono::milliseconds> timeout,
                                                       const BroadcastAckPtr& collector) {
  const bool asks_others = cluster_ && !options.flags.local;
  collector->expect_groups(shards().size() + (asks_others ? 1 : 0));
  if (asks_others)
    ask_others(collector, [packet, options, timeout](Cluster& cluster, Cluster::Answer answer, Cluster::Done done) {
      return cluster.broadcast_with_ack(packet, options, timeout, std::move(answer), std::move(done));
    });
  for (const auto& shard : shards())
    shard->dispatch([self = shared_from_this(), at = &part(shard->index()), id, packet, options, timeout, collector] {
      self->expect_on(*at, id, packet, options, timeout, collector);
    });
}

SOCKETIO_DECL void NamespaceState::expect_on(NamespacePart& part, std::uint64_t id, const OutgoingPacket& packet,
                                             const BroadcastOptions& options,
                                             std::optional<std::chrono::milliseconds> timeout,
                                             const BroadcastAckPtr& collector) {
  // After a cancellation the clients are not to be asked any more.
  for (const SocketPtr& socket : collector->has_ended() ? std::vector<SocketPtr>{} : select_on(part, options)) {
    auto withdraw = [weak = std::weak_ptr(socket), id] {
      if (const auto alive = weak.lock()) alive->shard().dispatch([alive, id] { alive->cancel_ack(id); });
    };
    if (socket->expect_ack(id, timeout, collector->expect(std::move(withdraw)))) socket->deliver(packet, options.flags);
  }
  // In a later turn, as an answer would come: also when there are no receivers.
  part.shard->post([collector] { collector->group_done(); });
}

template <class Act, class Post>
void NamespaceState::act_on_parts(const BroadcastOptions& options, const Act& act, const Post& post) {
  NamespacePart* const here = part_here();
  const auto act_at = [&](NamespacePart& part) {
    post(part, [self = shared_from_this(), at = &part, options, act] {
      for (const SocketPtr& socket : select_on(*at, options)) act(*socket);
    });
  };
  for (const auto& shard : shards())
    if (NamespacePart& at = part(shard->index()); &at != here) act_at(at);
  if (here) act_at(*here);
}

template <class Act>
void NamespaceState::act_in_order(const BroadcastOptions& options, const Act& act) {
  act_on_parts(options, act, [this](NamespacePart& part, auto task) { post_in_order(part, std::move(task)); });
}

SOCKETIO_DECL void NamespaceState::add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) {
  tell_others(options, [options, rooms](Cluster& cluster) { cluster.add_sockets(options, rooms); });
  act_in_order(options, [rooms](SocketState& socket) {
    for (const std::string& room : rooms) socket.join(room);
  });
}

SOCKETIO_DECL void NamespaceState::del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) {
  tell_others(options, [options, rooms](Cluster& cluster) { cluster.del_sockets(options, rooms); });
  act_in_order(options, [rooms](SocketState& socket) {
    for (const std::string& room : rooms) socket.leave(room);
  });
}

SOCKETIO_DECL void NamespaceState::disconnect_sockets(const BroadcastOptions& options, bool close) {
  tell_others(options, [options, close](Cluster& cluster) { cluster.disconnect_sockets(options, close); });
  act_on_parts(
      options, [close](SocketState& socket) { socket.leave_server(close); },
      [](NamespacePart& part, auto task) { part.shard->dispatch(std::move(task)); });
}

SOCKETIO_DECL void NamespaceState::fetch(const BroadcastOptions& options,
                                         std::optional<std::chrono::milliseconds> timeout, Cluster::FetchDone done) {
  struct Gathering {
    void add(std::error_code problem, std::vector<SocketDetails> some) {
      {
        const std::lock_guard lock(mutex);
        if (problem) error = problem;
        std::move(some.begin(), some.end(), std::back_inserter(sockets));
        if (--missing != 0) return;
      }
      done(error, std::move(sockets));
    }

    std::mutex mutex;
    std::size_t missing;
    std::error_code error;
    std::vector<SocketDetails> sockets;
    Cluster::FetchDone done;
  };
  const auto gathering = std::make_shared<Gathering>();
  const bool asks_others = cluster_ && !options.flags.local;
  gathering->missing = shards().size() + (asks_others ? 1 : 0);
  gathering->done = std::move(done);
  for (const auto& shard : shards())
    shard->dispatch([self = shared_from_this(), at = &part(shard->index()), options, gathering] {
      std::vector<SocketDetails> sockets;
      for (const SocketPtr& socket : select_on(*at, options)) sockets.push_back(socket->details());
      gathering->add({}, std::move(sockets));
    });
  tell_others(options, [options, timeout, gathering](Cluster& cluster) {
    cluster.fetch_sockets(options, timeout, [gathering](std::error_code error, std::vector<SocketDetails> sockets) {
      gathering->add(error, std::move(sockets));
    });
  });
}

SOCKETIO_DECL void NamespaceState::server_side_emit(std::optional<OutgoingPacket> packet,
                                                    const BroadcastAckPtr& collector) {
  if (!collector) {
    if (packet)
      tell_others(
          {}, [packet = *std::move(packet)](Cluster& cluster) { cluster.server_side_emit(packet, nullptr, nullptr); });
    return;
  }
  if (!packet || !cluster_) return shards().here()->post([collector] { collector->group_done(); });
  ask_others(collector, [packet = *std::move(packet)](Cluster& cluster, Cluster::Answer answer, Cluster::Done done) {
    cluster.server_side_emit(packet, std::move(answer), std::move(done));
    return Cluster::Withdraw();
  });
}

SOCKETIO_DECL void NamespaceState::attach() {
  if (!cluster_) return;
  shards().home()->dispatch([self = shared_from_this()] {
    if (!self->has_ended_) self->cluster_->attach();
  });
}

SOCKETIO_DECL void NamespaceState::detach() {
  if (cluster_ && cluster_->is_attached()) cluster_->close();
}

SOCKETIO_DECL void NamespaceState::close_adapter() {
  if (cluster_) cluster_->close();
}

SOCKETIO_DECL void NamespaceState::add_room_listener(RoomTopic topic, RoomListeners::Function function,
                                                     const Registration& how) {
  room_listeners_->add(std::move(topic), std::move(function), how);
  if (hears_of_rooms_.exchange(true)) return;
  for (const auto& shard : shards())
    shard->dispatch([self = shared_from_this(), at = &part(shard->index())] { self->listen_to_rooms(*at); });
}

SOCKETIO_DECL void NamespaceState::listen_to_rooms(NamespacePart& part) {
  const bool is_counted = shards().size() > 1;
  if (is_counted)
    for (const std::string& room : part.rooms.names()) census_.add(room);
  part.rooms.on_event([this, is_counted, listeners = room_listeners_, shard = part.shard](const RoomEvent& event) {
    if (is_counted && event.kind == RoomEvent::Kind::create_room && !census_.add(event.room)) return;
    if (is_counted && event.kind == RoomEvent::Kind::delete_room && !census_.remove(event.room)) return;
    const auto kept = listeners;  // the namespace may go while a listener runs
    kept->notify(event, *shard, name_);
  });
}

SOCKETIO_DECL void NamespaceState::handle_left() {
  population_.fetch_sub(1);
  tell_if_empty();
}

SOCKETIO_DECL bool NamespaceState::is_empty() const {
  return population_.load() == 0 && recovery_usage().sessions == 0;
}

SOCKETIO_DECL void NamespaceState::tell_if_empty() {
  if (on_empty_ && is_empty()) on_empty_(*this);
}

SOCKETIO_DECL void NamespaceState::admit(const SocketPtr& socket, Next::Done done) {
  const auto& shard = socket->part().shard;
  setup_.middleware().run(shard, socket, [shard, done = std::move(done)](Next::Result refusal) mutable {
    shard->post([done = std::move(done), refusal = std::move(refusal)]() mutable { done(std::move(refusal)); });
  });
}

SOCKETIO_DECL RecoveryUsage NamespaceState::recovery_usage() const {
  return recovery_ ? recovery_->usage() : RecoveryUsage{};
}

SOCKETIO_DECL void NamespaceState::suspend(bool suspended) {
  if (recovery_) recovery_->suspend(suspended);
  takes_timers_ = !suspended;
  if (suspended) end_timers();
}

SOCKETIO_DECL void NamespaceState::start_timer(TimedCallPtr timer) {
  shards().home()->dispatch([self = shared_from_this(), timer = std::move(timer)] {
    if (!self->takes_timers_ || self->has_ended_) return;
    if (!self->timers_)
      self->timers_ = std::make_unique<TimedCalls>(OperationPlace{self->shards().home(), self->name(), {}, {}});
    self->timers_->add(timer);
  });
}

SOCKETIO_DECL void NamespaceState::end_timers() {
  if (timers_) timers_->end_all();
}

SOCKETIO_DECL void NamespaceState::drop_handlers() {
  has_ended_ = true;
  if (recovery_) recovery_->end();
  setup_.end();
  room_listeners_->end();
  server_side_handlers_.end();
}

}  // namespace socketio::detail
