// SPDX-License-Identifier: MIT
// Connection state recovery of one namespace: the order of what is sent, and the store of what clients miss. Core
// layer.
#pragma once

#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace socketio::detail {

class NamespaceState;
class SessionLog;
class SocketState;
struct NamespacePart;

/// With connection state recovery, the packets of a namespace reach every thread in one order, the order of the store.
/// Joins and leaves take part in it, for they decide who gets a packet: so the order of each calling thread is kept.
///
/// @par Thread safety  Any thread, except what is marked otherwise.
/// @par Lifetime       Part of its namespace.
class Recovery {
 public:
  /// @param store  null: a store in memory
  SOCKETIO_DECL Recovery(NamespaceState& nsp, SessionStore* store);
  SOCKETIO_DECL ~Recovery();

  /// See SessionStore.
  std::string next_offset() { return store_.next_offset(); }

  /// Sends a packet to those selected, or to one socket.
  ///
  /// @param target  null for a broadcast
  /// @param offset  what the packet was encoded with; empty if with none: then it is not recorded
  SOCKETIO_DECL void send(OutgoingPacket packet, BroadcastOptions options, std::shared_ptr<SocketState> target,
                          std::string_view offset);

  /// Runs `action` on the thread of `part`, after what the calling thread has sent and before what it sends from now
  /// on. It calls none of the handlers of sockets.
  SOCKETIO_DECL void act(NamespacePart& part, UniqueFunction<void()> action);

  /// On the thread of `part`.
  SOCKETIO_DECL void persist_session(const NamespacePart& part, RecoverableSession session);

  /// See SessionStore::restore_session. `done` is called on the thread of `part`, which is the calling one; the packets
  /// that it gets are those before the next that this part sends.
  SOCKETIO_DECL void restore_session(NamespacePart& part, std::string_view pid, std::string_view offset,
                                     SessionStore::RestoreDone done);

  SOCKETIO_DECL RecoveryUsage usage() const;

  /// Drops the oldest beyond this namespace's share of what is kept in memory.
  SOCKETIO_DECL void trim();

  /// A restored socket that is not connected yet misses what is sent from now on, until it is removed. On its thread.
  SOCKETIO_DECL void add_returning(SocketState& socket);
  SOCKETIO_DECL void remove_returning(SocketState& socket);

  /// While the server is closed no timer runs; what is too old goes when the server is used again.
  SOCKETIO_DECL void suspend(bool suspended);

  /// The end of the namespace: drops what has not been sent.
  SOCKETIO_DECL void end();

 private:
  struct Sending {
    OutgoingPacket packet;
    BroadcastOptions options;
    std::shared_ptr<SocketState> target;  // null for a broadcast
    bool is_recorded = false;
  };
  struct Action {
    NamespacePart* part;
    UniqueFunction<void()> act;
  };
  using Step = std::variant<Sending, Action>;
  using StepPtr = std::shared_ptr<const Step>;

  /// How far one thread has come in the sequence.
  struct Lane {
    std::vector<SocketState*> returning;  // restored sockets that are not connected yet; owner's thread
    bool is_delivering = false;           // owner's thread
    std::uint64_t delivered = 0;          // under the lock
    bool is_woken = false;                // it is about to look at the sequence; under the lock
  };

  Lane& lane(const NamespacePart& part) noexcept;
  void append(StepPtr step, std::string_view offset);
  void deliver(NamespacePart& part);
  void deliver_one(NamespacePart& part, const Step& step);
  StepPtr next_step(Lane& lane);
  void arm_purge();
  void start_purge_timer();
  void stop_purge_timer();
  static void handle_purge(void* context);

  NamespaceState& nsp_;
  std::unique_ptr<SessionLog> own_store_;  // null if the adapter has a store
  SessionStore& store_;
  std::vector<Lane> lanes_;  // one for each shard

  // The sequence holds the steps that some lane has not delivered; it ends at `end_`, counted from the first step ever.
  mutable std::mutex mutex_;
  std::deque<StepPtr> sequence_;
  std::uint64_t end_ = 0;
  std::atomic<bool> has_ended_{false};
  std::atomic<bool> is_suspended_{false};
  std::atomic<bool> purge_is_due_{false};
  std::unique_ptr<Timer> purge_timer_;  // the home shard's
};

}  // namespace socketio::detail
