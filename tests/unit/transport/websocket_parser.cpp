// SPDX-License-Identifier: MIT
// Every rule of RFC 6455 for clients, however the bytes arrive.
#include <socketio/transport/websocket_parser.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/websocket_frames.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using socketio::WebSocketEvent;
using socketio::WebSocketLimits;
using socketio::WebSocketParser;
using socketio::test::client_frame;
using socketio::test::close_payload;
using socketio::test::FrameOptions;
using socketio::test::Opcode;
using Kind = WebSocketEvent::Kind;

namespace {

struct Seen {
  Kind kind;
  std::string payload;
  bool is_binary = false;
  std::uint16_t code = 0;

  friend bool operator==(const Seen& a, const Seen& b) {
    return a.kind == b.kind && a.payload == b.payload && a.is_binary == b.is_binary && a.code == b.code;
  }
};

std::vector<Seen> parse(std::string input, std::size_t piece_bytes = std::string::npos, WebSocketLimits limits = {}) {
  WebSocketParser parser(limits);
  std::vector<Seen> seen;
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t size = std::min(piece_bytes, input.size() - at);
    // A copy on the heap, so that the sanitizer sees any access beyond its ends.
    std::vector<char> piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                            input.begin() + static_cast<std::ptrdiff_t>(at + size));
    std::span<char> rest(piece);
    for (;;) {
      const WebSocketEvent event = parser.parse(rest);
      if (event.kind == Kind::none) break;
      seen.push_back(
          {event.kind, std::string(event.payload.data(), event.payload.size()), event.is_binary, event.code});
      if (event.kind == Kind::failed) CHECK_FALSE(event.error.empty());
    }
    CHECK(rest.empty());
    at += size;
  }
  return seen;
}

/// Parses in pieces of many sizes and checks that the results are the same.
std::vector<Seen> parse_any_way(const std::string& input, WebSocketLimits limits = {}) {
  const std::vector<Seen> whole = parse(input, std::string::npos, limits);
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 8u, 13u}) CHECK(parse(input, piece, limits) == whole);
  return whole;
}

unsigned failure(const std::string& input, WebSocketLimits limits = {}) {
  const std::vector<Seen> seen = parse_any_way(input, limits);
  return !seen.empty() && seen.back().kind == Kind::failed ? seen.back().code : 0u;
}

std::string text(std::string_view payload, FrameOptions options = {}) {
  return client_frame(Opcode::text, payload, options);
}
std::string more(std::string_view payload, FrameOptions options = {}) {
  return client_frame(Opcode::continuation, payload, options);
}
constexpr FrameOptions unfinished{false, true, 0, {}};

}  // namespace

TEST_CASE("masking is its own inverse at any offset and length", "[transport][websocket]") {
  const std::array<char, 4> key{'\x01', '\x80', '\xFF', '\x5A'};
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t offset = 0; offset < 9; ++offset) {
      std::string expected(size, '\0');
      for (std::size_t i = 0; i < size; ++i)
        expected[i] = static_cast<char>(static_cast<char>(i) ^ key[(i + offset) % 4]);
      std::string bytes(size, '\0');
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i);
      socketio::websocket_mask(bytes, key, offset);
      CHECK(bytes == expected);
    }
  }
}

TEST_CASE("messages of every length form arrive whole, wherever they are cut", "[transport][websocket]") {
  for (const std::size_t size : {0u, 1u, 7u, 8u, 125u, 126u, 127u, 200u}) {
    std::string payload;
    for (std::size_t i = 0; i < size; ++i) payload += static_cast<char>(i * 7);
    const std::string input = client_frame(Opcode::binary, payload) + text("after");
    for (std::size_t piece = 1; piece <= input.size(); ++piece) {
      const auto seen = parse(input, piece);
      REQUIRE(seen.size() == 2);
      CHECK(seen[0] == Seen{Kind::message, payload, true, 0});
      CHECK(seen[1] == Seen{Kind::message, "after", false, 0});
    }
  }
  const std::string big(70'000, 'x');
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}, std::string::npos}) {
    const auto seen = parse(text(big), piece);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].payload == big);
  }
}

TEST_CASE("lengths written longer than needed are accepted", "[transport][websocket]") {
  const auto seen = parse_any_way(text("a", {true, true, 0, 2}) + text("b", {true, true, 0, 8}) +
                                  client_frame(Opcode::binary, std::string(200, 'c'), {true, true, 0, 8}));
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].payload == "a");
  CHECK(seen[1].payload == "b");
  CHECK(seen[2].payload == std::string(200, 'c'));
}

