// SPDX-License-Identifier: MIT
// Bodies of coroutines.hpp. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/event_receiver.hpp>

#include <asio/co_spawn.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace socketio::detail {

/// The end of a coroutine, or of the event loop that it waited in.
class CoroutineEnd {
 public:
  CoroutineEnd(std::shared_ptr<Shard> shard, std::shared_ptr<EventReceiver> receiver)
      : shard_(std::move(shard)), receiver_(std::move(receiver)) {
    shard_->begin_work();
    if (receiver_) receiver_->begin_work();
  }
  CoroutineEnd(CoroutineEnd&&) noexcept = default;
  CoroutineEnd& operator=(CoroutineEnd&&) = delete;
  ~CoroutineEnd() {
    if (receiver_) receiver_->end_work();
    if (shard_) shard_->end_work();
  }

  void operator()(std::exception_ptr) const noexcept {}

 private:
  std::shared_ptr<Shard> shard_;
  std::shared_ptr<EventReceiver> receiver_;
};

SOCKETIO_DECL void spawn(Shard& shard, asio::awaitable<void> coroutine) {
  asio::co_spawn(shard.executor(), std::move(coroutine), CoroutineEnd(shard.shared_from_this(), nullptr));
}

SOCKETIO_DECL void spawn(const std::shared_ptr<EventReceiver>& receiver, asio::awaitable<void> coroutine) {
  Shard& shard = receiver->shard();
  asio::co_spawn(shard.executor(), std::move(coroutine), CoroutineEnd(shard.shared_from_this(), receiver));
}

}  // namespace socketio::detail
