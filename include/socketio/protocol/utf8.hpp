// SPDX-License-Identifier: MIT
// UTF-8: whether bytes are text, at once or piece by piece, and how to make them text. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace socketio {

/// Decides whether text that arrives in pieces is UTF-8, wherever it is cut.
///
/// Fails at the first byte after which no continuation could be valid, so that a peer is refused before the rest of
/// its message is received.
///
/// @par Specification  Unicode, table 3-7 "Well-Formed UTF-8 Byte Sequences"; RFC 6455 section 8.1.
class Utf8Validator {
 public:
  /// @return  false as soon as what was fed is not the beginning of any valid text; then and until `reset`.
  bool feed(std::string_view piece) noexcept;

  /// Whether what was fed since the last `reset` is valid and does not end inside a character.
  bool complete() const noexcept { return !failed_ && missing_ == 0; }

  void reset() noexcept { *this = Utf8Validator(); }

  /// As `feed`, for one byte.
  bool feed(unsigned char byte) noexcept;

 private:
  void begin_character(unsigned char byte) noexcept;

  std::uint8_t missing_ = 0;  // bytes until the current character is whole
  std::uint8_t lowest_ = 0x80;
  std::uint8_t highest_ = 0xBF;
  bool failed_ = false;
};

/// Whether `text` is valid UTF-8 (no surrogates, no overlong forms, nothing beyond U+10FFFF).
[[nodiscard]] SOCKETIO_DECL bool is_valid_utf8(std::string_view text) noexcept;

/// `text` with U+FFFD in place of each maximal part that is not UTF-8, as TextDecoder and Node.js decode.
///
/// @par Specification  WHATWG Encoding, "UTF-8 decoder"; Unicode, "U+FFFD Substitution of Maximal Subparts".
[[nodiscard]] SOCKETIO_DECL std::string to_valid_utf8(std::string_view text);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/utf8.ipp>
#endif