TEST_CASE("fragments are joined, and control frames may come between them", "[transport][websocket]") {
  const auto seen =
      parse_any_way(text("one ", unfinished) + client_frame(Opcode::ping, "are you there") + more("", unfinished) +
                    more("two ", unfinished) + client_frame(Opcode::pong, "") + more("three") + text("next"));
  REQUIRE(seen.size() == 4);
  CHECK(seen[0] == Seen{Kind::ping, "are you there", false, 0});
  CHECK(seen[1] == Seen{Kind::pong, "", false, 0});
  CHECK(seen[2] == Seen{Kind::message, "one two three", false, 0});
  CHECK(seen[3] == Seen{Kind::message, "next", false, 0});
}

TEST_CASE("text is checked to be UTF-8 across fragments and reads", "[transport][websocket]") {
  const std::string snowman = "\xE2\x98\x83";
  const auto seen = parse_any_way(text("a\xE2", unfinished) + more("\x98", unfinished) + more("\x83") + text(snowman));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload == "a" + snowman);
  CHECK(seen[1].payload == snowman);
  CHECK(failure(text("\xE2\x98")) == 1007);                       // ends inside a character
  CHECK(failure(text("\xE2", unfinished) + more("x")) == 1007);   // broken across fragments
  CHECK(failure(text("\xED\xA0\x80")) == 1007);                   // a surrogate
  CHECK(failure(text("ok \xC0\xAF not")) == 1007);                // an overlong form
  CHECK(failure(client_frame(Opcode::binary, "\xC0\xAF")) == 0);  // binary data is not checked
}

TEST_CASE("invalid text fails before the rest of its message arrives", "[transport][websocket]") {
  CHECK(failure(text("\xFF", unfinished)) == 1007);
  std::string long_frame = text("bad \xFF" + std::string(200, 'x'));
  CHECK(failure(long_frame.substr(0, 20)) == 1007);
}

TEST_CASE("violations of the framing close with 1002", "[transport][websocket]") {
  CHECK(failure(text("a", {true, true, 0x40, {}})) == 1002);
  CHECK(failure(text("a", {true, true, 0x20, {}})) == 1002);
  CHECK(failure(text("a", {true, true, 0x10, {}})) == 1002);
  CHECK(failure(client_frame(Opcode::ping, "", {true, true, 0x40, {}})) == 1002);
  for (const unsigned opcode : {0x3u, 0x4u, 0x5u, 0x6u, 0x7u, 0xBu, 0xCu, 0xDu, 0xEu, 0xFu}) {
    INFO(opcode);
    CHECK(failure(client_frame(static_cast<Opcode>(opcode), "a")) == 1002);
  }
  CHECK(failure(text("a", {true, false, 0, {}})) == 1002);  // not masked
  CHECK(failure(client_frame(Opcode::ping, "", {true, false, 0, {}})) == 1002);
  CHECK(failure(more("a")) == 1002);  // no message to continue
  CHECK(failure(text("a") + more("b")) == 1002);
  CHECK(failure(text("a", unfinished) + text("b")) == 1002);  // the message before is incomplete
  CHECK(failure(text("a", unfinished) + client_frame(Opcode::binary, "b")) == 1002);
  CHECK(failure(client_frame(Opcode::ping, "", unfinished)) == 1002);  // fragmented control frames
  CHECK(failure(client_frame(Opcode::close, "", unfinished)) == 1002);
}

TEST_CASE("control frames carry at most 125 bytes", "[transport][websocket]") {
  for (const Opcode opcode : {Opcode::ping, Opcode::pong}) {
    CHECK(failure(client_frame(opcode, std::string(124, 'p'))) == 0);
    CHECK(parse_any_way(client_frame(opcode, std::string(125, 'p'))).at(0).payload == std::string(125, 'p'));
    CHECK(failure(client_frame(opcode, std::string(126, 'p'))) == 1002);
    CHECK(failure(client_frame(opcode, "p", {true, true, 0, 2})) == 1002);
  }
}

TEST_CASE("close frames carry a valid code and reason or nothing", "[transport][websocket]") {
  const auto closed = [](std::string_view payload) {
    const auto seen = parse_any_way(client_frame(Opcode::close, payload) + text("ignored"));
    REQUIRE(seen.size() == 1);
    return seen[0];
  };
  CHECK(closed("") == Seen{Kind::close, "", false, 1005});
  CHECK(closed(close_payload(1000)) == Seen{Kind::close, "", false, 1000});
  CHECK(closed(close_payload(4321, "bye \xE2\x98\x83")) == Seen{Kind::close, "bye \xE2\x98\x83", false, 4321});
  CHECK(closed(close_payload(1000, std::string(123, 'r'))).payload == std::string(123, 'r'));
  CHECK(closed("\x03") == Seen{Kind::failed, "", false, 1002});
  CHECK(closed(close_payload(1000, "\xFF")) == Seen{Kind::failed, "", false, 1007});
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u, 1014u, 3000u,
                              3999u, 4000u, 4999u}) {
    INFO(code);
    CHECK(closed(close_payload(code)).kind == Kind::close);
  }
  for (const unsigned code : {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u}) {
    INFO(code);
    CHECK(closed(close_payload(code)) == Seen{Kind::failed, "", false, 1002});
  }
}

