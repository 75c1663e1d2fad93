// SPDX-License-Identifier: MIT
// One Engine.IO session and the sockets of its namespaces: multiplexing, and the rules of the protocol. Core layer.
#pragma once

#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/disconnect_reason.hpp>
#include <socketio/core/event_rates.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/packet_codec.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/ordered_table.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

class NamespaceState;
class ParentNamespaceState;
class ServerShard;
class ServerState;
class SocketState;

/// The client behind one connection.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Kept by its session while that is open, and by its sockets.
/// @par Specification  Socket.IO protocol, revision 5; the consequences of a violation: the Client class of
/// socket.io 4.
class Connection final : public SessionListener, public std::enable_shared_from_this<Connection> {
 public:
  using NamespacePtr = std::shared_ptr<NamespaceState>;
  using SocketPtr = std::shared_ptr<SocketState>;

  SOCKETIO_DECL Connection(ServerShard& owner, std::shared_ptr<Session> session);
  SOCKETIO_DECL ~Connection();

  /// Starts to listen; a client that joins no namespace in time is sent away.
  SOCKETIO_DECL void start();

  /// Of the shard where it lives.
  SOCKETIO_DECL std::size_t shard_index() const noexcept;

  Session& session() const noexcept { return *session_; }
  bool is_eio3() const noexcept { return session_->protocol() == 3; }
  bool is_open() const noexcept { return session_->ready_state() == Session::ReadyState::open; }

  /// Sends a packet of any of the namespaces. Dropped when the connection is closed or closing, and, if it is volatile,
  /// when it cannot leave at once.
  void send(const OutgoingPacket& packet, const EmitFlags& flags = {}) {
    if (flags.is_volatile && !session_->is_writable()) return;
    packet.send_to(*session_);
  }

  /// Ends the connection, as this server wants it: hence `forced_server_close` for sockets that are still there when
  /// the closing has to wait for the client.
  SOCKETIO_DECL void close();

  /// Disconnects the sockets of all namespaces, then closes the connection.
  SOCKETIO_DECL void disconnect(DisconnectReason reason = DisconnectReason::server_namespace_disconnect);

  /// The connected sockets, one for each namespace, in the order in which they joined. Any thread; only the owner's
  /// changes the list, so only its changes and other threads' reads lock.
  SOCKETIO_DECL std::vector<SocketPtr> sockets(Shard& owner) const;

  /// While the server shuts down: ends the connection, unless a handler still runs or an answer is owed.
  SOCKETIO_DECL void end_if_idle();

  /// Forgets a socket that has left its namespace.
  SOCKETIO_DECL void remove(const SocketState& socket);

  /// The server has left a namespace: until the client learns of it, what it sends there is no violation.
  SOCKETIO_DECL void tolerate_stragglers(std::string_view nsp);

  /// The client has exceeded a limit: reports it, and ends the connection.
  ///
  /// @param limit  of ServerOptions
  SOCKETIO_DECL void handle_excess(const char* limit);

  /// What a new socket has of the limits of rates: that of a socket that has left, if there is one.
  SOCKETIO_DECL std::unique_ptr<SocketRates> take_rates(const EventRates& limits);
  /// @param rates  of a socket that has left; may be null
  SOCKETIO_DECL void keep_rates(std::unique_ptr<SocketRates> rates) noexcept;

  SOCKETIO_DECL void on_message(Session& session, bool is_binary, std::span<char> data) override;
  SOCKETIO_DECL void on_close(Session& session, CloseReason reason, std::string_view description) override;
  SOCKETIO_DECL void on_shutdown(Session& session) override;
  SOCKETIO_DECL bool observes_packets() const override;

 private:
  /// A CONNECT packet that has not been answered yet. Parents, setup, recovery or middleware may take time.
  struct Attempt {
    std::string nsp;
    SocketPtr socket;           // from its middleware on
    bool is_withdrawn = false;  // the client has begun anew, or has gone: what comes of it does not matter any more
  };
  using AttemptPtr = std::shared_ptr<Attempt>;

