// SPDX-License-Identifier: MIT
// The query of a request target as a list of decoded parameters. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// Query parameters in the order in which they were sent.
///
/// `+` is a space, `%41` is `A`, text that is not UTF-8 becomes U+FFFD; names are decoded too.
///
/// @par Specification    WHATWG URL, application/x-www-form-urlencoded parsing.
/// @par Untrusted input  Any text is accepted; names are data and nothing else.
class QueryParams {
 public:
  using Param = std::pair<std::string, std::string>;

  QueryParams() = default;

  /// @param query  the text after the `?`, without it
  explicit QueryParams(std::string_view query);

  /// The value of that name; of several, the last one.
  ///
  /// @return  empty if there is no such parameter, which `contains` tells from an empty value. Constant, so that an
  ///          assignment does not compile
  const std::string operator[](std::string_view name) const;

  /// The same without a copy; no value if there is no such parameter.
  ///
  /// @par Lifetime  the view is valid as long as the object: not beyond the call for
  /// `socket.handshake().query.find(...)`
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

  std::size_t size() const noexcept { return params_.size(); }
  bool empty() const noexcept { return params_.empty(); }

  /// All of them in their order, those with a repeated name too: `for (const auto& [name, value] : query)`.
  auto begin() const noexcept { return params_.begin(); }
  auto end() const noexcept { return params_.end(); }

 private:
  std::vector<Param> params_;
};

namespace detail {

/// Replaces `%` and two hexadecimal digits by their byte; any other `%` stays.
SOCKETIO_DECL std::string percent_decoded(std::string_view text, bool plus_is_space);

}  // namespace detail

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/query.ipp>
#endif
