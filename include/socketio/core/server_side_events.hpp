// SPDX-License-Identifier: MIT
// The handlers of events that the servers of a cluster send each other. Core layer.
#pragma once

#include <socketio/core/event_receiver.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/protocol/value_writer.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::detail {

/// @throws std::invalid_argument  for "connect", "connection" and "new_namespace", which no server sends
SOCKETIO_DECL void require_server_side_event(std::string_view event);

/// Stands for this server when another one has sent it an event.
class ServerSideReceiver final : public EventReceiver, public std::enable_shared_from_this<ServerSideReceiver> {
 public:
  /// Sends the answer to the server that asks. Called once at most, on the first thread.
  using Reply = UniqueFunction<void(std::vector<Value> answer)>;

  SOCKETIO_DECL ServerSideReceiver(std::shared_ptr<Shard> shard, std::string nsp, Reply reply);

  SOCKETIO_DECL Shard& shard() const noexcept override;
  SOCKETIO_DECL const std::string& nsp_name() const noexcept override;
  SOCKETIO_DECL const std::string& receiver_id() const noexcept override;

  /// Any thread.
  SOCKETIO_DECL void send_answer(std::vector<Value> items);

 private:
  std::shared_ptr<Shard> shard_;
  std::string nsp_;
  Reply reply_;
  std::string no_id_;
};

/// Answers the events of other servers. As values: a detour by a packet would lose what the parser's text cannot hold.
struct ServerSideAnswerer {
  template <class... Results>
  static void answer(EventReceiver& receiver, std::uint64_t, const Results&... results) {
    ValueWriter writer;
    (write_argument(writer, results), ...);
    static_cast<ServerSideReceiver&>(receiver).send_answer(writer.take());
  }
};

/// @par Thread safety  Any thread; `dispatch` on the first one.
class ServerSideHandlers {
 public:
  using Reply = ServerSideReceiver::Reply;

  SOCKETIO_DECL void add(std::string_view event, EventHandlerPtr handler, bool first);
  SOCKETIO_DECL void remove(std::string_view event, std::optional<Listener> listener);
  SOCKETIO_DECL std::vector<Listener> listeners(std::string_view event) const;

  /// As NamespaceSetup::end.
  SOCKETIO_DECL void end();

  /// Calls the handlers that are registered for the event now, whatever they do to this list.
  ///
  /// @param event  the name, then the arguments
  /// @param reply  null if no answer is wanted
  SOCKETIO_DECL void dispatch(const std::shared_ptr<Shard>& shard, const std::string& nsp,
                              const std::vector<Value>& event, Reply reply);

 private:
  mutable std::mutex mutex_;
  ListenerList<EventHandler, std::string> list_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/server_side_events.ipp>
#endif
