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

/// Appends the bytes that `text` stands for to `out`.
///
/// @param text  standard or URL-safe alphabet, with the right padding or none at all; bits left over in the last
///              character are ignored, as they are by Node.js.
/// @return      false if `text` is anything else; `out` is then unchanged.
/// @par Specification  RFC 4648 sections 4 and 5.
[[nodiscard]] SOCKETIO_DECL bool base64_decode(std::string_view text, std::string& out);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/base64.ipp>
#endif
