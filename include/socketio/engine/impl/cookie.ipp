// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/cookie.hpp>. Engine layer.
#pragma once

#include <socketio/engine/cookie.hpp>
#include <socketio/engine/impl/cors.ipp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

namespace socketio {

namespace detail {

/// As encodeURIComponent.
SOCKETIO_DECL std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view marks = "-_.!~*'()";
  std::string out;
  for (const char c : text) {
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_alphanumeric || marks.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0xF];
    }
  }
  return out;
}

/// "Thu, 01 Jan 1970 00:00:00 GMT", of any year from 0 to 9999, without the C library's time zone.
inline std::string http_date(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  constexpr std::array<const char*, 7> day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto whole_days = floor<days>(time);
  const year_month_day date(whole_days);
  const hh_mm_ss clock(floor<seconds>(time - whole_days));
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                 day_names[weekday(whole_days).c_encoding()], static_cast<unsigned>(date.day()),
                                 month_names[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

/// Labels of letters, digits and inner hyphens, of at most 63 characters, joined by dots; a leading dot is allowed.
inline bool is_cookie_domain(std::string_view domain) noexcept {
  if (!domain.empty() && domain.front() == '.') domain.remove_prefix(1);
  for (;;) {
    const std::string_view label = domain.substr(0, domain.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (const char c : label)
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-')) return false;
    if (label.size() == domain.size()) return true;
    domain.remove_prefix(label.size() + 1);
  }
}

}  // namespace detail

SOCKETIO_DECL std::vector<std::string> CookieOptions::validate() const {
  std::vector<std::string> problems;
  if (!detail::is_http_token(name)) problems.emplace_back("cookie.name is no token");
  const auto is_path_character = [](char c) { return c >= 0x20 && c < 0x7F && c != ';' && c != '<'; };
  if (path && !std::all_of(path->begin(), path->end(), is_path_character))
    problems.emplace_back("cookie.path contains a character that may not stand in a path");
  if (!domain.empty() && !detail::is_cookie_domain(domain)) problems.emplace_back("cookie.domain is no domain name");
  if (max_age && max_age->count() < 0) problems.emplace_back("cookie.max_age is negative");
  if (same_site == SameSite::none && !secure)
    problems.emplace_back("cookie.same_site is none without secure: browsers drop such a cookie");
  if (partitioned && !secure)
    problems.emplace_back("cookie.partitioned is set without secure: browsers drop such a cookie");
  return problems;
}

SOCKETIO_DECL std::string serialize_cookie(const CookieOptions& options, std::string_view value) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) throw std::invalid_argument(problems);
  std::string text = options.name + '=' + detail::percent_encoded(value);
  if (options.max_age) text += "; Max-Age=" + std::to_string(options.max_age->count());
  if (!options.domain.empty()) text += "; Domain=" + options.domain;
  if (options.path && !options.path->empty()) text += "; Path=" + *options.path;
  if (options.expires) text += "; Expires=" + detail::http_date(*options.expires);
  if (options.http_only) text += "; HttpOnly";
  if (options.secure) text += "; Secure";
  if (options.partitioned) text += "; Partitioned";
  if (options.priority) {
    switch (*options.priority) {
      case CookieOptions::Priority::low: text += "; Priority=Low"; break;
      case CookieOptions::Priority::medium: text += "; Priority=Medium"; break;
      case CookieOptions::Priority::high: text += "; Priority=High"; break;
    }
  }
  if (options.same_site) {
    switch (*options.same_site) {
      case CookieOptions::SameSite::strict: text += "; SameSite=Strict"; break;
      case CookieOptions::SameSite::lax: text += "; SameSite=Lax"; break;
      case CookieOptions::SameSite::none: text += "; SameSite=None"; break;
    }
  }
  return text;
}

}  // namespace socketio
