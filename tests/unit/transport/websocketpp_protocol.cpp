// SPDX-License-Identifier: MIT
// WebSocket++ behind its interface gives the same results as our own parser, whatever clients send and however it is
// cut.
#include <socketio/transport/asio_out_queue.hpp>
#include <socketio/transport/websocket_parser.hpp>
#include <socketio/transport/websocketpp.hpp>
#include <socketio/transport/websocketpp_protocol.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/websocket_frames.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using socketio::Message;
using socketio::WebSocketEvent;
using socketio::WebSocketLimits;
using socketio::WebSocketParser;
using socketio::detail::AsioOutQueue;
using socketio::detail::WebsocketppFactory;
using socketio::detail::WebsocketppPrepared;
using socketio::detail::WebSocketProtocol;
using socketio::test::client_frame;
using socketio::test::close_payload;
using socketio::test::FrameOptions;
using socketio::test::Opcode;
using Kind = WebSocketEvent::Kind;

namespace {

constexpr FrameOptions unfinished_frame{false, true, 0, {}};

std::unique_ptr<WebSocketProtocol> accept(WebsocketppFactory& factory, const WebSocketLimits& limits = {}) {
  socketio::HttpRequest request;
  request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  request.headers.add("Sec-WebSocket-Version", "13");
  std::string head;
  auto protocol = factory.accept(request, {}, {}, limits, head);
  CHECK(head.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  return protocol;
}

/// The events, one per line; pings are answered, because the caller of WebSocket++ must do so.
template <class Parser>
std::vector<std::string> events(Parser& parser, std::string_view input, std::size_t piece_bytes) {
  std::vector<std::string> seen;
  while (!input.empty()) {
    std::string piece(input.substr(0, piece_bytes));
    input.remove_prefix(piece.size());
    std::span<char> rest(piece);
    for (;;) {
      const WebSocketEvent event = parser.parse(rest);
      if (event.kind == Kind::none) break;
      const std::string payload(event.payload.data(), event.payload.size());
      switch (event.kind) {
        case Kind::message:
          seen.push_back(std::string(event.is_compressed ? "compressed " : "") +
                         (event.is_binary ? "binary " : "text ") + payload);
          break;
        case Kind::ping: seen.push_back("ping " + payload); break;
        case Kind::close: seen.push_back("close " + std::to_string(event.code) + ' ' + payload); break;
        case Kind::failed:
          seen.push_back("failed " + std::to_string(event.code));
          CHECK_FALSE(event.error.empty());
          break;
        case Kind::pong:
        case Kind::none: break;
      }
    }
    CHECK(rest.empty());
  }
  return seen;
}

void check_alike(const std::string& input, const WebSocketLimits& limits, bool compression) {
  static WebsocketppFactory factory;
  WebSocketParser ours(limits);
  if (compression) ours.expect_compression();
  const auto expected = events(ours, input, std::string::npos);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{2000}, std::string::npos}) {
    CAPTURE(piece);
    const auto theirs = accept(factory, limits);
    if (compression) theirs->expect_compression();
    CHECK(events(*theirs, input, piece) == expected);
  }
}

}  // namespace

