// SPDX-License-Identifier: MIT
// Typed events: the name, the arguments and the answer of an event as one object that the compiler checks. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/disconnect_reason.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/protocol/value.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace socketio {

/// A string literal as a template argument.
template <std::size_t size>
struct FixedString {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal becomes one.
  constexpr FixedString(const char (&literal)[size]) noexcept { std::copy_n(literal, size, text); }
  constexpr std::string_view view() const noexcept { return {text, size - 1}; }

  char text[size] = {};
};

/// An event with a name and a signature: what its arguments are, and, as the result, what acknowledges it.
///
/// Given to `on`, `once`, `emit` and `emit_with_ack` in the place of a name, it makes the compiler check handlers and
/// arguments; a mistake is an error that names the event and the argument. `void` as the result means that nothing
/// acknowledges it. Trailing arguments that are std::optional may be left out of an emit.
///
/// @par Example
/// @code
/// inline constexpr socketio::Event<"sum", int(int, int)> sum;
/// socket.on(sum, [](int a, int b) { return a + b; });
/// int five = co_await socket.emit_with_ack(sum, 2, 3);
/// @endcode
template <FixedString event_name, class Signature>
struct Event {
  static_assert(std::is_function_v<Signature>,
                "socketio: an event is declared as Event<\"name\", Result(Arguments...)>.");
};

template <FixedString event_name, class R, class... Args>
struct Event<event_name, R(Args...)> {
  static constexpr std::string_view name = event_name.view();
  using Result = R;
  using Arguments = detail::TypeList<std::remove_cvref_t<Args>...>;
};

namespace detail {

/// The one of these event types that has the name; no member `type` if there is none.
template <FixedString name, class... E>
struct EventNamed {};
template <FixedString name, class First, class... Rest>
struct EventNamed<name, First, Rest...>
    : std::conditional_t<First::name == name.view(), std::type_identity<First>, EventNamed<name, Rest...>> {};

}  // namespace detail

/// The events of one direction, for `Config::ListenEvents` and `Config::EmitEvents`.
///
/// @par Example  `using ListenEvents = socketio::Events<sum, move>;` where `sum` and `move` are Event objects
template <const auto&... events>
struct Events {
  template <class E>
  static constexpr bool contains = (std::is_same_v<std::remove_cvref_t<decltype(events)>, E> || ...);

  template <FixedString name>
  using Named = detail::EventNamed<name, std::remove_cvref_t<decltype(events)>...>;
};

/// Any event, typed or not: what a Config allows that does not say otherwise.
struct AnyEvents {
  template <class E>
  static constexpr bool contains = true;
};

namespace detail {

template <class T>
inline constexpr bool is_event = false;
template <FixedString name, class Signature>
inline constexpr bool is_event<Event<name, Signature>> = true;

}  // namespace detail

/// An Event<"name", Signature>.
template <class T>
concept TypedEvent = detail::is_event<std::remove_cvref_t<T>>;

/// What names an event: a string, or a typed Event.
template <class T>
concept EventName = TypedEvent<T> || std::convertible_to<const T&, std::string_view>;

/// The events that every socket knows, typed: for sockets whose Config allows declared events only.
namespace events {

inline constexpr Event<"disconnecting", void(DisconnectReason, std::string)> disconnecting;
inline constexpr Event<"disconnect", void(DisconnectReason, std::string)> disconnect;
inline constexpr Event<"error", void(std::string, Value)> error;

}  // namespace events

namespace detail {

template <EventName E>
constexpr std::string_view name_of(const E& event) {
  if constexpr (TypedEvent<E>)
    return E::name;
  else
    return event;
}

/// A member function with its object, as a function with the member's parameters.
template <class Object, class Member, class R, class... Args>
struct BoundMember {
  R operator()(Args... args) { return ((*object).*member)(std::forward<Args>(args)...); }

