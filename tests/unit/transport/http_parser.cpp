// SPDX-License-Identifier: MIT
// Request heads and bodies: which are accepted, which are refused, and that the result does not depend on the cuts.
#include <socketio/transport/http_parser.hpp>
#include <tests/support/catch.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using socketio::HttpBodyDecoder;
using socketio::HttpFraming;
using socketio::HttpHeadParser;
using socketio::HttpLimits;

namespace {

struct HeadResult {
  HttpHeadParser parser;
  HttpHeadParser::Status status = HttpHeadParser::Status::incomplete;
  std::size_t used = 0;
};

/// Feeds the input in pieces, and repeats the bytes that were not consumed.
HeadResult parse_head(std::string_view input, std::size_t piece_bytes = std::string_view::npos,
                      HttpLimits limits = {}) {
  HeadResult result{HttpHeadParser(limits)};
  std::size_t available = 0;
  while (result.status == HttpHeadParser::Status::incomplete && available < input.size()) {
    available += std::min(piece_bytes, input.size() - available);
    std::size_t consumed = 0;
    result.status = result.parser.parse(input.substr(result.used, available - result.used), consumed);
    result.used += consumed;
  }
  return result;
}

unsigned head_error(std::string_view input, HttpLimits limits = {}) {
  const HeadResult whole = parse_head(input, std::string_view::npos, limits);
  for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
    const HeadResult cut = parse_head(input, piece, limits);
    CHECK(cut.status == whole.status);
    CHECK(cut.parser.error_status() == whole.parser.error_status());
  }
  return whole.parser.error_status();
}

struct BodyResult {
  HttpBodyDecoder::Status status = HttpBodyDecoder::Status::incomplete;
  std::string data;
  std::string rest;
  unsigned error = 0;
};

BodyResult decode_body(HttpFraming framing, std::string_view input, std::size_t piece_bytes = std::string_view::npos,
                       HttpLimits limits = {}) {
  HttpBodyDecoder decoder(framing, limits);
  BodyResult result;
  std::size_t at = 0;
  while (at < input.size() && !decoder.complete() && result.status != HttpBodyDecoder::Status::failed) {
    const auto piece = decoder.decode(input.substr(at, piece_bytes));
    result.data += piece.data;
    result.status = piece.status;
    at += piece.consumed;
  }
  result.rest = input.substr(at);
  result.error = decoder.error_status();
  return result;
}

constexpr HttpFraming chunked{HttpFraming::Kind::chunked, 0};

std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n"; }

}  // namespace

TEST_CASE("a request head is parsed the same wherever it is cut", "[transport][http]") {
  const std::string head =
      "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example.org\r\nCONTENT-length: \t12 \r\n"
      "X-Empty:\r\nX-Latin: caf\xE9\r\nCookie: a=b\r\n\r\n";
  const std::string input = head + "body and more";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    HeadResult result = parse_head(input, piece);
    REQUIRE(result.status == HttpHeadParser::Status::complete);
    CHECK(result.used == head.size());
    const auto& request = result.parser.request();
    CHECK(request.method == "POST");
    CHECK(request.target == "/socket.io/?EIO=4&transport=polling");
    REQUIRE(request.headers.size() == 5);
    CHECK(request.headers.find("content-length") == "12");
    CHECK(request.headers.find("x-empty") == "");
    CHECK(request.headers.find("x-latin") == "caf\xE9");
    CHECK(result.parser.framing().kind == HttpFraming::Kind::length);
    CHECK(result.parser.framing().length == 12);
    CHECK(result.parser.keep_alive());
  }
}