TEST_CASE("WebSocket++ and our parser give the same result", "[transport][websocketpp]") {
  WebSocketLimits limits;
  limits.max_message_bytes = 5'000;
  limits.max_fragments = 3;
  const std::string euro = "\xe2\x82\xac";
  const std::string text = client_frame(Opcode::text, "hello");
  const std::string fragment = client_frame(Opcode::continuation, "", unfinished_frame);
  for (const std::string& input : std::vector<std::string>{
           text + client_frame(Opcode::binary, std::string(5'000, 'b')) + text,
           client_frame(Opcode::text, "", {true, true, 0, 8}) + client_frame(Opcode::text, "x", {true, true, 0, 2}) +
               client_frame(Opcode::text, std::string(200, 'y'), {true, true, 0, 8}) + text,
           client_frame(Opcode::text, "a" + euro.substr(0, 2), unfinished_frame) +
               client_frame(Opcode::ping, "between") + client_frame(Opcode::continuation, euro.substr(2)) + text,
           client_frame(Opcode::text, euro.substr(0, 2), unfinished_frame) + client_frame(Opcode::continuation, ""),
           client_frame(Opcode::text, "\xff") + text,
           client_frame(Opcode::text, "", unfinished_frame) + fragment + client_frame(Opcode::continuation, "z") + text,
           client_frame(Opcode::text, "", unfinished_frame) + fragment + fragment,
           client_frame(Opcode::binary, std::string(5'001, 'b')),
           client_frame(Opcode::text, std::string(4'999, 'a'), unfinished_frame) +
               client_frame(Opcode::continuation, "bc"),
           client_frame(Opcode::text, "a", unfinished_frame) + std::string("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                                                           "mask"),
           client_frame(Opcode::text, "a", {true, false, 0, {}}),
           client_frame(Opcode::text, "a", {true, true, 0x20, {}}),
           client_frame(Opcode::ping, "a", unfinished_frame),
           client_frame(Opcode::ping, std::string(126, 'p')),
           client_frame(Opcode::ping, "p", {true, true, 0, 2}),
           client_frame(Opcode::continuation, "a"),
           client_frame(Opcode::text, "a", unfinished_frame) + text,
           client_frame(static_cast<Opcode>(3), ""),
           client_frame(Opcode::pong, "p") + client_frame(Opcode::ping, "") + client_frame(Opcode::close, "") + text,
           client_frame(Opcode::close, close_payload(1000)),
           client_frame(Opcode::close, close_payload(4999, "bye")),
           client_frame(Opcode::close, "\x03"),
           client_frame(Opcode::close, close_payload(1005)),
           client_frame(Opcode::close, close_payload(999)),
           client_frame(Opcode::close, close_payload(1002, "")),
           client_frame(Opcode::close, close_payload(1016)),
           client_frame(Opcode::close, close_payload(1000, "\xff")),
           client_frame(Opcode::close, close_payload(1002, "Invalid close code")),
       }) {
    CAPTURE(input);
    check_alike(input, limits, false);
    check_alike(input, limits, true);
  }
}

TEST_CASE("WebSocket++ and our parser count the pieces of a frame alike", "[transport][websocketpp]") {
  WebSocketLimits limits;
  limits.max_buffered_chunks = 3;
  WebsocketppFactory factory;
  for (const std::string& input : std::vector<std::string>{
           client_frame(Opcode::text, "abc") + client_frame(Opcode::binary, "abc") + client_frame(Opcode::text, ""),
           client_frame(Opcode::text, "abc", {true, true, 0, 8}),
           client_frame(Opcode::text, "abc", unfinished_frame) + client_frame(Opcode::ping, "xyz") +
               client_frame(Opcode::continuation, "def"),
           client_frame(Opcode::text, "abcd"),
           client_frame(Opcode::text, "abc", unfinished_frame) + client_frame(Opcode::continuation, "defg"),
       }) {
    CAPTURE(input);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::string::npos}) {
      CAPTURE(piece);
      WebSocketParser ours(limits);
      const auto theirs = accept(factory, limits);
      CHECK(events(*theirs, input, piece) == events(ours, input, piece));
    }
  }
}

TEST_CASE("WebSocket++ and our parser give the same result for random input", "[transport][websocketpp]") {
  WebSocketLimits limits;
  limits.max_message_bytes = 300;
  limits.max_fragments = 4;
  std::mt19937 random(20'250'101);
  const auto below = [&random](unsigned end) { return static_cast<unsigned>(random() % end); };
  for (int round = 0; round < 300; ++round) {
    std::string input;
    for (unsigned frames = 1 + below(12); frames > 0; --frames) {
      static constexpr Opcode usual[] = {Opcode::continuation, Opcode::text, Opcode::binary, Opcode::ping,
                                         Opcode::pong};
      FrameOptions options;
      options.fin = below(3) != 0;
      options.masked = below(40) != 0;
      if (below(15) == 0) options.reserved_bits = below(3) == 0 ? 0x10u << below(2) : 0x40u;
      if (below(8) == 0) options.length_bytes = 8;
      const Opcode opcode = below(25) == 0 ? static_cast<Opcode>(below(16)) : usual[below(5)];
      std::string payload(below(6) == 0 ? below(320) : below(20), below(20) == 0 ? '\xc3' : 'x');
      if (opcode == Opcode::close) payload = close_payload(below(5'100), payload.substr(0, 20));
      if (static_cast<unsigned>(opcode) >= 8 && below(10) != 0) {
        options = {};
        payload.resize(std::min<std::size_t>(payload.size(), 125));
      }
      if (payload.size() > 0xFFFF) options.length_bytes.reset();
      input += client_frame(opcode, payload, options);
    }
    if (below(10) == 0) input[below(static_cast<unsigned>(input.size()))] ^= static_cast<char>(1u << below(8));
    CAPTURE(round);
    check_alike(input, limits, below(2) == 0);
  }
}

TEST_CASE("a message is prepared once for all its receivers, and not kept afterwards", "[transport][websocketpp]") {
  WebsocketppPrepared prepared;
  auto message = Message::text("to all");
  std::weak_ptr<void> watched;
  {
    const auto one = prepared.get(message);
    const auto two = prepared.get(message);
    CHECK(one == two);
    CHECK(one->get_header() + one->get_payload() == std::string(message->frame()[0]));
    CHECK(one != prepared.get(Message::text("to all")));
    watched = one;
  }
  CHECK(watched.expired());
  for (int i = 0; i < 100; ++i) {  // with whatever memory the next ones get
    message = Message::text(std::to_string(i));
    CHECK(prepared.get(message)->get_payload() == "4" + std::to_string(i));
  }
}

TEST_CASE("the queue shares the frames of WebSocket++, and keeps them alive", "[transport][websocketpp]") {
  WebsocketppFactory factory;
  const auto one = accept(factory);
  const auto two = accept(factory);
  AsioOutQueue first;
  AsioOutQueue second;
  {
    const auto message = Message::binary(socketio::Binary(std::string(1'000, 'b')));
    one->send(message, first);
    two->send(message, second);
    CHECK(first.bytes() == message->frame_bytes());
  }
  std::vector<asio::const_buffer> buffers;
  std::vector<asio::const_buffer> others;
  first.gather(buffers);
  second.gather(others);
  REQUIRE(buffers.size() == 2);
  REQUIRE(others.size() == 2);
  CHECK(buffers[1].size() == 1'000);
  CHECK(buffers[1].data() == others[1].data());
  CHECK(std::string(static_cast<const char*>(buffers[1].data()), 1'000) == std::string(1'000, 'b'));
}
