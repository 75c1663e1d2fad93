// SPDX-License-Identifier: MIT
// permessage-deflate on the server's side: the negotiation, and the codec of one connection. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/zlib.hpp>
#include <socketio/engine/compression.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/message.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// What client and server have agreed on.
///
/// @par Specification  RFC 7692 section 7.1.
struct DeflateAgreement {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<int> server_max_window_bits{};
  std::optional<int> client_max_window_bits{};

  /// The value of Sec-WebSocket-Extensions in the answer.
  std::string to_header() const;
};

/// The server's decision about the extensions that a client offers.
struct DeflateNegotiation {
  bool refused =
      false;  // malformed, or the server accepts no offer of permessage-deflate: the handshake fails with 400
  std::optional<DeflateAgreement> agreement{};  // no value: the client does not offer the extension
};

/// Takes the first acceptable offer, as `ws` does (RFC 7692 section 5.1).
///
/// @par Untrusted input  The field. The answer contains only fixed words and numbers.
SOCKETIO_DECL DeflateNegotiation negotiate_deflate(const HttpHeaders& request_headers,
                                                   const PerMessageDeflateOptions& options);

/// What the connections of an event loop share: streams for those without a context, and the last frame of a broadcast.
///
/// @par Thread safety  Owner's thread only.
class DeflatePool {
 public:
  using Frame = std::shared_ptr<const std::string>;

  /// The frame of a message that is compressed by itself; again the same frame if the call before was for the same
  /// message.
  Frame frame_of(const MessagePtr& message, const detail::DeflateSettings& settings);

  /// A stream without a past.
  detail::Inflater& inflater();

 private:
  std::unique_ptr<detail::Deflater> deflater_;
  std::unique_ptr<detail::Inflater> inflater_;
  detail::DeflateSettings settings_;
  std::weak_ptr<const Message> last_message_;
  std::weak_ptr<const std::string> last_frame_;
};

/// The compression of one WebSocket, after both sides have agreed on it.
///
/// @par Thread safety  Owner's thread only.
/// @par Specification  RFC 7692 section 7.2.
class WebSocketDeflate {
 public:
  using Frame = DeflatePool::Frame;

  /// @param pool  of the connection's event loop; must outlive this object
  WebSocketDeflate(DeflatePool& pool, const DeflateAgreement& agreement, const PerMessageDeflateOptions& options);

  /// The complete compressed frame of the message; nullptr if the message should be sent uncompressed.
  Frame frame_of(const MessagePtr& message);

  /// Decompresses a message of the client into `out`; `max_bytes` bounds its size.
  detail::InflateResult inflate(std::string_view payload, std::size_t max_bytes, std::string& out);

 private:
  DeflatePool& pool_;
  std::unique_ptr<detail::Deflater> deflater_;  // with a context only, from the first message on
  std::unique_ptr<detail::Inflater> inflater_;
  std::size_t threshold_;
  detail::DeflateSettings settings_;
  int client_window_bits_;
  bool server_has_context_;
  bool client_has_context_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/websocket_deflate.ipp>
#endif
