// SPDX-License-Identifier: MIT
// The opening handshake: the accepted form, and the refusals, as in `ws`.
#include <socketio/transport/websocket_handshake.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <string_view>

using socketio::answer_websocket_handshake;
using socketio::HttpRequest;
using socketio::HttpResponse;

namespace {

HttpRequest handshake() {
  HttpRequest request;
  request.method = "GET";
  request.target = "/";
  request.headers.add("Host", "a");
  request.headers.add("Upgrade", "WebSocket");
  request.headers.add("Connection", "keep-alive, Upgrade");
  request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  request.headers.add("Sec-WebSocket-Version", "13");
  return request;
}

HttpResponse with(std::string_view name, std::string_view value) {
  HttpRequest request = handshake();
  request.headers.set(name, value);
  return answer_websocket_handshake(request);
}

HttpResponse without(std::string_view name) {
  HttpRequest request = handshake();
  request.headers.remove(name);
  return answer_websocket_handshake(request);
}

void check_refused(const HttpResponse& response, unsigned status, std::string_view text) {
  CHECK(response.status == status);
  CHECK(response.body == text);
  CHECK(response.headers.find("content-type") == "text/html");
  CHECK(response.close);
}

}  // namespace

TEST_CASE("a handshake is accepted with the answer of RFC 6455", "[transport][websocket]") {
  const HttpResponse response = answer_websocket_handshake(handshake());
  CHECK(response.status == 101);
  REQUIRE(response.headers.size() == 3);
  CHECK(response.headers.find("upgrade") == "websocket");
  CHECK(response.headers.find("connection") == "Upgrade");
  CHECK(response.headers.find("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(with("Sec-WebSocket-Version", "8").status == 101);
}

TEST_CASE("the first offered subprotocol is accepted", "[transport][websocket]") {
  CHECK(with("Sec-WebSocket-Protocol", "b, a").headers.find("sec-websocket-protocol") == "b");
  HttpRequest twice = handshake();
  twice.headers.add("Sec-WebSocket-Protocol", "one");
  twice.headers.add("Sec-WebSocket-Protocol", "two,three");
  CHECK(answer_websocket_handshake(twice).headers.find("sec-websocket-protocol") == "one");
}

TEST_CASE("handshakes that do not conform are refused as ws refuses them", "[transport][websocket]") {
  HttpRequest post = handshake();
  post.method = "POST";
  check_refused(answer_websocket_handshake(post), 405, "Invalid HTTP method");
  check_refused(with("Upgrade", "h2c"), 400, "Invalid Upgrade header");
  check_refused(with("Upgrade", "websocket, h2c"), 400, "Invalid Upgrade header");
  check_refused(without("Upgrade"), 400, "Invalid Upgrade header");
  const std::string_view bad_key = "Missing or invalid Sec-WebSocket-Key header";
  check_refused(without("Sec-WebSocket-Key"), 400, bad_key);
  check_refused(with("Sec-WebSocket-Key", ""), 400, bad_key);
  check_refused(with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ="), 400, bad_key);
  check_refused(with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQAA"), 400, bad_key);
  check_refused(with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j-Q=="), 400, bad_key);
  for (const char* version : {"", "0", "7", "9", "12", "14", "13, 8", "013", "13.0"}) {
    INFO(version);
    const HttpResponse response = with("Sec-WebSocket-Version", version);
    check_refused(response, 400, "Missing or invalid Sec-WebSocket-Version header");
    CHECK(response.headers.find("sec-websocket-version") == "13, 8");
  }
  check_refused(without("Sec-WebSocket-Version"), 400, "Missing or invalid Sec-WebSocket-Version header");
  for (const char* offer : {"", ",", "a,", ",a", "a,,b", "a b", "a, a", "a(b)", "\"a\""}) {
    INFO(offer);
    check_refused(with("Sec-WebSocket-Protocol", offer), 400, "Invalid Sec-WebSocket-Protocol header");
  }
}

TEST_CASE("only HTTP/1.1 requests with both fields are upgrade requests", "[transport][websocket]") {
  HttpRequest request = handshake();
  CHECK(socketio::asks_to_upgrade(request, false));
  CHECK_FALSE(socketio::asks_to_upgrade(request, true));
  request.headers.set("Connection", "keep-alive");
  CHECK_FALSE(socketio::asks_to_upgrade(request, false));
  request = handshake();
  request.headers.remove("Upgrade");
  CHECK_FALSE(socketio::asks_to_upgrade(request, false));
}
