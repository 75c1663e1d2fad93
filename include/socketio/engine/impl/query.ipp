// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/query.hpp>. Engine layer.
#pragma once

#include <socketio/engine/query.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {

namespace detail {

constexpr int hex_digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Replaces `%` and two hexadecimal digits by their byte; any other `%` stays.
SOCKETIO_DECL std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace detail

SOCKETIO_DECL QueryParams::QueryParams(std::string_view query) {
  query = query.substr(0, query.find('#'));
  const auto decoded = [](std::string_view text) {
    std::string plain = detail::percent_decoded(text, true);
    return is_valid_utf8(plain) ? plain : to_valid_utf8(plain);
  };
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    params_.emplace_back(decoded(pair.substr(0, equals)), decoded(value));
  }
}

SOCKETIO_DECL const std::string QueryParams::operator[](std::string_view name) const {
  return std::string(find(name).value_or(std::string_view()));
}

SOCKETIO_DECL std::optional<std::string_view> QueryParams::find(std::string_view name) const noexcept {
  for (std::size_t i = params_.size(); i-- > 0;)
    if (params_[i].first == name) return params_[i].second;
  return std::nullopt;
}

}  // namespace socketio
