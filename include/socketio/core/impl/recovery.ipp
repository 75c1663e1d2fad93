// SPDX-License-Identifier: MIT
// Bodies of recovery.hpp. Core layer.
#pragma once

#include <socketio/core/namespace_state.hpp>
#include <socketio/core/recovery.hpp>
#include <socketio/core/session_log.hpp>
#include <socketio/core/socket_state.hpp>

#include <algorithm>
#include <optional>

namespace socketio::detail {

SOCKETIO_DECL Recovery::Recovery(NamespaceState& nsp, SessionStore* store)
    : nsp_(nsp),
      own_store_(store ? nullptr
                       : std::make_unique<SessionLog>(*nsp.options().connection_state_recovery, nsp.recovery_budget())),
      store_(store ? *store : *own_store_),
      lanes_(nsp.shards().size()) {}

SOCKETIO_DECL Recovery::~Recovery() = default;

SOCKETIO_DECL void Recovery::trim() {
  const std::lock_guard lock(mutex_);
  if (own_store_) own_store_->trim();
}

SOCKETIO_DECL Recovery::Lane& Recovery::lane(const NamespacePart& part) noexcept { return lanes_[part.shard->index()]; }

SOCKETIO_DECL void Recovery::send(OutgoingPacket packet, BroadcastOptions options, std::shared_ptr<SocketState> target,
                                  std::string_view offset) {
  append(
      std::make_shared<const Step>(Sending{std::move(packet), std::move(options), std::move(target), !offset.empty()}),
      offset);
}

SOCKETIO_DECL void Recovery::act(NamespacePart& part, UniqueFunction<void()> action) {
  append(std::make_shared<const Step>(Action{&part, std::move(action)}), {});
}

SOCKETIO_DECL void Recovery::append(StepPtr step, std::string_view offset) {
  NamespacePart* const here = nsp_.part_here();
  const Shard& home = *nsp_.shards().home();
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_ || !home.is_open()) return;
    if (!offset.empty()) {
      const auto& sending = std::get<Sending>(*step);
      store_.record(offset, sending.packet, sending.options, home.scheduler().now());
    }
    sequence_.push_back(std::move(step));
    ++end_;
    for (const auto& shard : nsp_.shards()) {
      NamespacePart& part = nsp_.part(shard->index());
      if (&part == here || std::exchange(lane(part).is_woken, true)) continue;
      shard->post([nsp = nsp_.shared_from_this(), this, at = &part] { deliver(*at); });
    }
  }
  if (here) deliver(*here);
  if (!offset.empty()) arm_purge();
}

/// Delivers the steps that a part has not delivered yet, one by one: what is sent meanwhile, from inside, comes after.
SOCKETIO_DECL void Recovery::deliver(NamespacePart& part) {
  struct Delivering {
    explicit Delivering(bool& flag) : is_delivering(flag) { is_delivering = true; }
    ~Delivering() { is_delivering = false; }
    bool& is_delivering;
  };
  Lane& mine = lane(part);
  if (mine.is_delivering) return;
  const Delivering delivering(mine.is_delivering);
  while (const StepPtr step = next_step(mine)) deliver_one(part, *step);
}

SOCKETIO_DECL void Recovery::deliver_one(NamespacePart& part, const Step& step) {
  if (const auto* const action = std::get_if<Action>(&step)) {
    if (action->part == &part) action->act();
    return;
  }
  const auto& sending = std::get<Sending>(step);
  if (sending.is_recorded)
    for (SocketState* const socket : lane(part).returning) socket->handle_recorded(sending.packet, sending.options);
  if (!sending.target)
    nsp_.broadcast_on(part, sending.packet, sending.options);
  else if (&sending.target->part() == &part)
    sending.target->deliver_sequenced(sending.packet, sending.options.flags, sending.is_recorded);
}

