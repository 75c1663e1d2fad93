// SPDX-License-Identifier: MIT
#include <socketio/protocol/base64.hpp>

#include <tests/support/catch.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace {

std::string encoded(std::string_view bytes) {
  std::string out;
  socketio::base64_encode(std::as_bytes(std::span(bytes)), out);
  return out;
}

std::string decoded(std::string_view text) {
  std::string out;
  return socketio::base64_decode(text, out) ? out : "refused";
}

}  // namespace

TEST_CASE("base64 encodes the vectors of RFC 4648 both ways", "[protocol][base64]") {
  const std::array<std::pair<std::string_view, std::string_view>, 7> vectors{{{"", ""},
                                                                              {"f", "Zg=="},
                                                                              {"fo", "Zm8="},
                                                                              {"foo", "Zm9v"},
                                                                              {"foob", "Zm9vYg=="},
                                                                              {"fooba", "Zm9vYmE="},
                                                                              {"foobar", "Zm9vYmFy"}}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(encoded(bytes) == text);
    CHECK(decoded(text) == bytes);
  }
}

TEST_CASE("base64 reads both alphabets, with or without padding", "[protocol][base64]") {
  const std::string bytes = "\xFB\xFF\xFE!";
  CHECK(encoded(bytes) == "+//+IQ==");
  CHECK(decoded("+//+IQ==") == bytes);
  CHECK(decoded("-__-IQ==") == bytes);
  CHECK(decoded("-__-IQ") == bytes);
  CHECK(decoded("+_/-IQ") == bytes);
  CHECK(decoded("Zm8") == "fo");
}

TEST_CASE("base64 encodes every byte value and every length", "[protocol][base64]") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const std::string text = encoded(bytes);
    CHECK(text.size() == (bytes.size() + 2) / 3 * 4);
    CHECK(decoded(text) == bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST_CASE("base64 refuses text that is not an encoding of bytes", "[protocol][base64]") {
  const std::array<std::string_view, 15> bad{"A",     "AAAAA", "AA=",   "A===", "====",   "=",        "==",     "AA=A",
                                             "AAA=A", "A A=",  "AAA\n", "AA!A", "AA\x80", "Zm9v\xFF", "Zm9vYg="};
  for (const std::string_view text : bad) {
    INFO(text);
    CHECK(decoded(text) == "refused");
  }
  CHECK(decoded(std::string_view("AA\0A", 4)) == "refused");
}

TEST_CASE("base64 appends, and leaves the output alone when it refuses", "[protocol][base64]") {
  std::string out = "b";
  socketio::base64_encode(std::as_bytes(std::span(std::string_view("foo"))), out);
  CHECK(out == "bZm9v");
  CHECK_FALSE(socketio::base64_decode("Zm9vZm9v!", out));
  CHECK(out == "bZm9v");
  CHECK(socketio::base64_decode("Zm8=", out));
  CHECK(out == "bZm9vfo");
}
