// SPDX-License-Identifier: MIT
// expect: a timer calls a function that takes nothing or a socketio::TimerHandle: set_timeout(2s, [] { ... })
#include <socketio/socketio.hpp>

void wait(const socketio::Namespace& nsp) {
  nsp.set_interval(std::chrono::seconds(1), [](int) {});
}
