// SPDX-License-Identifier: MIT
// Laws of the WebSocket parser: any cut of the input gives the same events, and no event breaks a limit or RFC 6455.
#include <socketio/transport/websocket_parser.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using socketio::WebSocketEvent;
using socketio::WebSocketLimits;
using socketio::WebSocketParser;

constexpr WebSocketLimits limits{300, 4};

class Reader {
 public:
  explicit Reader(bool compression) {
    if (compression) parser_.expect_compression();
  }

  void feed(std::span<const std::uint8_t> fresh) {
    // A copy of exactly this size: the parser writes into it, and a sanitizer sees any access beyond its ends.
    std::vector<char> bytes(fresh.begin(), fresh.end());
    std::span<char> input(bytes);
    for (;;) {
      const WebSocketEvent event = parser_.parse(input);
      if (event.kind == WebSocketEvent::Kind::none) break;
      fuzz::law(!ended_, "nothing follows the end");
      note(event);
    }
    fuzz::law(input.empty(), "all input is consumed");
    fuzz::law(parser_.ended() == ended_, "the end is known");
  }

  const std::string& transcript() const { return transcript_; }

 private:
  void note(const WebSocketEvent& event) {
    const std::string_view payload(event.payload.data(), event.payload.size());
    switch (event.kind) {
      case WebSocketEvent::Kind::message:
        fuzz::law(payload.size() <= limits.max_message_bytes, "a message is bounded");
        fuzz::law(event.is_binary || event.is_compressed || socketio::is_valid_utf8(payload), "text is UTF-8");
        if (event.is_compressed) transcript_ += "compressed ";
        transcript_ += event.is_binary ? "binary " : "text ";
        break;
      case WebSocketEvent::Kind::ping:
      case WebSocketEvent::Kind::pong:
        fuzz::law(payload.size() <= 125, "a control frame is bounded");
        transcript_ += event.kind == WebSocketEvent::Kind::ping ? "ping " : "pong ";
        break;
      case WebSocketEvent::Kind::close:
        fuzz::law(event.code == 1005 ? payload.empty() : socketio::is_valid_close_code(event.code),
                  "a close code is one");
        fuzz::law(payload.size() <= 123 && socketio::is_valid_utf8(payload), "a close reason is bounded text");
        transcript_ += "close " + std::to_string(event.code) + ' ';
        ended_ = true;
        break;
      case WebSocketEvent::Kind::failed:
        fuzz::law(event.code == 1002 || event.code == 1007 || event.code == 1008 || event.code == 1009,
                  "a failure has its code");
        fuzz::law(!event.error.empty() && payload.empty(), "a failure says why");
        transcript_ += "failed " + std::to_string(event.code) + ' ' + std::string(event.error);
        ended_ = true;
        break;
      case WebSocketEvent::Kind::none: fuzz::law(false, "no event is noted"); break;
    }
    transcript_.append(payload).append(1, '\n');
  }

  WebSocketParser parser_{limits};
  std::string transcript_;
  bool ended_ = false;
};

void check_cuts(std::span<const std::uint8_t> input, bool compression) {
  const std::size_t size = input.size();
  Reader whole(compression);
  whole.feed(input);

  Reader bytes(compression);
  for (std::size_t i = 0; i < size; ++i) bytes.feed(input.subspan(i, 1));
  fuzz::law(bytes.transcript() == whole.transcript(), "byte by byte is the same");

  // Pieces whose sizes follow from the input itself.
  Reader pieces(compression);
  std::uint32_t state = static_cast<std::uint32_t>(size);
  for (std::size_t at = 0; at < size;) {
    state = state * 1664525u + 1013904223u + input[at];
    const std::size_t piece = std::min<std::size_t>(size - at, 1 + (state >> 24) % 40);
    pieces.feed(input.subspan(at, piece));
    at += piece;
  }
  fuzz::law(pieces.transcript() == whole.transcript(), "piece by piece is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool compression : {false, true}) check_cuts(std::span<const std::uint8_t>(data, size), compression);
  return 0;
}
