// SPDX-License-Identifier: MIT
// One Engine.IO session and the sockets of its namespaces: multiplexing, and the rules of who may send what. Core
// layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/disconnect_reason.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/protocol/packet.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class NamespaceState;
template <class Config>
class ServerState;
template <class Config>
class ServerShard;
template <class Config>
class ParentNamespaceState;
template <class Config>
class SocketState;

/// The client behind one connection.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Kept by its session while that is open, and by its sockets.
/// @par Specification  Socket.IO protocol, revision 5; what a violation leads to: the Client class of socket.io 4.
template <class Config>
class Connection final : public SessionListener, public std::enable_shared_from_this<Connection<Config>> {
 public:
  using Parser = typename Config::Parser;
  using NamespacePtr = std::shared_ptr<NamespaceState<Config>>;
  using SocketPtr = std::shared_ptr<SocketState<Config>>;

  Connection(ServerShard<Config>& owner, std::shared_ptr<Session> session)
      : owner_(owner), session_(std::move(session)) {}

  /// Starts to listen; a client that joins no namespace in time is sent away.
  void start();

  /// Of the shard where it lives.
  std::size_t shard_index() const noexcept { return owner_.index(); }

  Session& session() const noexcept { return *session_; }
  bool is_eio3() const noexcept { return session_->protocol() == 3; }
  bool is_open() const noexcept { return session_->ready_state() == Session::ReadyState::open; }

  /// Sends a packet of any of the namespaces. Dropped when the connection is closed or closing, and, if it is volatile,
  /// when it cannot leave at once.
  void send(const OutgoingPacket& packet, const EmitFlags& flags = {}) {
    if (flags.is_volatile && !session_->is_writable()) return;
    packet.send_to(*session_);
  }

  /// Ends the connection: what this server wants, hence `forced_server_close` for sockets that are still there when the
  /// closing has to wait for the client.
  void close();

  /// Disconnects the sockets of all namespaces, then closes the connection.
  void disconnect();

  /// Those that are connected, one for each namespace, in the order in which they joined. Any thread; only the owner's
  /// changes the list, so only its changes and other threads' reads lock.
  std::vector<SocketPtr> sockets(Shard& owner) const {
    const std::lock_guard lock(owner.handlers_mutex());
    return sockets_;
  }

  /// Forgets a socket that has left its namespace.
  void remove(const SocketState<Config>& socket);

  /// The server has left a namespace: until the client learns of it, what it sends there is no violation.
  void tolerate_stragglers(std::string_view nsp) { unsettled().dismissed.emplace_back(nsp); }

  void on_message(Session& session, bool is_binary, std::span<char> data) override;
  void on_close(Session& session, CloseReason reason, std::string_view description) override;
  bool observes_packets() const override { return false; }

 private:
  /// What is neither here nor there.
  struct Unsettled {
    std::vector<SocketPtr> joining;    // those whose middleware are still at work
    std::vector<std::string> awaited;  // namespaces that cannot be joined yet: neither they nor the client are decided
    std::vector<std::string> dismissed;  // namespaces that the server has left since the client's last CONNECT
  };

  Unsettled& unsettled() {
    if (!unsettled_) unsettled_ = std::make_unique<Unsettled>();
    return *unsettled_;
  }
  /// Takes a name or a socket off its list; whether it was there.
  bool settle_awaited(std::string_view name) { return unsettled_ && std::erase(unsettled_->awaited, name) != 0; }
  bool settle_joining(const SocketPtr& socket) { return unsettled_ && std::erase(unsettled_->joining, socket) != 0; }
  /// Gives the lists up when they are empty.
  void tidy_up() {
    if (unsettled_ && unsettled_->joining.empty() && unsettled_->awaited.empty() && unsettled_->dismissed.empty())
      unsettled_.reset();
  }

  static void handle_connect_timeout(void* self) { static_cast<Connection*>(self)->close(); }

  void handle_packet(PacketPtr packet);
  void handle_connect(const Packet& packet);
  std::string_view name_in(const Packet& packet) const;
  std::string make_id(const std::string& nsp) const;
  void connect_to(std::string_view name, Value auth);
  NamespacePtr enter_child(const std::shared_ptr<ParentNamespaceState<Config>>& parent, const std::string& name);
  void join(const NamespacePtr& nsp, Value auth);
  void join_set_up(const NamespacePtr& nsp, Value auth);
  void admit(const NamespacePtr& nsp, Value auth, std::optional<RestoredSession> restored);
  void finish_connect(const SocketPtr& socket, const Next::Result& refusal);
  void send_connect_error(std::string_view nsp, std::string_view message, const Value& data);
  void send_eio3_error(std::string_view nsp, std::string_view message, const Value& data);
  void handle_malformed(std::string_view message);
  void handle_violation(std::string_view what);
  SocketPtr find(std::string_view nsp) const { return find_in(sockets_, nsp); }
  ServerState<Config>& server() const noexcept;
  const std::shared_ptr<Shard>& shard() const noexcept;
  static SocketPtr find_in(const std::vector<SocketPtr>& sockets, std::string_view nsp);
  static bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  ServerShard<Config>& owner_;  // gone once the session has been closed by the end of the server
  std::shared_ptr<Session> session_;
  typename Parser::Decoder decoder_;
  std::vector<SocketPtr> sockets_;
  std::unique_ptr<Unsettled> unsettled_;  // null for most of the time
  std::unique_ptr<Timer> connect_timer_;
};

}  // namespace socketio::detail

#include <socketio/core/impl/connection.hpp>
