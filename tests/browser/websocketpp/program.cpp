// SPDX-License-Identifier: MIT
// The program of an example over WebsocketppTransport. EXAMPLE is its file, in angle brackets.
#include <socketio/default_config.hpp>

#include <type_traits>

static_assert(std::is_same_v<socketio::DefaultConfig::Transport, socketio::WebsocketppTransport>,
              "the other default_config.hpp has been found first");

#include EXAMPLE
