// SPDX-License-Identifier: MIT
// The functions that decide which namespaces come into being when clients ask for them. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/middleware.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/protocol/value.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace socketio {

/// Answers whether a namespace may come into being: `next(true)`, or `next(false)`, which asks the next matcher.
///
/// Only the first call counts. May be kept and called later; while it is not, the client waits, and a connection that
/// waits without having joined another namespace is ended by ServerOptions::connect_timeout.
///
/// @par Thread safety  May be called from any thread; the search goes on on the server's own.
class NamespaceNext {
 public:
  /// For the library.
  explicit NamespaceNext(Next next) : next_(std::move(next)) {}

  void operator()(bool allow) const {
    if (allow)
      next_();
    else
      next_(MiddlewareError("refused"));
  }

 private:
  Next next_;
};

namespace detail {

/// std::regex, known by its members: so <regex> is included only by programs that use it.
// clang-format off
template <class R>
concept RegularExpression = requires(const std::decay_t<R>& pattern, std::string_view text) {
  typename std::decay_t<R>::traits_type;
  typename std::decay_t<R>::flag_type;
  { regex_search(text.begin(), text.end(), pattern) } -> std::same_as<bool>;
};
// clang-format on

/// Whether a name has the pattern of the user's in it.
using NamespacePattern = UniqueFunction<bool(std::string_view)>;

template <RegularExpression R>
NamespacePattern make_namespace_pattern(R&& pattern) {
  return [pattern = std::decay_t<R>(std::forward<R>(pattern))](std::string_view name) {
    return regex_search(name.begin(), name.end(), pattern);
  };
}

/// What `of` takes for a function: neither a name nor a pattern.
template <class F>
concept NamespaceFunction = !std::is_convertible_v<F, std::string_view> && !RegularExpression<F>;

template <class F>
concept AsynchronousMatcher = std::is_invocable_v < std::decay_t<F>
&, const std::string&, const Value&, const NamespaceNext& > ;

template <class F>
concept DirectMatcher =
    !AsynchronousMatcher<F> && std::is_invocable_v<std::decay_t<F>&, const std::string&, const Value&> &&
    std::is_same_v<
        typename AwaitedResult<std::invoke_result_t<std::decay_t<F>&, const std::string&, const Value&>>::type, bool>;

/// A matcher of the user's in the form in which the server asks it: name, credentials, and who gets the answer.
using NamespaceMatcher =
    UniqueFunction<void(const std::string&, const Value&, const std::shared_ptr<Shard>&, const NamespaceNext&)>;

/// Refuses because a matcher has thrown; an exception that is no MiddlewareError is reported.
SOCKETIO_DECL void refuse_namespace_with_current_exception(const Shard& shard, const NamespaceNext& next,
                                                           std::string_view parent);

template <class User>
auto call_matcher(User& user, const std::string& name, const Value& auth, const NamespaceNext& next) {
  if constexpr (AsynchronousMatcher<User>)
    return user(name, auth, next);
  else
    return user(name, auth);
}

/// Everything that the coroutine may look at is a parameter, hence lives in its frame: it may go on after `next`.
template <class User>
asio::awaitable<void> run_matcher_coroutine(std::shared_ptr<User> user, std::string parent, std::string name,
                                            Value auth, std::shared_ptr<Shard> shard, NamespaceNext next) {
  try {
    if constexpr (AsynchronousMatcher<User>)
      static_cast<void>(co_await call_matcher(*user, name, auth, next));
    else
      next(co_await call_matcher(*user, name, auth, next));
  } catch (...) {
    refuse_namespace_with_current_exception(*shard, next, parent);
  }
}

/// Brings the forms of matchers (with `next`, direct, and either of them as a coroutine) to one.
///
/// @param parent  the name of the parent namespace, for reports
template <class F>
NamespaceMatcher make_namespace_matcher(F&& function, std::string parent) {
  using User = std::decay_t<F>;
  return
      [user = std::make_shared<User>(std::forward<F>(function)), parent = std::move(parent)](
          const std::string& name, const Value& auth, const std::shared_ptr<Shard>& shard, const NamespaceNext& next) {
        using Result = decltype(call_matcher(*user, name, auth, next));
        if constexpr (is_awaitable<Result>) {
          spawn(*shard, run_matcher_coroutine<User>(user, parent, name, auth, shard, next));
        } else {
          const auto kept = user;  // it may end the server
          try {
            if constexpr (AsynchronousMatcher<User>)
              static_cast<void>(call_matcher(*kept, name, auth, next));
            else
              next(call_matcher(*kept, name, auth, next));
          } catch (...) {
            refuse_namespace_with_current_exception(*shard, next, parent);
          }
        }
      };
}

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/namespace_matcher.ipp>
#endif
