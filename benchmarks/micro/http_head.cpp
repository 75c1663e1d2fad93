// SPDX-License-Identifier: MIT
// The heads of requests, from a program and from a browser.
#include <socketio/transport/http_parser.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace socketio::benchmarks {
namespace {

void parse_head(benchmark::State& state, std::string_view head) {
  for (auto _ : state) {
    HttpHeadParser parser;
    std::size_t consumed = 0;
    if (parser.parse(head, consumed) != HttpHeadParser::Status::complete)
      return state.SkipWithError("the head was refused");
    benchmark::DoNotOptimize(parser.request().target.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}

constexpr std::string_view short_head =
    "POST /socket.io/?EIO=4&transport=polling&sid=lv_VI97HAXpY6yYWAAAB HTTP/1.1\r\n"
    "Host: localhost:3000\r\n"
    "Content-Type: text/plain;charset=UTF-8\r\n"
    "Content-Length: 44\r\n"
    "\r\n";

constexpr std::string_view browser_handshake =
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    "Host: chat.example.org\r\n"
    "Connection: Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36\r\n"
    "Upgrade: websocket\r\n"
    "Origin: https://chat.example.org\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "\r\n";

BENCHMARK_CAPTURE(parse_head, post, short_head)->Name("http/head/post_of_a_program");
BENCHMARK_CAPTURE(parse_head, browser, browser_handshake)->Name("http/head/handshake_of_a_browser");

}  // namespace
}  // namespace socketio::benchmarks
