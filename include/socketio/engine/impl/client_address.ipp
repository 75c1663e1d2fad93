// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/client_address.hpp>. Engine layer.
#pragma once

#include <socketio/engine/client_address.hpp>

#include <utility>

namespace socketio::detail {

/// Takes the last part of a text from its end: what stands behind the last separator that is not in quotes.
///
/// From the end, since the proxy has written the end: quotes that the client has left open before it change nothing.
inline std::string_view take_last(std::string_view& text, char separator) noexcept {
  bool is_quoted = false;
  for (std::size_t at = text.size(); at-- > 0;) {
    if (text[at] == '"') {
      std::size_t escapes = 0;
      while (is_quoted && at > escapes && text[at - escapes - 1] == '\\') ++escapes;
      if (escapes % 2 == 0) is_quoted = !is_quoted;
    } else if (text[at] == separator && !is_quoted) {
      const std::string_view last = trim_blanks(text.substr(at + 1));
      text = text.substr(0, at);
      return last;
    }
  }
  return trim_blanks(std::exchange(text, {}));
}

/// The node of the parameter `for` in an element of a Forwarded header, without its quotes; empty without one.
inline std::string_view forwarded_for(std::string_view element) noexcept {
  while (!element.empty()) {
    const std::string_view pair = take_last(element, ';');
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !iequals(trim_blanks(pair.substr(0, equals)), "for")) continue;
    std::string_view value = trim_blanks(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

SOCKETIO_DECL std::optional<ClientAddress> parse_client_address(std::string_view text) {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || text.substr(1, end - 1).find(':') == std::string_view::npos)
      return std::nullopt;
    port = text.substr(end + 1);
    text = text.substr(1, end - 1);
  } else if (text.find(':') != std::string_view::npos && text.find(':') == text.rfind(':')) {
    port = text.substr(text.find(':'));
    text = text.substr(0, text.find(':'));
  }
  const auto address = IpAddress::parse(text);
  if (!address) return std::nullopt;
  unsigned number = 0;
  if (!port.empty()) {
    if (port.front() != ':') return std::nullopt;
    port.remove_prefix(1);
    const auto parsed = take_number(port, 10, 65'535);
    if (!parsed || !port.empty()) return std::nullopt;
    number = *parsed;
  }
  return ClientAddress{address->to_string(), static_cast<std::uint16_t>(number)};
}

SOCKETIO_DECL ClientAddressFinder::ClientAddressFinder(const std::vector<std::string>& trusted, std::string header)
    : trusted_(trusted), header_(std::move(header)), is_forwarded_(iequals(header_, "Forwarded")) {}

SOCKETIO_DECL std::optional<ClientAddress> ClientAddressFinder::find(const HttpRequest& request) const {
  if (!trusted_.contains(request.remote_address)) return std::nullopt;
  const std::optional<std::string> value = request.headers.joined(header_);
  if (!value) return std::nullopt;
  std::optional<ClientAddress> found;
  for (std::string_view rest = *value; !rest.empty();) {
    const std::string_view element = take_last(rest, ',');
    if (element.empty()) continue;  // lists may have empty elements
    auto next = parse_client_address(is_forwarded_ ? forwarded_for(element) : element);
    if (!next) return std::nullopt;
    found = std::move(next);
    if (!trusted_.contains(found->address)) break;
  }
  return found;
}

}  // namespace socketio::detail
