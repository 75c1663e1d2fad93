// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/scheduler.hpp>. Engine layer.
#pragma once

#include <socketio/engine/scheduler.hpp>

namespace socketio {

SOCKETIO_DECL Scheduler::Scheduler() : timers_([this](Clock::time_point deadline) { wake_at(deadline); }) {}
SOCKETIO_DECL Scheduler::~Scheduler() = default;

SOCKETIO_DECL void Scheduler::arm(Timer& timer, Clock::duration delay) { timers_.arm(timer, now() + delay); }
SOCKETIO_DECL void Scheduler::cancel(Timer& timer) { timers_.cancel(timer); }

}  // namespace socketio