TEST_CASE("empty lines before a request are skipped", "[transport][http]") {
  HeadResult result = parse_head("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(result.status == HttpHeadParser::Status::complete);
  CHECK(result.parser.request().method == "GET");
}

TEST_CASE("keep-alive follows the version and the Connection field", "[transport][http]") {
  const auto keeps = [](std::string_view input) {
    HeadResult result = parse_head(input);
    REQUIRE(result.status == HttpHeadParser::Status::complete);
    return result.parser.keep_alive();
  };
  CHECK(keeps(get("")));
  CHECK_FALSE(keeps(get("Connection: foo, Close\r\n")));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
}

TEST_CASE("malformed heads are refused with 400", "[transport][http]") {
  const std::vector<std::string> heads{"GET /\r\n\r\n",                                  // no version
                                       "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",             // an empty target
                                       "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",            // a space in the target
                                       "GET / HTTP/2.0\r\nHost: a\r\n\r\n",              // an unsupported version
                                       "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",             // something after the version
                                       "GET / http/1.1\r\nHost: a\r\n\r\n",              // lower case
                                       "get / HTTP/1.1\r\nHost: a\r\n\r\n",              // methods are case-sensitive
                                       "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",             // unknown
                                       "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",       // the server is not a proxy
                                       "GET foo HTTP/1.1\r\nHost: a\r\n\r\n",            // neither path nor URL
                                       "GET / HTTP/1.1\r\n\r\n",                         // no Host
                                       "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",   // two of them
                                       "GET / HTTP/1.1\r\nHost : a\r\n\r\n",             // a space before the colon
                                       "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",       // no name
                                       "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",  // no field
                                       "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",   // obsolete folding
                                       "GET / HTTP/1.1\r\nHost: a\r\n\tfolded\r\n\r\n",  // the same
                                       "GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n",   // a name that is no token
                                       "GET / HTTP/1.1\nHost: a\n\n",                    // bare line feeds
                                       "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",        // one of them
                                       "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",        // a bare carriage return
                                       std::string("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", 28),  // a zero
                                       "GET / HTTP/1.1\r\nHost: a\x7F\r\n\r\n",                 // a control character
                                       "\x16\x03\x01\x02",                                      // TLS on the wrong port
                                       get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),  // two framings
                                       get("Content-Length: 1\r\nContent-Length: 1\r\n"),
                                       get("Content-Length: 1, 1\r\n"),
                                       get("Content-Length: -1\r\n"),
                                       get("Content-Length: +1\r\n"),
                                       get("Content-Length: 0x1\r\n"),
                                       get("Content-Length: 1 1\r\n"),
                                       get("Content-Length:\r\n"),
                                       get("Content-Length: 18446744073709551616\r\n"),
                                       get("Transfer-Encoding: identity\r\n"),
                                       get("Transfer-Encoding: chunked, gzip\r\n"),
                                       get("Transfer-Encoding: xchunked\r\n"),
                                       get("Transfer-Encoding:\r\n"),
                                       "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"};
  for (const std::string& head : heads) {
    INFO(head);
    CHECK(head_error(head) == 400);
  }
}

TEST_CASE("valid HTTP that this server does not support is refused with its own status", "[transport][http]") {
  CHECK(head_error(get("Transfer-Encoding: gzip, chunked\r\n")) == 501);
  CHECK(head_error(get("Expect: the moon\r\n")) == 417);
}

TEST_CASE("Expect: 100-continue counts only if there is a body", "[transport][http]") {
  CHECK(parse_head(get("Expect: 100-Continue\r\nContent-Length: 1\r\n")).parser.expects_continue());
  CHECK_FALSE(parse_head(get("Expect: 100-continue\r\n")).parser.expects_continue());
  CHECK_FALSE(
      parse_head("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n").parser.expects_continue());
}

