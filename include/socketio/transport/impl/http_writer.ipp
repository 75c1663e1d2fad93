// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/http_writer.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/http_writer.hpp>

#include <algorithm>
#include <array>

namespace socketio {

namespace detail {

/// Whether a field is well-formed, so that its text cannot smuggle in another field.
SOCKETIO_DECL bool is_safe_field(const HttpHeaders::Field& field) noexcept {
  return is_token(field.name) && std::none_of(field.value.begin(), field.value.end(), is_forbidden_in_line);
}

SOCKETIO_DECL void append_status_line(std::string& out, unsigned status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += http_reason(status);
  out += "\r\n";
}

SOCKETIO_DECL void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

SOCKETIO_DECL bool is_hop_by_hop(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 4> names{"connection", "keep-alive", "transfer-encoding", "upgrade"};
  return std::any_of(names.begin(), names.end(), [name](std::string_view hop) { return iequals(hop, name); });
}

}  // namespace detail

SOCKETIO_DECL std::string http_response_head(const HttpResponse& response, const HttpWriterContext& context) {
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

SOCKETIO_DECL void append_added_fields(std::string& out, const HttpHeaders& added) {
  for (std::size_t i = 0; i < added.size(); ++i) {
    const HttpHeaders::Field field = added[i];
    if (!detail::is_hop_by_hop(field.name) && !iequals(field.name, "content-length") && detail::is_safe_field(field))
      detail::append_field(out, field.name, field.value);
  }
}

SOCKETIO_DECL std::string http_upgrade_head(const HttpResponse& handshake, const HttpHeaders& added) {
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
