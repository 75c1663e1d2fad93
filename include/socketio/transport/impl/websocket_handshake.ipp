// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocket_handshake.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/sha1.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/websocket_handshake.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace socketio {

SOCKETIO_DECL std::string websocket_accept_value(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const detail::Sha1Digest digest = detail::sha1(text);
  std::string result;
  base64_encode(std::span<const std::byte>(digest), result);
  return result;
}

SOCKETIO_DECL bool asks_to_upgrade(const HttpRequest& request, bool is_http_1_0) noexcept {
  return !is_http_1_0 && request.headers.contains("upgrade") && request.headers.has_token("connection", "upgrade");
}

namespace detail {

/// The first subprotocol of the list: an empty text if there is no list, no value if the list is malformed.
SOCKETIO_DECL std::optional<std::string> first_subprotocol(const HttpHeaders& headers) {
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

/// Whether this is 16 bytes in base64: 22 characters and two of padding.
SOCKETIO_DECL bool is_websocket_key(std::string_view key) noexcept {
  return key.size() == 24 && key.substr(22) == "==" && std::all_of(key.begin(), key.begin() + 22, [](char c) {
           return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
         });
}

}  // namespace detail

SOCKETIO_DECL HttpResponse websocket_refusal(unsigned status, std::string_view why) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/html");
  response.body = why;
  response.close = true;
  return response;
}

SOCKETIO_DECL std::optional<HttpResponse> refused_websocket_handshake(const HttpRequest& request,
                                                                      const PerMessageDeflateOptions* deflate,
                                                                      std::optional<DeflateAgreement>* agreement,
                                                                      std::string* subprotocol) {
  const HttpHeaders& headers = request.headers;
  if (request.method != "GET") return websocket_refusal(405, "Invalid HTTP method");
  if (!iequals(headers.joined("upgrade").value_or(""), "websocket"))
    return websocket_refusal(400, "Invalid Upgrade header");
  const std::string key = headers.joined("sec-websocket-key").value_or("");
  if (!detail::is_websocket_key(key)) return websocket_refusal(400, "Missing or invalid Sec-WebSocket-Key header");
  const std::string version = headers.joined("sec-websocket-version").value_or("");
  if (version != "13" && version != "8") {
    HttpResponse response = websocket_refusal(400, "Missing or invalid Sec-WebSocket-Version header");
    response.headers.add("Sec-WebSocket-Version", "13, 8");
    return response;
  }
  const auto first = detail::first_subprotocol(headers);
  if (!first) return websocket_refusal(400, "Invalid Sec-WebSocket-Protocol header");
  const DeflateNegotiation negotiation = deflate ? negotiate_deflate(headers, *deflate) : DeflateNegotiation{};
  if (negotiation.refused) return websocket_refusal(400, "Invalid or unacceptable Sec-WebSocket-Extensions header");
  if (agreement) *agreement = negotiation.agreement;
  if (subprotocol) *subprotocol = *first;
  return std::nullopt;
}

SOCKETIO_DECL HttpResponse answer_websocket_handshake(const HttpRequest& request,
                                                      const PerMessageDeflateOptions* deflate,
                                                      std::optional<DeflateAgreement>* agreement) {
  std::optional<DeflateAgreement> agreed;
  std::string subprotocol;
  if (auto refusal = refused_websocket_handshake(request, deflate, &agreed, &subprotocol)) return *std::move(refusal);
  if (agreement) *agreement = agreed;

  HttpResponse response;
  response.status = 101;
  response.headers.add("Upgrade", "websocket");
  response.headers.add("Connection", "Upgrade");
  response.headers.add("Sec-WebSocket-Accept",
                       websocket_accept_value(request.headers.joined("sec-websocket-key").value_or("")));
  if (!subprotocol.empty()) response.headers.add("Sec-WebSocket-Protocol", subprotocol);
  if (agreed) response.headers.add("Sec-WebSocket-Extensions", agreed->to_header());
  return response;
}

}  // namespace socketio
