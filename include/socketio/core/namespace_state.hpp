// SPDX-License-Identifier: MIT
// The state behind the handle `Namespace`: its sockets, its rooms, and what it does with those who connect. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/memory_adapter.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/namespace_host.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room_listeners.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/fwd.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class ParentNamespaceState;
template <class Config>
class SocketState;

/// What one shard has of a namespace: the sockets that live there, and their rooms.
///
/// @par Thread safety  The shard's thread only, except what Adapter allows to any, and `shard`.
template <class Config>
struct NamespacePart {
  std::shared_ptr<Shard> shard;
  std::unique_ptr<Adapter> adapter;
  std::vector<SocketState<Config>*> returning{};  // restored sockets that are not connected yet
  std::uint64_t delivered = 0;  // of the sequence of the namespace, whose lock guards this and the next
  bool is_woken = false;        // it is about to look at the sequence
  bool is_delivering = false;   // it is sending what is in the sequence
};

/// @par Thread safety  Any thread, except what is marked otherwise.
/// @par Lifetime       Kept by its server, its sockets and the handles of users.
template <class Config>
class NamespaceState final : public std::enable_shared_from_this<NamespaceState<Config>> {
 public:
  using SocketPtr = std::shared_ptr<SocketState<Config>>;
  using ParentPtr = std::shared_ptr<ParentNamespaceState<Config>>;
  using Part = NamespacePart<Config>;
  using Setup = NamespaceSetup<Config>;

  /// @param parent  whose child this is, which begins with the functions of its parent; null for one that the program
  ///                has made for itself
  NamespaceState(std::string name, std::shared_ptr<const ShardGroup> shards,
                 std::shared_ptr<const ServerOptions> options, const ParentPtr& parent = nullptr)
      : name_(std::move(name)), shards_(std::move(shards)), options_(std::move(options)), parent_(parent) {
    parts_.reserve(shards_->size());
    for (const auto& shard : *shards_)
      parts_.push_back(std::make_unique<Part>(Part{shard, make_adapter(*options_, name_)}));
    if (parent) setup_.inherit(parent->setup());
  }

  const std::string& name() const noexcept { return name_; }
  const ShardGroup& shards() const noexcept { return *shards_; }
  const ServerOptions& options() const noexcept { return *options_; }
  ParentPtr parent() const noexcept { return parent_.lock(); }
  Part& part(std::size_t index) const noexcept { return *parts_[index]; }

  /// The id of an acknowledgement, shared by all sockets so that a broadcast can ask for one.
  std::uint64_t next_ack_id() noexcept { return next_ack_id_.fetch_add(1, std::memory_order_relaxed); }

  /// The offset for a packet that clients who come back are to get; empty if it is none of those.
  std::string next_offset(const EmitFlags& flags) {
    if (!options_->connection_state_recovery || flags.is_volatile) return {};
    return log().next_offset();
  }

  /// Those selected that are still connected, on all shards or on one.
  std::vector<SocketPtr> select(const BroadcastOptions& options) const {
    std::vector<SocketPtr> sockets;
    for (const auto& part : parts_) select_on(*part, options, sockets);
    return sockets;
  }
  static std::vector<SocketPtr> select_on(Part& part, const BroadcastOptions& options) {
    std::vector<SocketPtr> sockets;
    select_on(part, options, sockets);
    return sockets;
  }

  /// Calls `act(socket)` for everyone selected, on the thread of each: at once on the calling one. What has been asked
  /// of these sockets by the same thread before has been done by then.
  template <class Act>
  void act_on(const BroadcastOptions& options, const Act& act) {
    act_on_parts(options, act, [](Part& part, auto task) { part.shard->dispatch(std::move(task)); });
  }
  /// The same, before what the calling thread sends afterwards. `act` calls none of the handlers of sockets.
  template <class Act>
  void act_in_order(const BroadcastOptions& options, const Act& act) {
    act_on_parts(options, act, [this](Part& part, auto task) { this->post_in_order(part, std::move(task)); });
  }

