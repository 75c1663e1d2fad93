// SPDX-License-Identifier: MIT
// Writes the heads of HTTP/1.1 responses. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace socketio {

/// What a response head depends on besides the response.
struct HttpWriterContext {
  bool keep_alive = true;
  std::chrono::seconds keep_alive_timeout{0};  // announced in Keep-Alive; zero: not announced
};

namespace detail {

inline constexpr std::string_view http_continue = "HTTP/1.1 100 Continue\r\n\r\n";

SOCKETIO_DECL void append_status_line(std::string& out, unsigned status);
SOCKETIO_DECL void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace detail

/// Whether a response of this status never has a body (RFC 9112 section 6.3).
constexpr bool is_bodiless(unsigned status) noexcept { return status < 200 || status == 204 || status == 304; }

/// The head of a final response, up to and including the empty line.
///
/// This function decides about the framing: it takes a Content-Length from the headers only if the response has no body
/// (Safari wants `Content-Length: 0` with the 204 of a preflight). It leaves out fields that HTTP does not allow.
SOCKETIO_DECL std::string http_response_head(const HttpResponse& response, const HttpWriterContext& context);

/// Appends fields that the program adds to a response; leaves out those that HTTP does not allow there.
SOCKETIO_DECL void append_added_fields(std::string& out, const HttpHeaders& added);

/// The head of a `101 Switching Protocols` response: the fields of the handshake, then `added`.
SOCKETIO_DECL std::string http_upgrade_head(const HttpResponse& handshake, const HttpHeaders& added);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/http_writer.ipp>
#endif