  Object object;
  Member member;
};

template <class Object, class Member>
auto bind_member(Member member, Object&& object) {
  static_assert(std::is_member_function_pointer_v<Member>,
                "socketio: a handler of two parts is a member function and its object: on(\"move\", &Player::move, "
                "player).");
  using Function = SignatureOf<Member>;
  return [&]<class... Args>(TypeList<Args...>) {
    return BoundMember<std::decay_t<Object>, Member, typename Function::Result, Args...>{std::forward<Object>(object),
                                                                                         member};
  }(typename Function::Parameters{});
}

template <class E>
inline constexpr bool is_lifecycle_event = std::is_same_v<E, std::remove_cvref_t<decltype(events::disconnecting)>> ||
                                           std::is_same_v<E, std::remove_cvref_t<decltype(events::disconnect)>> ||
                                           std::is_same_v<E, std::remove_cvref_t<decltype(events::error)>>;

/// Whether what is given may stand for what an event declares: converted without the losses of arithmetic that C++
/// allows silently (a fraction for an integer, a bool for a number, a pointer for a bool).
template <class Expected, class Given>
constexpr bool is_acceptable_argument() {
  using From = std::remove_cvref_t<Given>;
  if constexpr (std::is_same_v<From, Expected>)
    return true;
  else if constexpr (std::is_same_v<Expected, std::string> && std::is_convertible_v<Given, std::string_view>)
    return true;
  else if constexpr (std::is_same_v<From, bool> != std::is_same_v<Expected, bool> &&
                     (std::is_arithmetic_v<Expected> || std::is_same_v<From, bool>))
    return false;
  else if constexpr (std::is_integral_v<Expected> && std::is_floating_point_v<From>)
    return false;
  else
    return std::is_convertible_v<Given, Expected>;
}

/// Fails to compile for an argument that an event does not take; the lines above the message name all that matters.
template <class Event, std::size_t argument, class Expected, class Given>
constexpr bool require_event_argument() {
  static_assert(is_acceptable_argument<Expected, Given>(),
                "socketio: an argument of this typed event has the wrong type: see Event, argument (counted from 1), "
                "Expected and Given.");
  return is_acceptable_argument<Expected, Given>();
}

template <class Event, std::size_t expected, std::size_t given>
constexpr bool require_argument_count() {
  static_assert(expected == given,
                "socketio: this typed event has another number of arguments: see Event, expected, given.");
  return expected == given;
}

template <class Events, class Event>
constexpr void require_declared_event() {
  static_assert(Events::template contains<Event> || is_lifecycle_event<Event>,
                "socketio: this event is not among those that Config declares for this direction: see Event.");
}

template <class Events>
constexpr void require_untyped_events() {
  static_assert(std::is_same_v<Events, AnyEvents>,
                "socketio: Config declares the events of this direction, so they go by their Event objects and not by "
                "name; `socketio::events` has those of the library.");
}

/// What `send` sends: the event "message", as Config declares it if it declares events.
template <class Events>
constexpr auto message_event() {
  if constexpr (std::is_same_v<Events, AnyEvents>) {
    return std::string_view("message");
  } else {
    using Found = typename Events::template Named<"message">;
    constexpr bool is_declared = requires { typename Found::type; };
    static_assert(
        is_declared,
        "socketio: `send` sends the event \"message\", which is not among those that Config declares for this "
        "direction.");
    if constexpr (is_declared) return typename Found::type{};
  }
}

/// How many of the last arguments may be left out.
template <class... Args>
constexpr std::size_t optional_tail(TypeList<Args...>) {
  constexpr std::array<bool, sizeof...(Args) + 1> optional{is_optional<Args>..., false};
  std::size_t tail = 0;
  while (tail < sizeof...(Args) && optional[sizeof...(Args) - 1 - tail]) ++tail;
  return tail;
}

/// An argument as the event declares it; text is not copied for that.
template <class Expected, class Given>
decltype(auto) as_declared(const Given& given) {
  if constexpr (std::is_same_v<Given, Expected>)
    return (given);
  else if constexpr (std::is_same_v<Expected, std::string> && std::is_convertible_v<const Given&, std::string_view>)
    return std::string_view(given);
  else
    return static_cast<Expected>(given);
}

template <class E, class... Args, class... Given, std::size_t... I>
constexpr bool check_arguments(TypeList<Args...>, TypeList<Given...>, std::index_sequence<I...>) {
  if constexpr (sizeof...(Given) > sizeof...(Args) ||
                sizeof...(Given) + optional_tail(TypeList<Args...>{}) < sizeof...(Args)) {
    return require_argument_count<E, sizeof...(Args), sizeof...(Given)>();
  } else {
    using Expected = std::tuple<Args...>;
    return (require_event_argument<E, I + 1, std::tuple_element_t<I, Expected>, Given>() && ... && true);
  }
}

/// Whether these arguments may be emitted as this event; if not, compilation ends with a sentence that says why.
template <class E, class... Given>
constexpr bool require_event_arguments() {
  return check_arguments<E>(typename E::Arguments{}, TypeList<const Given&...>{}, std::index_sequence_for<Given...>{});
}

template <class... Args>
using LastArgument = std::tuple_element_t<sizeof...(Args) - 1, std::tuple<Args...>>;

/// Whether the last argument of an emit is not for the peer but is called, or is told, when the peer answers.
template <class... Args>
constexpr bool ends_with_receiver() {
  if constexpr (sizeof...(Args) == 0)
    return false;
  else
    return !EmittableArgument<LastArgument<Args...>> &&
           !std::is_same_v<std::remove_cvref_t<LastArgument<Args...>>, std::nullopt_t>;
}

/// Calls `send(name, arguments...)` with the arguments as the event declares them.
template <class E, class Send, class... Given, std::size_t... I>
decltype(auto) send_declared(Send&& send, std::index_sequence<I...>, const Given&... given) {
  const auto refer = [](const auto&... each) { return std::tie(each...); };
  const auto arguments = refer(given...);
  return [&]<class... Args>(TypeList<Args...>) -> decltype(auto) {
    using Expected = std::tuple<Args...>;
    return std::forward<Send>(send)(E::name, as_declared<std::tuple_element_t<I, Expected>>(std::get<I>(arguments))...);
  }(typename E::Arguments{});
}

/// A function of the user's as a handler of exactly the event's signature.
template <class F, class R, class... Args>
struct DeclaredHandler {
  // By reference: what a coroutine takes by reference must outlive this call, and does where its caller keeps it.
  R operator()(Args&&... args) { return call_with<sizeof...(Args)>(std::forward_as_tuple(std::move(args)...)); }

