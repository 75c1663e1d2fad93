// SPDX-License-Identifier: MIT
// The seam inside the Asio transport for another implementation of RFC 6455. Transport layer, no I/O.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/websocket_parser.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace socketio::detail {

class AsioOutQueue;

/// The WebSocket protocol of one connection, in place of WebSocketParser and the frames of Message.
/// AsioAdaptedWebSocket uses it.
///
/// AsioWebSocket does the work that is the same for every implementation: it keeps the listener, queues the frames, and
/// carries out the closing handshake with its timeouts. It also compresses and decompresses the messages.
class WebSocketProtocol {
 public:
  virtual ~WebSocketProtocol() = default;

  /// As WebSocketParser::expect_compression.
  virtual void expect_compression() noexcept = 0;

  /// As WebSocketParser::raise_message_limit.
  virtual void raise_message_limit(std::size_t bytes) = 0;

  /// As WebSocketParser::parse.
  virtual WebSocketEvent parse(std::span<char>& input) = 0;

  /// Ignores all further input; the payload of the last event stays valid.
  virtual void stop() noexcept = 0;

  /// Queues the frame of a message that is not compressed; called while neither side has closed.
  virtual void send(const MessagePtr& message, AsioOutQueue& queue) = 0;

  /// The frame that answers the ping of the last event.
  virtual std::string pong(std::string_view payload) = 0;

  /// The frame that begins a close, or answers the close or the violation of the last event.
  virtual std::string close(std::optional<std::uint16_t> code, std::string_view reason) = 0;
};

/// Makes the WebSocketProtocol of every connection of one shard.
class WebSocketProtocolFactory {
 public:
  virtual ~WebSocketProtocolFactory() = default;

  /// @param request        a request that conforms
  /// @param handshake      the result of answer_websocket_handshake for this request
  /// @param added          further fields for the response
  /// @param response_head  out: the head of the response, with its empty line
  virtual std::unique_ptr<WebSocketProtocol> accept(const HttpRequest& request, const HttpResponse& handshake,
                                                    const HttpHeaders& added, const WebSocketLimits& limits,
                                                    std::string& response_head) = 0;
};

}  // namespace socketio::detail
