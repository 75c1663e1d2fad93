// SPDX-License-Identifier: MIT
// Query strings and cookie values: decoding after encoding is identity, and any text is accepted.

#include <socketio/engine/cookie.hpp>
#include <socketio/engine/query.hpp>
#include <socketio/protocol/utf8.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const socketio::QueryParams params(text);
  std::string rebuilt;
  for (const auto& [name, value] : params) {
    fuzz::law(socketio::is_valid_utf8(name) && socketio::is_valid_utf8(value), "names and values are UTF-8");
    fuzz::law(params.find(name).has_value(), "every name is found");
    rebuilt += socketio::detail::percent_encoded(name) + '=' + socketio::detail::percent_encoded(value) + '&';
  }
  fuzz::law(params.size() <= size, "no parameter comes from nothing");

  const socketio::QueryParams again(rebuilt);
  fuzz::law(again.size() == params.size(), "no parameter is lost");
  for (auto a = params.begin(), b = again.begin(); a != params.end(); ++a, ++b)
    fuzz::law(*a == *b, "encoding and reading again changes nothing");

  const std::string whole = "k=" + socketio::detail::percent_encoded(text);
  const socketio::QueryParams one(whole);
  fuzz::law(one.find("k") == std::string_view(socketio::to_valid_utf8(text)), "any text survives encoding");

  const std::string cookie = socketio::serialize_cookie({}, text);
  fuzz::law(cookie.find(';') == cookie.find("; Path=/; HttpOnly; SameSite=Lax"), "no value ends the cookie's value");
  return 0;
}
