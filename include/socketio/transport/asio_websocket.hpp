// SPDX-License-Identifier: MIT
// The WebSocket that a connection of the Asio transport has become: its messages and its end. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/websocket_deflate.hpp>
#include <socketio/transport/websocket_parser.hpp>
#include <socketio/transport/websocket_protocol.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace socketio::detail {

class AsioConnection;

/// The part of a WebSocket that is the same for every implementation of RFC 6455: listener, compression, closing.
///
/// It lives as long as its connection, which shares its ownership.
class AsioWebSocket : public WebSocket {
 public:
  AsioWebSocket(AsioConnection& connection, std::unique_ptr<WebSocketDeflate> deflate);
  AsioWebSocket(const AsioWebSocket&) = delete;
  AsioWebSocket& operator=(const AsioWebSocket&) = delete;
  SOCKETIO_DECL ~AsioWebSocket() override;

  // WebSocket
  SOCKETIO_DECL void set_listener(std::shared_ptr<WebSocketListener> listener) override;
  SOCKETIO_DECL bool is_writable() const override;
  SOCKETIO_DECL std::size_t unsent_bytes() const override;
  SOCKETIO_DECL void close(std::optional<std::uint16_t> code = std::nullopt) override;
  SOCKETIO_DECL void terminate() override;

  // For the connection

  virtual void on_input(std::span<char> input) = 0;
  bool wants_input() const;
  void on_drain();
  /// Tells the listener how the connection has ended, at once; without a listener, tells the next one.
  void report_close(WebSocketClose how);
  void drop_listener();

  /// Ignores all further input.
  void stop_reading();
  /// The connection has ended: releases what only an open one needs.
  void on_end();

  /// Keeps bytes that have arrived before there is a listener, or too many for one turn.
  void keep_input(std::string_view input);
  /// Takes the bytes that it has kept, in a later turn.
  void resume_later();

  Timer& timer();

 protected:
  AsioConnection& connection() const noexcept { return connection_; }
  bool is_open() const noexcept;
  bool compresses() const noexcept { return deflate_ != nullptr; }
  /// Queues a message that the deflater compresses; false if the message goes out as it is.
  bool send_compressed(const MessagePtr& message) { return deflate_ && deflate(message); }
  /// Does what the frames in the input ask for. Not a virtual function of the parser: there are two events in most
  /// reads.
  ///
  /// @param most  events in this turn; the rest of the input waits for the next. 0: all
  template <class Parser>
  void take_input(Parser& parser, std::span<char> input, std::size_t most);

 private:
  struct Extra;

  // See WebSocketProtocol.
  virtual void stop_parser() noexcept = 0;
  virtual std::size_t max_message_bytes() const noexcept = 0;
  virtual std::string pong_frame(std::string_view payload) = 0;
  virtual std::string close_frame(std::optional<std::uint16_t> code, std::string_view reason) = 0;

  Extra& extra();
  bool deflate(const MessagePtr& message);
  bool has_kept_input() const noexcept;
  void take_compressed(const WebSocketEvent& event);
  void on_closed_by_peer(std::uint16_t code, std::string reason);
  void on_violation(std::uint16_t code, std::string_view why);
  void on_ping(std::string_view payload);
  void queue_close(std::optional<std::uint16_t> code, std::string_view reason = {});
  void deliver_close();

  AsioConnection& connection_;
  std::shared_ptr<WebSocketListener> listener_;
  std::unique_ptr<WebSocketDeflate> deflate_;  // if both sides compress
  std::unique_ptr<Extra> extra_;               // once something unusual happens
};

/// Speaks RFC 6455 with WebSocketParser and the frames of Message.
class AsioNativeWebSocket final : public AsioWebSocket {
 public:
  AsioNativeWebSocket(AsioConnection& connection, const WebSocketLimits& limits,
                      std::unique_ptr<WebSocketDeflate> deflate);

  SOCKETIO_DECL void send(const MessagePtr& message) override;
  SOCKETIO_DECL void raise_message_limit(std::size_t bytes) override;
  SOCKETIO_DECL void on_input(std::span<char> input) override;

 private:
  SOCKETIO_DECL void stop_parser() noexcept override;
  SOCKETIO_DECL std::size_t max_message_bytes() const noexcept override;
  SOCKETIO_DECL std::string pong_frame(std::string_view payload) override;
  SOCKETIO_DECL std::string close_frame(std::optional<std::uint16_t> code, std::string_view reason) override;

  WebSocketParser parser_;
};

/// Leaves RFC 6455 to a WebSocketProtocol.
class AsioAdaptedWebSocket final : public AsioWebSocket {
 public:
  AsioAdaptedWebSocket(AsioConnection& connection, const WebSocketLimits& limits,
                       std::unique_ptr<WebSocketDeflate> deflate, std::unique_ptr<WebSocketProtocol> protocol);

  SOCKETIO_DECL void send(const MessagePtr& message) override;
  SOCKETIO_DECL void raise_message_limit(std::size_t bytes) override;
  SOCKETIO_DECL void on_input(std::span<char> input) override;

 private:
  SOCKETIO_DECL void stop_parser() noexcept override;
  SOCKETIO_DECL std::size_t max_message_bytes() const noexcept override;
  SOCKETIO_DECL std::string pong_frame(std::string_view payload) override;
  SOCKETIO_DECL std::string close_frame(std::optional<std::uint16_t> code, std::string_view reason) override;

  std::unique_ptr<WebSocketProtocol> protocol_;
  std::size_t max_message_bytes_;
  std::size_t max_messages_per_turn_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_websocket.ipp>
#endif
