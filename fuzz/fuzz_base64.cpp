// SPDX-License-Identifier: MIT
// base64: decoding after encoding is identity, whatever is put between the characters; any text decodes as one
// character after the other does.
#include <socketio/protocol/base64.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of `text`, taken six bits at a time.
std::string expected(std::string_view text) {
  std::string bytes;
  unsigned bits = 0, count = 0;
  for (char c : text.substr(0, text.find('='))) {
    c = c == '-' ? '+' : c == '_' ? '/' : c;
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) continue;
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xFFFF;
    if ((count += 6) < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  std::string text;
  socketio::base64_encode(std::as_bytes(std::span(input)), text);
  fuzz::law(text.size() == (size + 2) / 3 * 4, "encoded text has the padded length");
  std::string bytes = "kept";
  socketio::base64_decode(text, bytes);
  fuzz::law(bytes == "kept" + std::string(input), "decoding after encoding is identity, and appends");

  const std::size_t width = size == 0 ? 1 : data[0] % 80 + 1;
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += width) lines += text.substr(at, width) + "\r\n";
  bytes.clear();
  socketio::base64_decode(lines, bytes);
  fuzz::law(bytes == input, "line breaks change nothing");

  bytes = "kept";
  socketio::base64_decode(input, bytes);
  fuzz::law(bytes == "kept" + expected(input), "any text decodes, and its foreign characters are skipped");
  fuzz::law(bytes.size() <= 4 + size * 3 / 4, "no text has more bytes than its characters have bits");
  return 0;
}
