// SPDX-License-Identifier: MIT
// What a handler's signature says: its parameters, its result, and how a packet's arguments become them. Core layer.
#pragma once

#include <socketio/core/args.hpp>
#include <socketio/core/packet_values.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/fwd.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value_view.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace socketio::detail {

template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

template <class R, class... Args>
struct Signature {
  using Result = R;
  using Parameters = TypeList<Args...>;
};

template <class F>
struct SignatureOf {};  // neither a function nor an object with exactly one, non-template operator()

// clang-format off
template <class R, class... A> struct SignatureOf<R(A...)> : Signature<R, A...> {};
template <class R, class... A> struct SignatureOf<R(A...) noexcept> : Signature<R, A...> {};
template <class R, class... A> struct SignatureOf<R (*)(A...)> : Signature<R, A...> {};
template <class R, class... A> struct SignatureOf<R (*)(A...) noexcept> : Signature<R, A...> {};
template <class R, class C, class... A> struct SignatureOf<R (C::*)(A...)> : Signature<R, A...> {};
template <class R, class C, class... A> struct SignatureOf<R (C::*)(A...) const> : Signature<R, A...> {};
template <class R, class C, class... A> struct SignatureOf<R (C::*)(A...) noexcept> : Signature<R, A...> {};
template <class R, class C, class... A> struct SignatureOf<R (C::*)(A...) const noexcept> : Signature<R, A...> {};
template <class R, class C, class... A> struct SignatureOf<R (C::*)(A...)&> : Signature<R, A...> {};
template <class R, class C, class... A> struct SignatureOf<R (C::*)(A...) const&> : Signature<R, A...> {};
// clang-format on

template <class F>
requires requires { &F::operator(); }
struct SignatureOf<F> : SignatureOf<decltype(&F::operator())> {};

/// A callable whose parameter types can be read from its signature.
template <class F>
concept PlainCallable = requires {
  typename SignatureOf<std::decay_t<F>>::Parameters;
};

template <class T>
inline constexpr bool is_awaitable = false;
template <class T, class Executor>
inline constexpr bool is_awaitable<asio::awaitable<T, Executor>> = true;

template <class T>
struct AwaitedResult {
  using type = T;
};
template <class T, class Executor>
struct AwaitedResult<asio::awaitable<T, Executor>> {
  using type = T;
};

template <class T>
inline constexpr bool is_ack = false;
template <class... Results>
inline constexpr bool is_ack<Ack<Results...>> = true;

template <class T>
inline constexpr bool is_tuple = false;
template <class... Items>
inline constexpr bool is_tuple<std::tuple<Items...>> = true;

/// Whether none of the parameters but the first is an error.
template <class... Parameters>
constexpr bool error_is_first(TypeList<Parameters...>) {
  const bool errors[] = {std::is_same_v<std::remove_cvref_t<Parameters>, std::error_code>..., false};
  for (std::size_t i = 1; i < sizeof...(Parameters); ++i)
    if (errors[i]) return false;
  return true;
}

/// Says in one sentence that the error comes first, in a callback for acknowledgements that has it elsewhere.
template <class Callback>
constexpr bool require_error_first() {
  if constexpr (PlainCallable<Callback>) {
    constexpr bool is_first = error_is_first(typename SignatureOf<std::decay_t<Callback>>::Parameters{});
    static_assert(
        is_first,
        "socketio: a callback for acknowledgements takes the std::error_code first: [](std::error_code error, "
        "int result) { ... }.");
    return is_first;
  } else {
    return true;
  }
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// The raw DOM is handed over by reference, everything else is converted into storage of its own.
template <class Parameter>
inline constexpr bool is_raw_json = std::is_same_v<std::remove_cvref_t<Parameter>, JsonValue>;

template <class Parameter>
using Stored = std::conditional_t<is_raw_json<Parameter>, const JsonValue*, std::remove_cvref_t<Parameter>>;

template <class Parameter>
concept ConvertibleParameter = is_raw_json<Parameter> || is_ack<std::remove_cvref_t<Parameter>> ||
    (Readable<std::remove_cvref_t<Parameter>>&& std::is_default_constructible_v<std::remove_cvref_t<Parameter>>);

template <class Parameter>
constexpr decltype(auto) pass(Stored<Parameter>& stored) {
  if constexpr (is_raw_json<Parameter>)
    return *stored;
  else if constexpr (std::is_lvalue_reference_v<Parameter>)
    return (stored);
  else
    return std::move(stored);
}

/// Fills `error` for an argument that the packet does not have.
SOCKETIO_DECL void report_missing_argument(std::string_view expected, ConvertError& error);

/// Fills `error` with what a user's converter has thrown; for catch blocks.
SOCKETIO_DECL void report_thrown_by_converter(std::string_view expected, ConvertError& error);

/// The JSON that stands for an argument that the packet does not have.
SOCKETIO_DECL const JsonValue& null_json() noexcept;

/// Reads argument `index` of a packet; a missing one is acceptable to an optional, and null to what takes anything.
/// What a user's converter throws is an argument that does not convert.
template <class T>
bool read_argument(const Packet& packet, std::size_t index, T& out, ConvertError& error) {
  const bool present = index < packet.arg_count();
  if constexpr (std::is_same_v<T, const JsonValue*>) {
    out = present ? &packet.arg(index).json() : &null_json();
    return true;
  } else if (present) {
    try {
      return read_value(packet.arg(index), out, error);
    } catch (...) {
      report_thrown_by_converter(Converter<T>::name, error);
      return false;
    }
  } else if constexpr (is_optional<T> || std::is_same_v<T, ValueView> || std::is_same_v<T, Value>) {
    out = T{};
    return true;
  } else {
    report_missing_argument(Converter<T>::name, error);
    return false;
  }
}

/// Fills a tuple of parameters from the arguments of a packet, by position; surplus arguments are ignored.
///
/// @return the position of the argument that does not fit, counted from 1; 0 if all do
template <class Tuple>
std::size_t read_arguments(const Packet& packet, Tuple& out, ConvertError& error) {
  std::size_t position = 0;
  std::size_t failed = 0;
  const auto read_one = [&](auto& element) {
    using T = std::remove_reference_t<decltype(element)>;
    if constexpr (std::is_same_v<T, Args>) {
      for (; position < packet.arg_count(); ++position) element.push_back(to_value(packet.arg(position)));
    } else if constexpr (!is_ack<T>) {
      if (failed == 0 && !read_argument(packet, position, element, error)) failed = position + 1;
      ++position;
    }
  };
  std::apply([&](auto&... elements) { (read_one(elements), ...); }, out);
  return failed;
}

SOCKETIO_DECL std::string describe_argument_error(std::size_t position, const ConvertError& error);

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/handler_traits.ipp>
#endif