  /// Runs `task` on the thread of `part`, after what the calling thread has sent in this namespace, and before what it
  /// sends from now on. `task` calls none of the handlers of sockets.
  template <class F>
  void post_in_order(Part& part, F task) {
    if (!is_sequenced()) return part.shard->dispatch(std::move(task));
    Sequenced event;
    event.act_at = &part;
    event.act = std::move(task);
    send_in_sequence(part_here(), std::move(event), {});
  }

  /// The names of all rooms, each once.
  std::vector<std::string> rooms() const {
    std::vector<std::string> rooms = parts_.front()->adapter->rooms();
    if (parts_.size() == 1) return rooms;
    std::unordered_set<std::string> seen(rooms.begin(), rooms.end());
    for (std::size_t i = 1; i < parts_.size(); ++i)
      for (std::string& room : parts_[i]->adapter->rooms())
        if (seen.insert(room).second) rooms.push_back(std::move(room));
    return rooms;
  }
  std::size_t socket_count() const {
    std::size_t count = 0;
    for (const auto& part : parts_) count += part->adapter->socket_count();
    return count;
  }
  std::size_t server_count() const { return parts_.front()->adapter->server_count(); }
  std::size_t room_size(std::string_view room) const {
    std::size_t size = 0;
    for (const auto& part : parts_) size += part->adapter->room_size(room);
    return size;
  }

  /// Whether what is sent goes through the sequence of the namespace, see Sequenced.
  bool is_sequenced() const noexcept { return options_->connection_state_recovery.has_value(); }

  /// Sends a packet to everyone selected.
  ///
  /// @param offset  what the packet was encoded with; empty if with none
  void broadcast(OutgoingPacket packet, const BroadcastOptions& options, const std::string& offset = {}) {
    Part* const here = part_here();
    if (is_sequenced()) {
      Sequenced event;
      event.packet = std::move(packet);
      event.options = options;
      return send_in_sequence(here, std::move(event), offset);
    }
    if (parts_.size() > 1 || !here) {
      const auto shared = std::make_shared<const BroadcastOptions>(options);
      for (const auto& part : parts_)
        if (part.get() != here)
          part->shard->post([self = this->shared_from_this(), at = part.get(), packet, shared] {
            self->broadcast_on(*at, packet, *shared);
          });
    }
    if (here) broadcast_on(*here, packet, options);
  }

  /// Sends a packet to one socket, in the sequence.
  void send_to(const SocketPtr& socket, const OutgoingPacket& packet, const EmitFlags& flags, std::string_view offset) {
    Sequenced event;
    event.packet = packet;
    event.options = BroadcastOptions{{socket->id()}, {}, flags};
    event.target = socket;
    send_in_sequence(part_here(), std::move(event), offset);
  }

  /// Sends a packet that asks for an acknowledgement to everyone selected. A client that has none to give because it is
  /// gone, or owes too many, is not waited for.
  void broadcast_expecting(std::uint64_t id, const OutgoingPacket& packet, const BroadcastOptions& options,
                           std::optional<std::chrono::milliseconds> timeout,
                           const std::shared_ptr<BroadcastAck>& collector) {
    const bool asks_others = connects_servers() && !options.flags.local;
    collector->wait_for(parts_.size() + (asks_others ? 1 : 0));
    if (asks_others)
      ask_others(collector, [packet, options, timeout](Adapter& adapter, auto answer, auto done) {
        return adapter.broadcast_with_ack(packet, options, timeout, std::move(answer), std::move(done));
      });
    for (const auto& part : parts_)
      part->shard->dispatch([self = this->shared_from_this(), at = part.get(), id, packet, options, timeout,
                             collector] { self->expect_on(*at, id, packet, options, timeout, collector); });
  }

  /// Whether there may be other servers with this namespace.
  bool connects_servers() const noexcept { return parts_.front()->adapter->connects_servers(); }

