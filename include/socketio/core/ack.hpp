// SPDX-License-Identifier: MIT
// Acknowledgements: answering the client's, and keeping account of those expected from it. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/fwd.hpp>
#include <socketio/protocol/packet.hpp>

#include <asio/error.hpp>

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

  void add(std::uint64_t id, Handler handler) { entries_.try_emplace(id, *this, id, std::move(handler)); }

  /// As `add`; ends with Errc::timed_out at `deadline`.
  void add(std::uint64_t id, Handler handler, TimerQueue& timers, TimerQueue::Clock::time_point deadline) {
    const auto [at, added] = entries_.try_emplace(id, *this, id, std::move(handler));
    if (added) timers.arm(at->second.timer, deadline);
  }

  /// Hands an answer to whoever waits for it.
  void answer(std::uint64_t id, const Packet& packet) { finish(id, {}, &packet); }

  /// Ends an entry with asio::error::operation_aborted.
  void cancel(std::uint64_t id) { finish(id, asio::error::operation_aborted, nullptr); }

  /// Ends every entry with Errc::disconnected, in the order in which they were added.
  void end_all() {
    const auto ended = std::exchange(entries_, {});
    for (const auto& [id, entry] : ended) entry.handler(make_error_code(Errc::disconnected), nullptr);
  }

 private:
  struct Entry {
    Entry(PendingAcks& acks, std::uint64_t ack_id, Handler on_end)
        : owner(acks), id(ack_id), handler(std::move(on_end)) {}

    static void expire(void* context) {
      auto& entry = *static_cast<Entry*>(context);
      entry.owner.finish(entry.id, make_error_code(Errc::timed_out), nullptr);
    }

    PendingAcks& owner;
    std::uint64_t id;
    Handler handler;
    Timer timer{&Entry::expire, this};
  };

  void finish(std::uint64_t id, std::error_code error, const Packet* packet) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    const auto entry = entries_.extract(found);  // the handler may destroy this object
    entry.mapped().handler(error, packet);
  }

  std::map<std::uint64_t, Entry> entries_;  // ids grow
};

}  // namespace detail
}  // namespace socketio
