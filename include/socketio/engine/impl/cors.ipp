// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/cors.hpp>. Engine layer.
#pragma once

#include <socketio/engine/cors.hpp>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

/// Whether `text` is a token of RFC 9110: the form of methods, header names and cookie names.
constexpr bool is_http_token(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_alphanumeric && marks.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

inline std::string joined_with_comma(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) {
    if (!out.empty()) out += ',';
    out += item;
  }
  return out;
}

inline void add_vary(HttpHeaders& headers, std::string_view field) {
  const std::string present(headers.find("Vary").value_or(std::string_view()));
  if (present.empty())
    headers.set("Vary", field);
  else if (present != "*" && !headers.has_token("Vary", field))
    headers.set("Vary", present + ", " + std::string(field));
}

inline void add_allowed_origin(const CorsOrigin& rule, const HttpRequest& request, HttpHeaders& headers) {
  if (rule.is_any()) {
    headers.set("Access-Control-Allow-Origin", "*");
    return;
  }
  if (const std::string* fixed = rule.fixed()) {
    headers.set("Access-Control-Allow-Origin", *fixed);
  } else {
    const std::string origin = request.headers.joined("Origin").value_or(std::string());
    if (rule.allows(origin) && !origin.empty() && is_valid_header_value(origin))
      headers.set("Access-Control-Allow-Origin", origin);
  }
  add_vary(headers, "Origin");
}

inline void add_preflight_headers(const CorsOptions& options, const HttpRequest& request, HttpHeaders& headers) {
  headers.set("Access-Control-Allow-Methods", joined_with_comma(options.methods));
  std::string allowed = joined_with_comma(options.allowed_headers);
  if (allowed.empty()) {
    allowed = request.headers.joined("Access-Control-Request-Headers").value_or(std::string());
    add_vary(headers, "Access-Control-Request-Headers");
  }
  if (!allowed.empty() && is_valid_header_value(allowed)) headers.set("Access-Control-Allow-Headers", allowed);
  if (options.max_age) headers.set("Access-Control-Max-Age", std::to_string(options.max_age->count()));
}

}  // namespace detail

SOCKETIO_DECL CorsOrigin::CorsOrigin() = default;
SOCKETIO_DECL CorsOrigin::CorsOrigin(const char* fixed) : fixed_(fixed) {}
SOCKETIO_DECL CorsOrigin::CorsOrigin(std::string fixed) : fixed_(std::move(fixed)) {}
SOCKETIO_DECL CorsOrigin::CorsOrigin(std::string_view fixed) : fixed_(fixed) {}
SOCKETIO_DECL CorsOrigin::CorsOrigin(std::initializer_list<CorsOrigin> any_of)
    : CorsOrigin(std::vector<CorsOrigin>(any_of)) {}
SOCKETIO_DECL CorsOrigin::CorsOrigin(std::vector<CorsOrigin> any_of) : rule_(Rule::predicate) {
  for (const CorsOrigin& rule : any_of)
    if (rule.async_chooser() != nullptr)
      throw std::invalid_argument("socketio: a list of origins may not contain a rule that answers later");
  predicate_ = [any_of = std::move(any_of)](std::string_view origin) {
    return std::any_of(any_of.begin(), any_of.end(), [origin](const CorsOrigin& rule) { return rule.allows(origin); });
  };
}
SOCKETIO_DECL CorsOrigin::CorsOrigin(const CorsOrigin& other) = default;
SOCKETIO_DECL CorsOrigin::CorsOrigin(CorsOrigin&& other) noexcept = default;
SOCKETIO_DECL CorsOrigin& CorsOrigin::operator=(const CorsOrigin& other) = default;
SOCKETIO_DECL CorsOrigin& CorsOrigin::operator=(CorsOrigin&& other) noexcept = default;
SOCKETIO_DECL CorsOrigin::~CorsOrigin() = default;

SOCKETIO_DECL CorsOrigin CorsOrigin::if_allowed(Predicate predicate) {
  CorsOrigin origin;
  origin.rule_ = Rule::predicate;
  origin.predicate_ = std::move(predicate);
  return origin;
}
SOCKETIO_DECL CorsOrigin CorsOrigin::chosen_by(Chooser chooser) {
  CorsOrigin origin;
  origin.rule_ = Rule::chooser;
  origin.chooser_ = std::move(chooser);
  return origin;
}
SOCKETIO_DECL CorsOrigin CorsOrigin::chosen_by(AsyncChooser chooser) {
  CorsOrigin origin;
  origin.rule_ = Rule::async_chooser;
  origin.async_chooser_ = std::move(chooser);
  return origin;
}
SOCKETIO_DECL CorsOrigin CorsOrigin::reflecting(bool reflect) {
  CorsOrigin origin;
  origin.rule_ = reflect ? Rule::every : Rule::none;
  return origin;
}