  // The first arguments are enough: a handler need not take them all.
  template <std::size_t count, class Tuple>
  R call_with(Tuple arguments) {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->R {
      if constexpr (std::is_invocable_v<F&, std::tuple_element_t<I, Tuple>...>) {
        if constexpr (is_awaitable<R> || !std::is_void_v<R>)
          return std::invoke(function, std::get<I>(std::move(arguments))...);
        else
          static_cast<void>(std::invoke(function, std::get<I>(std::move(arguments))...));
      } else {
        return call_with<count - 1>(std::move(arguments));
      }
    }
    (std::make_index_sequence<count>{});
  }

  F function;
};

template <class F, class... Args>
struct DeclaredAckHandler {
  void operator()(Args&&... args) { std::invoke(function, std::move(args)...); }
  F function;
};

/// How many of the arguments, from the first on, a function takes; one more than there are if it takes none of these
/// numbers.
template <class F, class... Args>
constexpr std::size_t accepted_count(TypeList<Args...>) {
  using Tuple = std::tuple<Args...>;
  constexpr std::size_t all = sizeof...(Args);
  return []<std::size_t... skipped>(std::index_sequence<skipped...>) {
    std::size_t found = all + 1;
    const auto try_count = [&]<std::size_t count>(std::integral_constant<std::size_t, count>) {
      const bool fits = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::is_invocable_v<F&, std::tuple_element_t<I, Tuple>&&...>;
      }
      (std::make_index_sequence<count>{});
      if (found > all && fits) found = count;
    };
    (try_count(std::integral_constant<std::size_t, all - skipped>{}), ...);
    return found;
  }
  (std::make_index_sequence<all + 1>{});
}

template <class F, class Tuple, class Indices>
struct PrefixResult;
template <class F, class Tuple, std::size_t... I>
struct PrefixResult<F, Tuple, std::index_sequence<I...>> {
  using type = std::invoke_result_t<F&, std::tuple_element_t<I, Tuple>&&...>;
};

template <class Event, std::size_t argument, class Expected, class F>
constexpr bool require_handler_argument() {
  static_assert(!std::is_same_v<F, F>,
                "socketio: a parameter of this handler does not take what the typed event brings: see Event, argument "
                "(counted from 1), Expected and F.");
  return false;
}

template <class Event, class F>
constexpr bool require_handler_arguments() {
  static_assert(!std::is_same_v<F, F>,
                "socketio: this handler does not take the arguments of the typed event: see Event and F.");
  return false;
}

template <class Event, class Expected, class Given>
constexpr bool require_handler_result() {
  static_assert(std::is_void_v<Expected> || std::is_convertible_v<Given, Expected>,
                "socketio: this handler does not return what acknowledges the typed event: see Event, Expected and "
                "Given. It may take a socketio::Ack as its last parameter instead.");
  return std::is_void_v<Expected> || std::is_convertible_v<Given, Expected>;
}

