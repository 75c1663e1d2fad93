// SPDX-License-Identifier: MIT
// Timers of sockets and namespaces: functions that are called later, or again and again. Core layer.
#pragma once

#include <socketio/core/completion.hpp>
#include <socketio/core/coroutines.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/require_duration.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/fwd.hpp>

#include <asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

class TimedCall;
class TimedCalls;

using TimedCallPtr = std::shared_ptr<TimedCall>;

}  // namespace detail

/// One timer: what `set_timeout` and `set_interval` return.
///
/// A small handle: copying it is cheap, ignoring it is fine, and it keeps nothing alive. A default-constructed one
/// stands for no timer.
///
/// @par Thread safety  All functions from any thread.
class TimerHandle {
 public:
  TimerHandle() noexcept = default;
  /// For the library.
  explicit TimerHandle(std::weak_ptr<detail::TimedCall> call) noexcept : call_(std::move(call)) {}

  /// Cancels the timer: no call begins after this. On another thread than the timer's, one may just have begun. A
  /// coroutine that has begun goes on.
  SOCKETIO_DECL void cancel() const;

  /// Whether a call is still to come.
  SOCKETIO_DECL bool is_active() const;

 private:
  std::weak_ptr<detail::TimedCall> call_;
};

namespace detail {

/// A function of the user's and when it is called.
///
/// @par Thread safety  The owner's thread only, except what is marked otherwise.
/// @par Lifetime       Kept by its TimedCalls until it ends, and by a coroutine of its own that has not finished.
class TimedCall : public std::enable_shared_from_this<TimedCall> {
 public:
  using Function = UniqueFunction<void(const TimedCallPtr& self)>;

  /// How the function ends: when it returns, or when it calls `finish`.
  enum class Kind { function, coroutine };

  struct Task {
    Kind kind;
    Function function;
  };

  /// Any thread.
  ///
  /// @param delay    until the first call and, if it repeats, between calls
  /// @param repeats  whether it is called again and again
  SOCKETIO_DECL TimedCall(std::shared_ptr<Shard> shard, std::chrono::milliseconds delay, bool repeats, Task task);
  TimedCall(const TimedCall&) = delete;
  TimedCall& operator=(const TimedCall&) = delete;

  // Any thread.

  SOCKETIO_DECL void cancel();
  bool is_active() const noexcept { return is_active_.load(std::memory_order_relaxed); }
  /// The coroutine of this call has finished.
  SOCKETIO_DECL void finish();

  /// Starts a coroutine of this call, and reports an exception of it.
  SOCKETIO_DECL void start(asio::awaitable<void> coroutine);
  SOCKETIO_DECL void report_current_exception() const;

 private:
  friend class TimedCalls;

  static void fire(void* self);
  void begin(TimedCalls& owner, std::shared_ptr<const OperationPlace> place);
  void arm();
  void call();
  void finish_here();
  void end();

  std::shared_ptr<Shard> shard_;
  std::chrono::milliseconds delay_;
  bool repeats_;
  bool is_running_ = false;
  std::atomic<bool> is_active_{true};
  Task task_;
  TimedCalls* owner_ = nullptr;  // null before it has begun and after it has ended
  std::size_t position_ = 0;     // among those of the owner
  std::shared_ptr<const OperationPlace> place_;
  Scheduler::Clock::time_point deadline_{};
  std::optional<Timer> timer_;
};

/// Not a template: the call of each function would be another allocation to compile.
SOCKETIO_DECL TimedCallPtr make_timed_call(std::shared_ptr<Shard> shard, std::chrono::milliseconds delay, bool repeats,
                                           TimedCall::Task task);

/// The timers of one socket or namespace.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       `end_all` must be called before the scheduler of the thread is destroyed.
class TimedCalls {
 public:
  /// @param place  what reports say of the functions
  SOCKETIO_DECL explicit TimedCalls(OperationPlace place);
  TimedCalls(const TimedCalls&) = delete;
  TimedCalls& operator=(const TimedCalls&) = delete;
  SOCKETIO_DECL ~TimedCalls();

  /// Begins a call, unless it has been cancelled meanwhile.
  SOCKETIO_DECL void add(const TimedCallPtr& call);
  /// Cancels all of them and destroys their functions; one that is running is destroyed when it returns.
  SOCKETIO_DECL void end_all();

 private:
  friend class TimedCall;

  void remove(TimedCall& call);