  /// Calls `tell(adapter)` on the first thread, if other servers may be there to be told, after what the calling thread
  /// has sent in this namespace.
  template <class Tell>
  void tell_others(Tell tell) {
    if (connects_servers())
      at_first([self = this->shared_from_this(), tell = std::move(tell)] { tell(*self->parts_.front()->adapter); });
  }

  /// Calls `ask(adapter, answer, done)` on the first thread: `answer` hands the answer of one client or server to the
  /// collector, and `done` is one `start` of it, in a later turn. What `ask` returns, if it is not null, takes the
  /// question back.
  template <class Ask>
  void ask_others(const std::shared_ptr<BroadcastAck>& collector, Ask ask) {
    at_first([self = this->shared_from_this(), collector, ask = std::move(ask)] {
      Adapter::Reply answer = [collector](const std::vector<Value>& items) {
        Packet packet;
        packet.set_event({}, items);
        collector->expect([] {})({}, &packet);
      };
      Adapter::Done done = [collector, shard = self->shards_->home()](std::error_code error) {
        if (error) collector->expect([] {})(error, nullptr);
        shard->post([collector] { collector->start(); });
      };
      if (collector->has_ended()) return done({});  // after a cancellation nobody is to be asked any more
      Adapter::Withdraw withdraw = ask(*self->parts_.front()->adapter, std::move(answer), std::move(done));
      if (!withdraw) return;
      const auto shared = std::make_shared<const Adapter::Withdraw>(std::move(withdraw));
      const bool may_be_cancelled = collector->on_cancel([weak = std::weak_ptr(self), shared] {
        if (const auto nsp = weak.lock()) nsp->shards_->home()->dispatch([nsp, shared] { (*shared)(); });
      });
      if (!may_be_cancelled) (*shared)();
    });
  }

