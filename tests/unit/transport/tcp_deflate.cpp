// SPDX-License-Identifier: MIT
// Compressed WebSocket messages over real sockets: both ways, in fragments, beyond limits, and where they are not
// allowed.
#include <socketio/detail/zlib.hpp>
#include <socketio/transport/asio.hpp>
#include <tests/support/asio_fixture.hpp>

#include <memory>
#include <string>
#include <string_view>

#ifdef SOCKETIO_WITH_ZLIB

using socketio::Message;
using socketio::PerMessageDeflateOptions;
using socketio::WebSocketClose;
using socketio::detail::DeflateFormat;
using socketio::detail::Deflater;
using socketio::detail::Inflater;
using socketio::detail::InflateResult;
using socketio::test::AsioFixture;
using socketio::test::client_frame;
using socketio::test::ClientPtr;
using socketio::test::FrameOptions;
using socketio::test::Opcode;
using socketio::test::ServerFrame;
using socketio::test::take_server_frame;

namespace {

constexpr FrameOptions compressed{.reserved_bits = 0x40};

/// A server with compression, and one client with compression.
struct Fixture {
  explicit Fixture(PerMessageDeflateOptions chosen = {}, std::string_view offer = "permessage-deflate")
      : options(std::move(chosen)) {
    server.websocket_limits.max_message_bytes = 10'000;
    server.websocket_limits.per_message_deflate = &options;
    client = server.connect();
    server.when_exchange = [this](const socketio::ExchangePtr& exchange) {
      server.websocket = exchange->accept_websocket({}, server.websocket_limits);
      REQUIRE(server.websocket);
      server.listener = std::make_shared<socketio::test::RecordingListener>();
      server.websocket->set_listener(server.listener);
    };
    std::string request(AsioFixture::websocket_request);
    if (!offer.empty()) request.insert(request.size() - 2, "Sec-WebSocket-Extensions: " + std::string(offer) + "\r\n");
    client->send(request);
    REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
    answer = client->received.substr(0, client->received.find("\r\n\r\n") + 4);
    client->received.erase(0, answer.size());
  }

  std::string deflated(std::string_view text) {
    std::string out;
    deflater.message(text, out);
    return out;
  }

  void expect_messages(std::size_t count) {
    REQUIRE(server.until([&] { return server.listener->messages.size() == count || client->ended; }));
    REQUIRE(server.listener->closes.empty());
  }
  void expect_close(unsigned code) {
    std::optional<ServerFrame> frame;
    REQUIRE(server.until([&] { return (frame = take_server_frame(client->received)) || client->ended; }));
    REQUIRE(frame);
    CHECK(frame->opcode == Opcode::close);
    CHECK(frame->close_code() == code);
    REQUIRE(server.listener->closes.size() == 1);
    CHECK(server.listener->closes[0].cause == WebSocketClose::Cause::protocol_violation);
    CHECK(server.listener->closes[0].code == code);
    CHECK(server.listener->messages.empty());
  }

  /// The first byte of the next frame, and the frame.
  std::pair<unsigned, ServerFrame> next_frame() {
    std::optional<ServerFrame> frame;
    unsigned first = 0;
    REQUIRE(server.until([&] {
      if (!client->received.empty()) first = static_cast<unsigned char>(client->received[0]);
      return (frame = take_server_frame(client->received)) || client->ended;
    }));
    REQUIRE(frame);
    return {first, *frame};
  }

  PerMessageDeflateOptions options;
  AsioFixture server;
  ClientPtr client;
  std::string answer;
  Deflater deflater{DeflateFormat::raw, {}};
};

}  // namespace

