// SPDX-License-Identifier: MIT
// One kind of chain for all middleware: on connections and on incoming packets. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/fwd.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// Continues a middleware chain: `next()` passes on, `next(ConnectError("..."))` refuses.
///
/// Only the first call counts. May be kept and called later; while it is not, the chain waits, and a connection that
/// waits without having joined another namespace is ended by ServerOptions::connect_timeout.
///
/// @par Thread safety  May be called from any thread; the chain goes on on the socket's own.
class Next {
 public:
  using Result = std::optional<MiddlewareError>;
  using Done = detail::UniqueFunction<void(Result)>;

  /// For the library: `done` runs once, on the shard.
  SOCKETIO_DECL Next(std::shared_ptr<detail::Shard> shard, Done done);

  void operator()() const { finish(std::nullopt); }
  void operator()(MiddlewareError error) const { finish(std::move(error)); }
  void operator()(const std::string& message) const { finish(MiddlewareError(message)); }

 private:
  struct State;

  SOCKETIO_DECL void finish(Result result) const;

  std::shared_ptr<State> state_;
};

namespace detail {

/// Middleware of one kind, in the order of registration.
///
/// @tparam Subject  what a middleware looks at: a socket, or an incoming event; copied into each call
template <class Subject>
class MiddlewareChain {
 public:
  using Function = UniqueFunction<void(const Subject&, const std::shared_ptr<Shard>&, Next)>;

  bool empty() const noexcept { return list_ == nullptr; }

  void add(Function function) {
    auto longer = list_ ? std::make_shared<List>(*list_) : std::make_shared<List>();
    longer->push_back(std::make_shared<Function>(std::move(function)));
    list_ = std::move(longer);
  }

  /// Runs what is registered now, one after the other; the first refusal ends it. `done` runs once, possibly at once.
  void run(const std::shared_ptr<Shard>& shard, Subject subject, Next::Done done) const {
    run_from(std::make_shared<Run>(Run{list_, 0, shard, std::move(subject), std::move(done)}));
  }

 private:
  using List = std::vector<std::shared_ptr<Function>>;

  struct Run {
    std::shared_ptr<const List> list;
    std::size_t position;
    std::shared_ptr<Shard> shard;
    Subject subject;
    Next::Done done;
  };

  /// The caller keeps `run`: a middleware may go on after `next`.
  static void run_from(const std::shared_ptr<Run>& run) {
    if (!run->list || run->position == run->list->size()) {
      run->done(std::nullopt);
      return;
    }
    const Function& current = *(*run->list)[run->position++];
    current(run->subject, run->shard, Next(run->shard, [run](Next::Result result) {
              if (result)
                run->done(std::move(result));
              else
                run_from(run);
            }));
  }

  std::shared_ptr<const List> list_;  // replaced as a whole, so that a run keeps what it began with; null if empty
};

/// What a middleware may return: nothing, or the refusal; either as it is or awaitable.
template <class R>
concept MiddlewareResult = std::is_void_v<typename AwaitedResult<R>::type> ||
    std::is_same_v<typename AwaitedResult<R>::type, std::optional<MiddlewareError>>;

template <class F, class Argument>
concept AsynchronousMiddleware = std::is_invocable_v<F&, Argument, const Next&>;

template <class F, class Argument>
concept DirectMiddleware = !AsynchronousMiddleware<F, Argument> && std::is_invocable_v<F&, Argument> &&
                           MiddlewareResult<std::invoke_result_t<F&, Argument>>;

/// The namespace, the socket and the event of a middleware, for the report of its failure.
struct MiddlewarePlace {
  std::string_view nsp;
  std::string_view socket_id;
  std::string_view event;
};

/// Refuses with the exception that is being handled: a MiddlewareError reaches the client, any other is reported and
/// its details stay on the server.
SOCKETIO_DECL void refuse_with_current_exception(const Shard& shard, const Next& next, const MiddlewarePlace& place);

SOCKETIO_DECL void begin_watching(WatchedCall& call, const Shard& shard, const MiddlewarePlace& place);

SOCKETIO_DECL void pass_on(const Next& next, std::optional<MiddlewareError> refusal);

template <class User, class Argument>
auto call_middleware(User& user, Argument& argument, const Next& next) {
  if constexpr (AsynchronousMiddleware<User, Argument>)
    return user(argument, next);
  else
    return user(argument);
}

/// A middleware of the user's with what is made of its subject.
///
/// @tparam Argument  what the user's function takes; `Project` makes it from the subject
/// @tparam Locate    makes a MiddlewarePlace of the subject
template <class User, class Argument, class Subject, class Project, class Locate>
struct Middleware {
  using Result = decltype(call_middleware<User, Argument>(std::declval<User&>(), std::declval<Argument&>(),
                                                          std::declval<const Next&>()));
  static constexpr bool takes_next = AsynchronousMiddleware<User, Argument>;

  User user;
  Project project;
  Locate locate;

  void run(const std::shared_ptr<Middleware>& self, const Subject& subject, const std::shared_ptr<Shard>& shard,
           const Next& next) {
    WatchedCall call;
    if (shard->is_watched()) begin_watching(call, *shard, locate(subject));
    if constexpr (is_awaitable<Result>) {
      spawn(*shard, run_coroutine(self, subject, shard, next));
    } else {
      try {
        Argument argument = project(subject);
        if constexpr (takes_next) {
          static_cast<void>(call_middleware<User, Argument>(user, argument, next));
        } else if constexpr (std::is_void_v<Result>) {
          call_middleware<User, Argument>(user, argument, next);
          next();
        } else {
          pass_on(next, call_middleware<User, Argument>(user, argument, next));
        }
      } catch (...) {
        refuse_with_current_exception(*shard, next, locate(subject));
      }
    }
  }

  /// All that the coroutine uses is a parameter, hence lives in its frame: it may go on after `next`.
  static asio::awaitable<void> run_coroutine(std::shared_ptr<Middleware> self, Subject subject,
                                             std::shared_ptr<Shard> shard, Next next) {
    try {
      Argument argument = self->project(subject);
      if constexpr (takes_next) {
        static_cast<void>(co_await call_middleware<User, Argument>(self->user, argument, next));
      } else if constexpr (std::is_void_v<typename AwaitedResult<Result>::type>) {
        co_await call_middleware<User, Argument>(self->user, argument, next);
        next();
      } else {
        pass_on(next, co_await call_middleware<User, Argument>(self->user, argument, next));
      }
    } catch (...) {
      refuse_with_current_exception(*shard, next, self->locate(subject));
    }
  }
};

/// Brings the forms of middleware (with `next`, direct, and either of them as a coroutine) to one.
template <class Argument, class Subject, class F, class Project, class Locate>
typename MiddlewareChain<Subject>::Function make_middleware(F&& user, Project project, Locate locate) {
  using Made = Middleware<std::decay_t<F>, Argument, Subject, Project, Locate>;
  return [made = std::shared_ptr<Made>(new Made{std::forward<F>(user), std::move(project), std::move(locate)})](
             const Subject& subject, const std::shared_ptr<Shard>& shard, const Next& next) {
    made->run(made, subject, shard, next);
  };
}

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/middleware.ipp>
#endif