  /// Describes everyone selected, on all servers unless `flags.local` is set.
  ///
  /// @param done  called once, on any thread, with those who could be asked, and the error if not all could
  void fetch(const BroadcastOptions& options, std::optional<std::chrono::milliseconds> timeout,
             Adapter::FetchDone done) {
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
      Adapter::FetchDone done;
    };
    const auto gathering = std::make_shared<Gathering>();
    const bool asks_others = connects_servers() && !options.flags.local;
    gathering->missing = parts_.size() + (asks_others ? 1 : 0);
    gathering->done = std::move(done);
    for (const auto& part : parts_)
      part->shard->dispatch([self = this->shared_from_this(), at = part.get(), options, gathering] {
        std::vector<SocketDetails> sockets;
        for (const SocketPtr& socket : select_on(*at, options)) sockets.push_back(socket->details());
        gathering->add({}, std::move(sockets));
      });
    if (asks_others)
      tell_others([options, timeout, gathering](Adapter& adapter) {
        adapter.fetch_sockets(options, timeout, [gathering](std::error_code error, std::vector<SocketDetails> sockets) {
          gathering->add(error, std::move(sockets));
        });
      });
  }

  /// Who handles what other servers send to this namespace.
  ServerSideHandlers& server_side_handlers() noexcept { return server_side_handlers_; }

  /// From now on other servers are reached, and reach this one; until the adapters are closed.
  void attach() {
    if (!connects_servers()) return;
    shards_->home()->dispatch([self = this->shared_from_this()] {
      if (self->has_ended_ || std::exchange(self->is_attached_, true)) return;
      self->parts_.front()->adapter->attach(self->host_);
    });
  }

  /// No loop runs any more, and the server is going.
  void detach() {
    if (is_attached_) close_adapter(*parts_.front());
  }

  /// On the thread of that part.
  void close_adapter(Part& part) {
    if (&part == parts_.front().get()) is_attached_ = false;
    part.adapter->close();
  }

  Setup& setup() noexcept { return setup_; }

  void add_room_listener(RoomEvent::Kind kind, Listener listener, RoomListeners::Function function, bool once) {
    room_listeners_->add(kind, listener, std::move(function), once);
    if (hears_of_rooms_.exchange(true)) return;
    for (const auto& part : parts_)
      part->shard->dispatch([self = this->shared_from_this(), at = part.get()] { self->listen_to_rooms(*at); });
  }
  void remove_room_listeners(RoomEvent::Kind kind) { room_listeners_->remove(kind); }
  void remove_room_listener(RoomEvent::Kind kind, Listener listener) { room_listeners_->remove(kind, listener); }

  /// True once: whoever gets it sets the namespace up, tells of it, and calls `end_setup`.
  bool begin_setup() noexcept { return !in_setup_.exchange(true); }
  void end_setup() {
    std::vector<std::pair<std::shared_ptr<Shard>, UniqueFunction<void()>>> waiting;
    {
      const std::lock_guard lock(mutex_);
      is_set_up_.store(true, std::memory_order_release);
      waiting.swap(waiting_for_setup_);
    }
    for (auto& [shard, task] : waiting) shard->post(std::move(task));
  }

  /// Runs `task` once the namespace is set up: at once, or on `shard`.
  void when_set_up(const std::shared_ptr<Shard>& shard, UniqueFunction<void()> task) {
    if (!is_set_up_.load(std::memory_order_acquire)) {
      const std::lock_guard lock(mutex_);
      if (!is_set_up_.load(std::memory_order_relaxed)) {
        waiting_for_setup_.emplace_back(shard, std::move(task));
        return;
      }
    }
    task();
  }

  /// Sets who is told, on any thread, when the last socket has left, those counted whose middleware are at work. Before
  /// the first one comes.
  void on_empty(UniqueFunction<void(NamespaceState&)> handler) { on_empty_ = std::move(handler); }

  /// A client wants to connect; its socket counts as one of this namespace until `handle_left`.
  void handle_entered() noexcept { population_.fetch_add(1); }

  /// Runs the middleware for a socket that wants to connect; `done` comes in a later turn. On the socket's thread.
  void admit(const SocketPtr& socket, Next::Done done) {
    const auto& shard = socket->part().shard;
    setup_.middleware().run(shard, socket, [shard, done = std::move(done)](Next::Result refusal) mutable {
      shard->post([done = std::move(done), refusal = std::move(refusal)]() mutable { done(std::move(refusal)); });
    });
  }

  void handle_connection(const SocketPtr& socket) { setup_.handle_connection(socket); }

  /// A socket has left, or was refused.
  void handle_left() {
    population_.fetch_sub(1);
    tell_if_empty();
  }

  bool is_empty() const { return population_.load() == 0 && recovery_usage().sessions == 0; }

  RecoveryUsage recovery_usage() const {
    if (!options_->connection_state_recovery) return {};
    const std::lock_guard lock(sequence_mutex_);
    return log().recovery_usage();
  }

  /// On the thread of `part`.
  void persist_session(const Part& part, RecoverableSession session) {
    {
      const std::lock_guard lock(sequence_mutex_);
      if (has_ended_) return;
      log().persist_session(std::move(session), part.shard->scheduler().now());
    }
    arm_purge();
  }

  /// See Adapter::restore_session. `done` is called on the thread of `part`, which is the calling one; the events that
  /// it is given are those before the next that this part will be told of.
  void restore_session(Part& part, std::string_view pid, std::string_view offset, Adapter::RestoreDone done) {
    struct Answer {
      std::mutex mutex;
      Adapter::RestoreDone done;
      std::optional<std::optional<RestoredSession>> early;  // given while the adapter was being asked
      bool is_late = false;
    };
    const auto answer = std::make_shared<Answer>();
    answer->done = std::move(done);
    std::unique_lock lock(sequence_mutex_);
    while (part.delivered != sequence_end_ && !has_ended_) {
      lock.unlock();
      if (part.is_delivering) return answer->done(std::nullopt);  // from inside of it: what comes next is not known
      deliver_sequence(part);
      lock.lock();
    }
    const auto now = part.shard->scheduler().now();
    log().restore_session(pid, offset, now, [answer, shard = part.shard](std::optional<RestoredSession> restored) {
      {
        const std::lock_guard guard(answer->mutex);
        if (!answer->is_late) {
          answer->early = std::move(restored);
          return;
        }
      }
      shard->dispatch([answer, restored = std::move(restored)]() mutable { answer->done(std::move(restored)); });
    });
    lock.unlock();
    {
      const std::lock_guard guard(answer->mutex);
      answer->is_late = true;
      if (!answer->early) return;
    }
    answer->done(*std::move(answer->early));
  }

  /// Whether a client that comes back can be sent that much at once, instead of being taken for a slow one.
  bool can_be_sent(std::size_t bytes) const noexcept {
    return options_->max_unsent_bytes == 0 || bytes <= options_->max_unsent_bytes;
  }

  /// A restored socket is not connected yet, and misses what is sent from now on; until `handle_returned`. On its
  /// thread.
  void handle_returning(SocketState<Config>& socket) { socket.part().returning.push_back(&socket); }
  void handle_returned(SocketState<Config>& socket) { std::erase(socket.part().returning, &socket); }

  /// While the server is closed nothing of it stays in the event loop; what is too old goes when it is used again.
  void suspend(bool suspended) {
    is_suspended_ = suspended;
    if (suspended) stop_purging();
  }

  /// The end of the namespace. Forgets what is kept for those who might come back, and lets go of the users' functions:
  /// they may hold handles of this very namespace.
  void drop_handlers() {
    std::deque<std::shared_ptr<const Sequenced>> dropped;
    {
      const std::lock_guard lock(sequence_mutex_);
      has_ended_ = true;
      dropped.swap(sequence_);
    }
    stop_purging();
    setup_.end();
    room_listeners_->end();
    server_side_handlers_.end();
  }

 private:
  /// With connection state recovery, what is sent in a namespace reaches every shard in one order, that of the log; and
  /// with it what decides who gets it, so that the order of one thread is kept.
  struct Sequenced {
    OutgoingPacket packet;
    BroadcastOptions options;
    SocketPtr target;  // null for a broadcast
    bool is_recorded = false;
    Part* act_at = nullptr;  // null for a packet; else where something else is to be done
    UniqueFunction<void()> act;
  };

  static std::unique_ptr<Adapter> make_adapter(const ServerOptions& options, const std::string& name) {
    if (!options.adapter) return std::make_unique<MemoryAdapter>(options.connection_state_recovery);
    std::unique_ptr<Adapter> adapter = options.adapter(name);
    if (!adapter) throw std::logic_error("ServerOptions::adapter made none for " + name);
    return adapter;
  }

  /// The adapter that remembers what clients may miss, for all shards; under the lock of the sequence.
  Adapter& log() const noexcept { return *parts_.front()->adapter; }

  const Shard& home() const noexcept { return *shards_->home(); }

  Part* part_here() const noexcept {
    for (const auto& part : parts_)
      if (part->shard->owns_this_thread()) return part.get();
    return nullptr;
  }

  /// Runs `task` on the first thread, after what the calling thread has sent in this namespace: at once on that one,
  /// unless what it has sent is waiting for its turn.
  template <class F>
  void at_first(F task) {
    if (is_sequenced())
      post_in_order(*parts_.front(), std::move(task));
    else
      shards_->home()->dispatch(std::move(task));
  }

  static void select_on(Part& part, const BroadcastOptions& options, std::vector<SocketPtr>& sockets) {
    part.adapter->for_each(options, [&](RoomMember& member) {
      if (auto socket = static_cast<SocketState<Config>&>(member).weak_from_this().lock())
        sockets.push_back(std::move(socket));
    });
  }

  /// The first adapter tells the other servers.
  void broadcast_on(Part& part, const OutgoingPacket& packet, const BroadcastOptions& options) const {
    if (&part == parts_.front().get() || options.flags.local) return part.adapter->broadcast(packet, options);
    BroadcastOptions local = options;
    local.flags.local = true;
    part.adapter->broadcast(packet, local);
  }

  void expect_on(Part& part, std::uint64_t id, const OutgoingPacket& packet, const BroadcastOptions& options,
                 std::optional<std::chrono::milliseconds> timeout, const std::shared_ptr<BroadcastAck>& collector) {
    // After a cancellation nobody is to be asked any more.
    for (const SocketPtr& socket : collector->has_ended() ? std::vector<SocketPtr>{} : select_on(part, options)) {
      auto withdraw = [weak = std::weak_ptr(socket), id] {
        if (const auto alive = weak.lock()) alive->shard().dispatch([alive, id] { alive->cancel_ack(id); });
      };
      if (socket->expect_ack(id, timeout, collector->expect(std::move(withdraw))))
        socket->deliver(packet, options.flags);
    }
    // In a later turn, as an answer would come: also when nobody is there.
    part.shard->post([collector] { collector->start(); });
  }

  /// @param post  as `post_in_order`; may run the task at once, which it does last
  template <class Act, class Post>
  void act_on_parts(const BroadcastOptions& options, const Act& act, const Post& post) {
    Part* const here = part_here();
    const auto act_at = [&](Part& part) {
      post(part, [self = this->shared_from_this(), at = &part, options, act] {
        for (const SocketPtr& socket : select_on(*at, options)) act(socket);
      });
    };
    for (const auto& part : parts_)
      if (part.get() != here) act_at(*part);
    if (here) act_at(*here);
  }

  /// @param here  the calling thread's; null elsewhere
  void send_in_sequence(Part* here, Sequenced event, std::string_view offset) {
    event.is_recorded = !offset.empty();
    auto shared = std::make_shared<const Sequenced>(std::move(event));
    {
      const std::lock_guard lock(sequence_mutex_);
      if (has_ended_ || !home().is_open()) return;
      if (shared->is_recorded) log().record(offset, shared->packet, shared->options, home().scheduler().now());
      sequence_.push_back(shared);
      ++sequence_end_;
      for (const auto& part : parts_) {
        if (part.get() == here || std::exchange(part->is_woken, true)) continue;
        part->shard->post([self = this->shared_from_this(), at = part.get()] { self->deliver_sequence(*at); });
      }
    }
    if (here) deliver_sequence(*here);
    if (shared->is_recorded) arm_purge();
  }

  /// Sends what a part has not sent yet, one by one: what is sent meanwhile, from inside, comes after it.
  void deliver_sequence(Part& part) {
    struct Delivering {
      explicit Delivering(bool& flag) : is_delivering(flag) { is_delivering = true; }
      ~Delivering() { is_delivering = false; }
      bool& is_delivering;
    };
    if (part.is_delivering) return;
    const Delivering delivering(part.is_delivering);
    while (const auto event = next_in_sequence(part)) {
      if (event->act_at) {
        if (event->act_at == &part) event->act();
        continue;
      }
      if (event->is_recorded)
        for (SocketState<Config>* socket : part.returning) socket->handle_recorded(event->packet, event->options);
      if (!event->target)
        broadcast_on(part, event->packet, event->options);
      else if (&event->target->part() == &part)
        event->target->deliver_sequenced(event->packet, event->options.flags, event->is_recorded);
    }
  }

  std::shared_ptr<const Sequenced> next_in_sequence(Part& part) {
    const std::lock_guard lock(sequence_mutex_);
    part.is_woken = false;
    if (part.delivered == sequence_end_ || has_ended_) return nullptr;
    const std::uint64_t begin = sequence_end_ - sequence_.size();
    auto event = sequence_[static_cast<std::size_t>(part.delivered++ - begin)];
    std::uint64_t behind = sequence_end_;
    for (const auto& each : parts_) behind = std::min(behind, each->delivered);
    while (sequence_end_ - sequence_.size() < behind) sequence_.pop_front();
    return event;
  }

  void listen_to_rooms(Part& part) {
    if (parts_.size() > 1)
      for (const std::string& room : part.adapter->rooms()) census_.add(room);
    // Kept by whoever is being notified: the namespace may go meanwhile.
    part.adapter->on_room_event([this, listeners = room_listeners_, shard = part.shard](const RoomEvent& event) {
      if (parts_.size() > 1 && event.kind == RoomEvent::Kind::create_room && !census_.add(event.room)) return;
      if (parts_.size() > 1 && event.kind == RoomEvent::Kind::delete_room && !census_.remove(event.room)) return;
      const auto kept = listeners;
      kept->notify(event, *shard, name_);
    });
  }

  void tell_if_empty() {
    if (on_empty_ && is_empty()) on_empty_(*this);
  }

  void arm_purge() {
    if (is_suspended_ || purge_is_due_.exchange(true)) return;
    shards_->home()->dispatch([self = this->shared_from_this()] {
      constexpr std::chrono::milliseconds longest = std::chrono::minutes(1);
      if (self->is_suspended_ || self->has_ended_) {
        self->purge_is_due_ = false;
        return;
      }
      self->purge_timer_ = std::make_unique<Timer>(&NamespaceState::handle_purge, self.get());
      self->home().scheduler().arm(
          *self->purge_timer_,
          std::min(self->options_->connection_state_recovery->max_disconnection_duration, longest));
    });
  }
  static void handle_purge(void* context) {
    const auto self = static_cast<NamespaceState*>(context)->shared_from_this();
    if (self->has_ended_) return;
    self->purge_timer_.reset();
    self->purge_is_due_ = false;
    RecoveryUsage usage;
    {
      const std::lock_guard lock(self->sequence_mutex_);
      self->log().purge(self->home().scheduler().now());
      usage = self->log().recovery_usage();
    }
    if (usage.sessions != 0 || usage.log_entries != 0) self->arm_purge();
    self->tell_if_empty();
  }
  void stop_purging() {
    shards_->home()->dispatch([self = this->shared_from_this()] {
      self->purge_timer_.reset();
      self->purge_is_due_ = false;
    });
  }

  std::string name_;
  std::shared_ptr<const ShardGroup> shards_;
  std::shared_ptr<const ServerOptions> options_;
  std::weak_ptr<ParentNamespaceState<Config>> parent_;
  std::vector<std::unique_ptr<Part>> parts_;  // one for each shard
  std::atomic<std::uint64_t> next_ack_id_{0};
  Setup setup_;
  ServerSideHandlers server_side_handlers_;
  NamespaceHost<Config> host_{*this};
  bool is_attached_ = false;  // the first thread's

  std::shared_ptr<RoomListeners> room_listeners_ = std::make_shared<RoomListeners>();
  std::atomic<bool> hears_of_rooms_{false};
  RoomCensus census_;  // with several shards, once somebody hears of rooms

  std::mutex mutex_;  // of what waits for the setup
  std::atomic<bool> in_setup_{false};
  std::atomic<bool> is_set_up_{false};
  std::vector<std::pair<std::shared_ptr<Shard>, UniqueFunction<void()>>> waiting_for_setup_;

  std::atomic<std::size_t> population_{0};
  UniqueFunction<void(NamespaceState&)> on_empty_;

  // Connection state recovery. The sequence holds what not every part has sent yet; it ends at `sequence_end_`, counted
  // from the first event ever.
  mutable std::mutex sequence_mutex_;
  std::deque<std::shared_ptr<const Sequenced>> sequence_;
  std::uint64_t sequence_end_ = 0;
  std::atomic<bool> has_ended_{false};
  std::atomic<bool> is_suspended_{false};
  std::atomic<bool> purge_is_due_{false};
  std::unique_ptr<Timer> purge_timer_;  // the home shard's
};

}  // namespace socketio::detail
