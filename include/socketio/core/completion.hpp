// SPDX-License-Identifier: MIT
// How an operation of a handle ends: the completion of everything that takes an Asio completion token. Core layer.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace socketio::detail {

/// Where an operation began: its shard, whose executor is the default, and what reports say of its callback.
struct OperationPlace {
  std::shared_ptr<Shard> shard;
  std::string nsp;
  std::string socket_id;  // empty where no socket is concerned
  std::string event;

  SOCKETIO_DECL void report(std::error_code error, std::string detail) const;

  /// Reports an exception on the thread of the shard.
  SOCKETIO_DECL void report_exception(std::exception_ptr exception) const;
};

/// Calls `function` on an executor: at once if this thread runs it already.
SOCKETIO_DECL void dispatch_on(const asio::any_io_executor& executor, UniqueFunction<void()> function);

/// Calls `function` on an executor, later.
SOCKETIO_DECL void post_on(const asio::any_io_executor& executor, UniqueFunction<void()> function);

// Nearly every executor fits into an any_io_executor: Asio's templates, some 30 functions for each handler, are
// compiled for that one alone. The others have no execution context of their own.
inline void dispatch_on(const auto& executor, UniqueFunction<void()> function) {
  asio::dispatch(executor, std::move(function));
}
inline void post_on(const auto& executor, UniqueFunction<void()> function) {
  asio::post(executor, std::move(function));
}

/// The executor of a completion handler, as an any_io_executor if it fits into one.
///
/// @param otherwise  for a handler without an executor
template <class CompletionHandler>
auto executor_of(const CompletionHandler& handler, const asio::any_io_executor& otherwise) {
  using Executor = asio::associated_executor_t<CompletionHandler, asio::any_io_executor>;
  using Kept =
      std::conditional_t<std::is_convertible_v<Executor, asio::any_io_executor>, asio::any_io_executor, Executor>;
  return Kept(asio::get_associated_executor(handler, otherwise));
}

/// Makes a function `(error, results...)` of a completion handler. It runs the handler on the handler's associated
/// executor, which has outstanding work until then; exceptions of the handler are reported.
template <class... Results, class CompletionHandler>
auto make_completion(OperationPlace place, CompletionHandler handler) {
  auto executor = executor_of(handler, place.shard->executor());
  using Executor = decltype(executor);
  struct Waiting {
    CompletionHandler handler;
    asio::executor_work_guard<Executor> work;
    OperationPlace place;
  };
  std::unique_ptr<Waiting> made(
      new Waiting{std::move(handler), asio::executor_work_guard<Executor>(std::move(executor)), std::move(place)});
  return [waiting = std::move(made)](std::error_code error, Results... results) mutable {
    const Executor where = waiting->work.get_executor();
    dispatch_on(where, [waiting = std::move(waiting), error, ... results = std::move(results)]() mutable {
      try {
        std::move(waiting->handler)(error, std::move(results)...);
      } catch (...) {
        waiting->place.report_exception(std::current_exception());
      }
    });
  };
}

/// Ends an operation on a server that is gone: with Errc::disconnected on the executor of its handler. A handler
/// without an executor of its own is dropped, for the server's event loop is gone.
template <class... Results, class CompletionHandler>
void complete_without_server(CompletionHandler handler) {
  const auto executor = executor_of(handler, asio::any_io_executor());
  if constexpr (std::is_same_v<decltype(executor), const asio::any_io_executor>)
    if (!executor) return;
  post_on(executor, [handler = std::move(handler)]() mutable {
    std::move(handler)(make_error_code(Errc::disconnected), Results{}...);
  });
}

/// Calls `cancel()` in a later turn of the shard when the operation of a cancellation slot is cancelled: the program
/// that cancels may not expect the completion meanwhile.
template <class Slot, class Cancel>
void on_cancellation(Slot slot, const std::shared_ptr<Shard>& shard, Cancel cancel) {
  if (!slot.is_connected()) return;
  slot.assign([shard, cancel = std::move(cancel)](asio::cancellation_type type) {
    if (type != asio::cancellation_type::none) shard->post(cancel);
  });
}

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/completion.ipp>
#endif