SOCKETIO_DECL Recovery::StepPtr Recovery::next_step(Lane& lane) {
  const std::lock_guard lock(mutex_);
  lane.is_woken = false;
  if (lane.delivered == end_ || has_ended_) return nullptr;
  const std::uint64_t begin = end_ - sequence_.size();
  auto step = sequence_[static_cast<std::size_t>(lane.delivered++ - begin)];
  std::uint64_t behind = end_;
  for (const Lane& each : lanes_) behind = std::min(behind, each.delivered);
  while (end_ - sequence_.size() < behind) sequence_.pop_front();
  return step;
}

SOCKETIO_DECL void Recovery::persist_session(const NamespacePart& part, RecoverableSession session) {
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    store_.persist_session(std::move(session), part.shard->scheduler().now());
  }
  arm_purge();
}

SOCKETIO_DECL void Recovery::restore_session(NamespacePart& part, std::string_view pid, std::string_view offset,
                                             SessionStore::RestoreDone done) {
  struct Answer {
    std::mutex mutex;
    SessionStore::RestoreDone done;
    std::optional<std::optional<RestoredSession>> early;  // given while the store was being asked
    bool is_late = false;
  };
  const auto answer = std::make_shared<Answer>();
  answer->done = std::move(done);
  Lane& mine = lane(part);
  std::unique_lock lock(mutex_);
  while (mine.delivered != end_ && !has_ended_) {
    lock.unlock();
    if (mine.is_delivering) return answer->done(std::nullopt);  // from inside of it: what comes next is not known
    deliver(part);
    lock.lock();
  }
  const auto now = part.shard->scheduler().now();
  store_.restore_session(pid, offset, now, [answer, shard = part.shard](std::optional<RestoredSession> restored) {
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

SOCKETIO_DECL RecoveryUsage Recovery::usage() const {
  const std::lock_guard lock(mutex_);
  return store_.usage();
}

SOCKETIO_DECL void Recovery::add_returning(SocketState& socket) { lane(socket.part()).returning.push_back(&socket); }
SOCKETIO_DECL void Recovery::remove_returning(SocketState& socket) {
  std::erase(lane(socket.part()).returning, &socket);
}

SOCKETIO_DECL void Recovery::suspend(bool suspended) {
  is_suspended_ = suspended;
  if (suspended) stop_purge_timer();
}

SOCKETIO_DECL void Recovery::end() {
  std::deque<StepPtr> dropped;
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    dropped.swap(sequence_);
  }
  stop_purge_timer();
}

SOCKETIO_DECL void Recovery::arm_purge() {
  if (is_suspended_ || purge_is_due_.exchange(true)) return;
  nsp_.shards().home()->dispatch([nsp = nsp_.shared_from_this(), this] { start_purge_timer(); });
}

SOCKETIO_DECL void Recovery::start_purge_timer() {
  constexpr std::chrono::milliseconds longest = std::chrono::minutes(1);
  if (is_suspended_ || has_ended_) {
    purge_is_due_ = false;
    return;
  }
  purge_timer_ = std::make_unique<Timer>(&Recovery::handle_purge, this);
  nsp_.shards().home()->scheduler().arm(
      *purge_timer_, std::min(nsp_.options().connection_state_recovery->max_disconnection_duration, longest));
}

SOCKETIO_DECL void Recovery::handle_purge(void* context) {
  auto& self = *static_cast<Recovery*>(context);
  const auto nsp = self.nsp_.shared_from_this();
  if (self.has_ended_) return;
  self.purge_timer_.reset();
  self.purge_is_due_ = false;
  RecoveryUsage usage;
  {
    const std::lock_guard lock(self.mutex_);
    self.store_.purge(nsp->shards().home()->scheduler().now());
    usage = self.store_.usage();
  }
  if (usage.sessions != 0 || usage.log_entries != 0) self.arm_purge();
  nsp->tell_if_empty();
}

SOCKETIO_DECL void Recovery::stop_purge_timer() {
  nsp_.shards().home()->dispatch([nsp = nsp_.shared_from_this(), this] {
    purge_timer_.reset();
    purge_is_due_ = false;
  });
}

}  // namespace socketio::detail
