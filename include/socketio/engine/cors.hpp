// SPDX-License-Identifier: MIT
// Cross-origin resource sharing: which headers a request gets, and how a preflight is answered. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

class CorsOriginReply;
struct CorsOptions;

namespace detail {
class PendingRequest;
}  // namespace detail

/// Which origins may read the responses.
///
/// | written as                                  | `Access-Control-Allow-Origin`                                   |
/// |---------------------------------------------|-----------------------------------------------------------------|
/// | `"*"` (the default)                         | `*`                                                             |
/// | `"https://a.example"`                       | always that one, whatever the request says                      |
/// | `true`                                      | the origin of the request, whatever it is                       |
/// | `false`                                     | no CORS header at all                                           |
/// | `std::regex(...)`                           | the request's origin if the pattern is found in it              |
/// | `CorsOrigin::if_allowed(predicate)`         | the request's origin if the predicate says yes                  |
/// | `{"https://a.example", std::regex(...)}`    | the request's origin if one of the entries allows it            |
/// | `CorsOrigin::chosen_by(function)`           | what the function chooses for the request's origin, as above;   |
/// |                                             | it returns the rule, or gives it to a CorsOriginReply later     |
///
/// An origin that is not allowed is not refused: it gets a response without `Access-Control-Allow-Origin`, which the
/// browser does not let its page read. To refuse requests, use `EngineOptions::allow_request`.
///
/// @par Specification  The `origin` option of the npm package `cors`.
class CorsOrigin {
 public:
  using Predicate = std::function<bool(std::string_view origin)>;
  using Chooser = std::function<CorsOrigin(std::string_view origin)>;
  using AsyncChooser = std::function<void(std::string_view origin, CorsOriginReply reply)>;

  CorsOrigin();
  CorsOrigin(const char* fixed);
  CorsOrigin(std::string fixed);
  CorsOrigin(std::string_view fixed);

  /// @param reflect  true: every origin is allowed and named in the answer; false: no CORS headers
  template <std::same_as<bool> Bool>
  CorsOrigin(Bool reflect) : CorsOrigin(reflecting(reflect)) {}

  /// @throws std::invalid_argument  if one of them answers later
  CorsOrigin(std::initializer_list<CorsOrigin> any_of);
  CorsOrigin(std::vector<CorsOrigin> any_of);

  /// Any regular expression that a `regex_search(first, last, pattern)` accepts, such as `std::regex`.
  template <class Pattern>
  requires requires(const char* text, const Pattern& pattern) {
    { regex_search(text, text, pattern) } -> std::convertible_to<bool>;
  }
  CorsOrigin(Pattern pattern)
      : CorsOrigin(if_allowed([pattern = std::move(pattern)](std::string_view origin) {
          return static_cast<bool>(regex_search(origin.data(), origin.data() + origin.size(), pattern));
        })) {}

  CorsOrigin(const CorsOrigin& other);
  CorsOrigin(CorsOrigin&& other) noexcept;
  CorsOrigin& operator=(const CorsOrigin& other);
  CorsOrigin& operator=(CorsOrigin&& other) noexcept;
  ~CorsOrigin();

  static CorsOrigin if_allowed(Predicate predicate);

  /// @param chooser  called for every request; an exception from it refuses the request as a failed middleware does
  static CorsOrigin chosen_by(Chooser chooser);

  /// As the other `chosen_by`, for a function that answers at once or later: it asks a database.
  ///
  /// @param chooser  gets an origin that is valid during the call, and a copy of the reply to keep
  static CorsOrigin chosen_by(AsyncChooser chooser);

  bool is_any() const noexcept;
  bool is_none() const noexcept;

  /// The one origin that is always named, `*` included; nullptr for every other rule.
  const std::string* fixed() const noexcept;
  const Chooser* chooser() const noexcept;
  const AsyncChooser* async_chooser() const noexcept;

  /// Whether the rule allows this origin; a fixed one compares as text.
  ///
  /// @throws std::logic_error  if the rule answers later
  bool allows(std::string_view origin) const;

 private:
  enum class Rule { fixed, every, none, predicate, chooser, async_chooser };

  static CorsOrigin reflecting(bool reflect);

  Rule rule_ = Rule::fixed;
  std::string fixed_ = "*";
  Predicate predicate_{};
  Chooser chooser_{};
  AsyncChooser async_chooser_{};
};

