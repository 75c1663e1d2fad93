// SPDX-License-Identifier: MIT
// What waits for a client's acknowledgement: a callback, or an Asio operation. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/packet.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace socketio::detail {

/// The last argument of an emit that is not something to send but something to call.
template <class F>
concept AckCallback = !EmittableArgument<F> && (std::is_object_v<std::remove_reference_t<F>> ||
                                                std::is_function_v<std::remove_reference_t<F>>)&&PlainCallable<F>;

template <class Parameters>
struct AckCallbackShape {
  static constexpr bool takes_error = false;
  using Results = Parameters;
};
template <class First, class... Rest>
requires std::is_same_v<std::remove_cvref_t<First>, std::error_code>
struct AckCallbackShape<TypeList<First, Rest...>> {
  static constexpr bool takes_error = true;
  using Results = TypeList<Rest...>;
};

/// Converts the items of an acknowledgement by position.
template <class... Results>
std::error_code read_results(const Packet& answer, std::tuple<Stored<Results>...>& results, std::string& detail) {
  ConvertError error;
  if (const std::size_t position = read_arguments(answer, results, error)) {
    detail = describe_argument_error(position, error);
    results = {};
    return make_error_code(Errc::bad_argument);
  }
  return {};
}

/// Makes a callback wait. One that takes a std::error_code first hears of everything; another one of answers only.
template <class F, class... Results>
PendingAcks::Handler make_ack_callback(F&& callback, std::shared_ptr<Shard> shard, std::string nsp,
                                       std::string socket_id, std::string event, TypeList<Results...>) {
  static_assert((ConvertibleParameter<Results> && ...),
                "socketio: a parameter of this acknowledgement callback cannot be converted from what a client sends.");
  return [callback = std::decay_t<F>(std::forward<F>(callback)), shard = std::move(shard), nsp = std::move(nsp),
          socket_id = std::move(socket_id),
          event = std::move(event)](std::error_code error, const Packet* answer) mutable {
    constexpr bool takes_error = AckCallbackShape<typename SignatureOf<std::decay_t<F>>::Parameters>::takes_error;
    std::tuple<Stored<Results>...> results;
    if (answer) {
      std::string detail;
      error = read_results<Results...>(*answer, results, detail);
      if (error) shard->report({error, "acknowledgement: " + detail, nsp, socket_id, event, nullptr});
    }
    if (error && !takes_error) return;
    try {
      std::apply(
          [&](auto&... stored) {
            if constexpr (takes_error)
              callback(error, pass<Results>(stored)...);
            else
              callback(pass<Results>(stored)...);
          },
          results);
    } catch (...) {
      shard->report_current_exception(nsp, socket_id, event);
    }
  };
}

/// Runs a completion handler where it wants to run, keeping its executor busy until then.
template <class Result, class CompletionHandler>
PendingAcks::Handler make_ack_completion(CompletionHandler handler, const std::shared_ptr<Shard>& shard) {
  using Executor = asio::associated_executor_t<CompletionHandler, asio::any_io_executor>;
  struct Waiting {
    CompletionHandler handler;
    asio::executor_work_guard<Executor> work;
  };
  Executor work = asio::get_associated_executor(handler, shard->executor());
  return [waiting = std::make_unique<Waiting>(
              Waiting{std::move(handler), asio::executor_work_guard<Executor>(std::move(work))})](
             std::error_code error, const Packet* answer) mutable {
    const Executor executor = waiting->work.get_executor();
    if constexpr (std::is_void_v<Result>) {
      static_cast<void>(answer);
      asio::dispatch(executor, [handler = std::move(waiting->handler), error]() mutable { std::move(handler)(error); });
    } else {
      std::tuple<Result> result;
      std::string detail;
      if (answer) error = read_results<Result>(*answer, result, detail);
      asio::dispatch(executor,
                     [handler = std::move(waiting->handler), error, value = std::move(std::get<0>(result))]() mutable {
                       std::move(handler)(error, std::move(value));
                     });
    }
    waiting.reset();
  };
}

}  // namespace socketio::detail
