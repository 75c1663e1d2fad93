// SPDX-License-Identifier: MIT
// Compression of what the server sends: its settings, and the content coding of an HTTP response. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// Which responses to polls are compressed, and how. A build without zlib compresses none.
struct HttpCompressionOptions {
  std::size_t threshold = 1024;  // bytes; smaller responses stay as they are
  int level = -1;                // 1 (fast) to 9 (small); -1: zlib's default, 6

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const;
};

/// How WebSocket messages are compressed for clients that offer permessage-deflate.
///
/// @par Cost  A connection that keeps its context has up to about 300 KiB from its first compressed message on; one
///            whose two sides have none shares the streams of its event loop.
/// @par Specification  RFC 7692 section 7.1.
struct PerMessageDeflateOptions {
  /// Bytes; smaller messages are sent as they are, unless the connection has a context to compress them with already.
  std::size_t threshold = 1024;

  /// Whether each message is compressed, or to be compressed by the client, without what the ones before it held:
  /// larger messages, but no memory for each connection, and a broadcast is compressed once for all.
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;

  /// The base-2 logarithm of the largest distance, 9 to 15 for the server and 8 to 15 for the client. With
  /// `client_max_window_bits`, only clients that can be told so get compression, as in the reference implementation.
  std::optional<int> server_max_window_bits{};
  std::optional<int> client_max_window_bits{};

  int level = -1;     // 1 (fast) to 9 (small); -1: zlib's default, 6
  int mem_level = 8;  // 1 to 9: 2^(mem_level + 9) bytes for each context of the server

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const;
};

enum class ContentCoding : std::uint8_t { identity, gzip, deflate };

/// The coding that a client prefers: by its weights, then by what it names, then by the order in which it does; `*`
/// means gzip. Identity if it accepts neither of the two, and in a build without zlib.
///
/// @par Specification  RFC 9110 section 12.5.3.
SOCKETIO_DECL ContentCoding preferred_coding(const HttpHeaders& request_headers);

/// "gzip", "deflate", "identity".
SOCKETIO_DECL std::string_view to_string(ContentCoding coding) noexcept;

/// The text in that coding; zlib's default level.
SOCKETIO_DECL std::string encode_content(std::string_view text, ContentCoding coding, int level = -1);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/compression.ipp>
#endif
