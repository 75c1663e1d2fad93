// SPDX-License-Identifier: MIT
// Bodies of middleware.hpp. Core layer.
#pragma once

#include <socketio/core/middleware.hpp>

#include <atomic>

namespace socketio {

struct Next::State {
  State(std::shared_ptr<detail::Shard> owner, Done on_done) : shard(std::move(owner)), done(std::move(on_done)) {}
  std::shared_ptr<detail::Shard> shard;
  Done done;
  std::atomic<bool> called{false};
};

SOCKETIO_DECL Next::Next(std::shared_ptr<detail::Shard> shard, Done done)
    : state_(std::make_shared<State>(std::move(shard), std::move(done))) {}

SOCKETIO_DECL void Next::finish(Result result) const {
  if (state_->called.exchange(true)) return;
  state_->shard->dispatch([state = state_, result = std::move(result)]() mutable {
    const Done done = std::move(state->done);
    done(std::move(result));
  });
}

namespace detail {

SOCKETIO_DECL void refuse_with_current_exception(const Shard& shard, const Next& next, const MiddlewarePlace& place) {
  try {
    throw;
  } catch (const MiddlewareError& refusal) {
    next(refusal);
  } catch (...) {
    shard.report_current_exception(place.nsp, place.socket_id, place.event);
    next(MiddlewareError("internal server error"));
  }
}

SOCKETIO_DECL void begin_watching(WatchedCall& call, const Shard& shard, const MiddlewarePlace& place) {
  shard.watch(call, BlockedCall::Kind::middleware, place.nsp, place.socket_id, place.event);
}

SOCKETIO_DECL void pass_on(const Next& next, std::optional<MiddlewareError> refusal) {
  if (refusal)
    next(*std::move(refusal));
  else
    next();
}

}  // namespace detail
}  // namespace socketio
