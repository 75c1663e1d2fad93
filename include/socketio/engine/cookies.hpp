// SPDX-License-Identifier: MIT
// The Cookie header of a request as a list of names and values. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// Cookies in the order in which they were sent. `HttpRequest::cookies` reads those of a request.
///
/// Blanks around names and values and one pair of quotes around a value are left out. `%41` in a value is `A`; a value
/// that is not valid percent-encoding stays as it is. Names are not decoded. Text that is not UTF-8 becomes U+FFFD.
///
/// @par Specification    RFC 6265 section 5.4, read as the npm package `cookie` reads it.
/// @par Limits           The first `max_count` cookies are read, and the rest are ignored.
/// @par Untrusted input  Any text is accepted. The client chooses names and values, unless they are secrets that it got
///                       from the server.
class Cookies {
 public:
  using Cookie = std::pair<std::string, std::string>;

  static constexpr std::size_t max_count = 1'000;

  Cookies() = default;

  /// @param header  the value of the header: `a=1; b=2`
  explicit Cookies(std::string_view header);

  /// The value of that name; of several, the first one, whose path is the longest.
  ///
  /// @return  empty if there is no such cookie, which `contains` tells from an empty value
  const std::string operator[](std::string_view name) const;

  /// The same without a copy, unless the object is a temporary, as that of `request.cookies().find("session")`; no
  /// value if there is no such cookie.
  ///
  /// @par Lifetime  a view is valid as long as the object
  std::optional<std::string_view> find(std::string_view name) const& noexcept;
  std::optional<std::string> find(std::string_view name) &&;

  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

  std::size_t size() const noexcept { return cookies_.size(); }
  bool empty() const noexcept { return cookies_.empty(); }
  auto begin() const noexcept { return cookies_.begin(); }
  auto end() const noexcept { return cookies_.end(); }

 private:
  std::vector<Cookie> cookies_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/cookies.ipp>
#endif