TEST_CASE("nothing is delivered after a failure", "[transport][websocket]") {
  const auto seen =
      parse_any_way(text("a") + text("b", {true, false, 0, {}}) + text("c") + client_frame(Opcode::ping, ""));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload == "a");
  CHECK(seen[1].kind == Kind::failed);
}

TEST_CASE("a message may be as large as the limit and not one byte more", "[transport][websocket]") {
  WebSocketLimits limits;
  limits.max_message_bytes = 100;
  CHECK(failure(text(std::string(99, 'x')), limits) == 0);
  CHECK(failure(text(std::string(100, 'x')), limits) == 0);
  CHECK(failure(text(std::string(101, 'x')), limits) == 1009);
  const std::string half = text(std::string(50, 'x'), unfinished);
  CHECK(failure(half + more(std::string(50, 'x')), limits) == 0);
  CHECK(failure(half + more(std::string(51, 'x')), limits) == 1009);
  CHECK(failure(half + more(std::string(50, 'x')) + half + more(std::string(50, 'x')), limits) == 0);
  CHECK(failure(client_frame(Opcode::ping, std::string(125, 'x')), limits) == 0);
}

TEST_CASE("a length is refused when it is announced, however large", "[transport][websocket]") {
  const auto announce = [](std::string_view length) {
    return failure(std::string("\x82\xFF", 2) + std::string(length) + "mask");
  };
  CHECK(announce({"\x00\x00\x00\x00\x00\x0F\x42\x40", 8}) == 0);  // 1'000'000
  CHECK(announce({"\x00\x00\x00\x00\x00\x0F\x42\x41", 8}) == 1009);
  CHECK(announce("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF") == 1009);
  CHECK(announce("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF") == 1009);
}

TEST_CASE("a message may have as many fragments as the limit and not one more", "[transport][websocket]") {
  WebSocketLimits limits;
  limits.max_fragments = 3;
  const std::string first = text("", unfinished);
  const std::string next = more("", unfinished);
  CHECK(failure(first + more(""), limits) == 0);
  CHECK(failure(first + next + more(""), limits) == 0);
  CHECK(failure(first + next + next + more(""), limits) == 1008);
  CHECK(failure(first + next + more("") + first + next + more(""), limits) == 0);
}

TEST_CASE("a frame may arrive in as many pieces as the limit and not one more", "[transport][websocket]") {
  WebSocketLimits limits;
  limits.max_buffered_chunks = 3;
  // Cuts the frame behind its header of six bytes, and then into pieces of one byte.
  const auto code = [&](const std::string& frames) {
    WebSocketParser parser(limits);
    std::uint16_t code_seen = 0;
    for (std::size_t at = 0; at < frames.size(); ++at) {
      std::string piece(1, frames[at]);
      std::span<char> rest(piece);
      const WebSocketEvent event = parser.parse(rest);
      if (event.kind == Kind::failed) code_seen = event.code;
    }
    return code_seen;
  };
  CHECK(code(text("abc")) == 0);
  CHECK(code(text("abcd")) == 1008);
  CHECK(code(text("abc", unfinished) + more("def", unfinished) + more("ghi")) == 0);  // each frame counts anew
  CHECK(code(text("abc") + text("def") + client_frame(Opcode::ping, "xyz")) == 0);
  CHECK(code(text("abc", unfinished) + more("defg")) == 1008);
  CHECK(code(text("abc", {true, true, 0, 8})) == 0);
  limits.max_buffered_chunks = 0;
  CHECK(code(text(std::string(500, 'x'))) == 0);
}

TEST_CASE("a stopped parser releases its memory", "[transport][websocket]") {
  WebSocketParser parser(WebSocketLimits{});
  std::string input = text("begun", unfinished);
  std::span<char> rest(input);
  CHECK(parser.parse(rest).kind == Kind::none);
  CHECK_FALSE(parser.ended());
  parser.stop();
  CHECK(parser.ended());
  std::string again = text("more");
  rest = again;
  CHECK(parser.parse(rest).kind == Kind::none);
  CHECK(rest.empty());
}
