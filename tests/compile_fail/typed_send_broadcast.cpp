// SPDX-License-Identifier: MIT
// expect: `send` sends the event "message", which is not among those that Config declares for this direction
#include <socketio/socketio.hpp>

inline constexpr socketio::Event<"say", void(std::string)> say;

struct Config : socketio::DefaultConfig {
  using EmitEvents = socketio::Events<say>;
};

void send(const socketio::BasicServer<Config>& io) { io.to("room").send("text"); }
