// SPDX-License-Identifier: MIT
// One kind of chain for all middleware: on connections and on incoming packets. Core layer.
#pragma once

#include <socketio/core/coroutines.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/fwd.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

/// Continues a middleware chain: `next()` passes on, `next(ConnectError("..."))` refuses.
///
/// Only the first call counts. May be kept and called later; while it is not, the chain waits, and a connection that
/// waits is ended by ServerOptions::connect_timeout.
///
/// @par Thread safety  May be called from any thread; the chain goes on on the socket's own.
class Next {
 public:
  using Result = std::optional<MiddlewareError>;
  using Done = detail::UniqueFunction<void(Result)>;

  /// For the library: `done` runs once, on the shard.
  Next(std::shared_ptr<detail::Shard> shard, Done done)
      : state_(std::make_shared<State>(std::move(shard), std::move(done))) {}

  void operator()() const { finish(std::nullopt); }
  void operator()(MiddlewareError error) const { finish(std::move(error)); }
  void operator()(const std::string& message) const { finish(MiddlewareError(message)); }

 private:
  struct State {
    State(std::shared_ptr<detail::Shard> owner, Done on_done) : shard(std::move(owner)), done(std::move(on_done)) {}
    std::shared_ptr<detail::Shard> shard;
    Done done;
    std::atomic<bool> called{false};
  };

  void finish(Result result) const {
    if (state_->called.exchange(true)) return;
    state_->shard->dispatch([state = state_, result = std::move(result)]() mutable {
      const Done done = std::move(state->done);
      done(std::move(result));
    });
  }

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
  using List = std::vector<std::shared_ptr<Function>>;

  bool empty() const noexcept { return list_.empty(); }

  void add(Function function) { list_.push_back(std::make_shared<Function>(std::move(function))); }

  /// Runs what is registered now, one after the other; the first refusal ends it. `done` runs once, possibly at once.
  void run(const std::shared_ptr<Shard>& shard, Subject subject, Next::Done done) const {
    run_from(std::make_shared<Run>(Run{list_, 0, shard, std::move(subject), std::move(done)}));
  }

 private:
  struct Run {
    List list;
    std::size_t position;
    std::shared_ptr<Shard> shard;
    Subject subject;
    Next::Done done;
  };

  static void run_from(std::shared_ptr<Run> run) {
    if (run->position == run->list.size()) {
      run->done(std::nullopt);
      return;
    }
    const std::shared_ptr<Function> current = run->list[run->position++];
    Run& state = *run;
    (*current)(state.subject, state.shard, Next(state.shard, [run = std::move(run)](Next::Result result) {
                 if (result)
                   run->done(std::move(result));
                 else
                   run_from(run);
               }));
  }

  List list_;
};

/// What a middleware may return: nothing, or the refusal; either as it is or awaitable.
template <class R>
concept MiddlewareResult = std::is_void_v<typename AwaitedResult<R>::type> ||
    std::is_same_v<typename AwaitedResult<R>::type, std::optional<MiddlewareError>>;

template <class F, class Argument>
concept AsynchronousMiddleware = std::is_invocable_v<F&, Argument, Next>;

template <class F, class Argument>
concept DirectMiddleware = !AsynchronousMiddleware<F, Argument> && std::is_invocable_v<F&, Argument> &&
                           MiddlewareResult<std::invoke_result_t<F&, Argument>>;

/// Passes on what the exception being handled means: a refusal, or a failure whose details stay on the server.
inline void refuse_with_current_exception(const Shard& shard, const Next& next) {
  try {
    throw;
  } catch (const MiddlewareError& refusal) {
    next(refusal);
  } catch (...) {
    shard.report_current_exception({}, {}, {});
    next(MiddlewareError("internal server error"));
  }
}

inline void pass_on(const Next& next, std::optional<MiddlewareError> refusal) {
  if (refusal)
    next(*std::move(refusal));
  else
    next();
}

template <class F, class Argument>
asio::awaitable<void> run_middleware_coroutine(std::shared_ptr<F> function, Argument argument,
                                               std::shared_ptr<Shard> shard, Next next) {
  using Result = typename AwaitedResult<std::invoke_result_t<F&, Argument>>::type;
  try {
    if constexpr (std::is_void_v<Result>) {
      co_await (*function)(argument);
      next();
    } else {
      pass_on(next, co_await (*function)(argument));
    }
  } catch (...) {
    refuse_with_current_exception(*shard, next);
  }
}

/// Brings the three forms of middleware (with `next`, direct, coroutine) to one.
///
/// @tparam Argument  what the user's function takes; made from the subject by `project`
template <class Argument, class Subject, class F, class Project>
typename MiddlewareChain<Subject>::Function make_middleware(F&& user, Project project) {
  using User = std::decay_t<F>;
  return [function = std::make_shared<User>(std::forward<F>(user)), project](
             const Subject& subject, const std::shared_ptr<Shard>& shard, Next next) {
    try {
      if constexpr (AsynchronousMiddleware<User, Argument>) {
        (*function)(project(subject), next);
      } else if constexpr (is_awaitable<std::invoke_result_t<User&, Argument>>) {
        asio::co_spawn(shard->executor(),
                       run_middleware_coroutine<User, Argument>(function, project(subject), shard, next),
                       [](std::exception_ptr) {});
      } else if constexpr (std::is_void_v<std::invoke_result_t<User&, Argument>>) {
        (*function)(project(subject));
        next();
      } else {
        pass_on(next, (*function)(project(subject)));
      }
    } catch (...) {
      refuse_with_current_exception(*shard, next);
    }
  };
}

}  // namespace detail
}  // namespace socketio
