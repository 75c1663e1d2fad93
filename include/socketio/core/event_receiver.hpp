// SPDX-License-Identifier: MIT
// Whom an event is for, and one event on its way through the handlers. Core layer.
#pragma once

#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/listener_list.hpp>
#include <socketio/protocol/converter.hpp>
#include <socketio/protocol/packet.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// The receiver of an event: the state of a socket, or what stands for this server towards another one.
class EventReceiver {
 public:
  virtual Shard& shard() const noexcept = 0;
  virtual const std::string& nsp_name() const noexcept = 0;

  /// Of the socket; empty where no socket is concerned.
  virtual const std::string& receiver_id() const noexcept = 0;

  /// Asynchronous handlers keep an event of this weight from now on; they keep it no longer. Any thread.
  SOCKETIO_DECL virtual void begin_progress(std::uint32_t weight) noexcept;
  SOCKETIO_DECL virtual void end_progress(std::uint32_t weight) noexcept;

  // What goes on for it when its handlers have returned: coroutines, and answers that they have promised. Any thread.
  void begin_work() noexcept { work_.fetch_add(1, std::memory_order_relaxed); }
  void end_work() noexcept {
    if (work_.fetch_sub(1) == 1) handle_idle();
  }
  bool has_work() const noexcept { return work_ != 0; }

  /// Reports the exception that is being handled, thrown by a handler of `event`.
  SOCKETIO_DECL void report_handler_exception(std::string_view event) const noexcept;

 protected:
  EventReceiver() = default;
  EventReceiver(const EventReceiver&) = delete;
  EventReceiver& operator=(const EventReceiver&) = delete;
  ~EventReceiver() = default;

 private:
  /// Its last work has ended. Any thread.
  SOCKETIO_DECL virtual void handle_idle() noexcept;

  std::atomic<std::uint32_t> work_{0};
};

using EventReceiverPtr = std::shared_ptr<EventReceiver>;

/// What an event counts for in ServerOptions::max_handlers_in_progress: one for each 4 KiB that are begun.
SOCKETIO_DECL std::uint32_t weight_in_progress(const Packet& packet) noexcept;

/// Where the answer to one event goes; shared by all handlers that may give it.
///
/// @par Thread safety  Any thread.
class AckTarget {
 public:
  AckTarget(EventReceiverPtr receiver, std::uint64_t id, bool answered)
      : receiver_(std::move(receiver)), id_(id), answered_(answered) {
    if (!answered) receiver_->begin_work();
  }
  AckTarget(const AckTarget&) = delete;
  AckTarget& operator=(const AckTarget&) = delete;
  ~AckTarget() {
    if (!answered_) receiver_->end_work();
  }

  /// Sends the answer; only the first call does.
  template <class Answerer, class... Results>
  void answer(const Results&... results) {
    if (answered_.exchange(true)) return;
    const WorkEnd end{*receiver_};  // after the answer: nothing keeps the connection open any longer
    Answerer::answer(*receiver_, id_, results...);
  }

  /// Whether the caller is the first who answers, on the owner's thread and in this turn.
  bool claim() noexcept {
    if (answered_.exchange(true)) return false;
    receiver_->end_work();
    return true;
  }

 private:
  struct WorkEnd {
    ~WorkEnd() { receiver.end_work(); }
    EventReceiver& receiver;
  };

  EventReceiverPtr receiver_;
  std::uint64_t id_;
  std::atomic<bool> answered_;
};

/// One incoming event on its way through the handlers of its receiver.
///
/// @par Thread safety  Owner's thread only.
class Delivery {
 public:
  Delivery(EventReceiverPtr receiver, std::shared_ptr<Packet> packet)
      : receiver_(std::move(receiver)), shared_(std::move(packet)) {}
  Delivery(EventReceiverPtr receiver, PacketPtr packet) : receiver_(std::move(receiver)), owned_(std::move(packet)) {}