/// The first parameter, counted from 1, that does not take what comes in its place; 0 if all do.
template <class... Parameters, class... Args, std::size_t... I>
constexpr std::size_t first_misfit(TypeList<Parameters...>, TypeList<Args...>, std::index_sequence<I...>) {
  std::size_t at = 0;
  static_cast<void>(((std::is_convertible_v<std::tuple_element_t<I, std::tuple<Args...>>,
                                            std::tuple_element_t<I, std::tuple<Parameters...>>>
                          ? true
                          : (at = I + 1, false)) &&
                     ... && true));
  return at;
}

/// Names the first parameter that does not fit, where the handler's signature can be read.
template <class E, class F, class... Args>
constexpr bool explain_handler(TypeList<Args...> arguments) {
  if constexpr (PlainCallable<F>) {
    using Parameters = typename SignatureOf<F>::Parameters;
    constexpr std::size_t misfit = first_misfit(
        Parameters{}, TypeList<Args...>{}, std::make_index_sequence<std::min(Parameters::size, sizeof...(Args))>{});
    if constexpr (misfit != 0)
      return require_handler_argument<E, misfit, std::tuple_element_t<misfit - 1, std::tuple<Args...>>, F>();
    else
      return static_cast<void>(arguments), require_handler_arguments<E, F>();
  } else {
    return static_cast<void>(arguments), require_handler_arguments<E, F>();
  }
}

template <class R, class F, class... Args>
inline constexpr bool takes_declared_ack = std::is_invocable_v<F&, Args..., Ack<R>>;
template <class F, class... Args>
inline constexpr bool takes_declared_ack<void, F, Args...> = std::is_invocable_v<F&, Args..., Ack<>>;

template <class R>
struct AckOf {
  using type = Ack<R>;
};
template <>
struct AckOf<void> {
  using type = Ack<>;
};

template <class E, class F, class Use, class... Args>
void with_declared_handler(F&& function, Use&& use, TypeList<Args...>) {
  using Function = std::decay_t<F>;
  using R = typename E::Result;
  if constexpr (takes_declared_ack<R, Function, Args...>) {
    use(DeclaredAckHandler<Function, Args..., typename AckOf<R>::type>{std::forward<F>(function)});
  } else if constexpr (accepted_count<Function>(TypeList<Args...>{}) > sizeof...(Args)) {
    static_cast<void>(explain_handler<E, Function>(TypeList<Args...>{}));
  } else {
    constexpr std::size_t count = accepted_count<Function>(TypeList<Args...>{});
    using Given = typename PrefixResult<Function, std::tuple<Args...>, std::make_index_sequence<count>>::type;
    if constexpr (require_handler_result<E, R, typename AwaitedResult<Given>::type>()) {
      using Returned = std::conditional_t<is_awaitable<Given>, Given, R>;
      use(DeclaredHandler<Function, Returned, Args...>{std::forward<F>(function)});
    }
  }
}

/// Makes a handler whose parameters are those of the event, and checks that the function fits.
///
/// @param use  called with the handler
template <class E, class F, class Use>
void with_declared_handler(F&& function, Use&& use) {
  with_declared_handler<E>(std::forward<F>(function), std::forward<Use>(use), typename E::Arguments{});
}

/// An acknowledgement callback as exactly what the event's result asks for.
template <class F, class... Results>
struct DeclaredAckCallback {
  void operator()(std::error_code error, Results... results) { function(error, std::move(results)...); }
  F function;
};
template <class F, class... Results>
struct DeclaredPlainAckCallback {
  void operator()(Results... results) { function(std::move(results)...); }
  F function;
};

template <class Event, class Expected, class F>
constexpr bool require_ack_callback() {
  static_assert(!std::is_same_v<F, F>,
                "socketio: the last argument is no acknowledgement callback of this typed event: it is callable with "
                "the event's result, or with a std::error_code and the result: see Event, Expected and F.");
  return false;
}

template <class E, class F, class Use, class... Results>
void with_declared_callback(F&& function, Use&& use, TypeList<Results...>) {
  using Function = std::decay_t<F>;
  if constexpr (std::is_invocable_v<Function&, std::error_code, Results...>)
    use(DeclaredAckCallback<Function, Results...>{std::forward<F>(function)});
  else if constexpr (std::is_invocable_v<Function&, Results...>)
    use(DeclaredPlainAckCallback<Function, Results...>{std::forward<F>(function)});
  else
    static_cast<void>(require_ack_callback<E, typename E::Result, Function>());
}

template <class E, class F, class Use>
void with_declared_callback(F&& function, Use&& use) {
  using R = typename E::Result;
  with_declared_callback<E>(std::forward<F>(function), std::forward<Use>(use),
                            std::conditional_t<std::is_void_v<R>, TypeList<>, TypeList<R>>{});
}

}  // namespace detail
}  // namespace socketio
