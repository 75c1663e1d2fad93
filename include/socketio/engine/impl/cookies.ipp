// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/cookies.hpp>. Engine layer.
#pragma once

#include <socketio/engine/cookies.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/impl/query.ipp>
#include <socketio/protocol/utf8.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

/// Whether two hexadecimal digits follow every `%`.
inline bool is_percent_encoded(std::string_view text) noexcept {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3))
    if (at + 2 >= text.size() || hex_digit_value(text[at + 1]) < 0 || hex_digit_value(text[at + 2]) < 0) return false;
  return true;
}

inline std::string cookie_value(std::string_view text) {
  if (!text.empty() && text.front() == '"' && text.back() == '"')
    text = text.size() < 2 ? std::string_view() : text.substr(1, text.size() - 2);
  if (text.find('%') != std::string_view::npos && is_percent_encoded(text)) {
    std::string decoded = percent_decoded(text, false);
    if (is_valid_utf8(decoded)) return decoded;
  }
  return to_valid_utf8(text);
}

}  // namespace detail

SOCKETIO_DECL Cookies::Cookies(std::string_view header) {
  if (header.size() < 2) return;  // as the reference: "=" is no cookie, while "= " has an empty name
  while (!header.empty() && cookies_.size() < max_count) {
    const std::string_view pair = header.substr(0, header.find(';'));
    header.remove_prefix(pair.size() == header.size() ? pair.size() : pair.size() + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    cookies_.emplace_back(to_valid_utf8(detail::trim_blanks(pair.substr(0, equals))),
                          detail::cookie_value(detail::trim_blanks(pair.substr(equals + 1))));
  }
}

SOCKETIO_DECL std::optional<std::string_view> Cookies::find(std::string_view name) const& noexcept {
  for (const Cookie& cookie : cookies_)
    if (cookie.first == name) return cookie.second;
  return std::nullopt;
}

SOCKETIO_DECL std::optional<std::string> Cookies::find(std::string_view name) && {
  const Cookies& self = *this;
  const std::optional<std::string_view> found = self.find(name);
  return found ? std::optional<std::string>(*found) : std::nullopt;
}

SOCKETIO_DECL const std::string Cookies::operator[](std::string_view name) const {
  return std::string(find(name).value_or(std::string_view()));
}

SOCKETIO_DECL Cookies HttpRequest::cookies() const { return Cookies(headers.joined("cookie").value_or(std::string())); }

}  // namespace socketio
