// SPDX-License-Identifier: MIT
// What an engine middleware sees of a request, and how it lets the request go on. Engine layer.
#pragma once

#include <socketio/engine/cookies.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/query.hpp>
#include <socketio/engine/transport.hpp>

#include <memory>
#include <string>
#include <utility>

namespace socketio {

namespace detail {
class PendingRequest;
}  // namespace detail

/// A request on its way through the middlewares.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       As long as a `MiddlewareNext` of the same request lives.
class MiddlewareContext {
 public:
  /// @param is_upgrade  whether the request is taken for an upgrade: never where only polling is offered
  MiddlewareContext(ExchangePtr exchange, bool is_upgrade)
      : exchange_(std::move(exchange)), query_(exchange_->request().query()), is_upgrade_(is_upgrade) {}

  const HttpRequest& request() const { return exchange_->request(); }
  const QueryParams& query() const noexcept { return query_; }
  bool is_upgrade() const noexcept { return is_upgrade_; }

  /// Attaches a value of a type of the program's to the request: who the user is, which session the cookie names.
  ///
  /// `HttpRequest::get` finds it from then on: in later middlewares, in the hooks and options that get the request,
  /// and, if the request opens a session, in its `Session::request` and in the `Handshake` of its sockets. What is
  /// attached to later requests of a session (polls, its upgrade) ends with them.
  ///
  /// To be called before the request goes on from the last middleware.
  ///
  /// @param value  takes the place of an earlier one of its type; constant from now on, see RequestValues
  template <class T>
  void set(T value) {
    exchange_->request().values.attach(std::move(value));
  }

  /// Headers for the response to this request, whatever it will be: a poll, an error, the 101 of a WebSocket.
  HttpHeaders& headers() noexcept { return headers_; }

  /// Answers the request, which then goes no further. The connection of an upgrade request is ended without an answer.
  ///
  /// @param response  gets the headers set so far, unless it has its own of the same name
  void respond(HttpResponse response);

 private:
  friend class detail::PendingRequest;

  ExchangePtr exchange_;
  QueryParams query_;
  HttpHeaders headers_;
  bool is_upgrade_;
  bool is_over_ = false;  // answered, or gone on to the engine
};

/// Lets a request go on from a middleware, at once or later.
///
/// The first call counts. If every copy is dropped without a call and the middleware has not answered the request
/// either, its connection is ended.
///
/// @par Thread safety  Owner's thread only.
class MiddlewareNext {
 public:
  /// On to the next middleware, or to the engine after the last one.
  void operator()() const;

  /// Refuses the request: code 3, `MIDDLEWARE_FAILURE`.
  void fail(std::string reason) const;

 private:
  friend class detail::PendingRequest;
  MiddlewareNext(std::shared_ptr<detail::PendingRequest> request, std::size_t index)
      : request_(std::move(request)), index_(index) {}

  std::shared_ptr<detail::PendingRequest> request_;
  std::size_t index_;
};

}  // namespace socketio
