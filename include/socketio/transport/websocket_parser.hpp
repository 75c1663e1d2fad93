// SPDX-License-Identifier: MIT
// Reads the frames of a WebSocket client, and returns its messages and control frames. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/protocol/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

/// The next thing that WebSocketParser::parse has found in its input.
struct WebSocketEvent {
  enum class Kind : std::uint8_t { none, message, ping, pong, close, failed };
  Kind kind = Kind::none;
  bool is_binary = false;      // message
  bool is_compressed = false;  // message: the payload is still compressed, and text is not yet checked for UTF-8
  std::uint16_t code = 0;      // close: the peer's code, 1005 if it gave none; failed: the code to send to the peer
  std::span<char> payload;     // unmasked: the message, the data of ping or pong, the reason of close
  std::string_view error{};    // failed: why, in a few words
};

/// Parses the frames of a client incrementally, and unmasks complete ones in place.
///
/// The parser holds no memory between messages. An unfinished frame or message has an allocation of its own, which is
/// at most twice as large as the part that has arrived; the parser releases it when the message is complete.
///
/// Frames whose length is not encoded in the fewest bytes are accepted, as `ws` accepts them.
///
/// @par Untrusted input  All of it. The events do not depend on how the input was cut, unless
///                       `WebSocketLimits::max_buffered_chunks` is set.
/// @par Specification    RFC 6455 sections 5 and 7.4; RFC 7692 section 6 if compression was agreed upon.
class WebSocketParser {
 public:
  explicit WebSocketParser(const WebSocketLimits& limits) noexcept
      : max_message_bytes_(limits.max_message_bytes),
        max_fragments_((std::min)(limits.max_fragments, std::size_t{0xFF'FFFF}) & 0xFF'FFFFu),
        max_chunks_((std::min)(limits.max_buffered_chunks, std::size_t{0xFF'FFFF}) & 0xFF'FFFFu),
        max_messages_per_turn_((std::min)(limits.max_messages_per_turn, std::size_t{0x3FFF}) & 0x3FFFu),
        ended_(0),
        may_compress_(0) {}

  std::size_t max_message_bytes() const noexcept { return max_message_bytes_; }

  /// For its user: see WebSocketLimits.
  std::size_t max_messages_per_turn() const noexcept { return max_messages_per_turn_; }

  /// @param bytes  not less than before
  void raise_message_limit(std::size_t bytes) noexcept { max_message_bytes_ = bytes; }

  /// From now on messages may be compressed; the limit on their size then applies to their compressed form.
  void expect_compression() noexcept { may_compress_ = 1; }

  /// Consumes bytes from the front of `input` up to the next event; call until it returns Kind::none.
  ///
  /// After a close frame and after a failure the rest of the input is consumed without events.
  ///
  /// @param input  is overwritten; its unconsumed rest on return
  /// @return       Kind::none when the input is used up; the payload is valid until the next call
  WebSocketEvent parse(std::span<char>& input);

  /// Whether a close frame or a failure has ended the input.
  bool ended() const noexcept { return ended_ != 0; }

  /// Forgets an unfinished message, and ignores all further input.
  void stop() noexcept {
    ended_ = 1;
    partial_.reset();
  }

 private:
  static constexpr std::size_t max_header_bytes = 14;
  static constexpr std::size_t max_control_bytes = 125;

  struct Frame {
    std::uint64_t left = 0;  // payload bytes to come
    std::array<char, 4> key{};
    std::uint8_t opcode = 0;
    bool fin = false;
    bool is_compressed = false;

    bool is_control() const noexcept { return (opcode & 0x8) != 0; }
  };

  // The state of an incomplete frame or message.
  struct Partial {
    std::string message;
    Frame frame;
    Utf8Validator utf8;
    std::size_t message_frames = 0;
    std::size_t frame_chunks = 0;
    bool in_message = false;
    bool message_is_binary = false;
    bool message_is_compressed = false;
    bool in_frame = false;
    bool delivered = false;
    std::uint8_t header_bytes = 0;
    std::uint8_t control_bytes = 0;
    std::array<char, max_header_bytes> header;
    std::array<char, max_control_bytes> control;

    bool idle() const noexcept { return !in_message && !in_frame && header_bytes == 0; }
  };

  Partial& partial();
  bool read_header(std::span<char>& input, Frame& frame, WebSocketEvent& event);
  bool check_start(unsigned char first, unsigned char second, WebSocketEvent& event);
  bool check_length(const Frame& frame, WebSocketEvent& event);
  void begin_frame(const Frame& frame, std::span<char>& input, WebSocketEvent& event);
  WebSocketEvent continue_frame(std::span<char>& input);
  WebSocketEvent control_frame(const Frame& frame, std::span<char> payload);
  WebSocketEvent fail(std::uint16_t code, std::string_view why);

  std::size_t max_message_bytes_;
  std::unique_ptr<Partial> partial_;
  // Together in 8 bytes of every connection.
  std::uint64_t max_fragments_ : 24;
  std::uint64_t max_chunks_ : 24;
  std::uint64_t max_messages_per_turn_ : 14;
  std::uint64_t ended_ : 1;
  std::uint64_t may_compress_ : 1;
};

/// Applies a frame's masking key to `bytes`, of which the first is at `offset` in the payload.
SOCKETIO_DECL void websocket_mask(std::span<char> bytes, const std::array<char, 4>& key,
                                  std::size_t offset = 0) noexcept;

/// Whether a close frame may carry this code: 1000 to 1014 as assigned, 3000 to 4999.
constexpr bool is_valid_close_code(unsigned code) noexcept {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

/// A control frame of the server: `opcode` 0x8 close, 0x9 ping, 0xA pong; at most 125 bytes of payload.
SOCKETIO_DECL std::string websocket_control_frame(unsigned opcode, std::string_view payload);

/// A close frame of the server; without a code it is empty. The reason is at most 123 bytes.
SOCKETIO_DECL std::string websocket_close_frame(std::optional<std::uint16_t> code, std::string_view reason = {});

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/websocket_parser.ipp>
#endif
