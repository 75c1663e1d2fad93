// SPDX-License-Identifier: MIT
// The events of a WebSocket parser, with what must hold of each, and independently of how the input is cut.
#pragma once

#include <socketio/protocol/utf8.hpp>
#include <socketio/transport/websocket_parser.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

using socketio::WebSocketEvent;

inline constexpr socketio::WebSocketLimits websocket_limits{300, 4};

/// Notes the events of a parser.
///
/// @tparam Parser  has WebSocketParser::parse
template <class Parser>
class WebSocketReader {
 public:
  explicit WebSocketReader(Parser parser) : parser_(std::move(parser)) {}

  void feed(std::span<const std::uint8_t> fresh) {
    // A copy of exactly this size: the parser writes into it, and a sanitizer sees any access beyond its ends.
    std::vector<char> bytes(fresh.begin(), fresh.end());
    std::span<char> input(bytes);
    for (;;) {
      const WebSocketEvent event = parser_.parse(input);
      if (event.kind == WebSocketEvent::Kind::none) break;
      law(!ended_, "nothing follows the end");
      note(event);
      if constexpr (requires { parser_.answer(event); }) parser_.answer(event);
    }
    law(input.empty(), "all input is consumed");
  }

  const std::string& transcript() const { return transcript_; }
  /// The transcript without pongs, which nobody waits for, and without the words for a failure.
  const std::string& outcome() const { return outcome_; }

 private:
  void note(const WebSocketEvent& event) {
    const std::string_view payload(event.payload.data(), event.payload.size());
    std::string line;
    switch (event.kind) {
      case WebSocketEvent::Kind::message:
        law(payload.size() <= websocket_limits.max_message_bytes, "a message is bounded");
        law(event.is_binary || event.is_compressed || socketio::is_valid_utf8(payload), "text is UTF-8");
        if (event.is_compressed) line += "compressed ";
        line += event.is_binary ? "binary " : "text ";
        break;
      case WebSocketEvent::Kind::ping:
      case WebSocketEvent::Kind::pong:
        law(payload.size() <= 125, "a control frame is bounded");
        line += event.kind == WebSocketEvent::Kind::ping ? "ping " : "pong ";
        break;
      case WebSocketEvent::Kind::close:
        law(event.code == 1005 ? payload.empty() : socketio::is_valid_close_code(event.code), "a close code is one");
        law(payload.size() <= 123 && socketio::is_valid_utf8(payload), "a close reason is bounded text");
        line += "close " + std::to_string(event.code) + ' ';
        ended_ = true;
        break;
      case WebSocketEvent::Kind::failed:
        law(event.code == 1002 || event.code == 1007 || event.code == 1008 || event.code == 1009,
            "a failure has its code");
        law(!event.error.empty() && payload.empty(), "a failure says why");
        line += "failed " + std::to_string(event.code);
        ended_ = true;
        break;
      case WebSocketEvent::Kind::none: law(false, "no event is noted"); break;
    }
    line.append(payload).append(1, '\n');
    transcript_.append(line).append(event.error);
    if (event.kind != WebSocketEvent::Kind::pong) outcome_ += line;
  }

  Parser parser_;
  std::string transcript_;
  std::string outcome_;
  bool ended_ = false;
};

/// Checks that any cut of the input gives the same.
///
/// @param make  makes a parser
/// @return      the outcome
template <class Make>
std::string check_websocket_cuts(std::span<const std::uint8_t> input, Make make) {
  using Reader = WebSocketReader<decltype(make())>;
  const std::size_t size = input.size();
  Reader whole(make());
  whole.feed(input);

  Reader bytes(make());
  for (std::size_t i = 0; i < size; ++i) bytes.feed(input.subspan(i, 1));
  law(bytes.transcript() == whole.transcript(), "byte by byte is the same");

  // Pieces whose sizes follow from the input itself.
  Reader pieces(make());
  std::uint32_t state = static_cast<std::uint32_t>(size);
  for (std::size_t at = 0; at < size;) {
    state = state * 1664525u + 1013904223u + input[at];
    const std::size_t piece = (std::min)(size - at, std::size_t{1} + (state >> 24) % 40);
    pieces.feed(input.subspan(at, piece));
    at += piece;
  }
  law(pieces.transcript() == whole.transcript(), "piece by piece is the same");
  return whole.outcome();
}

inline socketio::WebSocketParser make_websocket_parser(bool compression) {
  socketio::WebSocketParser parser(websocket_limits);
  if (compression) parser.expect_compression();
  return parser;
}

}  // namespace fuzz
