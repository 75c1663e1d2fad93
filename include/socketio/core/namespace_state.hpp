// SPDX-License-Identifier: MIT
// The state behind the handle `Namespace`: its sockets, its rooms, its middleware and its connection handlers. Core
// layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/memory_adapter.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/fwd.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class SocketState;

/// @par Thread safety  Owner's thread only, except what is marked otherwise.
/// @par Lifetime       Kept by its server, its sockets and the handles of users.
template <class Config>
class NamespaceState final : public std::enable_shared_from_this<NamespaceState<Config>> {
 public:
  using SocketPtr = std::shared_ptr<SocketState<Config>>;
  using Chain = MiddlewareChain<SocketPtr>;
  using ConnectionHandler = UniqueFunction<void(const SocketPtr&)>;

  NamespaceState(std::string name, std::shared_ptr<Shard> shard, std::shared_ptr<const ServerOptions> options)
      : name_(std::move(name)),
        shard_(std::move(shard)),
        options_(std::move(options)),
        adapter_(std::make_unique<MemoryAdapter>()) {}

  // Any thread.
  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<Shard>& shard() const noexcept { return shard_; }
  const ServerOptions& options() const noexcept { return *options_; }
  Adapter& adapter() noexcept { return *adapter_; }

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

  void use(typename Chain::Function middleware) { middleware_.add(std::move(middleware)); }

  /// `connect` handlers come before `connection` handlers, whatever the order of their registration.
  void add_connection_handler(ConnectionHandler handler, bool is_connect) {
    (is_connect ? connect_handlers_ : connection_handlers_)
        .push_back(std::make_shared<ConnectionHandler>(std::move(handler)));
  }

  /// Runs the middleware for a socket that wants to connect; `done` comes in a later turn.
  void admit(SocketPtr socket, Next::Done done) {
    middleware_.run(shard_, std::move(socket), [shard = shard_, done = std::move(done)](Next::Result refusal) mutable {
      shard->post([done = std::move(done), refusal = std::move(refusal)]() mutable { done(std::move(refusal)); });
    });
  }

  void handle_connection(const SocketPtr& socket) {
    for (const auto* list : {&connect_handlers_, &connection_handlers_}) {
      const auto handlers = *list;
      for (const auto& handler : handlers) (*handler)(socket);
    }
  }

  /// The end of the server. Lets go of the users' functions: they may hold handles of this very namespace.
  void drop_handlers() {
    const auto middleware = std::exchange(middleware_, {});
    const auto connect = std::exchange(connect_handlers_, {});
    const auto connection = std::exchange(connection_handlers_, {});
  }

 private:
  std::string name_;
  std::shared_ptr<Shard> shard_;
  std::shared_ptr<const ServerOptions> options_;
  std::unique_ptr<Adapter> adapter_;
  std::atomic<std::uint64_t> next_ack_id_{0};
  Chain middleware_;
  std::vector<std::shared_ptr<ConnectionHandler>> connect_handlers_;
  std::vector<std::shared_ptr<ConnectionHandler>> connection_handlers_;
};

}  // namespace socketio::detail