/// Cross-origin settings; the names and defaults are those of the npm package `cors`.
struct CorsOptions {
  CorsOrigin origin{};
  std::vector<std::string> methods{"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"};
  std::vector<std::string> allowed_headers{};  // empty: those that the preflight asks for
  std::vector<std::string> exposed_headers{};
  bool credentials = false;
  std::optional<std::chrono::seconds> max_age{};
  bool preflight_continue = false;        // hand OPTIONS requests on instead of answering them
  unsigned options_success_status = 204;  // 200 for very old browsers

  /// Every problem in words; empty if there is none.
  std::vector<std::string> validate() const;
};

/// Adds the headers that a request gets under `options`.
///
/// @return whether the request is a preflight (any OPTIONS request) that is to be answered at once: with
///         `options_success_status`, these headers and no body
/// @throws std::logic_error  if the rule for origins answers later: only an Engine can wait for that
/// @par Errors         What a chooser or predicate throws.
/// @par Untrusted input  The request's origin is only repeated if it may stand in a header.
SOCKETIO_DECL bool apply_cors(const CorsOptions& options, const HttpRequest& request, HttpHeaders& headers);

/// Takes the rule for origins that an asynchronous `CorsOrigin::chosen_by` chooses, at once or later.
///
/// The first call counts. If every copy is dropped without one, the connection of the request is ended.
///
/// @par Thread safety  Owner's thread only.
class CorsOriginReply {
 public:
  explicit CorsOriginReply(std::shared_ptr<detail::PendingRequest> request) : request_(std::move(request)) {}

  /// @param origin  a rule that answers at once; one that answers later is as `fail`
  void operator()(CorsOrigin origin) const;

  /// Refuses the request: code 3, `MIDDLEWARE_FAILURE`.
  void fail(std::string reason) const;

 private:
  std::shared_ptr<detail::PendingRequest> request_;
};

/// Takes the settings that `EngineOptions::cors_delegate` chooses for a request, at once or later.
///
/// The first call counts. If every copy is dropped without one, the connection of the request is ended.
///
/// @par Thread safety  Owner's thread only.
class CorsReply {
 public:
  explicit CorsReply(std::shared_ptr<detail::PendingRequest> request) : request_(std::move(request)) {}

  /// @param options  no value: no CORS headers for this request; those that are invalid are as `fail`
  void operator()(std::optional<CorsOptions> options) const;

  /// Refuses the request: code 3, `MIDDLEWARE_FAILURE`.
  void fail(std::string reason) const;

 private:
  std::shared_ptr<detail::PendingRequest> request_;
};

/// Chooses the cross-origin settings of each request. Made of a function that returns them, or of one that gives them
/// to a CorsReply, at once or later. An exception refuses the request as a failed middleware does.
///
/// | function                                                          | answers                  |
/// |-------------------------------------------------------------------|--------------------------|
/// | `std::optional<CorsOptions> (const HttpRequest& request)`         | at once                  |
/// | `void (const HttpRequest& request, CorsReply reply)`              | when it calls `reply`    |
///
/// The request is valid during the call, and after it as long as a copy of the reply.
class CorsDelegate {
 public:
  using Direct = std::function<std::optional<CorsOptions>(const HttpRequest&)>;
  using Async = std::function<void(const HttpRequest&, CorsReply)>;

  CorsDelegate() = default;

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, CorsDelegate> && std::is_constructible_v<Direct, F>)
      CorsDelegate(F&& function)
      : CorsDelegate(of(Direct(std::forward<F>(function)))) {}

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, CorsDelegate> && std::is_constructible_v<Async, F> &&
           !std::is_constructible_v<Direct, F>) CorsDelegate(F&& function)
      : function_(std::forward<F>(function)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(function_); }
  void operator()(const HttpRequest& request, CorsReply reply) const;

 private:
  static CorsDelegate of(Direct function);

  Async function_;
};

namespace detail {

/// As the public function, with `origin` in place of `options.origin`.
SOCKETIO_DECL bool apply_cors(const CorsOptions& options, const CorsOrigin& origin, const HttpRequest& request,
                              HttpHeaders& headers);

}  // namespace detail

/// Whether every byte may stand in the value of a header: TAB, 0x20 to 0x7E, 0x80 to 0xFF.
SOCKETIO_DECL bool is_valid_header_value(std::string_view value) noexcept;

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/cors.ipp>
#endif
