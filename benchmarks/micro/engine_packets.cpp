// SPDX-License-Identifier: MIT
// Engine.IO packets and polling payloads, decoded and encoded.
#include <socketio/engine/message.hpp>
#include <socketio/protocol/eio_packet.hpp>
#include <socketio/protocol/eio_payload.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::benchmarks {
namespace {

constexpr std::string_view event = "2[\"chat message\",\"Hello, how are you today?\"]";

void decode_packet(benchmark::State& state) {
  const std::string text = '4' + std::string(event);
  for (auto _ : state) {
    std::string_view input = text;
    benchmark::DoNotOptimize(input);
    const auto packet = decode_eio_packet(input);
    if (!packet) return state.SkipWithError("the packet was refused");
    benchmark::DoNotOptimize(packet->data.data());
  }
}
BENCHMARK(decode_packet)->Name("eio_packet/decode");

void encode_packet(benchmark::State& state) {
  for (auto _ : state) {
    MessagePtr message = Message::text(event);
    benchmark::DoNotOptimize(message->frame()[0].data());
  }
}
BENCHMARK(encode_packet)->Name("eio_packet/encode_with_frame");

void decode_payload(benchmark::State& state) {
  const std::size_t count = static_cast<std::size_t>(state.range(0));
  std::string payload;
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) payload += eio_payload_separator;
    payload += '4';
    payload += event;
  }
  for (auto _ : state) {
    std::size_t seen = 0;
    for_each_packet(payload, [&](const EioPacketView& packet) { seen += packet.data.size(); });
    if (seen != count * event.size()) return state.SkipWithError("packets are missing");
    benchmark::DoNotOptimize(seen);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload.size()));
}
BENCHMARK(decode_payload)->Name("eio_payload/decode/packets")->Arg(1)->Arg(16)->Arg(256);

void encode_payload(benchmark::State& state) {
  const std::vector<MessagePtr> packets(static_cast<std::size_t>(state.range(0)), Message::text(event));
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::string payload;
    for (const MessagePtr& packet : packets) {
      if (!payload.empty()) payload += eio_payload_separator;
      packet->append_to_polling_payload(payload);
    }
    bytes = payload.size();
    benchmark::DoNotOptimize(payload.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(encode_payload)->Name("eio_payload/encode/packets")->Arg(1)->Arg(16)->Arg(256);

}  // namespace
}  // namespace socketio::benchmarks
