// SPDX-License-Identifier: MIT
// The heads of responses, byte by byte.
#include <socketio/transport/http_writer.hpp>
#include <tests/support/catch.hpp>

#include <chrono>
#include <string>

using socketio::http_response_head;
using socketio::http_upgrade_head;
using socketio::HttpHeaders;
using socketio::HttpResponse;

TEST_CASE("a response head has the status, the fields, the length and the Connection field", "[transport][http]") {
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain");
  response.body = "hello";
  CHECK(http_response_head(response, {true, std::chrono::seconds(5)}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: keep-alive\r\n"
        "Keep-Alive: timeout=5\r\n\r\n");
  CHECK(http_response_head(response, {false, std::chrono::seconds(5)}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
}

TEST_CASE("framing fields of the program are ignored", "[transport][http]") {
  HttpResponse response;
  response.status = 404;
  response.headers.add("content-length", "99");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("connection", "upgrade");
  CHECK(http_response_head(response, {}) ==
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("a response without a body has a length only if it was given one", "[transport][http]") {
  HttpResponse response;
  response.status = 204;
  CHECK(http_response_head(response, {}) == "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
  response.headers.add("Content-Length", "0");
  CHECK(http_response_head(response, {}) ==
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  response.status = 304;
  response.headers = {};
  CHECK(http_response_head(response, {}) == "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("invalid fields are left out", "[transport][http]") {
  HttpResponse response;
  response.status = 204;
  response.headers.add("X-Good", "a\tb \xE9");
  response.headers.add("X-Bad", "a\r\nSet-Cookie: stolen=1");
  response.headers.add("X-Bad", "a\n");
  response.headers.add("X-Bad", std::string("a\0b", 3));
  response.headers.add("X Bad", "a");
  response.headers.add("X-Bad: a\r\nY", "b");
  response.headers.add("", "a");
  CHECK(http_response_head(response, {}) ==
        "HTTP/1.1 204 No Content\r\nX-Good: a\tb \xE9\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("an upgrade's head has the handshake's fields first and no framing", "[transport][http]") {
  HttpResponse handshake;
  handshake.status = 101;
  handshake.headers.add("Upgrade", "websocket");
  handshake.headers.add("Connection", "Upgrade");
  HttpHeaders added;
  added.add("Set-Cookie", "a=b");
  added.add("Content-Length", "0");
  added.add("Connection", "close");
  added.add("Upgrade", "other");
  CHECK(http_upgrade_head(handshake, added) ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: a=b\r\n\r\n");
}
