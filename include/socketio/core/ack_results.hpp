// SPDX-License-Identifier: MIT
// The items of a client's acknowledgement, converted to what a callback or an operation takes. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/protocol/packet.hpp>

#include <cstddef>
#include <exception>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace socketio::detail {

/// The last argument of an emit, if it is not sent but called with the acknowledgement.
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
///
/// @param place  reports an item that does not convert; null for an operation, whose completion gets the error
template <class... Results>
std::error_code read_results(const Packet& answer, std::tuple<Stored<Results>...>& results,
                             const OperationPlace* place) {
  ConvertError error;
  const std::size_t position = read_arguments(answer, results, error);
  if (position == 0) return {};
  const std::error_code code = make_error_code(Errc::bad_argument);
  if (place) place->report(code, "acknowledgement: " + describe_argument_error(position, error));
  results = {};
  return code;
}

/// Makes a callback wait for one acknowledgement. A callback that takes a std::error_code first is called in any case;
/// another one is called with answers only.
template <class F, class... Results>
PendingAcks::Handler make_ack_callback(F&& callback, OperationPlace place, TypeList<Results...>) {
  using Shape = AckCallbackShape<typename SignatureOf<std::decay_t<F>>::Parameters>;
  static_assert((ConvertibleParameter<Results> && ...),
                "socketio: a parameter of this acknowledgement callback cannot be converted from what a client sends.");
  static_assert(!is_awaitable<typename SignatureOf<std::decay_t<F>>::Result>,
                "socketio: an acknowledgement callback cannot be a coroutine; co_await emit_with_ack in one instead.");
  return [callback = std::decay_t<F>(std::forward<F>(callback)), place = std::move(place)](
             std::error_code error, const Packet* answer) mutable {
    std::tuple<Stored<Results>...> results;
    if (answer) error = read_results<Results...>(*answer, results, &place);
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
      place.report_exception(std::current_exception());
    }
  };
}

/// Makes an operation wait for one acknowledgement.
template <class Result, class CompletionHandler>
PendingAcks::Handler make_ack_completion(CompletionHandler handler, const OperationPlace& place) {
  if constexpr (std::is_void_v<Result>) {
    return [complete = make_completion<>(place, std::move(handler))](std::error_code error, const Packet*) mutable {
      complete(error);
    };
  } else {
    return [complete = make_completion<Result>(place, std::move(handler))](std::error_code error,
                                                                           const Packet* answer) mutable {
      std::tuple<Stored<Result>> result;
      if (answer) error = read_results<Result>(*answer, result, nullptr);
      complete(error, std::move(std::get<0>(result)));
    };
  }
}

}  // namespace socketio::detail