  std::shared_ptr<const OperationPlace> place_;
  std::vector<TimedCallPtr> calls_;
};

template <class F>
concept TimedFunction = std::is_invocable_v<F&, const TimerHandle&> || std::is_invocable_v<F&>;

template <class F>
decltype(auto) invoke_timed(F& function, const TimedCallPtr& call) {
  if constexpr (std::is_invocable_v<F&, const TimerHandle&>)
    return function(TimerHandle(call));
  else
    return static_cast<void>(call), function();
}

/// All that the coroutine uses is a parameter, hence lives in its frame.
template <class F>
asio::awaitable<void> run_timed(std::shared_ptr<F> function, TimedCallPtr call) {
  try {
    co_await invoke_timed(*function, call);
  } catch (...) {
    call->report_current_exception();
  }
  call->finish();
}

template <class F>
TimedCall::Task make_timed_task(F&& function) {
  using Function = std::decay_t<F>;
  using Result = decltype(invoke_timed(std::declval<Function&>(), std::declval<const TimedCallPtr&>()));
  if constexpr (is_awaitable<Result>)
    return {TimedCall::Kind::coroutine, [shared = std::make_shared<Function>(std::forward<F>(function))](
                                            const TimedCallPtr& call) { call->start(run_timed(shared, call)); }};
  else
    return {TimedCall::Kind::function, [mine = Function(std::forward<F>(function))](const TimedCallPtr& call) mutable {
              invoke_timed(mine, call);
            }};
}

/// The functions that sockets, namespaces and servers share.
///
/// @tparam Derived  has `timer_shard()` and `start_timer(call)`
template <class Derived>
class TimerVerbs {
 public:
  /// Calls a function once, after a time; never inside of this call.
  ///
  /// It is called on the thread of this socket; for a namespace or a server on the server's first thread. The timer
  /// ends with the socket when that disconnects, with the namespace when that goes, and when the server closes: then
  /// the function is destroyed without a call. On a socket that has gone, or on a closed server, it is never called.
  ///
  /// @param delay     a std::chrono duration; at once, in a later turn, if it is zero or less
  /// @param function  `[] { ... }` or `[](socketio::TimerHandle timer) { ... }`, which may cancel itself; or a member
  ///                  function and its object; it may be a coroutine
  /// @return          cancels the timer
  /// @par Errors      What the function throws goes to the server's error hook; an interval goes on.
  template <class... F>
  TimerHandle set_timeout(std::chrono::milliseconds delay, F&&... function) const {
    return schedule(delay, false, std::forward<F>(function)...);
  }

  /// Calls a function again and again; as `set_timeout` otherwise.
  ///
  /// Calls do not pile up: one that would begin before the last has finished, a coroutine included, is left out. The
  /// others keep their times, however long a call takes.
  ///
  /// @param interval  until the first call and between calls; at least a millisecond
  template <class... F>
  TimerHandle set_interval(std::chrono::milliseconds interval, F&&... function) const {
    return schedule(interval, true, std::forward<F>(function)...);
  }

  // These say that a time has a unit.
  template <class Number, class... F>
  requires std::is_arithmetic_v<Number> TimerHandle set_timeout(Number, F&&...)
  const {
    require_duration<Number>();
    return {};
  }
  template <class Number, class... F>
  requires std::is_arithmetic_v<Number> TimerHandle set_interval(Number, F&&...)
  const {
    require_duration<Number>();
    return {};
  }

 protected:
  ~TimerVerbs() = default;

 private:
  template <class F>
  TimerHandle schedule(std::chrono::milliseconds delay, bool repeats, F&& function) const {
    static_assert(TimedFunction<std::decay_t<F>>,
                  "socketio: a timer calls a function that takes nothing or a socketio::TimerHandle: "
                  "set_timeout(2s, [] { ... }).");
    if constexpr (TimedFunction<std::decay_t<F>>) {
      const auto& self = static_cast<const Derived&>(*this);
      const TimedCallPtr call =
          make_timed_call(self.timer_shard(), delay, repeats, make_timed_task(std::forward<F>(function)));
      self.start_timer(call);
      return TimerHandle(call);
    } else {
      return {};
    }
  }
  template <class Member, class Object>
  TimerHandle schedule(std::chrono::milliseconds delay, bool repeats, Member member, Object&& object) const {
    return schedule(delay, repeats, bind_member(member, std::forward<Object>(object)));
  }
};

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/timed_calls.ipp>
#endif
