// SPDX-License-Identifier: MIT
// The header of the PROXY protocol: every version, every end, every mistake.
#include <socketio/transport/proxy_protocol.hpp>

#include <tests/support/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using Status = socketio::ProxyProtocolDecoder::Status;
using socketio::ProxyProtocolDecoder;

namespace {

/// What a decoder makes of a stream from which it reads as a connection does: no more than it wants, `at_most` bytes at
/// a time.
struct Reading {
  explicit Reading(std::string_view stream, std::size_t at_most = 10'000) : rest(stream) {
    while (!rest.empty() && decoder.wanted() != 0) {
      const std::string_view piece = rest.substr(0, (std::min)(decoder.wanted(), at_most));
      rest.remove_prefix(piece.size());
      decoder.take(piece);
    }
  }

  Status status() const { return decoder.status(); }
  std::string source() const {
    const auto& from = decoder.source();
    return from ? from->address.to_string() + ' ' + std::to_string(from->port) : "none";
  }

  ProxyProtocolDecoder decoder;
  std::string_view rest;
};

std::string block(unsigned command, unsigned family, std::string_view content) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(content.size() >> 8);
  bytes += static_cast<char>(content.size() & 0xFF);
  return bytes.append(content);
}

const std::string ipv4("\xCB\x00\x71\x07\x0A\x00\x00\x01\x12\x67\x01\xBB", 12);
const std::string ipv6(
    "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x02\x12\x67\x01\xBB", 36);
const std::string extension(
    "\x04\x00\x03"
    "abc"
    "\xEE\x00\x00",
    9);

struct Case {
  std::string header, source;
};

std::vector<Case> complete_headers() {
  return {
      {"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n", "203.0.113.7 4711"},
      {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0 0"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255 65535"},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", "2001:db8::1 4711"},
      {"PROXY TCP6 ::ffff:203.0.113.7 ::ffff:10.0.0.1 1 2\r\n", "203.0.113.7 1"},
      {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
      {"PROXY UNKNOWN\r\n", "none"},
      {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "none"},
      {block(0x21, 0x11, ipv4), "203.0.113.7 4711"},
      {block(0x21, 0x11, ipv4 + extension), "203.0.113.7 4711"},
      {block(0x21, 0x21, ipv6), "2001:db8::1 4711"},
      {block(0x21, 0x21, ipv6 + extension), "2001:db8::1 4711"},
      {block(0x21, 0x11, ipv4 + std::string(ProxyProtocolDecoder::max_block_bytes - 12, 'x')), "203.0.113.7 4711"},
      {block(0x20, 0x00, ""), "none"},
      {block(0x20, 0x11, ipv4), "none"},
      {block(0x20, 0xFF, "whatever"), "none"},
      {block(0x21, 0x00, ""), "none"},
      {block(0x21, 0x00, extension), "none"},
      {block(0x21, 0x12, ipv4), "none"},                    // datagrams
      {block(0x21, 0x31, std::string(216, '\0')), "none"},  // a Unix socket
  };
}

std::vector<std::string> broken_headers() {
  return {
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03 a TLS handshake",
      "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
      "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
      "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n",
      "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.256 1 2\r\n",
      "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n",
      "PROXY TCP4 ::1 ::2 1 2\r\n",
      "PROXY TCP4 1.1.1.1 ::2 1 2\r\n",
      "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n",
      "PROXY TCP6 ::1%eth0 ::2 1 2\r\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n",
      "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rX",
      "PROXY UNKNOWNs\r\n",
      "PROXY UNKNOWN\n\r\n",
      "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n",
      "PROXY UNKNOWN " + std::string(1000, 'x'),
      block(0x11, 0x11, ipv4),
      block(0x22, 0x11, ipv4),
      block(0x31, 0x11, ipv4),
      block(0x21, 0x41, ipv4),
      block(0x21, 0x13, ipv4),
      block(0x21, 0x11, ipv4.substr(0, 11)),
      block(0x21, 0x21, ipv6.substr(0, 35)),
      block(0x21, 0x11, ipv4 + std::string(ProxyProtocolDecoder::max_block_bytes - 11, 'x')),
      "\r\n\r\n QUIT\nxxxxxxxxxxx",
  };
}

}  // namespace

TEST_CASE("both versions of the header tell where a connection comes from", "[transport][proxy_protocol]") {
  for (const Case& each : complete_headers()) {
    INFO(each.header);
    const Reading reading(each.header);
    CHECK(reading.status() == Status::complete);
    CHECK(reading.source() == each.source);
  }
}

TEST_CASE("a header that comes in pieces is the same", "[transport][proxy_protocol]") {
  for (const Case& each : complete_headers())
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 13u}) {
      INFO(each.header << " in pieces of " << piece);
      const Reading reading(each.header, piece);
      CHECK(reading.status() == Status::complete);
      CHECK(reading.source() == each.source);
    }
}

TEST_CASE("no byte behind the header is wanted", "[transport][proxy_protocol]") {
  for (const Case& each : complete_headers())
    for (const std::size_t piece : {1u, 2u, 10'000u}) {
      INFO(each.header);
      const std::string stream = each.header + "\r\n\x16 next";
      const Reading reading(stream, piece);
      CHECK(reading.status() == Status::complete);
      CHECK(reading.rest == "\r\n\x16 next");
      CHECK(reading.decoder.wanted() == 0);
    }
}

TEST_CASE("a header that is cut anywhere is incomplete", "[transport][proxy_protocol]") {
  for (const Case& each : complete_headers())
    for (std::size_t size = 0; size < each.header.size(); ++size) {
      INFO(each.header << " cut after " << size);
      const Reading reading(std::string_view(each.header).substr(0, size));
      CHECK(reading.status() == Status::incomplete);
      CHECK(reading.source() == "none");
      CHECK(reading.decoder.wanted() > 0);
      CHECK(reading.decoder.wanted() <= each.header.size() - size);
    }
}

TEST_CASE("anything else fails, in whatever pieces", "[transport][proxy_protocol]") {
  for (const std::string& header : broken_headers())
    for (const std::size_t piece : {1u, 2u, 10'000u}) {
      INFO(header);
      const Reading reading(header, piece);
      CHECK(reading.status() == Status::failed);
      CHECK(reading.source() == "none");
      CHECK(reading.decoder.wanted() == 0);
    }
}

TEST_CASE("a line may have 107 bytes", "[transport][proxy_protocol]") {
  const auto line = [](std::size_t size) { return "PROXY UNKNOWN " + std::string(size - 16, 'x') + "\r\n"; };
  for (const std::size_t piece : {1u, 2u, 10'000u}) {
    CHECK(Reading(line(106), piece).status() == Status::complete);
    CHECK(Reading(line(107), piece).status() == Status::complete);
    CHECK(Reading(line(108), piece).status() == Status::failed);
  }
}

TEST_CASE("bytes beyond those that are wanted are not taken", "[transport][proxy_protocol]") {
  ProxyProtocolDecoder decoder;
  CHECK(decoder.take("PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\nGET /") == Status::complete);
  CHECK(decoder.source()->port == 4711);
  CHECK(decoder.take("more") == Status::complete);
  ProxyProtocolDecoder failed;
  CHECK(failed.take("GET / HTTP/1.1\r\n") == Status::failed);
  CHECK(failed.take("PROXY UNKNOWN\r\n") == Status::failed);
}
