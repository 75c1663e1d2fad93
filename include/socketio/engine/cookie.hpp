// SPDX-License-Identifier: MIT
// The Set-Cookie header: the cookie with the session id, for load balancers with sticky sessions, and cookies of the
// program's own. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// The name and the attributes of a cookie. As an option: of the session cookie, which is set on the handshake of a
/// polling session.
struct CookieOptions {
  enum class SameSite { strict, lax, none };
  enum class Priority { low, medium, high };

  std::string name = "io";
  std::optional<std::string> path = "/";  // no value: the attribute is left out
  bool http_only = true;
  std::optional<SameSite> same_site = SameSite::lax;
  std::string domain{};  // empty: left out
  std::optional<std::chrono::seconds> max_age{};
  std::optional<std::chrono::system_clock::time_point> expires{};
  bool secure = false;
  bool partitioned = false;
  std::optional<Priority> priority{};

  /// Every problem in words, such as characters that would end an attribute; empty if there is none.
  std::vector<std::string> validate() const;
};

/// The value of a Set-Cookie header: `io=<value>; Path=/; HttpOnly; SameSite=Lax`.
///
/// @param value  UTF-8; encoded as encodeURIComponent does, which `Cookies` undoes, so that nothing in it ends the
/// value
/// @throws std::invalid_argument  with what `options.validate()` says, for example if a path contains a `;`
/// @par Example  `response.headers.add("Set-Cookie", serialize_cookie({.name = "session", .secure = true}, id));` sets
///               a cookie, and `.max_age = 0s` deletes it. Add the header: `set` would replace another cookie.
SOCKETIO_DECL std::string serialize_cookie(const CookieOptions& options, std::string_view value);

namespace detail {

/// As encodeURIComponent.
SOCKETIO_DECL std::string percent_encoded(std::string_view text);

}  // namespace detail

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/cookie.ipp>
#endif
