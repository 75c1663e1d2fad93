// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/http.hpp>. Engine layer.
#pragma once

#include <socketio/engine/http.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

namespace detail {

/// Fields of which Node.js keeps the first and ignores the rest (`IncomingMessage`, "headers").
inline bool occurs_once(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 18> names{
      "age",           "authorization", "content-length", "content-type",        "etag",
      "expires",       "from",          "host",           "if-modified-since",   "if-unmodified-since",
      "last-modified", "location",      "max-forwards",   "proxy-authorization", "referer",
      "retry-after",   "server",        "user-agent"};
  return std::any_of(names.begin(), names.end(), [name](std::string_view once) { return iequals(once, name); });
}

}  // namespace detail

SOCKETIO_DECL bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return detail::ascii_lower(x) == detail::ascii_lower(y);
         });
}

SOCKETIO_DECL void HttpHeaders::reserve(std::size_t fields, std::size_t text_bytes) {
  fields_.reserve(fields);
  text_.reserve(text_bytes);
}

SOCKETIO_DECL void HttpHeaders::add(std::string_view name, std::string_view value) {
  const std::size_t at = text_.size();
  const std::size_t needed = at + name.size() + value.size();
  if (needed > text_.capacity()) {
    // The arguments may be views of this very text, hence it lives on until they have been copied.
    std::string grown;
    grown.reserve(std::max(needed, 2 * text_.capacity()));
    grown.append(text_).append(name).append(value);
    text_.swap(grown);
  } else {
    text_.append(name).append(value);
  }
  fields_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + name.size())});
}

SOCKETIO_DECL void HttpHeaders::set(std::string_view name, std::string_view value) {
  HttpHeaders result;
  result.reserve(size() + 1, text_.size() + name.size() + value.size());
  bool done = false;
  for (std::size_t i = 0; i < size(); ++i) {
    const Field field = (*this)[i];
    if (!iequals(field.name, name)) {
      result.add(field.name, field.value);
    } else if (!std::exchange(done, true)) {
      result.add(name, value);
    }
  }
  if (!done) result.add(name, value);
  *this = std::move(result);
}

SOCKETIO_DECL void HttpHeaders::remove(std::string_view name) {
  if (!contains(name)) return;
  HttpHeaders result;
  result.reserve(size(), text_.size());
  for (std::size_t i = 0; i < size(); ++i)
    if (const Field field = (*this)[i]; !iequals(field.name, name)) result.add(field.name, field.value);
  *this = std::move(result);
}

// Lengths first: most names differ in them.
SOCKETIO_DECL std::size_t HttpHeaders::index_of(std::string_view name, std::size_t from) const noexcept {
  for (std::size_t i = from; i < fields_.size(); ++i) {
    const Place place = fields_[i];
    const std::size_t length = place.value_at - place.name_at;
    if (length == name.size() && iequals({text_.data() + place.name_at, length}, name)) return i;
  }
  return fields_.size();
}

SOCKETIO_DECL std::optional<std::string_view> HttpHeaders::find(std::string_view name) const noexcept {
  const std::size_t index = index_of(name, 0);
  if (index == size()) return std::nullopt;
  return (*this)[index].value;
}

SOCKETIO_DECL std::optional<std::string> HttpHeaders::joined(std::string_view name) const {
  std::size_t index = index_of(name, 0);
  if (index == size()) return std::nullopt;
  std::string result((*this)[index].value);
  index = index_of(name, index + 1);
  if (index == size() || detail::occurs_once(name)) return result;
  const std::string_view separator = iequals(name, "cookie") ? "; " : ", ";
  for (; index < size(); index = index_of(name, index + 1)) {
    result += separator;
    result += (*this)[index].value;
  }
  return result;
}

SOCKETIO_DECL bool HttpHeaders::has_token(std::string_view name, std::string_view token) const noexcept {
  for (std::size_t i = 0; i < size(); ++i) {
    const Field field = (*this)[i];
    if (!iequals(field.name, name)) continue;
    for (std::string_view rest = field.value;;) {
      const std::size_t comma = rest.find(',');
      if (iequals(detail::trim_blanks(rest.substr(0, comma)), token)) return true;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

SOCKETIO_DECL const std::string HttpHeaders::operator[](std::string_view name) const {
  return joined(name).value_or(std::string());
}

SOCKETIO_DECL HttpHeaders::Field HttpHeaders::operator[](std::size_t index) const noexcept {
  const Place place = fields_[index];
  const std::size_t end = index + 1 < fields_.size() ? fields_[index + 1].name_at : text_.size();
  const std::string_view text = text_;
  return {text.substr(place.name_at, place.value_at - place.name_at),
          text.substr(place.value_at, end - place.value_at)};
}

SOCKETIO_DECL std::string_view HttpRequest::path() const noexcept {
  const std::string_view all = target;
  return all.substr(0, all.find('?'));
}

SOCKETIO_DECL std::string_view HttpRequest::query() const noexcept {
  const std::string_view all = target;
  const std::size_t mark = all.find('?');
  return mark == std::string_view::npos ? std::string_view() : all.substr(mark + 1);
}

SOCKETIO_DECL QueryParams HttpRequest::query_params() const { return QueryParams(query()); }

SOCKETIO_DECL std::string_view http_reason(unsigned status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 208: return "Already Reported";
    case 226: return "IM Used";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 418: return "I'm a Teapot";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Entity";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 506: return "Variant Also Negotiates";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    case 509: return "Bandwidth Limit Exceeded";
    case 510: return "Not Extended";
    case 511: return "Network Authentication Required";
  }
  return "Unknown";
}

}  // namespace socketio
