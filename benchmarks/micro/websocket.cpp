// SPDX-License-Identifier: MIT
// Frames of a WebSocket client: parsed whole and in pieces; and unmasking alone.
#include <socketio/transport/websocket_parser.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace socketio::benchmarks {
namespace {

constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();

/// A frame of text. The key turns lower-case letters into ASCII. The parser unmasks in place, so it finds valid text in
/// every second run too.
std::string text_frame(std::size_t payload_bytes) {
  std::string frame = "\x81";
  const auto append_length = [&](unsigned code, unsigned bytes) {
    frame += static_cast<char>(0x80u | code);
    for (unsigned i = bytes; i > 0; --i) frame += static_cast<char>(std::uint64_t{payload_bytes} >> (8 * (i - 1)));
  };
  if (payload_bytes < 126)
    append_length(static_cast<unsigned>(payload_bytes), 0);
  else if (payload_bytes <= 0xFFFF)
    append_length(126, 2);
  else
    append_length(127, 8);
  frame += "\x01\x02\x03\x04";
  frame.append(payload_bytes, 'm');
  return frame;
}

/// @param pieces_of  bytes that arrive at a time
void parse_frame(benchmark::State& state, std::size_t payload_bytes, std::size_t pieces_of) {
  std::string frame = text_frame(payload_bytes);
  WebSocketParser parser{WebSocketLimits{}};
  for (auto _ : state) {
    std::size_t messages = 0;
    for (std::size_t at = 0; at < frame.size(); at += std::min(pieces_of, frame.size() - at)) {
      std::span<char> input(frame.data() + at, std::min(pieces_of, frame.size() - at));
      for (;;) {
        const WebSocketEvent event = parser.parse(input);
        if (event.kind == WebSocketEvent::Kind::none) break;
        if (event.kind == WebSocketEvent::Kind::message && event.payload.size() == payload_bytes) ++messages;
      }
    }
    if (messages != 1) return state.SkipWithError("the message has not come");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frame.size()));
}
BENCHMARK_CAPTURE(parse_frame, 32B, 32, whole)->Name("websocket/parse/32B");
BENCHMARK_CAPTURE(parse_frame, 1KiB, 1024, whole)->Name("websocket/parse/1KiB");
BENCHMARK_CAPTURE(parse_frame, 64KiB, 64 * 1024, whole)->Name("websocket/parse/64KiB");
BENCHMARK_CAPTURE(parse_frame, 1KiB_in_pieces, 1024, 100)->Name("websocket/parse/1KiB_in_pieces_of_100B");
BENCHMARK_CAPTURE(parse_frame, 64KiB_in_pieces, 64 * 1024, 1460)->Name("websocket/parse/64KiB_in_pieces_of_1460B");

void mask(benchmark::State& state) {
  std::string bytes(static_cast<std::size_t>(state.range(0)), 'm');
  const std::array<char, 4> key{'\x37', '\xfa', '\x21', '\x3d'};
  for (auto _ : state) {
    websocket_mask(bytes, key);
    benchmark::DoNotOptimize(bytes.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(mask)->Name("websocket/mask/bytes")->Arg(32)->Arg(1024)->Arg(64 * 1024);

}  // namespace
}  // namespace socketio::benchmarks
