// SPDX-License-Identifier: MIT
// One call of emit, taken apart: its checks, its name, its arguments, and what waits for the answer. Core layer.
#pragma once

#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/outgoing.hpp>

#include <asio/use_awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

/// In the place of the receiver of an answer: an emit without one.
struct NoReceiver {};

template <class Receiver>
inline constexpr bool is_receiver = !std::is_same_v<std::remove_cvref_t<Receiver>, NoReceiver>;

/// Checks an event and its arguments at compile time and calls `send(name, receiver, arguments...)`, with the arguments
/// as a typed event declares them.
///
/// The receiver is the last argument if that is not sent but called with the answer: a callback or a completion token;
/// otherwise it is NoReceiver. All kinds of emit go through this function: typed or by name, plain, with a callback or
/// with a token, to one socket, to a selection or to other servers.
///
/// @tparam Declared  the events that Config declares for this direction
template <class Declared, EventName E, class Send, class... Args>
decltype(auto) take_apart(const E& event, Send&& send, Args&&... args) {
  constexpr std::size_t count = sizeof...(Args) - (ends_with_receiver<Args...>() ? 1 : 0);
  const auto all = std::forward_as_tuple(std::forward<Args>(args)...);
  using All = std::tuple<Args&&...>;
  if constexpr (ends_with_receiver<Args...>()) {
    constexpr bool error_is_first = require_error_first<LastArgument<Args...>>();  // now, before other errors
    static_cast<void>(error_is_first);
  }
  const auto with_receiver = [&](std::string_view name, const auto&... each) -> decltype(auto) {
    if constexpr (count < sizeof...(Args))
      return send(name, static_cast<std::tuple_element_t<count, All>>(std::get<count>(all)), each...);
    else
      return send(name, NoReceiver{}, each...);
  };
  return [&]<std::size_t... I>(std::index_sequence<I...> indices)->decltype(auto) {
    if constexpr (TypedEvent<E>) {
      require_declared_event<Declared, E>();
      constexpr bool fits = require_event_arguments<E, std::remove_cvref_t<std::tuple_element_t<I, All>>...>();
      if constexpr (fits) return send_declared<E>(with_receiver, indices, std::get<I>(all)...);
    } else {
      require_untyped_events<Declared>();
      return with_receiver(std::string_view(event), std::get<I>(all)...);
    }
  }
  (std::make_index_sequence<count>{});
}

/// The token of an operation: the receiver, or asio::use_awaitable in the place of none.
template <class Receiver>
decltype(auto) token_of(Receiver&& receiver) {
  if constexpr (is_receiver<Receiver>)
    return std::forward<Receiver>(receiver);
  else
    return (asio::use_awaitable);
}

/// What an answer converts to: as the typed event declares it, or as the caller has named it.
template <class E, class Named>
struct AnswerTo {
  using type = Named;
};
template <TypedEvent E, class Named>
struct AnswerTo<E, Named> {
  using type = typename E::Result;
};
template <class E, class Named>
using Answer = typename AnswerTo<std::remove_cvref_t<E>, Named>::type;

/// The parameters of a callback for the acknowledgements of several receivers: (answers) or (error, answers).
template <class Parameters>
struct BroadcastCallbackShape {
  static constexpr bool is_callback = false;
};
template <class Answers>
struct CollectedAnswers {
  static constexpr bool is_callback = false;
};
template <class T>
struct CollectedAnswers<std::vector<T>> {
  static constexpr bool is_callback = true;
  using Result = T;
};
template <class Answers>
struct BroadcastCallbackShape<TypeList<Answers>> : CollectedAnswers<std::remove_cvref_t<Answers>> {
  static constexpr bool takes_error = false;
};
template <class Error, class Answers>
requires std::is_same_v<std::remove_cvref_t<Error>, std::error_code>
struct BroadcastCallbackShape<TypeList<Error, Answers>> : CollectedAnswers<std::remove_cvref_t<Answers>> {
  static constexpr bool takes_error = true;
};

template <class Callback>
constexpr bool is_broadcast_callback() {
  if constexpr (PlainCallable<Callback>)
    return BroadcastCallbackShape<typename SignatureOf<std::decay_t<Callback>>::Parameters>::is_callback;
  else
    return false;
}

template <class... Args>
constexpr bool ends_with_broadcast_callback() {
  if constexpr (ends_with_receiver<Args...>())
    return is_broadcast_callback<LastArgument<Args...>>();
  else
    return false;
}

/// A collector that calls a callback for the acknowledgements of several receivers.
///
/// @tparam E  the event, which declares the result if it is a typed one
template <class E, class Callback>
BroadcastAckPtr make_broadcast_callback(OperationPlace place, Callback&& callback) {
  using Function = std::decay_t<Callback>;
  if constexpr (TypedEvent<E>) {
    using Result = typename E::Result;
    using Answers = typename BroadcastAnswers<Result>::type;
    constexpr bool fits = std::is_invocable_v<Function&, std::error_code, Answers>;
    static_assert(fits,
                  "socketio: the last argument is no callback for the acknowledgements of this typed event: it is "
                  "callable with a std::error_code and a std::vector of the event's result.");
    if constexpr (fits)
      return make_broadcast_ack<Result>(std::move(place), Function(std::forward<Callback>(callback)));
    else
      return nullptr;
  } else {
    using Shape = BroadcastCallbackShape<typename SignatureOf<Function>::Parameters>;
    return make_broadcast_ack<typename Shape::Result>(
        std::move(place),
        [function = Function(std::forward<Callback>(callback))](std::error_code error, auto answers) mutable {
          if constexpr (Shape::takes_error)
            function(error, std::move(answers));
          else if (!error)
            function(std::move(answers));
        });
  }
}

/// A collector that completes an operation with all answers.
template <class Result, class CompletionHandler>
BroadcastAckPtr make_broadcast_completion(const OperationPlace& place, CompletionHandler handler) {
  using Answers = typename BroadcastAnswers<Result>::type;
  return make_broadcast_ack<Result>(place, make_completion<Answers>(place, std::move(handler)));
}

}  // namespace socketio::detail
