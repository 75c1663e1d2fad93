// SPDX-License-Identifier: MIT
// What waits for a client's acknowledgement: a callback, or an Asio operation. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/protocol/packet.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <exception>
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
///
/// @param socket  keeps itself alive with this until the acknowledgement ends, at the latest with the socket
template <class F, class SocketPtr, class... Results>
PendingAcks::Handler make_ack_callback(F&& callback, SocketPtr socket, std::string event, TypeList<Results...>) {
  using Shape = AckCallbackShape<typename SignatureOf<std::decay_t<F>>::Parameters>;
  static_assert((ConvertibleParameter<Results> && ...),
                "socketio: a parameter of this acknowledgement callback cannot be converted from what a client sends.");
  static_assert(!is_awaitable<typename SignatureOf<std::decay_t<F>>::Result>,
                "socketio: an acknowledgement callback cannot be a coroutine; co_await emit_with_ack in one instead.");
  return [callback = std::decay_t<F>(std::forward<F>(callback)), socket = std::move(socket), event = std::move(event)](
             std::error_code error, const Packet* answer) mutable {
    std::tuple<Stored<Results>...> results;
    if (answer) {
      std::string detail;
      error = read_results<Results...>(*answer, results, detail);
      if (error)
        socket->shard().report({error, "acknowledgement: " + detail, socket->nsp_name(), socket->id(), event, nullptr});
    }
    if (error && !Shape::takes_error) return;
    try {
      std::apply(
          [&](auto&... stored) {
            if constexpr (Shape::takes_error)
              callback(error, pass<Results>(stored)...);
            else
              callback(pass<Results>(stored)...);
          },
          results);
    } catch (...) {
      socket->report_handler_exception(event);
    }
  };
}

/// Calls a completion handler; what it throws is reported on the socket's thread, whichever this is.
template <class SocketPtr, class CompletionHandler, class... Arguments>
void complete(const SocketPtr& socket, const std::string& event, CompletionHandler& handler, Arguments&&... arguments) {
  try {
    std::move(handler)(std::forward<Arguments>(arguments)...);
  } catch (...) {
    socket->shard().dispatch([socket, event, exception = std::current_exception()] {
      try {
        std::rethrow_exception(exception);
      } catch (...) {
        socket->report_handler_exception(event);
      }
    });
  }
}

/// Runs a completion handler where it wants to run, keeping its executor busy until then.
///
/// @param socket  as for `make_ack_callback`
template <class Result, class CompletionHandler, class SocketPtr>
PendingAcks::Handler make_ack_completion(CompletionHandler handler, SocketPtr socket, std::string event) {
  using Executor = asio::associated_executor_t<CompletionHandler, asio::any_io_executor>;
  struct Waiting {
    CompletionHandler handler;
    asio::executor_work_guard<Executor> work;
    SocketPtr socket;
    std::string event;
  };
  Executor work = asio::get_associated_executor(handler, socket->shard().executor());
  std::unique_ptr<Waiting> made(new Waiting{std::move(handler), asio::executor_work_guard<Executor>(std::move(work)),
                                            std::move(socket), std::move(event)});
  return [waiting = std::move(made)](std::error_code error, const Packet* answer) mutable {
    std::conditional_t<std::is_void_v<Result>, std::tuple<>, std::tuple<Stored<Result>>> results;
    std::string detail;
    if constexpr (!std::is_void_v<Result>)
      if (answer) error = read_results<Result>(*answer, results, detail);
    const Executor executor = waiting->work.get_executor();
    asio::dispatch(executor, [waiting = std::move(waiting), error, results = std::move(results)]() mutable {
      std::apply(
          [&](auto&... result) {
            complete(waiting->socket, waiting->event, waiting->handler, error, std::move(result)...);
          },
          results);
    });
  };
}

/// Ends an operation on a server that is gone. Where its handler has no executor of its own it goes as the server's
/// loop went: it is dropped.
template <class Result, class CompletionHandler>
void complete_without_server(CompletionHandler handler) {
  const auto executor = asio::get_associated_executor(handler, asio::any_io_executor());
  if constexpr (std::is_same_v<decltype(executor), const asio::any_io_executor>)
    if (!executor) return;
  asio::post(executor, [handler = std::move(handler)]() mutable {
    if constexpr (std::is_void_v<Result>)
      std::move(handler)(make_error_code(Errc::disconnected));
    else
      std::move(handler)(make_error_code(Errc::disconnected), Result{});
  });
}

}  // namespace socketio::detail
