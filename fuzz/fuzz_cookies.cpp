// SPDX-License-Identifier: MIT
// The Cookie header: any text is accepted, and what is written is read again.

#include <socketio/engine/cookie.hpp>
#include <socketio/engine/cookies.hpp>
#include <socketio/protocol/utf8.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const socketio::Cookies cookies(text);
  fuzz::law(cookies.size() <= socketio::Cookies::max_count, "the number of cookies is limited");
  fuzz::law(cookies.size() <= static_cast<std::size_t>(std::count(text.begin(), text.end(), '=')),
            "no cookie comes from nothing");
  std::string rebuilt = ";;";
  std::size_t looked_up = 0;
  for (const auto& [name, value] : cookies) {
    fuzz::law(socketio::is_valid_utf8(name) && socketio::is_valid_utf8(value), "names and values are UTF-8");
    fuzz::law(name.find_first_of(";=") == std::string::npos, "no name contains a separator");
    if (looked_up++ < 50) fuzz::law(cookies.find(name).has_value(), "every name is found");
    rebuilt += name + '=' + socketio::detail::percent_encoded(value) + "; ";
  }
  const socketio::Cookies again(rebuilt);
  fuzz::law(std::equal(cookies.begin(), cookies.end(), again.begin(), again.end()),
            "encoding and reading again changes nothing");

  // The input as the name, the path and the value of a cookie: it is refused, or it adds nothing to the header.
  socketio::CookieOptions options;
  options.name = std::string(text.substr(0, size / 3));
  options.path = std::string(text.substr(size / 3, size / 3));
  const std::string_view value = text.substr(size / 3 * 2);
  try {
    const std::string written = socketio::serialize_cookie(options, value);
    fuzz::law(written.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
              "no character ends the header");
    fuzz::law(std::count(written.begin(), written.end(), ';') == (options.path->empty() ? 2 : 3),
              "no attribute comes from the input");
    if (socketio::is_valid_utf8(value))
      fuzz::law(socketio::Cookies(written).find(options.name) == value, "any text survives being a value");
  } catch (const std::invalid_argument&) {
    fuzz::law(!options.validate().empty(), "only invalid attributes are refused");
  }
  return 0;
}
