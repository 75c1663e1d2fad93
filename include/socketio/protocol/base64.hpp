// SPDX-License-Identifier: MIT
// Base64, the form in which binary data travels inside text. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

/// Appends `bytes` to `out` in the standard alphabet, padded.
///
/// @par Specification  RFC 4648 section 4.
SOCKETIO_DECL void base64_encode(std::span<const std::byte> bytes, std::string& out);

/// Appends the bytes that `text` stands for to `out`, as Node.js reads base64: no text is refused.
///
/// Both alphabets may be mixed. Every other character is skipped, line breaks for example, and the padding may be
/// missing. The first `=` ends the text. Bits that are left over in the last characters are ignored.
///
/// @par Untrusted input  Any text is accepted; at most three bytes are appended for four characters.
/// @par Specification    RFC 4648 sections 4 and 5, and `Buffer.from(text, "base64")` of Node.js.
SOCKETIO_DECL void base64_decode(std::string_view text, std::string& out);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/base64.ipp>
#endif
