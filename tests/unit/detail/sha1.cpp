// SPDX-License-Identifier: MIT
// The digest against the published vectors, around the block boundaries.
#include <socketio/detail/sha1.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <string_view>

namespace {

std::string hex_sha1(std::string_view text) {
  std::string result;
  for (const std::byte byte : socketio::detail::sha1(text)) {
    static constexpr std::string_view digits = "0123456789abcdef";
    result += digits[std::to_integer<std::size_t>(byte >> 4)];
    result += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return result;
}

}  // namespace

TEST_CASE("SHA-1 of the vectors of FIPS 180 and RFC 3174", "[detail][sha1]") {
  CHECK(hex_sha1("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(hex_sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(hex_sha1(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("SHA-1 pads correctly around the block boundaries", "[detail][sha1]") {
  CHECK(hex_sha1(std::string(55, 'a')) == "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  CHECK(hex_sha1(std::string(56, 'a')) == "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  CHECK(hex_sha1(std::string(63, 'a')) == "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
  CHECK(hex_sha1(std::string(64, 'a')) == "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}
