// SPDX-License-Identifier: MIT
// Acknowledgements: answering the client's, and keeping account of those expected from it. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/fwd.hpp>
#include <socketio/protocol/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

namespace socketio {

/// Answers the client's acknowledgement request: the last parameter of an event handler.
///
/// The first call sends the answer, later ones do nothing; so does a call after the client has gone, or when the
/// client did not ask (see `wanted`). May be kept and called at any later time.
///
/// @tparam Results     what the answer consists of, each convertible to the wire; `Args` for any number of anything
/// @par Thread safety  May be called from any thread; the answer is sent on the socket's own.
/// @par Specification  Socket.IO protocol, revision 5, "Acknowledgement".
template <class... Results>
class Ack {
 public:
  using Send = void (*)(void* target, const Results&... results);

  Ack() = default;
  Ack(std::shared_ptr<void> target, Send send) : target_(std::move(target)), send_(send) {}

  void operator()(const Results&... results) const {
    if (target_) send_(target_.get(), results...);
  }

  /// Whether the client asked for an acknowledgement.
  bool wanted() const noexcept { return target_ != nullptr; }

 private:
  std::shared_ptr<void> target_;
  Send send_ = nullptr;
};

namespace detail {

/// The acknowledgements that one socket still expects.
///
/// An entry ends by the client's answer, by its timeout, or by the end of the socket; a late answer finds nothing.
/// Owner's thread only.
class PendingAcks {
 public:
  /// `answer` is null when there is none; then the code says why.
  using Handler = UniqueFunction<void(std::error_code, const Packet* answer)>;

  std::size_t size() const noexcept { return entries_.size(); }

  SOCKETIO_DECL void add(std::uint64_t id, Handler handler);

  /// As `add`; ends with Errc::timed_out at `deadline`.
  SOCKETIO_DECL void add(std::uint64_t id, Handler handler, TimerQueue& timers, TimerQueue::Clock::time_point deadline);

  /// Hands an answer to the handler that waits for it.
  SOCKETIO_DECL void answer(std::uint64_t id, const Packet& packet);

  /// Ends an entry with asio::error::operation_aborted.
  SOCKETIO_DECL void cancel(std::uint64_t id);

  /// Ends every entry with Errc::disconnected, in the order in which they were added.
  SOCKETIO_DECL void end_all();

 private:
  struct Entry {
    Entry(PendingAcks& acks, std::uint64_t ack_id, Handler on_end)
        : owner(acks), id(ack_id), handler(std::move(on_end)) {}

    static void expire(void* context);

    PendingAcks& owner;
    std::uint64_t id;
    Handler handler;
    Timer timer{&Entry::expire, this};
  };

  void finish(std::uint64_t id, std::error_code error, const Packet* packet);

  std::map<std::uint64_t, Entry> entries_;  // ids grow
};

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/ack.ipp>
#endif
