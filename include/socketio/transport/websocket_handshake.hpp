// SPDX-License-Identifier: MIT
// The server's half of the WebSocket opening handshake: what is accepted, what is refused, and how. Transport layer.
#pragma once

#include <socketio/detail/sha1.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/websocket_deflate.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// The value of Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
inline std::string websocket_accept_value(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const detail::Sha1Digest digest = detail::sha1(text);
  std::string result;
  base64_encode(std::span<const std::byte>(digest), result);
  return result;
}

/// Whether a request asks to leave HTTP: HTTP/1.1, an Upgrade field and the `upgrade` token in Connection.
inline bool asks_to_upgrade(const HttpRequest& request, bool is_http_1_0) noexcept {
  return !is_http_1_0 && request.headers.contains("upgrade") && request.headers.has_token("connection", "upgrade");
}

namespace detail {

/// The first of the subprotocols offered: an empty text without an offer, no value if the list is malformed.
inline std::optional<std::string> first_subprotocol(const HttpHeaders& headers) {
  const auto offer = headers.joined("sec-websocket-protocol");
  if (!offer) return std::string();
  std::vector<std::string_view> names;
  for (std::string_view rest = *offer;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = trim_blanks(rest.substr(0, comma));
    if (!is_token(name)) return std::nullopt;
    names.push_back(name);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  const std::string first(names.front());
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return std::nullopt;
  return first;
}

/// 16 bytes in base64: 22 characters and two of padding.
inline bool is_websocket_key(std::string_view key) noexcept {
  return key.size() == 24 && key.substr(22) == "==" && std::all_of(key.begin(), key.begin() + 22, [](char c) {
           return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
         });
}

}  // namespace detail

/// Answers the opening handshake of a client: 101 with the fields that RFC 6455 asks for, or a refusal.
///
/// Refusals have the status and the text of `ws` (protocol.md 1.5) and end the connection.
///
/// @param deflate    how messages are to be compressed; null: they are not
/// @param agreement  what was agreed on that, unless null; no value: that there is none
/// @par Untrusted input  The request's fields; what is copied from them into the response is a checked token.
/// @par Specification    RFC 6455 section 4.2; RFC 7692 section 7.1.
inline HttpResponse answer_websocket_handshake(const HttpRequest& request,
                                               const PerMessageDeflateOptions* deflate = nullptr,
                                               std::optional<DeflateAgreement>* agreement = nullptr) {
  const auto refuse = [](unsigned status, std::string_view why) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "text/html");
    response.body = why;
    response.close = true;
    return response;
  };
  const HttpHeaders& headers = request.headers;
  if (request.method != "GET") return refuse(405, "Invalid HTTP method");
  if (!iequals(headers.joined("upgrade").value_or(""), "websocket")) return refuse(400, "Invalid Upgrade header");
  const std::string key = headers.joined("sec-websocket-key").value_or("");
  if (!detail::is_websocket_key(key)) return refuse(400, "Missing or invalid Sec-WebSocket-Key header");
  const std::string version = headers.joined("sec-websocket-version").value_or("");
  if (version != "13" && version != "8") {
    HttpResponse response = refuse(400, "Missing or invalid Sec-WebSocket-Version header");
    response.headers.add("Sec-WebSocket-Version", "13, 8");
    return response;
  }
  const auto subprotocol = detail::first_subprotocol(headers);
  if (!subprotocol) return refuse(400, "Invalid Sec-WebSocket-Protocol header");
  const DeflateNegotiation negotiation = deflate ? negotiate_deflate(headers, *deflate) : DeflateNegotiation{};
  if (negotiation.refused) return refuse(400, "Invalid or unacceptable Sec-WebSocket-Extensions header");
  if (agreement) *agreement = negotiation.agreement;

  HttpResponse response;
  response.status = 101;
  response.headers.add("Upgrade", "websocket");
  response.headers.add("Connection", "Upgrade");
  response.headers.add("Sec-WebSocket-Accept", websocket_accept_value(key));
  if (!subprotocol->empty()) response.headers.add("Sec-WebSocket-Protocol", *subprotocol);
  if (negotiation.agreement) response.headers.add("Sec-WebSocket-Extensions", negotiation.agreement->to_header());
  return response;
}

}  // namespace socketio
