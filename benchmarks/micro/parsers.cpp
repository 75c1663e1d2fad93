// SPDX-License-Identifier: MIT
// Socket.IO packets with each parser: events decoded as in a connection, and encoded as in an emit.
#include <socketio/protocol/json_parser.hpp>
#include <socketio/protocol/msgpack_parser.hpp>

#include <benchmark/benchmark.h>
#include <benchmarks/support/events.hpp>

#include <cstdint>
#include <string>

namespace socketio::benchmarks {
namespace {

template <class Parser, class Event>
void decode_event(benchmark::State& state) {
  const EncodedPacket packet = encode<Parser, Event>();
  const std::string text(packet.text.view());
  Parser parser;
  typename Parser::Decoder decoder;
  for (auto _ : state) {
    DecodeResult result;
    if (!text.empty()) result = parser.decode_text(decoder, text);
    for (const Binary& bytes : packet.attachments)
      result = parser.decode_binary(decoder, Binary(std::string(bytes.view())));
    if (!result.packet) return state.SkipWithError("the packet was refused");
    benchmark::DoNotOptimize(result.packet.get());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size_of(packet)));
}

template <class Parser, class Event>
void encode_event(benchmark::State& state) {
  const std::size_t bytes = size_of(encode<Parser, Event>());
  for (auto _ : state) {
    EncodedPacket packet = encode<Parser, Event>();
    benchmark::DoNotOptimize(&packet);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

BENCHMARK(decode_event<JsonParser, SmallEvent>)->Name("json/decode/small_event");
BENCHMARK(decode_event<JsonParser, TenArguments>)->Name("json/decode/ten_arguments");
BENCHMARK(decode_event<JsonParser, NestedObject>)->Name("json/decode/nested_object_1KiB");
BENCHMARK(decode_event<JsonParser, LongString>)->Name("json/decode/string_64KiB");
BENCHMARK(decode_event<JsonParser, TwoBinaries>)->Name("json/decode/two_attachments_1KiB");
BENCHMARK(encode_event<JsonParser, SmallEvent>)->Name("json/encode/small_event");
BENCHMARK(encode_event<JsonParser, TenArguments>)->Name("json/encode/ten_arguments");
BENCHMARK(encode_event<JsonParser, NestedObject>)->Name("json/encode/nested_object_1KiB");
BENCHMARK(encode_event<JsonParser, LongString>)->Name("json/encode/string_64KiB");
BENCHMARK(encode_event<JsonParser, TwoBinaries>)->Name("json/encode/two_attachments_1KiB");

BENCHMARK(decode_event<MsgpackParser, SmallEvent>)->Name("msgpack/decode/small_event");
BENCHMARK(decode_event<MsgpackParser, TenArguments>)->Name("msgpack/decode/ten_arguments");
BENCHMARK(decode_event<MsgpackParser, NestedObject>)->Name("msgpack/decode/nested_object_1KiB");
BENCHMARK(decode_event<MsgpackParser, LongString>)->Name("msgpack/decode/string_64KiB");
BENCHMARK(decode_event<MsgpackParser, TwoBinaries>)->Name("msgpack/decode/two_binaries_1KiB");
BENCHMARK(encode_event<MsgpackParser, SmallEvent>)->Name("msgpack/encode/small_event");
BENCHMARK(encode_event<MsgpackParser, TenArguments>)->Name("msgpack/encode/ten_arguments");
BENCHMARK(encode_event<MsgpackParser, NestedObject>)->Name("msgpack/encode/nested_object_1KiB");
BENCHMARK(encode_event<MsgpackParser, LongString>)->Name("msgpack/encode/string_64KiB");
BENCHMARK(encode_event<MsgpackParser, TwoBinaries>)->Name("msgpack/encode/two_binaries_1KiB");

}  // namespace
}  // namespace socketio::benchmarks
