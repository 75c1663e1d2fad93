// SPDX-License-Identifier: MIT
// The work for text and bytes: UTF-8 validation and base64.
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/utf8.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace socketio::benchmarks {
namespace {

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

void check_utf8(benchmark::State& state, std::string_view piece) {
  const std::string text = repeated(piece, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::string_view input = text;
    benchmark::DoNotOptimize(input);
    if (!is_valid_utf8(input)) return state.SkipWithError("the text was refused");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
// One, two, three and four bytes to a character: "naïve, 日本 😀 ".
constexpr std::string_view mixed = "na\xC3\xAFve, \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80 ";
BENCHMARK_CAPTURE(check_utf8, ascii, "plain text, ")->Name("utf8/check/ascii/bytes")->Arg(64)->Arg(64 * 1024);
BENCHMARK_CAPTURE(check_utf8, mixed, mixed)->Name("utf8/check/mixed/bytes")->Arg(64)->Arg(64 * 1024);

void encode_base64(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), '\x5a');
  std::string out;
  for (auto _ : state) {
    out.clear();
    base64_encode(std::as_bytes(std::span(bytes)), out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_base64)->Name("base64/encode/bytes")->Arg(64)->Arg(64 * 1024);

void decode_base64(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), '\x5a');
  std::string text;
  base64_encode(std::as_bytes(std::span(bytes)), text);
  std::string out;
  for (auto _ : state) {
    out.clear();
    base64_decode(text, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_base64)->Name("base64/decode/bytes")->Arg(64)->Arg(64 * 1024);

}  // namespace
}  // namespace socketio::benchmarks
