// SPDX-License-Identifier: MIT
// A namespace in a cluster: what it asks of the other servers, and what they ask of it. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/protocol/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio::detail {

class NamespaceState;
class Shard;

/// Publishes what a namespace sends, waits for the answers, and does on this server what others ask.
///
/// @par Thread safety  First thread only, except `server_count` and `store`.
/// @par Lifetime       Part of its namespace.
class Cluster final : public AdapterHost {
 public:
  /// Called for the items of each answer.
  using Answer = UniqueFunction<void(const std::vector<Value>& items)>;
  /// Called once, possibly at once, when all servers have answered or will not.
  using Done = UniqueFunction<void(std::error_code)>;
  using FetchDone = UniqueFunction<void(std::error_code, std::vector<SocketDetails>)>;
  /// Takes a question back whose answers are not wanted any more; may be empty. Called once at most.
  using Withdraw = UniqueFunction<void()>;

  SOCKETIO_DECL Cluster(NamespaceState& nsp, std::unique_ptr<Adapter> adapter);

  std::size_t server_count() const { return adapter_->server_count(); }
  SessionStore* store() { return adapter_->session_store(); }

  /// Begins and ends the membership. Begins once until the next end.
  SOCKETIO_DECL void attach();
  SOCKETIO_DECL void close();
  bool is_attached() const noexcept { return is_attached_; }

  // Each asks all other servers to do something with those selected there. Without membership they do nothing.

  SOCKETIO_DECL void broadcast(const OutgoingPacket& packet, const BroadcastOptions& options);
  SOCKETIO_DECL Withdraw broadcast_with_ack(const OutgoingPacket& packet, const BroadcastOptions& options,
                                            std::optional<std::chrono::milliseconds> timeout, Answer answer, Done done);
  SOCKETIO_DECL void add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms);
  SOCKETIO_DECL void del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms);
  SOCKETIO_DECL void disconnect_sockets(const BroadcastOptions& options, bool close);

  /// @param timeout  for the answers; by default that of the adapter
  SOCKETIO_DECL void fetch_sockets(const BroadcastOptions& options, std::optional<std::chrono::milliseconds> timeout,
                                   FetchDone done);

  /// Sends an event to the handlers of all other servers, which answer if `done` is not null.
  SOCKETIO_DECL void server_side_emit(const OutgoingPacket& packet, Answer answer, Done done);

  SOCKETIO_DECL const std::string& nsp() const noexcept override;
  SOCKETIO_DECL Scheduler& scheduler() const noexcept override;
  SOCKETIO_DECL std::function<void(Task)> poster() const override;
  SOCKETIO_DECL void receive(const ClusterMessage& message,
                             const std::shared_ptr<ClusterResponder>& responder) override;

 private:
  using Question = std::pair<std::string, std::uint64_t>;  // who asks, and the number of the request

  struct Request {
    Request(Cluster& cluster, std::uint64_t number, Answer on_answer, FetchDone on_done)
        : owner(cluster), id(number), answer(std::move(on_answer)), done(std::move(on_done)) {}

    static void expire(void* context);

    Cluster& owner;
    std::uint64_t id;
    Answer answer;
    FetchDone done;
    std::size_t missing = 0;  // servers that have not ended it
    std::vector<SocketDetails> sockets;
    std::error_code error;
    Timer timer{&Request::expire, this};
  };

  const std::shared_ptr<Shard>& home() const noexcept;
  static FetchDone without_sockets(Done done);
  void tell(ClusterMessage::Type type, const BroadcastOptions& options, const std::vector<std::string>& rooms,
            bool close);
  std::uint64_t request(ClusterMessage message, std::optional<std::chrono::milliseconds> timeout, Answer answer,
                        FetchDone done);
  void withdraw(std::uint64_t id);
  void handle_end(const ClusterMessage& message);
  void finish(std::uint64_t id);

  /// The event in a packet, without the offset of connection state recovery; empty, and reported, if it cannot be read.
  std::vector<Value> event_in(const OutgoingPacket& packet) const;
  /// The packet of an event for this server's clients; null if it is no event, or, reported, if it does not encode.
  std::optional<OutgoingPacket> encode(const std::vector<Value>& event, const std::optional<std::uint64_t>& id,
                                       const EmitFlags& flags, std::string_view offset) const;
  void receive_broadcast(const ClusterMessage& message);
  void receive_question(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder);
  void receive_fetch(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder);
  void receive_server_side_event(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder);

  NamespaceState& nsp_;
  std::unique_ptr<Adapter> adapter_;
  std::string id_;  // among all members of the cluster
  bool is_attached_ = false;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Request>> requests_;
  std::map<Question, Withdraw> questions_;  // of other servers to the clients of this one
};

}  // namespace socketio::detail
