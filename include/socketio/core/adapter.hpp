// SPDX-License-Identifier: MIT
// The adapter contract: who is in which room, and how a broadcast reaches everyone it is meant for. Core layer.
#pragma once

#include <socketio/core/handshake.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/protocol/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace socketio {

/// Whom a broadcast is for: everyone in one of `rooms` (in the namespace, if there are none) and in none of `except`.
struct BroadcastOptions {
  std::vector<std::string> rooms;
  std::vector<std::string> except;
  EmitFlags flags;
};

namespace detail {
struct RoomMembers;
}

/// A connected socket as the adapter sees it. The room bookkeeping inside belongs to the adapter.
class RoomMember {
 public:
  virtual const std::string& id() const noexcept = 0;

  /// Sends a packet to this socket's client. Never calls back into the adapter.
  virtual void deliver(const OutgoingPacket& packet, const EmitFlags& flags) = 0;

 protected:
  RoomMember() = default;
  RoomMember(const RoomMember&) = delete;
  RoomMember& operator=(const RoomMember&) = delete;
  ~RoomMember() = default;

 private:
  friend class MemoryAdapter;

  struct Place {
    detail::RoomMembers* room;
    std::size_t index;
  };

  std::vector<Place> rooms_;  // in the order in which they were joined
  std::size_t index_ = 0;     // in the list of all members
  std::uint64_t mark_ = 0;    // the last selection that has dealt with this member
  bool added_ = false;
};

/// What happens to rooms, in the words of the reference's adapter events.
struct RoomEvent {
  enum class Kind { create_room, delete_room, join_room, leave_room };
  Kind kind;
  std::string_view room;
  std::string_view id;  // of the socket; empty for create_room and delete_room
};

/// What is kept of a socket that has disconnected, so that its client may come back.
struct RecoverableSession {
  std::string sid;  // the socket's id
  std::string pid;  // its private id, known to its client only
  std::vector<std::string> rooms;
  std::shared_ptr<void> data;  // the Config::SocketData; null if nobody has used them
};

/// A session whose client has come back, and what was sent to it meanwhile.
struct RestoredSession {
  RecoverableSession session;
  std::vector<OutgoingPacket> missed;  // in the order of sending
};

/// What connection state recovery holds for one namespace.
struct RecoveryUsage {
  std::size_t sessions = 0;
  std::size_t log_entries = 0;
  std::size_t log_bytes = 0;
};

/// A socket as the servers of a cluster tell each other of it.
struct SocketDetails {
  std::string id;
  Handshake handshake;
  std::vector<std::string> rooms;  // its own id included
  Value data;                      // what socket.data() converts to; null for a type that does not
};

/// What an adapter that connects servers reaches of its own one: one namespace, on all threads of the server.
///
/// Events are given as they are in a packet: the name, then the arguments.
///
/// @par Thread safety  First thread only, except what `poster` returns.
/// @par Lifetime       From `Adapter::attach` until `Adapter::close` or the adapter's destructor.
class AdapterHost {
 public:
  using Task = detail::UniqueFunction<void()>;
  using Reply = detail::UniqueFunction<void(std::vector<Value> answer)>;
  using Done = detail::UniqueFunction<void(std::error_code)>;
  /// Takes a question back whose answers nobody waits for any more; may be empty. Called once at most.
  using Withdraw = detail::UniqueFunction<void()>;

  /// The name of the namespace.
  virtual const std::string& nsp() const noexcept = 0;

  /// Of the first thread: the time, and timers.
  virtual Scheduler& scheduler() const noexcept = 0;

  /// Runs a task on the first thread in a later turn; drops it when the server is gone. The function may be kept, also
  /// longer than this object, and called from any thread, but not while the server is being destroyed on another.
  virtual std::function<void(Task)> poster() const = 0;

  /// The event in a packet, without the offset that connection state recovery has added.
  virtual std::vector<Value> event_in(const OutgoingPacket& packet) const = 0;