TEST_CASE("compressed messages travel both ways", "[transport][asio][deflate]") {
  Fixture f;
  CHECK(f.answer.find("\r\nSec-WebSocket-Extensions: permessage-deflate\r\n") != std::string::npos);
  const std::string large(5000, 'x');
  f.client->send(client_frame(Opcode::text, f.deflated("Hello"), compressed));
  f.client->send(client_frame(Opcode::text, f.deflated("Hello"), compressed));
  f.client->send(client_frame(Opcode::binary, f.deflated(large), compressed) + client_frame(Opcode::text, "plain"));
  f.expect_messages(4);
  CHECK(f.server.listener->messages == std::vector<std::string>{"Hello", "Hello", large, "plain"});

  f.server.websocket->send(Message::text("small"));
  f.server.websocket->send(Message::text(large));
  f.server.websocket->send(Message::text("small"));
  Inflater inflater(15);
  std::string out;
  auto [first, frame] = f.next_frame();
  CHECK(first == 0x81);
  CHECK(frame.payload == "4small");
  std::tie(first, frame) = f.next_frame();
  CHECK(first == 0xC1);
  CHECK(frame.payload.size() < 100);
  REQUIRE(inflater.message(frame.payload, 10'000, out) == InflateResult::ok);
  CHECK(out == '4' + large);
  std::tie(first, frame) = f.next_frame();
  CHECK(first == 0xC1);
  REQUIRE(inflater.message(frame.payload, 10'000, out) == InflateResult::ok);
  CHECK(out == "4small");
  REQUIRE(f.server.until([&] { return f.server.websocket->is_writable(); }));
  CHECK(f.server.websocket->unsent_bytes() == 0);
}

TEST_CASE("a compressed message may come in fragments, with a ping amid them", "[transport][asio][deflate]") {
  Fixture f;
  const std::string message = f.deflated("Hello, hello");
  REQUIRE(message.size() > 4);
  f.client->send(
      client_frame(Opcode::text, std::string_view(message).substr(0, 2), {.fin = false, .reserved_bits = 0x40}) +
      client_frame(Opcode::ping, "now") +
      client_frame(Opcode::continuation, std::string_view(message).substr(2, 2), {.fin = false}) +
      client_frame(Opcode::continuation, std::string_view(message).substr(4)));
  f.expect_messages(1);
  CHECK(f.server.listener->messages[0] == "Hello, hello");
}

TEST_CASE("control frames are never compressed", "[transport][asio][deflate]") {
  PerMessageDeflateOptions options;
  options.threshold = 0;
  Fixture f(options);
  f.client->send(client_frame(Opcode::ping, "ping"));
  const auto [first, frame] = f.next_frame();
  CHECK(first == 0x8A);
  CHECK(frame.payload == "ping");
}

TEST_CASE("the limit applies to the decompressed message", "[transport][asio][deflate]") {
  Fixture fits;
  for (const std::size_t size : {std::size_t{9'999}, std::size_t{10'000}})
    fits.client->send(client_frame(Opcode::text, fits.deflated(std::string(size, 'x')), compressed));
  fits.expect_messages(2);
  Fixture f;
  f.client->send(client_frame(Opcode::text, f.deflated(std::string(10'001, 'x')), compressed));
  f.expect_close(1009);
}

TEST_CASE("data that cannot be decompressed, or is not UTF-8 afterwards, ends the connection with 1007",
          "[transport][asio][deflate]") {
  Fixture garbage;
  garbage.client->send(client_frame(Opcode::text, "\xff\xff\xff", compressed));
  garbage.expect_close(1007);
  Fixture text;
  text.client->send(client_frame(Opcode::text, text.deflated("a\xff"), compressed));
  text.expect_close(1007);
  Fixture binary;
  binary.client->send(client_frame(Opcode::binary, binary.deflated("a\xff"), compressed));
  binary.expect_messages(1);
}

TEST_CASE("the compression bit is refused in other frames", "[transport][asio][deflate]") {
  for (const std::string& frames :
       {client_frame(Opcode::ping, "x", compressed), client_frame(Opcode::close, "", compressed),
        client_frame(Opcode::text, "x", {.fin = false}) + client_frame(Opcode::continuation, "x", compressed),
        client_frame(Opcode::text, "x", {.reserved_bits = 0x20}),
        client_frame(Opcode::text, "x", {.reserved_bits = 0x50})}) {
    Fixture f;
    f.client->send(frames);
    f.expect_close(1002);
  }
  Fixture not_agreed({}, "");
  CHECK(not_agreed.answer.find("Extensions") == std::string::npos);
  not_agreed.client->send(client_frame(Opcode::text, not_agreed.deflated("Hello"), compressed));
  not_agreed.expect_close(1002);
}

TEST_CASE("a client without compression gets plain messages", "[transport][asio][deflate]") {
  PerMessageDeflateOptions options;
  options.threshold = 0;
  Fixture f(options, "");
  f.server.websocket->send(Message::text(std::string(5000, 'x')));
  CHECK(f.next_frame().first == 0x81);
}

TEST_CASE("without a client context every message is decompressed by itself", "[transport][asio][deflate]") {
  Fixture f({}, "permessage-deflate; client_no_context_takeover");
  const std::string alone = f.deflated("Hello");
  f.client->send(client_frame(Opcode::text, alone, compressed) + client_frame(Opcode::text, alone, compressed));
  f.expect_messages(2);
}

TEST_CASE("an offer that cannot be accepted is refused", "[transport][asio][deflate]") {
  AsioFixture server;
  const PerMessageDeflateOptions options;
  server.websocket_limits.per_message_deflate = &options;
  server.when_exchange = [&](const socketio::ExchangePtr& exchange) {
    CHECK_FALSE(exchange->accept_websocket({}, server.websocket_limits));
  };
  const auto client = server.connect();
  std::string request(AsioFixture::websocket_request);
  request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate; nonsense\r\n");
  client->send(request);
  REQUIRE(server.until([&] { return client->ended; }));
  CHECK(client->received.find("HTTP/1.1 400 Bad Request\r\n") == 0);
  CHECK(client->received.find("Invalid or unacceptable Sec-WebSocket-Extensions header") != std::string::npos);
}

#endif
