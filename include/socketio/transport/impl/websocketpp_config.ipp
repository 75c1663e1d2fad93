// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocketpp_config.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/websocketpp_config.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL void WebsocketppLink::feed(std::span<const char> bytes) {
  while (!bytes.empty() && handler_) {
    const std::size_t count = std::min(bytes.size(), into_.size());
    std::memcpy(into_.data(), bytes.data(), count);
    bytes = bytes.subspan(count);
    auto* const handler = std::exchange(handler_, nullptr);
    if (handler != &handshake_handler_) {
      (*handler)({}, count);
    } else {
      const auto kept = std::move(handshake_handler_);
      kept({}, count);
    }
  }
}

SOCKETIO_DECL void WebsocketppLink::async_read_at_least(std::size_t, char* into, std::size_t size,
                                                        websocketpp::transport::read_handler& handler) {
  into_ = {into, size};
  handler_ = &handler;
}

SOCKETIO_DECL void WebsocketppLink::async_read_at_least(std::size_t, char* into, std::size_t size,
                                                        websocketpp::transport::read_handler&& handler) {
  into_ = {into, size};
  handshake_handler_ = std::move(handler);
  handler_ = &handshake_handler_;
}

SOCKETIO_DECL void WebsocketppLink::async_write(const char* bytes, std::size_t count,
                                                const websocketpp::transport::write_handler& handler) {
  output.append(bytes, count);
  handler({});
}

SOCKETIO_DECL void WebsocketppLink::async_write(const std::vector<websocketpp::transport::buffer>& pieces,
                                                const websocketpp::transport::write_handler& handler) {
  for (const auto& piece : pieces) {
    if (piece.len == 0) continue;
    if (queue)
      queue->push(message_in_send, std::string_view(piece.buf, piece.len));
    else
      output.append(piece.buf, piece.len);
  }
  handler({});
}

}  // namespace socketio::detail