  /// Namespaces between two states.
  struct Unsettled {
    std::map<std::string, AttemptPtr, std::less<>> attempts;  // by namespace
    std::vector<std::weak_ptr<Attempt>> withdrawn;            // whose middleware, for example, has not finished yet
    std::set<std::string, std::less<>> dismissed;  // that the server has left since the client's last CONNECT
  };

  /// How many withdrawn attempts of a client may be unfinished at a time.
  static constexpr std::size_t max_withdrawn = 32;

  /// How many dismissed namespaces are remembered: what a client sends to others has been sent long before.
  static constexpr std::size_t max_dismissed = 1'000;

  /// Finds a socket by its namespace.
  struct SocketKey {
    SOCKETIO_DECL static std::string_view key(const SocketPtr& socket) noexcept;
  };

  Unsettled& unsettled() {
    if (!unsettled_) unsettled_ = std::make_unique<Unsettled>();
    return *unsettled_;
  }
  /// Ends what there is of the client in a namespace to which it connects: it has disconnected without a word.
  ///
  /// @return  false if too many of its attempts are unfinished
  bool begin_anew(std::string_view nsp);
  void withdraw(Attempt& attempt);
  /// Whether the client is in as many namespaces as it may be, those that it is about to join included.
  bool has_too_many_namespaces() const;
  void settle(const AttemptPtr& attempt);
  void settle_dismissal(std::string_view nsp);
  /// Whether an attempt still matters; it is settled if the connection has ended.
  bool proceeds(const AttemptPtr& attempt);
  void drop_empty_lists();

  static void handle_connect_timeout(void* self);

  void handle_packet(PacketPtr packet);
  void handle_connect(const Packet& packet);
  bool has_too_long_name(const Packet& event) const;
  std::string_view name_in(const Packet& packet) const;
  std::string make_id(const std::string& nsp) const;
  void connect_to(std::string_view name, Value auth);
  NamespacePtr enter_child(const std::shared_ptr<ParentNamespaceState>& parent, const std::string& name);
  void join(const AttemptPtr& attempt, const NamespacePtr& nsp, Value auth);
  void join_set_up(const AttemptPtr& attempt, const NamespacePtr& nsp, Value auth);
  void admit(const AttemptPtr& attempt, const NamespacePtr& nsp, Value auth, std::optional<RestoredSession> restored);
  void finish_connect(const AttemptPtr& attempt, const Next::Result& refusal);
  void send_connect_error(std::string_view nsp, const Value& data);
  void refuse(std::string_view nsp, const MiddlewareError& refusal);
  void refuse_limit(std::string_view nsp, const char* why);
  /// Whether attachments may come: for a namespace that the client has joined, or was sent away from just now.
  bool may_have_attachments() const;
  /// Whether what is incomplete is for a namespace that the server has left.
  bool is_unwanted() const;
  /// What is incomplete; null if nothing is, or if the parser does not show it.
  Packet* incomplete() const noexcept { return incomplete_ ? incomplete_->packet() : nullptr; }
  void handle_malformed(std::string_view message);
  void handle_violation(std::string_view what);
  SocketPtr find(std::string_view nsp) const;
  ServerState& server() const noexcept;
  PacketCodec& codec() const noexcept;
  const std::shared_ptr<Shard>& shard() const noexcept;

  ServerShard& owner_;  // gone once the session has been closed by the end of the server
  std::shared_ptr<Session> session_;
  PacketCodec::IncompletePtr incomplete_;  // null for most of the time
  OrderedTable<SocketPtr, SocketKey> sockets_;
  std::unique_ptr<Unsettled> unsettled_;  // null for most of the time
  std::unique_ptr<Timer> connect_timer_;
  bool has_reported_excess_ = false;
  std::unique_ptr<SocketRates> spare_rates_;  // of sockets that have left, no more than there were at a time
};

}  // namespace socketio::detail