TEST_CASE("unusual but valid heads are accepted", "[transport][http]") {
  for (const std::string& head :
       {std::string("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("GET // HTTP/1.1\r\nHost:\r\n\r\n"), std::string("GET /\xC3\xA9?\xFF HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("GET / HTTP/1.0\r\n\r\n"), get("Content-Length: 18446744073709551615\r\n"),
        get("transfer-encoding: CHUNKED\r\n"), get("X: a\tb\r\n")}) {
    INFO(head);
    CHECK(head_error(head) == 0);
    CHECK(parse_head(head).status == HttpHeadParser::Status::complete);
  }
}

TEST_CASE("a head may have as many bytes as the limit and not one more", "[transport][http]") {
  const std::string head = get("X-Filler: " + std::string(100, 'x') + "\r\n");
  for (const auto& [limit, expected] :
       std::vector<std::pair<std::size_t, unsigned>>{{head.size() + 1, 0}, {head.size(), 0}, {head.size() - 1, 431}}) {
    HttpLimits limits;
    limits.max_head_bytes = limit;
    CHECK(head_error(head, limits) == expected);
  }
}

TEST_CASE("a line that never ends is refused at the limit", "[transport][http]") {
  HttpLimits limits;
  limits.max_head_bytes = 64;
  CHECK(head_error("GET /" + std::string(59, 'a'), limits) == 0);
  CHECK(head_error("GET /" + std::string(60, 'a'), limits) == 431);
}

TEST_CASE("a head may have as many fields as the limit and not one more", "[transport][http]") {
  HttpLimits limits;
  limits.max_header_count = 3;
  CHECK(head_error(get("A: 1\r\n"), limits) == 0);
  CHECK(head_error(get("A: 1\r\nB: 2\r\n"), limits) == 0);
  CHECK(head_error(get("A: 1\r\nB: 2\r\nC: 3\r\n"), limits) == 431);
}

TEST_CASE("a body of known length ends where it should", "[transport][http]") {
  for (std::size_t piece = 1; piece <= 8; ++piece) {
    const BodyResult result = decode_body({HttpFraming::Kind::length, 5}, "helloGET", piece);
    CHECK(result.status == HttpBodyDecoder::Status::complete);
    CHECK(result.data == "hello");
    CHECK(result.rest == "GET");
  }
  CHECK(HttpBodyDecoder().complete());
  CHECK(HttpBodyDecoder({HttpFraming::Kind::length, 0}).complete());
}

TEST_CASE("a chunked body is decoded the same wherever it is cut", "[transport][http]") {
  const std::string body =
      "5\r\nhello\r\n1;name=value;q=\"\\\"\"\r\n,\r\n0007\r\n world!\r\n0;last\r\nTrailer: x\r\nOther:\r\n\r\n";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    const BodyResult result = decode_body(chunked, body + "GET / HTTP/1.1", piece);
    REQUIRE(result.status == HttpBodyDecoder::Status::complete);
    CHECK(result.data == "hello, world!");
    CHECK(result.rest == "GET / HTTP/1.1");
  }
}

TEST_CASE("malformed chunks are refused", "[transport][http]") {
  const std::vector<std::string> bodies{"x\r\n",
                                        "\r\n",
                                        ";a\r\n",
                                        "5 \r\nhello\r\n",
                                        "-1\r\n",
                                        "+1\r\n",
                                        "0x1\r\na\r\n",
                                        "5\nhello\r\n",
                                        "5\r\nhelloX",
                                        "5\r\nhello\n",
                                        "5\r\nhello\rX",
                                        "5\rX",
                                        "10000000000000000\r\n",
                                        "5;\x01\r\n",
                                        "0\r\nA: b\rX",
                                        "0\r\n\rX",
                                        "0\r\n folded\r\n",
                                        "0\r\nA: \x02\r\n",
                                        "5;a\nhello\r\n"};
  for (const std::string& body : bodies) {
    INFO(body);
    for (const std::size_t piece : {std::string_view::npos, std::size_t{1}}) {
      const BodyResult result = decode_body(chunked, body, piece);
      CHECK(result.status == HttpBodyDecoder::Status::failed);
      CHECK(result.error == 400);
    }
  }
}

TEST_CASE("chunk extensions and trailers are bounded over the whole body", "[transport][http]") {
  HttpLimits limits;
  limits.max_head_bytes = 10;
  const auto extension = [&](std::size_t bytes) {
    return decode_body(chunked, "1;" + std::string(bytes, 'e') + "\r\na\r\n0\r\n\r\n", 3, limits).error;
  };
  CHECK(extension(9) == 0);
  CHECK(extension(10) == 0);
  CHECK(extension(11) == 413);
  const auto spread = [&](std::size_t chunks) {
    std::string body;
    for (std::size_t i = 0; i < chunks; ++i) body += "1;e\r\na\r\n";
    return decode_body(chunked, body + "0\r\n\r\n", 3, limits).error;
  };
  CHECK(spread(10) == 0);
  CHECK(spread(11) == 413);
  const auto trailer = [&](std::size_t bytes) {
    return decode_body(chunked, "0\r\n" + std::string(bytes, 't') + "\r\n\r\n", 3, limits).error;
  };
  CHECK(trailer(10) == 0);
  CHECK(trailer(11) == 431);
  CHECK(decode_body(chunked, std::string(11, '0') + "\r\n\r\n", 3, limits).error == 0);
  CHECK(decode_body(chunked, std::string(12, '0') + "\r\n\r\n", 3, limits).error == 400);
}
