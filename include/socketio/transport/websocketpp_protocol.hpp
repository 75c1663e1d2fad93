// SPDX-License-Identifier: MIT
// WebSocket++ behind the seam of the Asio transport: takes bytes, gives events and frames. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/websocket_protocol.hpp>
#include <socketio/transport/websocketpp_config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace socketio::detail {

/// Prepares a message for WebSocket++ once, for all connections of a shard that send it.
///
/// It remembers only the last few messages, and keeps none of them alive.
class WebsocketppPrepared {
 public:
  using Prepared = WebsocketppConfig::message_type::ptr;

  Prepared get(const MessagePtr& message);

 private:
  struct Entry {
    std::weak_ptr<const Message> message;
    std::weak_ptr<WebsocketppConfig::message_type> prepared;
  };

  // A broadcast is one message and its attachments, sent to one receiver after the other.
  std::array<Entry, 8> recent_;
  std::size_t next_ = 0;
};

/// One connection of WebSocket++, which speaks the protocol. This class adds the parts of the contract that WebSocket++
/// does not keep: it limits the fragments of a message, protects lengths from overflow, checks that a fragmented text
/// ends with a complete character, and takes no input beyond the frame whose message the listener is receiving.
class WebsocketppProtocol final : public WebSocketProtocol {
 public:
  using Connection = websocketpp::server<WebsocketppConfig>::connection_ptr;

  /// Performs the handshake on a new connection.
  WebsocketppProtocol(Connection connection, WebsocketppPrepared& prepared, const HttpRequest& request,
                      const WebSocketLimits& limits);

  /// Returns the bytes that WebSocket++ has written of its own accord since the last call: first its response to the
  /// handshake.
  std::string take_output();

  void expect_compression() noexcept override { may_compress_ = true; }
  SOCKETIO_DECL void raise_message_limit(std::size_t bytes) override;
  SOCKETIO_DECL WebSocketEvent parse(std::span<char>& input) override;
  void stop() noexcept override { ended_ = true; }
  SOCKETIO_DECL void send(const MessagePtr& message, AsioOutQueue& queue) override;
  SOCKETIO_DECL std::string pong(std::string_view payload) override;
  SOCKETIO_DECL std::string close(std::optional<std::uint16_t> code, std::string_view reason) override;

 private:
  using MessagePointer = WebsocketppConfig::message_type::ptr;

  std::size_t take_header(std::span<const char> input);
  bool count_frame();
  bool hide_compression();
  bool shorten_header();
  void on_message(MessagePointer message);
  void fail(websocketpp::close::status::value code, const char* why);
  void end();

  bool is_control() const { return (header_[0] & 0x08) != 0; }
  std::size_t length_bytes() const { return (header_[1] & 0x7F) < 126 ? 0 : (header_[1] & 0x7F) == 126 ? 2 : 8; }
  std::size_t mask_bytes() const { return (header_[1] & 0x80) != 0 ? 4 : 0; }

  Connection connection_;
  WebsocketppPrepared& prepared_;
  WebSocketLimits limits_;
  WebSocketEvent event_;
  MessagePointer message_;         // owns the payload of event_
  std::string text_;               // the same for reasons and pings
  std::array<char, 14> header_{};  // of the frame that is arriving
  std::size_t header_bytes_ = 0;
  std::uint64_t payload_left_ = 0;
  std::size_t fragments_ = 0;  // of the message that is arriving, so far
  std::size_t chunks_ = 0;     // in which its current frame has arrived so far
  bool in_payload_ = false;
  bool may_compress_ = false;
  bool is_compressed_ = false;  // the message that is arriving
  bool is_binary_ = false;      // the same
  bool ended_ = false;
};

/// The WebSocket++ endpoint of a shard.
class WebsocketppFactory final : public WebSocketProtocolFactory {
 public:
  WebsocketppFactory() { endpoint_.set_user_agent({}); }

  SOCKETIO_DECL std::unique_ptr<WebSocketProtocol> accept(const HttpRequest& request, const HttpResponse& handshake,
                                                          const HttpHeaders& added, const WebSocketLimits& limits,
                                                          std::string& response_head) override;

 private:
  websocketpp::server<WebsocketppConfig> endpoint_;
  WebsocketppPrepared prepared_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/websocketpp_protocol.ipp>
#endif
