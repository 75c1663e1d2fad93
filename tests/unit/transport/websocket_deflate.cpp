// SPDX-License-Identifier: MIT
// permessage-deflate: the negotiation, and the codec of a connection.
#include <socketio/transport/websocket_deflate.hpp>
#include <tests/support/catch.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

using socketio::DeflateAgreement;
using socketio::DeflateNegotiation;
using socketio::DeflatePool;
using socketio::Message;
using socketio::negotiate_deflate;
using socketio::PerMessageDeflateOptions;
using socketio::WebSocketDeflate;

namespace {

DeflateNegotiation negotiated(std::string_view offer, const PerMessageDeflateOptions& options = {}) {
  socketio::HttpHeaders headers;
  headers.add("Sec-WebSocket-Extensions", offer);
  return negotiate_deflate(headers, options);
}

/// The answer to an offer: "" if there is none, "400" if the handshake is refused.
std::string answer(std::string_view offer, const PerMessageDeflateOptions& options = {}) {
  const DeflateNegotiation negotiation = negotiated(offer, options);
  if (negotiation.refused) return "400";
  return negotiation.agreement ? negotiation.agreement->to_header() : "";
}

}  // namespace

TEST_CASE("the usual offers get the usual answers", "[transport][deflate]") {
  CHECK(answer("permessage-deflate") == "permessage-deflate");
  CHECK(answer("permessage-deflate; client_max_window_bits") == "permessage-deflate");
  CHECK(answer("permessage-deflate; server_no_context_takeover") == "permessage-deflate; server_no_context_takeover");
  CHECK(answer("permessage-deflate; client_no_context_takeover; server_max_window_bits=10") ==
        "permessage-deflate; client_no_context_takeover; server_max_window_bits=10");
  CHECK(answer("permessage-deflate;client_max_window_bits=\"12\"") == "permessage-deflate; client_max_window_bits=12");
  CHECK(answer("x-webkit-deflate-frame") == "");
  CHECK(answer("x-other; a=b, permessage-deflate") == "permessage-deflate");
  CHECK_FALSE(negotiate_deflate({}, {}).refused);
  CHECK_FALSE(negotiate_deflate({}, {}).agreement);
}

