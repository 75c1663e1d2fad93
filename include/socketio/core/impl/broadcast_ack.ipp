// SPDX-License-Identifier: MIT
// Bodies of broadcast_ack.hpp. Core layer.
#pragma once

#include <socketio/core/broadcast_ack.hpp>

#include <asio/error.hpp>

namespace socketio::detail {

SOCKETIO_DECL PendingAcks::Handler BroadcastAck::expect(UniqueFunction<void()> withdraw) {
  const std::lock_guard lock(mutex_);
  ++missing_;
  withdraw_.push_back(std::move(withdraw));
  return [self = shared_from_this()](std::error_code error, const Packet* answer) { self->settle(error, answer); };
}

SOCKETIO_DECL void BroadcastAck::add_answer(const std::vector<Value>& items) {
  Packet packet;
  packet.set_event({}, items);  // converters read packets
  if (const std::error_code error = take(packet)) add_error(error);
}

SOCKETIO_DECL void BroadcastAck::add_error(std::error_code error) {
  const std::lock_guard lock(mutex_);
  // A timeout says more than other errors.
  if (error && (!error_ || error == Errc::timed_out)) error_ = error;
}

SOCKETIO_DECL void BroadcastAck::group_done() {
  std::unique_lock lock(mutex_);
  --groups_;
  end_if_settled(lock);
}

SOCKETIO_DECL bool BroadcastAck::on_cancel(UniqueFunction<void()> withdraw) {
  const std::lock_guard lock(mutex_);
  if (!ended_) withdraw_.push_back(std::move(withdraw));
  return !ended_;
}

SOCKETIO_DECL bool BroadcastAck::has_ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

SOCKETIO_DECL void BroadcastAck::cancel() {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  error_ = asio::error::operation_aborted;
  const auto withdraw = std::exchange(withdraw_, {});
  end(lock);
  for (const auto& each : withdraw) each();
}

SOCKETIO_DECL void BroadcastAck::settle(std::error_code error, const Packet* answer) {
  if (answer) error = take(*answer);  // outside of the lock: it may call users' converters
  if (error) add_error(error);
  std::unique_lock lock(mutex_);
  if (ended_) return;
  --missing_;
  end_if_settled(lock);
}

SOCKETIO_DECL void BroadcastAck::end_if_settled(std::unique_lock<std::mutex>& lock) {
  if (missing_ == 0 && groups_ == 0 && !ended_) end(lock);
}

SOCKETIO_DECL void BroadcastAck::end(std::unique_lock<std::mutex>& lock) {
  ended_ = true;
  const auto withdraw = std::exchange(withdraw_, {});
  const std::error_code error = error_;
  lock.unlock();
  finish(error);
}

}  // namespace socketio::detail
