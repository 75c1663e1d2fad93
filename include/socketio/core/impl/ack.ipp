// SPDX-License-Identifier: MIT
// Bodies of ack.hpp. Core layer.
#pragma once

#include <socketio/core/ack.hpp>

#include <asio/error.hpp>

namespace socketio::detail {

SOCKETIO_DECL void PendingAcks::add(std::uint64_t id, Handler handler) {
  entries_.try_emplace(id, *this, id, std::move(handler));
}

SOCKETIO_DECL void PendingAcks::add(std::uint64_t id, Handler handler, TimerQueue& timers,
                                    TimerQueue::Clock::time_point deadline) {
  const auto [at, added] = entries_.try_emplace(id, *this, id, std::move(handler));
  if (added) timers.arm(at->second.timer, deadline);
}

SOCKETIO_DECL void PendingAcks::answer(std::uint64_t id, const Packet& packet) { finish(id, {}, &packet); }

SOCKETIO_DECL void PendingAcks::cancel(std::uint64_t id) { finish(id, asio::error::operation_aborted, nullptr); }

SOCKETIO_DECL void PendingAcks::end_all() {
  const auto ended = std::exchange(entries_, {});
  for (const auto& [id, entry] : ended) entry.handler(make_error_code(Errc::disconnected), nullptr);
}

SOCKETIO_DECL void PendingAcks::Entry::expire(void* context) {
  auto& entry = *static_cast<Entry*>(context);
  entry.owner.finish(entry.id, make_error_code(Errc::timed_out), nullptr);
}

SOCKETIO_DECL void PendingAcks::finish(std::uint64_t id, std::error_code error, const Packet* packet) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const auto entry = entries_.extract(found);  // the handler may destroy this object
  entry.mapped().handler(error, packet);
}

}  // namespace socketio::detail
