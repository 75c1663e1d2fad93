// SPDX-License-Identifier: MIT
// expect: this event is not among those that Config declares for this direction
// names: socketio::Event<socketio::FixedString<6>{"other"}
// clang names: require_declared_event<socketio::Events<sum>,
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"sum", int(int, int)> sum;
inline constexpr socketio::Event<"other", void()> other;

struct Config : socketio::DefaultConfig {
  using ServerSideEvents = socketio::Events<sum>;
};

void send(const socketio::BasicServer<Config>& io) { io.server_side_emit(other); }
