// SPDX-License-Identifier: MIT
// The server's half of the WebSocket opening handshake: which requests it accepts, and how it refuses the others.
// Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/transport/websocket_deflate.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace socketio {

/// The value of Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
SOCKETIO_DECL std::string websocket_accept_value(std::string_view key);

/// Whether a request asks to leave HTTP: HTTP/1.1, an Upgrade field and the `upgrade` token in Connection.
SOCKETIO_DECL bool asks_to_upgrade(const HttpRequest& request, bool is_http_1_0) noexcept;

/// A refusal of the handshake as `ws` sends it; it ends the connection.
SOCKETIO_DECL HttpResponse websocket_refusal(unsigned status, std::string_view why);

/// The refusal of an opening handshake that does not conform (RFC 6455 section 4.2.1); null if it is acceptable.
///
/// @param agreement    null, or set to what the client and the server have agreed on for compression
/// @param subprotocol  null, or set to the first subprotocol offered; empty if there is none
SOCKETIO_DECL std::optional<HttpResponse> refused_websocket_handshake(const HttpRequest& request,
                                                                      const PerMessageDeflateOptions* deflate,
                                                                      std::optional<DeflateAgreement>* agreement,
                                                                      std::string* subprotocol);

/// Answers the opening handshake of a client: 101 with the fields that RFC 6455 asks for, or a refusal with the status
/// and the text of `ws`.
///
/// @param deflate    how to compress messages; null: not at all
/// @param agreement  out, unless null: what both sides agree on about compression; no value: they do not compress
/// @par Untrusted input  The request's fields. The response contains nothing of them but a checked subprotocol.
/// @par Specification    RFC 6455 section 4.2; RFC 7692 section 7.1.
SOCKETIO_DECL HttpResponse answer_websocket_handshake(const HttpRequest& request,
                                                      const PerMessageDeflateOptions* deflate = nullptr,
                                                      std::optional<DeflateAgreement>* agreement = nullptr);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/websocket_handshake.ipp>
#endif