  /// Sends an event to everyone selected on this server.
  virtual void broadcast(const std::vector<Value>& event, const BroadcastOptions& options) = 0;

  /// The same with a request for acknowledgements.
  ///
  /// @param answer  called for each that comes, with its items
  /// @param done    called when all have come, or will not: with Errc::timed_out after `timeout`, Errc::disconnected
  ///                if somebody has gone
  virtual Withdraw broadcast_with_ack(const std::vector<Value>& event, const BroadcastOptions& options,
                                      std::optional<std::chrono::milliseconds> timeout, Reply answer, Done done) = 0;

  /// Makes everyone selected on this server join rooms, leave rooms, or disconnect.
  virtual void add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) = 0;
  virtual void del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) = 0;
  virtual void disconnect_sockets(const BroadcastOptions& options, bool close) = 0;

  /// Describes everyone selected on this server; `done` may be called at once.
  virtual void fetch_sockets(const BroadcastOptions& options,
                             detail::UniqueFunction<void(std::vector<SocketDetails>)> done) = 0;

  /// Calls the handlers for an event of another server.
  ///
  /// @param reply  null if that server wants no answer; else called for the first one, if there is one
  virtual void server_side_event(const std::vector<Value>& event, Reply reply) = 0;

 protected:
  AdapterHost() = default;
  AdapterHost(const AdapterHost&) = delete;
  AdapterHost& operator=(const AdapterHost&) = delete;
  ~AdapterHost() = default;
};

/// One adapter serves one namespace on one server; on a server of several threads (ServerOptions::threads) there is one
/// for each thread, and each knows the sockets of its own. A broadcast is given to all of them: to the first thread's
/// as it is, to the others with `flags.local` set.
///
/// What concerns other servers (`attach` and what follows it) is asked of the first thread's adapter alone. One that
/// connects servers should derive from ClusterAdapter.
///
/// @par Thread safety  Owner's thread only, except the functions marked otherwise. What concerns recovery (`record`,
///                     `persist_session`, `restore_session`, `purge`, `recovery_usage`) is asked of the first thread's
///                     adapter alone, for all of them: by any of the threads, one at a time, and also after `close`.
/// @par Specification  The Adapter class of socket.io-adapter 2.5.
class Adapter {
 public:
  using Reply = AdapterHost::Reply;
  using Done = AdapterHost::Done;
  using Withdraw = AdapterHost::Withdraw;
  using FetchDone = detail::UniqueFunction<void(std::error_code, std::vector<SocketDetails>)>;
  using Visitor = detail::UniqueFunction<void(RoomMember&)>;
  using RoomListener = detail::UniqueFunction<void(const RoomEvent&)>;
  using TimePoint = Scheduler::Clock::time_point;
  using RestoreDone = detail::UniqueFunction<void(std::optional<RestoredSession>)>;

  virtual ~Adapter() = default;

  /// Makes a socket part of the namespace: broadcasts and `for_each` reach it from now on.
  virtual void add(RoomMember& member) = 0;

  /// Puts a socket in a room; nothing happens if it is there already. A socket whose middleware are at work may be put
  /// in rooms before it is added; it is not reached through them until then.
  virtual void join(RoomMember& member, std::string_view room) = 0;

  /// Takes a socket out of a room; nothing happens if it is not in it. A room without members ceases to exist.
  virtual void leave(RoomMember& member, std::string_view room) = 0;

  /// Takes a socket out of all its rooms, in the order in which it joined them, and out of the namespace.
  virtual void remove(RoomMember& member) = 0;

  /// Sends a packet to everyone selected, on every server unless `flags.local` is set.
  virtual void broadcast(const OutgoingPacket& packet, const BroadcastOptions& options) = 0;

  /// Visits everyone selected on this server, each once. Any thread: the visitor collects, and acts when the visit is
  /// over.
  virtual void for_each(const BroadcastOptions& options, Visitor visit) = 0;

