// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocketpp.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/websocketpp.hpp>
#include <socketio/transport/websocketpp_protocol.hpp>

#include <memory>
#include <vector>

namespace socketio {

SOCKETIO_DECL WebsocketppTransport::WebsocketppTransport(asio::io_context& context, Options options)
    : AsioTransport(context, options, std::make_unique<detail::WebsocketppFactory>()) {}

SOCKETIO_DECL void WebsocketppTransport::link(std::span<WebsocketppTransport* const> transports) {
  std::vector<AsioTransport*> bases;
  for (WebsocketppTransport* const transport : transports) bases.push_back(transport);
  AsioTransport::link(bases);
}

}  // namespace socketio
