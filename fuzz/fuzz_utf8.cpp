// SPDX-License-Identifier: MIT
// UTF-8: any way to cut a text gives the same result; repairing gives valid text and does not change valid text.
#include <socketio/protocol/utf8.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using socketio::is_valid_utf8;
using socketio::Utf8Validator;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte chooses the cuts.
  const std::size_t step = size > 0 ? 1 + data[0] % 16 : 1;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  text.remove_prefix((std::min)(size, std::size_t{1}));
  const bool valid = is_valid_utf8(text);

  Utf8Validator whole;
  fuzz::law((whole.feed(text) && whole.complete()) == valid, "fed at once or judged at once");

  Utf8Validator pieces;
  Utf8Validator bytes;
  bool possible = true;
  for (std::size_t i = 0; i < text.size(); i += step) {
    const std::string_view piece = text.substr(i, step);
    const bool pieces_possible = pieces.feed(piece);
    for (const char c : piece) possible = bytes.feed(static_cast<unsigned char>(c));
    fuzz::law(pieces_possible == possible, "a piece is judged as its bytes are");
  }
  fuzz::law((possible && bytes.complete()) == valid, "fed byte by byte or judged at once");
  fuzz::law(pieces.complete() == bytes.complete(), "complete in pieces as in bytes");

  const std::string repaired = socketio::to_valid_utf8(text);
  fuzz::law(is_valid_utf8(repaired), "repaired text is valid");
  fuzz::law((repaired == text) == valid, "only invalid text is changed");
  return 0;
}
