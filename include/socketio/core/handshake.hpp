// SPDX-License-Identifier: MIT
// What a client said of itself when it connected. Core layer.
#pragma once

#include <socketio/engine/cookies.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/query.hpp>
#include <socketio/protocol/value.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace socketio {

/// The handshake of one socket: the HTTP request that opened its connection, and the credentials for its namespace.
///
/// All of it but `issued`, `address`, `secure`, `tls` and `values` is the client's word.
struct Handshake {
  HttpHeaders headers;  // of the first request of the connection
  QueryParams query;    // of that request: EIO, transport and the client's own
  Value auth;           // an object, empty if the client gave none
  std::string address;  // of the peer, which may be a proxy; of the client, if ServerOptions::trusted_proxies has it
  std::chrono::system_clock::time_point issued;  // when the socket was created
  std::string time;      // the same as text: "Fri Nov 20 2026 22:47:20 GMT+0000 (Coordinated Universal Time)"
  std::string url;       // the raw request target
  bool secure = false;   // came over TLS
  bool xdomain = false;  // the request had an Origin header
  std::shared_ptr<const TlsPeer> tls;  // the connection's TLS, with the client's certificate; null on a plain one
  RequestValues values;                // what the engine's middleware has attached to that request; empty if the socket
                                       // was fetched, since they stay on the server that has the client

  /// The attached value of that type; nullptr if there is none. Valid as long as the socket or a copy of this.
  template <class T>
  const T* get() const noexcept {
    return values.get<T>();
  }

  /// The cookies of that request, read anew by each call.
  Cookies cookies() const { return Cookies(headers.joined("cookie").value_or(std::string())); }
};

}  // namespace socketio
