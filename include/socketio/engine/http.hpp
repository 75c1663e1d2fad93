// SPDX-License-Identifier: MIT
// HTTP requests and responses as values: what transports and the engine say to each other. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/query.hpp>
#include <socketio/engine/request_values.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

class Cookies;

/// Header fields in the order in which they were received or added; names compare without regard to case.
///
/// All text lies in one string, so that the headers of an idle connection cost two allocations.
///
/// @par Thread safety  As a standard container.
/// @par Lifetime       Views stay valid until the next modification.
class HttpHeaders {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// Makes room for fields and for the characters of their names and values together.
  void reserve(std::size_t fields, std::size_t text_bytes);

  /// Adds a field after those that are there, even if the name is there already.
  void add(std::string_view name, std::string_view value);

  /// Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The value of that name as Node.js has it in `headers`: several lines of one name are joined, see `joined`.
  ///
  /// @return  empty if there is no such field, which `contains` tells from an empty value. Constant, so that an
  ///          assignment does not compile: `set` changes a field
  const std::string operator[](std::string_view name) const;

  /// The first field of that name, without those that may follow.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

  /// Every value of that name joined as Node.js joins them: `; ` for cookie, the first one alone for fields that
  /// may occur once (host, user-agent, content-type, ...), `, ` for the rest.
  std::optional<std::string> joined(std::string_view name) const;

  /// Whether a comma-separated field contains the token, without regard to case.
  bool has_token(std::string_view name, std::string_view token) const noexcept;

  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }

  /// The field at an index below `size()`.
  Field operator[](std::size_t index) const noexcept;

 private:
  struct Place {
    std::uint32_t name_at, value_at;  // a value ends where the next name begins
  };

  /// The index of the first field of that name from an index on; `size()` if there is none.
  std::size_t index_of(std::string_view name, std::size_t from) const noexcept;

  std::string text_;
  std::vector<Place> fields_;
};

/// What TLS knows of a connection and of the client at its other end.
struct TlsPeer {
  std::string protocol;             // "TLSv1.3"
  std::string cipher;               // "TLS_AES_256_GCM_SHA384"
  bool authorized = false;          // it has a certificate, which one of the authorities vouches for
  std::string authorization_error;  // why not, in words; empty if it is, or was not asked for a certificate
  std::string subject;              // of its certificate, as RFC 2253 writes it: "CN=alice,O=Example"
  std::string certificate;          // its certificate in DER; empty: it sent none
};

/// The head of a request; the body, if any, is asked for through the exchange.
struct HttpRequest {
  std::string method;
  std::string target;  // raw, undecoded, as sent: "/socket.io/?EIO=4&transport=polling"
  HttpHeaders headers;
  std::string remote_address;     // "127.0.0.1", "::1", of the peer, or of the client that a trusted proxy names; empty
                                  // where there is none
  std::uint16_t remote_port = 0;  // 0 if it is not known
  bool secure = false;            // came over TLS
  std::shared_ptr<const TlsPeer> tls;  // the same for all requests of a connection; null on a plain one
  RequestValues values;                // what the engine's middleware has attached

  /// The value of that type that a middleware has attached to this request (`MiddlewareContext::set`); nullptr if none
  /// has. Valid as long as this request or a copy of it.
  template <class T>
  const T* get() const noexcept {
    return values.get<T>();
  }

  /// The cookies of the request, read anew by each call; <socketio/engine/cookies.hpp> has the type.
  Cookies cookies() const;

  /// The target up to the query: "/socket.io/".
  std::string_view path() const noexcept;
  /// The target after the first `?`, not decoded; empty without one.
  std::string_view query() const noexcept;
  /// The same, taken apart and decoded: `request.query_params()["token"]`.
  QueryParams query_params() const;
};

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers{};  // Content-Length and Connection are the transport's business
  std::string body{};
  bool close = false;  // ends the connection after this response
};

/// The standard reason phrase ("Not Found"); "Unknown" for codes that have none.
SOCKETIO_DECL std::string_view http_reason(unsigned status) noexcept;

/// Compares ASCII text without regard to case.
SOCKETIO_DECL bool iequals(std::string_view a, std::string_view b) noexcept;

namespace detail {

constexpr char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr std::string_view trim_blanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace detail

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/http.ipp>
#endif
