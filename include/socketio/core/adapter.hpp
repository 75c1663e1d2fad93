// SPDX-License-Identifier: MIT
// The adapter contract: how the servers of a cluster reach each other. Core layer.
#pragma once

#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handshake.hpp>
#include <socketio/core/session_store.hpp>
#include <socketio/detail/config.hpp>
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
#include <system_error>
#include <vector>

namespace socketio {

/// A socket as the servers of a cluster describe it to each other.
struct SocketDetails {
  std::string id;
  Handshake handshake;
  std::vector<std::string> rooms;  // its own id included
  Value data;                      // `socket.data()`, converted; null if its type does not convert
};

/// What one server of a cluster tells others about a namespace. Each type uses the members named beside it.
///
/// An event is given as it is in a packet: the name, then the arguments.
struct ClusterMessage {
  enum class Type {
    broadcast,           // options, event; timeout, if acknowledgements are wanted
    add_sockets,         // options, rooms
    del_sockets,         // options, rooms
    disconnect_sockets,  // options, close
    fetch_sockets,       // options
    server_side_event,   // event
    withdraw,            // of a broadcast with acknowledgements: its sender does not wait for them any more
    answer,              // event: the items of one answer
    end                  // sockets, error: there will be no more answers from this server
  };

  Type type = Type::broadcast;
  std::uint64_t request = 0;  // to which answers are wanted, or which is answered; 0: no answers are wanted
  std::string sender{};       // the id of the namespace of the server whose request it is
  BroadcastOptions options{};
  std::vector<Value> event{};
  std::optional<std::chrono::milliseconds> timeout{};
  std::vector<std::string> rooms{};
  bool close = false;
  std::vector<SocketDetails> sockets{};
  std::error_code error{};
};

/// Answers one request of another server. A responder that is destroyed before `end` ends the request with
/// Errc::no_answer: the other server does not wait for a server that has gone, or for a handler that has lost the
/// request.
///
/// @par Thread safety  One thread at a time, any.
class ClusterResponder {
 public:
  using Send = std::function<void(ClusterMessage)>;

  /// @param send  to the server that asks; kept, and called from any thread
  ClusterResponder(std::uint64_t request, Send send) : request_(request), send_(std::move(send)) {}
  ClusterResponder(const ClusterResponder&) = delete;
  ClusterResponder& operator=(const ClusterResponder&) = delete;
  SOCKETIO_DECL ~ClusterResponder();

  SOCKETIO_DECL void answer(std::vector<Value> items);
  SOCKETIO_DECL void end(std::error_code error, std::vector<SocketDetails> sockets = {});

 private:
  std::uint64_t request_;
  Send send_;
  bool has_ended_ = false;
};

/// One namespace of this server, as its adapter reaches it.
///
/// @par Thread safety  First thread only, except the function that `poster` returns.
/// @par Lifetime       From `Adapter::attach` until `Adapter::close` or the adapter's destructor.
class AdapterHost {
 public:
  using Task = detail::UniqueFunction<void()>;

  /// The name of the namespace.
  virtual const std::string& nsp() const noexcept = 0;

  /// Of the first thread: the time, and timers.
  virtual Scheduler& scheduler() const noexcept = 0;

  /// Runs a task on the first thread in a later turn; drops it when the server is gone. The function may be kept, also
  /// longer than this object, and called from any thread, but not while the server is being destroyed on another.
  virtual std::function<void(Task)> poster() const = 0;

  /// A message of another server has come.
  ///
  /// @param responder  null if no answer is wanted
  virtual void receive(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder) = 0;

 protected:
  AdapterHost() = default;
  AdapterHost(const AdapterHost&) = delete;
  AdapterHost& operator=(const AdapterHost&) = delete;
  ~AdapterHost() = default;
};

/// Connects one namespace of a server to the same namespace of the other servers of a cluster: it publishes messages,
/// hands received ones to its host, and counts the servers. ServerOptions::adapter makes it; a server without that
/// option is alone.
///
/// The threads of one server (ServerOptions::threads) are one member of the cluster and have one adapter per namespace.
///
/// @par Thread safety  First thread only, except `server_count`, and `session_store`, which is asked once by the thread
///                     that makes the namespace.
/// @par Specification  The ClusterAdapter class of socket.io-adapter 2.5.
class Adapter {
 public:
  virtual ~Adapter() = default;

  /// How many servers share this namespace, this one included, as far as that is known. Any thread.
  virtual std::size_t server_count() const = 0;

  /// From now on the other servers can be reached, and reach this one through `host`; until `close`, after which it
  /// may be called again.
  virtual void attach(AdapterHost& host) = 0;

  /// Sends a message to every other server that has this namespace; never to this one. Must not throw: a message that
  /// cannot be sent is lost.
  ///
  /// @return  how many servers get it. If it is a request, each of them answers in a later turn.
  virtual std::size_t publish(ClusterMessage message) = 0;

  /// How long to wait for the answers of other servers where a call has no timeout of its own.
  virtual std::chrono::milliseconds request_timeout() const { return std::chrono::seconds(5); }

  /// Where connection state recovery keeps sessions and packets; null: in the memory of this server. A store lives as
  /// long as the adapter.
  virtual SessionStore* session_store() { return nullptr; }

  /// The namespace or the server is closing.
  virtual void close() = 0;

 protected:
  Adapter() = default;
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/adapter.ipp>
#endif