SOCKETIO_DECL const std::string* CorsOrigin::fixed() const noexcept { return rule_ == Rule::fixed ? &fixed_ : nullptr; }
SOCKETIO_DECL const CorsOrigin::Chooser* CorsOrigin::chooser() const noexcept {
  return rule_ == Rule::chooser ? &chooser_ : nullptr;
}
SOCKETIO_DECL const CorsOrigin::AsyncChooser* CorsOrigin::async_chooser() const noexcept {
  return rule_ == Rule::async_chooser ? &async_chooser_ : nullptr;
}

SOCKETIO_DECL bool is_valid_header_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

SOCKETIO_DECL bool CorsOrigin::is_any() const noexcept { return rule_ == Rule::fixed && fixed_ == "*"; }

SOCKETIO_DECL bool CorsOrigin::is_none() const noexcept {
  return rule_ == Rule::none || (rule_ == Rule::fixed && fixed_.empty());
}

SOCKETIO_DECL bool CorsOrigin::allows(std::string_view origin) const {
  switch (rule_) {
    case Rule::fixed: return fixed_ == origin;
    case Rule::every: return true;
    case Rule::none: return false;
    case Rule::predicate: return predicate_(origin);
    case Rule::chooser: return chooser_(origin).allows(origin);
    case Rule::async_chooser: throw std::logic_error("socketio: this rule for origins answers later");
  }
  return false;
}

SOCKETIO_DECL bool apply_cors(const CorsOptions& options, const HttpRequest& request, HttpHeaders& headers) {
  return detail::apply_cors(options, options.origin, request, headers);
}

SOCKETIO_DECL bool detail::apply_cors(const CorsOptions& options, const CorsOrigin& origin, const HttpRequest& request,
                                      HttpHeaders& headers) {
  const CorsOrigin* rule = &origin;
  CorsOrigin chosen;
  if (const CorsOrigin::Chooser* choose = rule->chooser()) {
    chosen = (*choose)(request.headers.joined("Origin").value_or(std::string()));
    rule = &chosen;
  }
  if (rule->is_none()) return false;

  const bool is_preflight = iequals(request.method, "OPTIONS");
  detail::add_allowed_origin(*rule, request, headers);
  if (options.credentials) headers.set("Access-Control-Allow-Credentials", "true");
  if (is_preflight) detail::add_preflight_headers(options, request, headers);
  if (!options.exposed_headers.empty())
    headers.set("Access-Control-Expose-Headers", detail::joined_with_comma(options.exposed_headers));
  return is_preflight && !options.preflight_continue;
}

SOCKETIO_DECL CorsDelegate CorsDelegate::of(Direct function) {
  CorsDelegate delegate;
  if (function)
    delegate.function_ = [function = std::move(function)](const HttpRequest& request, const CorsReply& reply) {
      reply(function(request));
    };
  return delegate;
}

SOCKETIO_DECL void CorsDelegate::operator()(const HttpRequest& request, CorsReply reply) const {
  function_(request, std::move(reply));
}

SOCKETIO_DECL std::vector<std::string> CorsOptions::validate() const {
  std::vector<std::string> problems;
  const auto check_tokens = [&problems](const std::vector<std::string>& items, std::string_view name) {
    for (const std::string& item : items)
      if (!detail::is_http_token(item))
        problems.push_back("cors." + std::string(name) + ": '" + item + "' is no token");
  };
  check_tokens(methods, "methods");
  check_tokens(allowed_headers, "allowed_headers");
  check_tokens(exposed_headers, "exposed_headers");
  if (const std::string* text = origin.fixed(); text != nullptr && !is_valid_header_value(*text))
    problems.emplace_back("cors.origin contains a character that may not stand in a header");
  if (max_age && max_age->count() < 0) problems.emplace_back("cors.max_age is negative");
  if (options_success_status < 200 || options_success_status > 299)
    problems.emplace_back("cors.options_success_status is not between 200 and 299");
  return problems;
}

}  // namespace socketio
