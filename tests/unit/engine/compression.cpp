// SPDX-License-Identifier: MIT
// Responses to polls in the coding that the client prefers, and the settings of compression.
#include <socketio/detail/zlib.hpp>
#include <socketio/engine/compression.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <string>
#include <string_view>

using socketio::ContentCoding;
using socketio::EngineOptions;
using socketio::HttpCompressionOptions;
using socketio::Message;
using socketio::PerMessageDeflateOptions;
using tests::EngineFixture;

#ifdef SOCKETIO_WITH_ZLIB

#include <tests/support/gunzip.hpp>

namespace {

ContentCoding preferred(std::string_view accept_encoding) {
  socketio::HttpHeaders headers;
  headers.add("Accept-Encoding", accept_encoding);
  return socketio::preferred_coding(headers);
}

/// A poll of a client that accepts gzip, answered with `bytes` bytes.
socketio::MemoryResponsePtr answered_poll(EngineFixture& f, std::size_t bytes, bool compress = true,
                                          std::string_view accepted = "gzip") {
  const std::string sid = f.open_polling();
  auto poll = f.poll(sid, {{"Accept-Encoding", accepted}});
  f.session().send(Message::text(std::string(bytes - 1, 'x'), compress));
  return poll;
}

}  // namespace

TEST_CASE("the coding is chosen by weight, then by name, then by order", "[engine][compression]") {
  CHECK(preferred("gzip") == ContentCoding::gzip);
  CHECK(preferred("deflate") == ContentCoding::deflate);
  CHECK(preferred("gzip, deflate") == ContentCoding::gzip);
  CHECK(preferred("deflate, gzip") == ContentCoding::deflate);
  CHECK(preferred("br, zstd") == ContentCoding::identity);
  CHECK(preferred("br, deflate, gzip") == ContentCoding::deflate);
  CHECK(preferred("gzip;q=0.5, deflate;q=0.8") == ContentCoding::deflate);
  CHECK(preferred("gzip; q=0.8 , deflate;Q=0.800") == ContentCoding::gzip);
  CHECK(preferred("gzip;q=0, deflate;q=0.001") == ContentCoding::deflate);
  CHECK(preferred("GZIP") == ContentCoding::gzip);
  CHECK(preferred("*") == ContentCoding::gzip);
  CHECK(preferred("*;q=0.5, deflate;q=0.5") == ContentCoding::deflate);
  CHECK(preferred("*, gzip;q=0") == ContentCoding::deflate);
  CHECK(preferred("gzip;q=0, *") == ContentCoding::deflate);
  CHECK(preferred("deflate, *;q=0.1") == ContentCoding::deflate);
  CHECK(preferred("*;q=0") == ContentCoding::identity);
  CHECK(preferred("identity") == ContentCoding::identity);
  CHECK(preferred("") == ContentCoding::identity);
  CHECK(preferred(" , ,;q=1") == ContentCoding::identity);
  CHECK(preferred("gzip;q=2") == ContentCoding::identity);
  CHECK(preferred("gzip;q=x, deflate") == ContentCoding::deflate);
  CHECK(preferred("gzip;level=3;q=0.2, deflate;q=0.3") == ContentCoding::deflate);
  CHECK(socketio::preferred_coding({}) == ContentCoding::identity);
}

TEST_CASE("a response is compressed from the threshold on", "[engine][compression]") {
  EngineFixture f;
  CHECK(answered_poll(f, 1023)->header("Content-Encoding") == std::nullopt);
  const auto exact = answered_poll(f, 1024);
  CHECK(exact->header("Content-Encoding") == "gzip");
  CHECK(exact->header("Content-Type") == "text/plain; charset=UTF-8");
  CHECK(exact->body().size() < 100);
  CHECK(tests::gunzip(exact->body()) == '4' + std::string(1023, 'x'));
  CHECK(answered_poll(f, 1025)->header("Content-Encoding") == "gzip");
}

TEST_CASE("a response is in the zlib format for clients that prefer deflate", "[engine][compression]") {
  EngineFixture f;
  const auto response = answered_poll(f, 2000, true, "deflate");
  CHECK(response->header("Content-Encoding") == "deflate");
  CHECK(response->body().front() == '\x78');
  CHECK(tests::gunzip(response->body()) == '4' + std::string(1999, 'x'));
}

TEST_CASE("a client gets no coding that it has not requested", "[engine][compression]") {
  EngineFixture f;
  const auto response = answered_poll(f, 2000, true, "br");
  CHECK(response->header("Content-Encoding") == std::nullopt);
  CHECK(response->body().size() == 2000);
}

TEST_CASE("with a threshold of zero even the handshake is compressed", "[engine][compression]") {
  EngineOptions options;
  options.http_compression = HttpCompressionOptions{.threshold = 0};
  EngineFixture f(std::move(options));
  const auto handshake = f.transport.fetch("GET", f.polling(), {}, {{"Accept-Encoding", "gzip"}});
  CHECK(handshake->header("Content-Encoding") == "gzip");
  CHECK(tests::gunzip(handshake->body()).substr(0, 8) == "0{\"sid\":");
}

