// SPDX-License-Identifier: MIT
// base64: decoding after encoding is identity; alphabets are interchangeable; refused input changes nothing.
#include <socketio/protocol/base64.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

using socketio::base64_decode;
using socketio::base64_encode;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  std::string text;
  base64_encode(std::as_bytes(std::span(input)), text);
  fuzz::law(text.size() == (size + 2) / 3 * 4, "encoded text has the padded length");
  std::string bytes = "kept";
  fuzz::law(base64_decode(text, bytes), "what was encoded decodes");
  fuzz::law(bytes == "kept" + std::string(input), "decoding after encoding is identity, and appends");

  std::string decoded = "kept";
  const bool accepted = base64_decode(input, decoded);
  fuzz::law(accepted || decoded == "kept", "refused text leaves the output alone");
  std::string other_alphabet(input);
  for (char& c : other_alphabet) {
    c = c == '+' ? '-' : c == '-' ? '+' : c == '/' ? '_' : c == '_' ? '/' : c;
  }
  std::string same = "kept";
  fuzz::law(base64_decode(other_alphabet, same) == accepted && same == decoded, "both alphabets decode alike");
  if (accepted) {
    std::string canonical, again = "kept";
    base64_encode(std::as_bytes(std::span(std::string_view(decoded).substr(4))), canonical);
    fuzz::law(base64_decode(canonical, again) && again == decoded, "accepted text has a canonical form");
  }
  return 0;
}