  Packet& packet() noexcept { return shared_ ? *shared_ : *owned_; }
  const EventReceiverPtr& receiver() const noexcept { return receiver_; }

  /// The packet for coroutines and asynchronous middleware, which need it longer than this call.
  SOCKETIO_DECL const std::shared_ptr<Packet>& share();

  /// The same event after its middleware, which may still answer the acknowledgement that they were given.
  SOCKETIO_DECL Delivery after_middleware();

  /// Null when the client did not ask for an acknowledgement.
  SOCKETIO_DECL const std::shared_ptr<AckTarget>& ack();

  /// Answers the client at once, if it asked and has no answer yet.
  ///
  /// @tparam Answerer  `answer(receiver, id, results...)` sends the answer: SocketAnswerer or ServerSideAnswerer
  template <class Answerer, class... Results>
  void answer(const Results&... results) {
    if (const auto id = claim_answer()) Answerer::answer(*receiver_, *id, results...);
  }

 private:
  /// The id that an answer must have; null if none is wanted, or one has been given.
  SOCKETIO_DECL std::optional<std::uint64_t> claim_answer();

  EventReceiverPtr receiver_;
  PacketPtr owned_;
  std::shared_ptr<Packet> shared_;
  std::shared_ptr<AckTarget> ack_;  // made for handlers that may answer later
  bool answered_ = false;           // before `ack_` was made
};

/// A function of the user's that is called for an event, and its registration.
class EventHandler {
 public:
  EventHandler() = default;
  EventHandler(const EventHandler&) = delete;
  EventHandler& operator=(const EventHandler&) = delete;
  virtual ~EventHandler() = default;

  /// Handles one event. Never throws what the user's code throws.
  virtual void operator()(Delivery& delivery) = 0;

  Listener listener;
  bool once = false;

 protected:
  /// Reports an argument that does not convert.
  ///
  /// @param position  of the argument, counted from 1
  SOCKETIO_DECL void report_bad_argument(Delivery& delivery, std::size_t position, const ConvertError& error);

 private:
  bool has_warned_ = false;
};

using EventHandlerPtr = std::unique_ptr<EventHandler>;

/// Calls a handler, and reports it if it blocks the thread.
SOCKETIO_DECL void call_watched(const Shard& shard, EventHandler& handler, Delivery& delivery);

/// The catch-all handlers of one socket in one direction.
using CatchAllList = ListenerList<EventHandler, NoKey, DispatchedBy::owner_thread_only>;

/// The handlers of one socket by event.
///
/// A list, not a map: sockets listen to a few events, and the list costs an idle socket little: 16 bytes for each
/// handler, besides the handler itself. The shard has each name once. Dispatching compares texts, not addresses: to
/// find the address of an incoming name would take a hash of it, which costs more than comparing it with a few others.
///
/// @par Thread safety  As ListenerList; the mutex is that of the shard.
/// @par Lifetime       `clear` must be called before it is destroyed.
class EventHandlers {
 public:
  SOCKETIO_DECL void add(Shard& shard, std::string_view event, EventHandlerPtr handler, bool first);
  SOCKETIO_DECL void remove(Shard& shard, std::string_view event, std::optional<Listener> listener);
  SOCKETIO_DECL void clear(Shard& shard);

  /// Owner's thread.
  SOCKETIO_DECL bool contains(std::string_view event) const;

  /// Those that have a handler, each once, in the order of their first handler. Any thread.
  SOCKETIO_DECL std::vector<std::string> event_names(Shard& shard) const;
  /// Any thread.
  SOCKETIO_DECL std::vector<Listener> listeners(Shard& shard, std::string_view event) const;

  /// Calls the handlers of the event.
  SOCKETIO_DECL void dispatch(Shard& shard, Delivery& delivery);

 private:
  using List = ListenerList<EventHandler, const std::string*, DispatchedBy::owner_thread_only>;

  List list_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/event_receiver.ipp>
#endif
