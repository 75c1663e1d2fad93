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
  socketio::base64_decode(text, out);
  return out;
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

TEST_CASE("base64 skips characters of neither alphabet", "[protocol][base64]") {
  const std::array<std::pair<std::string_view, std::string_view>, 14> texts{
      {{"AAH+/w==\n", std::string_view("\0\1\xFE\xFF", 4)},
       {"Zm9v\r\nYmFy\r\n", "foobar"},
       {"\nZ\nm\n8\n=", "fo"},
       {"Zm 9v\tYg==", "foob"},
       {"Z g = =", "f"},
       {"Zm9v!", "foo"},
       {"!!!!Zm9vYg", "foob"},
       {"Zm9v\xFF\x80", "foo"},
       {"Zm\xE2\x82\xAC"
        "9v",
        "foo"},
       {std::string_view("Zm9\0v", 5), "foo"},
       {" ", ""},
       {"\n\n\n\n\n", ""},
       {"{\"Zg\"}", "f"},
       {"***", ""}}};
  for (const auto& [text, bytes] : texts) {
    INFO(text);
    CHECK(decoded(text) == bytes);
  }
}

TEST_CASE("base64 ends at the first padding character", "[protocol][base64]") {
  for (const std::string_view text : {"=", "==", "====", "=Zm9v", "A", "A===", "Z=m9v", "\n=\nZm9v"}) {
    INFO(text);
    CHECK(decoded(text).empty());
  }
  for (const std::string_view text : {"Zg", "Zg=", "Zg==", "Zg===", "Zg==Zm9v", "Zg=Zm9v", "Zg==\nZm9v\n", "Zg=v"}) {
    INFO(text);
    CHECK(decoded(text) == "f");
  }
}

TEST_CASE("base64 ignores bits that make no whole byte", "[protocol][base64]") {
  CHECK(decoded("Zh") == "f");
  CHECK(decoded("Zm9vY") == "foo");
  CHECK(decoded("Zm9") == "fo");
}

TEST_CASE("line breaks anywhere in base64 change nothing", "[protocol][base64]") {
  std::string bytes;
  for (int i = 0; i < 40; ++i) bytes += static_cast<char>(i * 37);
  const std::string text = encoded(bytes);
  for (std::size_t width = 1; width <= text.size(); ++width) {
    std::string lines;
    for (std::size_t at = 0; at < text.size(); at += width) lines += text.substr(at, width) + "\r\n";
    INFO(width);
    CHECK(decoded(lines) == bytes);
  }
}

TEST_CASE("base64 appends", "[protocol][base64]") {
  std::string out = "b";
  socketio::base64_encode(std::as_bytes(std::span(std::string_view("foo"))), out);
  CHECK(out == "bZm9v");
  socketio::base64_decode("Zm\n8=", out);
  CHECK(out == "bZm9vfo");
}