TEST_CASE("the server's settings go into the answer", "[transport][deflate]") {
  PerMessageDeflateOptions options;
  options.server_no_context_takeover = options.client_no_context_takeover = true;
  options.server_max_window_bits = 11;
  CHECK(answer("permessage-deflate", options) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11");
  options = {};
  options.client_max_window_bits = 10;
  CHECK(answer("permessage-deflate; client_max_window_bits", options) ==
        "permessage-deflate; client_max_window_bits=10");
  CHECK(answer("permessage-deflate; client_max_window_bits=9", options) ==
        "permessage-deflate; client_max_window_bits=9");
}

TEST_CASE("the first acceptable offer is accepted", "[transport][deflate]") {
  PerMessageDeflateOptions options;
  options.server_max_window_bits = 12;
  CHECK(answer("permessage-deflate; server_max_window_bits=11", options) == "400");
  CHECK(answer("permessage-deflate; server_max_window_bits=12", options) ==
        "permessage-deflate; server_max_window_bits=12");
  CHECK(answer("permessage-deflate; server_max_window_bits=13", options) ==
        "permessage-deflate; server_max_window_bits=12");
  CHECK(answer("permessage-deflate; server_max_window_bits=9, permessage-deflate; client_no_context_takeover",
               options) == "permessage-deflate; client_no_context_takeover; server_max_window_bits=12");
  options = {};
  options.client_max_window_bits = 12;
  CHECK(answer("permessage-deflate", options) == "400");
}

TEST_CASE("an invalid offer is refused", "[transport][deflate]") {
  for (const std::string_view offer : {"permessage-deflate; unknown",
                                       "permessage-deflate; server_max_window_bits",
                                       "permessage-deflate; server_max_window_bits=7",
                                       "permessage-deflate; server_max_window_bits=16",
                                       "permessage-deflate; server_max_window_bits=08",
                                       "permessage-deflate; server_max_window_bits=100",
                                       "permessage-deflate; server_max_window_bits=1x",
                                       "permessage-deflate; client_max_window_bits=7",
                                       "permessage-deflate; client_max_window_bits=16",
                                       "permessage-deflate; server_no_context_takeover=1",
                                       "permessage-deflate; client_no_context_takeover=\"\"",
                                       "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                                       "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
                                       "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
                                       "permessage-deflate, , a",
                                       "permessage-deflate;",
                                       "",
                                       ",",
                                       "permessage-deflate; =9",
                                       "permessage-deflate; client_max_window_bits=",
                                       "permessage-deflate; client_max_window_bits=\"9",
                                       "permessage deflate",
                                       "a; b=\"c,d\", permessage-deflate"})
    CHECK(answer(offer) == "400");
  CHECK(answer("permessage-deflate; server_max_window_bits=8") == "permessage-deflate; server_max_window_bits=8");
  CHECK(answer("permessage-deflate; server_max_window_bits=15") == "permessage-deflate; server_max_window_bits=15");
}

#ifdef SOCKETIO_WITH_ZLIB

using socketio::detail::Inflater;
using socketio::detail::InflateResult;

namespace {

constexpr std::size_t limit = 1'000'000;

std::string repeated(std::size_t size) { return std::string(size, 'x'); }

/// The payload of a short frame.
std::string_view payload_of(const WebSocketDeflate::Frame& frame) {
  const std::size_t length = static_cast<unsigned char>((*frame)[1]);
  return std::string_view(*frame).substr(length < 126 ? 2 : length == 126 ? 4 : 10);
}

}  // namespace

TEST_CASE("a message is compressed from the threshold on, and its frame has the bit set", "[transport][deflate]") {
  DeflatePool pool;
  WebSocketDeflate deflate(pool, {}, {});
  CHECK(deflate.frame_of(Message::text(repeated(1022))) == nullptr);
  const auto frame = deflate.frame_of(Message::text(repeated(1023)));
  REQUIRE(frame);
  CHECK((*frame)[0] == '\xC1');
  Inflater inflater(15);
  std::string out;
  REQUIRE(inflater.message(payload_of(frame), limit, out) == InflateResult::ok);
  CHECK(out == '4' + repeated(1023));

  // Now there is a context, so small messages are compressed.
  const auto small = deflate.frame_of(Message::text(repeated(100)));
  REQUIRE(small);
  CHECK(small->size() < 15);
  REQUIRE(inflater.message(payload_of(small), limit, out) == InflateResult::ok);
  CHECK(out == '4' + repeated(100));

  const auto binary = deflate.frame_of(Message::binary(socketio::Binary(repeated(5000))));
  REQUIRE(binary);
  CHECK((*binary)[0] == '\xC2');
}

TEST_CASE("empty messages and messages with compress(false) are sent uncompressed", "[transport][deflate]") {
  DeflatePool pool;
  PerMessageDeflateOptions options;
  options.threshold = 0;
  WebSocketDeflate deflate(pool, {}, options);
  CHECK(deflate.frame_of(Message::text(repeated(5000), false)) == nullptr);
  CHECK(deflate.frame_of(Message::binary(socketio::Binary(std::string()))) == nullptr);
  CHECK(deflate.frame_of(Message::text("x")) != nullptr);
  // zlib has no window of this size.
  DeflateAgreement tiny;
  tiny.server_max_window_bits = 8;
  CHECK(WebSocketDeflate(pool, tiny, options).frame_of(Message::text(repeated(5000))) == nullptr);
}

TEST_CASE("the length of a compressed frame is written in the shortest way", "[transport][deflate]") {
  DeflatePool pool;
  PerMessageDeflateOptions options;
  options.level = 0;
  WebSocketDeflate deflate(pool, {}, options);
  for (const auto& [size, second] : {std::pair<std::size_t, int>{2000, 126}, {60'000, 126}, {70'000, 127}}) {
    const auto frame = deflate.frame_of(Message::text(repeated(size)));
    REQUIRE(frame);
    CHECK(static_cast<unsigned char>((*frame)[1]) == second);
    std::size_t written = 0;
    const std::size_t header = second == 126 ? 4 : 10;
    for (std::size_t i = 2; i < header; ++i) written = written << 8 | static_cast<unsigned char>((*frame)[i]);
    CHECK(written == frame->size() - header);
  }
}

TEST_CASE("without a context a broadcast is compressed once for all receivers", "[transport][deflate]") {
  DeflatePool pool;
  DeflateAgreement agreement;
  agreement.server_no_context_takeover = true;
  WebSocketDeflate first(pool, agreement, {});
  WebSocketDeflate second(pool, agreement, {});
  agreement.server_max_window_bits = 9;
  WebSocketDeflate other(pool, agreement, {});
  const auto message = Message::text(repeated(3000));
  const auto frame = first.frame_of(message);
  REQUIRE(frame);
  CHECK(second.frame_of(message) == frame);
  CHECK(first.frame_of(message) == frame);
  const auto narrow = other.frame_of(message);
  REQUIRE(narrow);
  CHECK(narrow != frame);
  // The same bytes in another message: the frame is a new one, but equal, because no earlier data is used.
  const auto again = first.frame_of(Message::text(repeated(3000)));
  CHECK(*again == *frame);
  CHECK(first.frame_of(Message::text(repeated(100))) == nullptr);

  std::string out;
  REQUIRE(Inflater(9).message(payload_of(narrow), limit, out) == InflateResult::ok);
  CHECK(out == '4' + repeated(3000));
}

TEST_CASE("with a context every connection compresses by itself", "[transport][deflate]") {
  DeflatePool pool;
  WebSocketDeflate first(pool, {}, {});
  WebSocketDeflate second(pool, {}, {});
  std::string words;
  for (int i = 0; i < 500; ++i) words += std::to_string(i * 7919) + ' ';
  const auto message = Message::text(words);
  const auto frame = first.frame_of(message);
  CHECK(*second.frame_of(message) == *frame);
  CHECK(first.frame_of(message)->size() < frame->size() / 2);
}

TEST_CASE("messages of a client are decompressed with or without a context", "[transport][deflate]") {
  DeflatePool pool;
  DeflatePool clients;
  for (const bool without : {false, true}) {
    DeflateAgreement agreement;
    agreement.server_no_context_takeover = agreement.client_no_context_takeover = without;
    WebSocketDeflate server(pool, agreement, {});
    WebSocketDeflate client(clients, agreement, {});
    std::string out;
    for (int i = 0; i < 3; ++i) {
      const auto frame = client.frame_of(Message::text(repeated(2000)));
      REQUIRE(server.inflate(payload_of(frame), limit, out) == InflateResult::ok);
      CHECK(out == '4' + repeated(2000));
    }
    // A bad message must not affect other connections.
    CHECK(server.inflate("\xff\xff", limit, out) == InflateResult::bad_data);
    WebSocketDeflate next(pool, agreement, {});
    WebSocketDeflate next_client(clients, agreement, {});
    CHECK(next.inflate(payload_of(next_client.frame_of(Message::text(repeated(2000)))), 2001, out) ==
          InflateResult::ok);
    CHECK(next.inflate(payload_of(next_client.frame_of(Message::text(repeated(2000)))), 2000, out) ==
          InflateResult::too_big);
  }
}

#endif
