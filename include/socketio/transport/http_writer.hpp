// SPDX-License-Identifier: MIT
// Writes the heads of HTTP/1.1 responses. Transport layer, no I/O.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/transport/http_parser.hpp>

#include <algorithm>
#include <array>
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

/// A field that cannot be used to smuggle in another one.
inline bool is_safe_field(const HttpHeaders::Field& field) noexcept {
  return is_token(field.name) && std::none_of(field.value.begin(), field.value.end(), is_forbidden_in_line);
}

inline void append_status_line(std::string& out, unsigned status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += http_reason(status);
  out += "\r\n";
}

inline void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

inline bool is_hop_by_hop(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 4> names{"connection", "keep-alive", "transfer-encoding", "upgrade"};
  return std::any_of(names.begin(), names.end(), [name](std::string_view hop) { return iequals(hop, name); });
}

}  // namespace detail

/// Whether a response of this status never has a body (RFC 9112 section 6.3).
constexpr bool is_bodiless(unsigned status) noexcept { return status < 200 || status == 204 || status == 304; }

/// The head of a final response, up to and including the empty line.
///
/// Framing is decided here: a Content-Length among the headers counts only where the response has no body (Safari
/// wants `Content-Length: 0` with the 204 of a preflight). Fields that HTTP does not allow are left out.
inline std::string http_response_head(const HttpResponse& response, const HttpWriterContext& context) {
  std::string out;
  out.reserve(256);
  detail::append_status_line(out, response.status);
  const bool bodiless = is_bodiless(response.status);
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    const HttpHeaders::Field field = response.headers[i];
    if (detail::is_hop_by_hop(field.name) || !detail::is_safe_field(field)) continue;
    if (iequals(field.name, "content-length") && !bodiless) continue;
    detail::append_field(out, field.name, field.value);
  }
  if (!bodiless) detail::append_field(out, "Content-Length", std::to_string(response.body.size()));
  detail::append_field(out, "Connection", context.keep_alive ? "keep-alive" : "close");
  if (context.keep_alive && context.keep_alive_timeout.count() > 0)
    detail::append_field(out, "Keep-Alive", "timeout=" + std::to_string(context.keep_alive_timeout.count()));
  out += "\r\n";
  return out;
}

/// Appends the fields that someone wants added to a response; those that HTTP does not allow there are left out.
inline void append_added_fields(std::string& out, const HttpHeaders& added) {
  for (std::size_t i = 0; i < added.size(); ++i) {
    const HttpHeaders::Field field = added[i];
    if (!detail::is_hop_by_hop(field.name) && !iequals(field.name, "content-length") && detail::is_safe_field(field))
      detail::append_field(out, field.name, field.value);
  }
}

/// The head of a `101 Switching Protocols` response: the fields of the handshake, then the ones added to it.
inline std::string http_upgrade_head(const HttpResponse& handshake, const HttpHeaders& added) {
  std::string out;
  out.reserve(256);
  detail::append_status_line(out, handshake.status);
  for (std::size_t i = 0; i < handshake.headers.size(); ++i)
    detail::append_field(out, handshake.headers[i].name, handshake.headers[i].value);
  append_added_fields(out, added);
  out += "\r\n";
  return out;
}

}  // namespace socketio