  /// The rooms of a socket, its own id included. Any thread.
  virtual std::vector<std::string> rooms_of(const RoomMember& member) const = 0;

  /// Whether the socket is in the room. Any thread.
  virtual bool is_member(const RoomMember& member, std::string_view room) const = 0;

  /// How many sockets of this server there are. Any thread.
  virtual std::size_t socket_count() const = 0;

  /// How many sockets of this server are in the room. Any thread.
  virtual std::size_t room_size(std::string_view room) const = 0;

  /// The names of all rooms of this server. Any thread.
  virtual std::vector<std::string> rooms() const = 0;

  /// Sets who hears of rooms that come and go.
  virtual void on_room_event(RoomListener listener) = 0;

  /// How many servers share this namespace, this one included, as far as that is known. Any thread.
  virtual std::size_t server_count() const { return 1; }

  /// Whether there may ever be others; if not, none of the functions up to `server_side_emit` is called. Any thread.
  virtual bool connects_servers() const noexcept { return false; }

  // None of these throws: what cannot be sent is lost, or ends with an error.

  /// From now on the other servers can be reached, and reach this one through `host`; until `close`, after which it
  /// may be called again.
  virtual void attach(AdapterHost& /*host*/) {}

  /// As the functions of AdapterHost, on the other servers: `done` is called once, possibly at once, when all have
  /// answered or will not.
  virtual Withdraw broadcast_with_ack(const OutgoingPacket& /*packet*/, const BroadcastOptions& /*options*/,
                                      std::optional<std::chrono::milliseconds> /*timeout*/, Reply /*answer*/,
                                      Done done) {
    done({});
    return nullptr;
  }
  virtual void add_sockets(const BroadcastOptions& /*options*/, const std::vector<std::string>& /*rooms*/) {}
  virtual void del_sockets(const BroadcastOptions& /*options*/, const std::vector<std::string>& /*rooms*/) {}
  virtual void disconnect_sockets(const BroadcastOptions& /*options*/, bool /*close*/) {}

  /// @param timeout  for the answers of the other servers; without it the adapter has one of its own
  virtual void fetch_sockets(const BroadcastOptions& /*options*/, std::optional<std::chrono::milliseconds> /*timeout*/,
                             FetchDone done) {
    done({}, {});
  }

  /// Sends an event to the handlers of all other servers, which answer if `done` is not null.
  virtual void server_side_emit(const OutgoingPacket& /*packet*/, Reply /*answer*/, Done done) {
    if (done) done({});
  }

  /// The offset for a packet that is about to be encoded, which gets it as its last argument; empty if the adapter
  /// cannot recover sessions, and does nothing in the functions that follow. Any thread.
  virtual std::string next_offset() { return {}; }

  /// Remembers a packet that has an offset. Called right before it is sent, and for packets to one socket too, whose
  /// only room is the socket's id then.
  virtual void record(std::string_view /*offset*/, const OutgoingPacket& /*packet*/,
                      const BroadcastOptions& /*options*/, TimePoint /*now*/) {}

  /// Remembers a socket that has disconnected.
  virtual void persist_session(RecoverableSession /*session*/, TimePoint /*now*/) {}

  /// Gives a session back, to one caller only, with all that was sent to it after the packet with that offset.
  ///
  /// @param done  gets null if there is no such session, or not everything after the offset; called once, possibly at
  ///              once
  virtual void restore_session(std::string_view /*pid*/, std::string_view /*offset*/, TimePoint /*now*/,
                               RestoreDone done) {
    done(std::nullopt);
  }

  /// Forgets packets and sessions that are too old; called from time to time.
  virtual void purge(TimePoint /*now*/) {}

  virtual RecoveryUsage recovery_usage() const { return {}; }

  /// The namespace or the server is closing.
  virtual void close() {}
};

}  // namespace socketio
