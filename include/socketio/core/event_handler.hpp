// SPDX-License-Identifier: MIT
// The user's event handlers, erased: arguments are converted, results answered, exceptions contained. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/coroutines.hpp>
#include <socketio/core/event_receiver.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/protocol/packet.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace socketio::detail {

template <class... Parameters>
constexpr bool ack_is_last(TypeList<Parameters...>) {
  const bool acks[] = {is_ack<std::remove_cvref_t<Parameters>>..., false};
  for (std::size_t i = 0; i + 1 < sizeof...(Parameters); ++i)
    if (acks[i]) return false;
  return true;
}

template <class Parameter>
concept AcceptableParameter = ConvertibleParameter<Parameter> &&
    (!std::is_lvalue_reference_v<Parameter> || std::is_const_v<std::remove_reference_t<Parameter>>);

template <class... Parameters>
constexpr bool are_acceptable(TypeList<Parameters...>) {
  return (AcceptableParameter<Parameters> && ...);
}

template <class Result>
concept AcceptableResult = std::is_void_v<Result> || Writable<std::remove_cvref_t<Result>>;

/// What `require_event_handler` asks for, as a condition: what does not fulfil it is not instantiated any further.
template <class F>
concept EventFunction = PlainCallable<F> && are_acceptable(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    ack_is_last(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    AcceptableResult<typename AwaitedResult<typename SignatureOf<std::decay_t<F>>::Result>::type>;

/// As EventFunction, with the name of the event before its arguments.
template <class Parameters>
inline constexpr bool takes_event_name = false;
template <class First, class... Rest>
inline constexpr bool takes_event_name<TypeList<First, Rest...>> =
    std::is_same_v<std::remove_cvref_t<First>, std::string> ||
    std::is_same_v<std::remove_cvref_t<First>, std::string_view>;

template <class Parameters>
struct WithoutFirst {
  using type = TypeList<>;
};
template <class First, class... Rest>
struct WithoutFirst<TypeList<First, Rest...>> {
  using type = TypeList<Rest...>;
};

template <class F>
concept CatchAllFunction = PlainCallable<F> && takes_event_name<typename SignatureOf<std::decay_t<F>>::Parameters> &&
    are_acceptable(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    ack_is_last(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    AcceptableResult<typename SignatureOf<std::decay_t<F>>::Result> &&
    !is_awaitable<typename SignatureOf<std::decay_t<F>>::Result>;

template <class Parameter>
constexpr bool require_convertible_parameter() {
  static_assert(ConvertibleParameter<Parameter>,
                "socketio: this handler parameter cannot be converted from what a client sends. Allowed are bool, "
                "numbers, strings, std::optional, std::vector, maps, tuples, std::variant, socketio::Binary, "
                "socketio::Value, structs declared with SOCKETIO_STRUCT, and socketio::Ack as the last one.");
  static_assert(!std::is_lvalue_reference_v<Parameter> || std::is_const_v<std::remove_reference_t<Parameter>>,
                "socketio: a handler takes its arguments by value or by reference to const.");
  return true;
}

/// std::string or std::string_view: what the first parameter of a catch-all handler is.
template <class F>
struct NameParameter {
  template <class First, class... Rest>
  static std::remove_cvref_t<First> first(TypeList<First, Rest...>);
  using type = decltype(first(typename SignatureOf<F>::Parameters{}));
};

/// Says in one sentence what is wrong with a catch-all handler.
template <class F>
constexpr void require_catch_all_handler() {
  static_assert(
      CatchAllFunction<F>,
      "socketio: a catch-all handler takes the name of the event (std::string or std::string_view) and then "
      "the arguments, usually as socketio::Args: [](std::string_view event, const socketio::Args& args). It is "
      "no coroutine: what it sees may be changed by the middleware that come after it.");
}

/// Says in one sentence what is wrong with a handler, at the line where it is registered.
template <class F>
constexpr void require_event_handler() {
  static_assert(PlainCallable<F>,
                "socketio: a handler must be a function, or an object with exactly one operator() whose parameter "
                "types are written out; `auto` parameters do not say what to convert to.");
  if constexpr (PlainCallable<F>) {
    using Parameters = typename SignatureOf<std::decay_t<F>>::Parameters;
    using Result = typename AwaitedResult<typename SignatureOf<std::decay_t<F>>::Result>::type;
    []<class... P>(TypeList<P...>) {
      static_cast<void>((require_convertible_parameter<P>() && ... && true));
    }(Parameters{});
    static_assert(ack_is_last(Parameters{}), "socketio: socketio::Ack must be the last parameter of a handler.");
    static_assert(!is_tuple<Result>,
                  "socketio: a std::tuple would answer with one array. To answer with several values, take a "
                  "socketio::Ack<A, B> as the last parameter and call it: ack(a, b). To answer with one array, take a "
                  "socketio::Ack<std::tuple<A, B>>.");
    static_assert(AcceptableResult<Result>,
                  "socketio: what a handler returns answers the client's acknowledgement, so it must be void or a type "
                  "that can be sent.");
  }
}

/// A handler of the user's: its arguments are read from the packet, its result answers the acknowledgement.
///
/// @tparam Answerer    sends the answer
/// @tparam takes_name  whether the function takes the name of the event before its arguments
template <class Answerer, class F, bool takes_name, class Result, class... Parameters>
class TypedEventHandler final : public EventHandler {
 public:
  explicit TypedEventHandler(F function) : function_(make(std::move(function))) {}

  void operator()(Delivery& delivery) override {
    std::tuple<Stored<Parameters>...> arguments;
    ConvertError error;
    if (const std::size_t position = read_arguments(delivery.packet(), arguments, error)) {
      report_bad_argument(delivery, position, error);
      return;
    }
    bind_ack(delivery, arguments);
    const std::string_view name = delivery.packet().event_name();
    if constexpr (is_awaitable<Result>) {
      spawn(delivery.receiver(),
            run(function_, delivery.receiver(), delivery.share(), delivery.ack(), std::move(arguments)));
    } else {
      try {
        if constexpr (std::is_void_v<Result>)
          call(function_, name, arguments);
        else
          delivery.template answer<Answerer>(call(function_, name, arguments));
      } catch (...) {
        delivery.receiver()->report_handler_exception(name);
      }
    }
  }

 private:
  using Arguments = std::tuple<Stored<Parameters>...>;

  // A coroutine may outlive the handler, which a socket drops when it disconnects, and keeps the function.
  using Kept = std::conditional_t<is_awaitable<Result>, std::shared_ptr<F>, F>;

  static Kept make(F function) {
    if constexpr (is_awaitable<Result>)
      return std::make_shared<F>(std::move(function));
    else
      return function;
  }

  static Result call(F& function, std::string_view name, Arguments& arguments) {
    return std::apply(
        [&function, name](auto&... stored) -> Result {
          if constexpr (takes_name)
            return function(typename NameParameter<F>::type(name), pass<Parameters>(stored)...);
          else
            return static_cast<void>(name), function(pass<Parameters>(stored)...);
        },
        arguments);
  }

  /// Everything the coroutine may look at is a parameter, hence lives in its frame: the function, and the packet, into
  /// which string views point.
  static asio::awaitable<void> run(std::shared_ptr<F> function, EventReceiverPtr receiver,
                                   std::shared_ptr<Packet> packet, std::shared_ptr<AckTarget> ack,
                                   Arguments arguments) {
    try {
      if constexpr (std::is_void_v<typename AwaitedResult<Result>::type>) {
        co_await call(*function, packet->event_name(), arguments);
      } else {
        auto result = co_await call(*function, packet->event_name(), arguments);
        if (ack) ack->template answer<Answerer>(result);
      }
    } catch (...) {
      receiver->report_handler_exception(packet->event_name());
    }
  }

  static void bind_ack(Delivery& delivery, Arguments& arguments) {
    if constexpr ((is_ack<Stored<Parameters>> || ...)) {
      if (const auto& target = delivery.ack()) bind(std::get<sizeof...(Parameters) - 1>(arguments), target);
    }
  }
  template <class... Results>
  static void bind(Ack<Results...>& ack, const std::shared_ptr<AckTarget>& target) {
    ack = Ack<Results...>(target, [](void* at, const Results&... results) {
      static_cast<AckTarget*>(at)->template answer<Answerer>(results...);
    });
  }

  Kept function_;
};

template <class Answerer, bool takes_name, class F, class... P>
EventHandlerPtr make_handler(F&& function, const Registration& how, TypeList<P...>) {
  using Function = std::decay_t<F>;
  using Result = typename SignatureOf<Function>::Result;
  auto made =
      std::make_unique<TypedEventHandler<Answerer, Function, takes_name, Result, P...>>(std::forward<F>(function));
  made->listener = how.listener;
  made->once = how.once;
  return made;
}

/// @tparam Answerer  sends what the handler answers
template <class Answerer, class F>
EventHandlerPtr make_event_handler(F&& function, const Registration& how) {
  return make_handler<Answerer, false>(std::forward<F>(function), how,
                                       typename SignatureOf<std::decay_t<F>>::Parameters{});
}

template <class Answerer, class F>
EventHandlerPtr make_catch_all_handler(F&& function, const Registration& how) {
  return make_handler<Answerer, true>(std::forward<F>(function), how,
                                      typename WithoutFirst<typename SignatureOf<std::decay_t<F>>::Parameters>::type{});
}

}  // namespace socketio::detail