TEST_CASE("compression can be turned off, for the server and for a message", "[engine][compression]") {
  EngineOptions options;
  options.http_compression = std::nullopt;
  EngineFixture off(std::move(options));
  CHECK(answered_poll(off, 2000)->header("Content-Encoding") == std::nullopt);
  EngineFixture f;
  CHECK(answered_poll(f, 2000, false)->header("Content-Encoding") == std::nullopt);
}

TEST_CASE("one compressible packet is enough to compress a response", "[engine][compression]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.session().send(Message::text(std::string(2000, 'x'), false));
  f.session().send(Message::text("y", true));
  const auto response = f.poll(sid, {{"Accept-Encoding", "gzip"}});
  CHECK(response->header("Content-Encoding") == "gzip");
  CHECK(tests::gunzip(response->body()) == '4' + std::string(2000, 'x') + "\x1e" + "4y");
}

TEST_CASE("the answers to a POST, to a closed poll and to a bad request are never compressed",
          "[engine][compression]") {
  EngineOptions options;
  options.http_compression = HttpCompressionOptions{.threshold = 0};
  EngineFixture f(std::move(options));
  const std::string sid = f.open_polling();
  CHECK(f.post(sid, "4a", {{"Accept-Encoding", "gzip"}})->body() == "ok");
  const auto poll = f.poll(sid, {{"Accept-Encoding", "gzip"}});
  f.session().close();
  CHECK(poll->body() == "1");
  CHECK(f.poll(sid, {{"Accept-Encoding", "gzip"}})->header("Content-Encoding") == std::nullopt);
}

TEST_CASE("hooks see and keep their headers in a compressed response", "[engine][compression]") {
  EngineFixture f;
  f.engine.on_headers([](socketio::HttpHeaders& headers, const socketio::HttpRequest&) { headers.add("X-Mine", "1"); });
  const auto response = answered_poll(f, 5000);
  CHECK(response->header("X-Mine") == "1");
  CHECK(response->header("Content-Encoding") == "gzip");
}

TEST_CASE("a client that offers compression over WebSocket gets it if the server enables it", "[engine][compression]") {
  EngineFixture plain;
  const auto extensions =
      std::pair<std::string_view, std::string_view>("Sec-WebSocket-Extensions", "permessage-deflate");
  CHECK_FALSE(plain.transport.connect_websocket(plain.websocket(), {extensions})->compresses);
  EngineOptions options;
  options.per_message_deflate = PerMessageDeflateOptions{};
  EngineFixture f(std::move(options));
  const auto client = f.transport.connect_websocket(f.websocket(), {extensions});
  CHECK(client->compresses);
  CHECK(client->response.headers.find("Sec-WebSocket-Extensions") == "permessage-deflate");
  CHECK_FALSE(f.transport.connect_websocket(f.websocket())->compresses);
  const auto refused = f.transport.connect_websocket(
      f.websocket(), {{"Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=7"}});
  CHECK_FALSE(refused->accepted);
  CHECK(refused->response.status == 400);
  CHECK(refused->response.body == "Invalid or unacceptable Sec-WebSocket-Extensions header");
}

#else

TEST_CASE("a build without zlib compresses no responses and refuses to compress messages", "[engine][compression]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid, {{"Accept-Encoding", "gzip"}});
  f.session().send(Message::text(std::string(5000, 'x')));
  CHECK(poll->header("Content-Encoding") == std::nullopt);
  EngineOptions options;
  options.per_message_deflate = PerMessageDeflateOptions{};
  CHECK(options.validate() ==
        std::vector<std::string>{"per_message_deflate is set, but the library was built without zlib"});
}

#endif

TEST_CASE("invalid settings of compression are named", "[engine][compression]") {
  EngineOptions options;
  options.http_compression = HttpCompressionOptions{.level = 10};
  PerMessageDeflateOptions deflate_options;
  deflate_options.server_max_window_bits = 8;
  deflate_options.client_max_window_bits = 16;
  deflate_options.level = -2;
  deflate_options.mem_level = 0;
  options.per_message_deflate = deflate_options;
  std::string all;
  for (const std::string& problem : options.validate()) all += problem + '\n';
  for (const std::string_view name : {"http_compression.level", "server_max_window_bits", "client_max_window_bits",
                                      "per_message_deflate.level", "per_message_deflate.mem_level"})
    CHECK(all.find(name) != std::string::npos);
  deflate_options = {};
  deflate_options.server_max_window_bits = 9;
  deflate_options.client_max_window_bits = 8;
  deflate_options.level = 9;
  deflate_options.mem_level = 9;
  CHECK(deflate_options.validate().size() == (socketio::detail::has_zlib ? 0 : 1));
}
