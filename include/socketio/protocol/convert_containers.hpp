// SPDX-License-Identifier: MIT
// Conversion of standard containers, tuples, optionals, variants and smart pointers. Protocol layer.
#pragma once

#include <socketio/protocol/converter.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace socketio {

namespace detail {

template <class C>
concept StringLike = std::convertible_to<const C&, std::string_view>;

template <class C>
concept Iterable = requires(const C& c) {
  typename C::value_type;
  c.begin() != c.end();
  { c.size() } -> std::convertible_to<std::size_t>;
};

/// Containers to which one item after another can be added.
template <class C>
concept Sequence = Iterable<C> && !StringLike<C> && !requires {
  typename C::mapped_type;
}
&&(
    requires(C& c, typename C::value_type item) { c.push_back(std::move(item)); } ||
    requires(C & c, typename C::value_type item) { c.insert(std::move(item)); });

/// Maps whose keys are text.
template <class C>
concept StringMap = Iterable<C> && requires(C& c, typename C::mapped_type value) {
  requires StringLike<typename C::key_type>;
  c.insert_or_assign(typename C::key_type(std::string_view()), std::move(value));
};

template <class T>
inline constexpr bool may_be_missing = false;
template <class T>
inline constexpr bool may_be_missing<std::optional<T>> = true;

/// Reads a value that its container may lack, which is acceptable for an optional only.
template <class T>
bool read_or_missing(std::optional<ValueView> view, T& out, ConvertError& error) {
  if (view) return read_value(*view, out, error);
  if constexpr (may_be_missing<T>) {
    out.reset();
    return true;
  } else {
    return failed_by_absence(Converter<T>::name, error);
  }
}

template <class Writer, class Range>
void write_range(Writer& writer, const Range& range) {
  writer.begin_array(range.size());
  for (const auto& item : range) write_value<Writer, typename Range::value_type>(writer, item);
  writer.end_array();
}

}  // namespace detail

template <class T>
struct Converter<std::optional<T>> {
  static constexpr std::string_view name = Converter<T>::name;
  template <class Writer>
  static void write(Writer& writer, const std::optional<T>& value) requires Writable<T> {
    value ? write_value(writer, *value) : writer.null();
  }
  static bool read(ValueView view, std::optional<T>& out, ConvertError& error) requires Readable<T> {
    if (view.is_null()) {
      out.reset();
      return true;
    }
    return read_value(view, out.emplace(), error);
  }
};

/// std::vector, std::list, std::deque, std::set and what else has `push_back` or `insert`.
template <detail::Sequence C>
struct Converter<C> {
  using Item = typename C::value_type;
  static constexpr std::string_view name = "array";
  template <class Writer>
  static void write(Writer& writer, const C& value) requires Writable<Item> {
    detail::write_range(writer, value);
  }

  static bool read(ValueView view, C& out,
                   ConvertError& error) requires Readable<Item> && std::default_initializable<Item> {
    if (!view.is_array()) return convert_failed<C>(view, error);
    out.clear();
    const std::size_t count = view.size();
    if constexpr (requires { out.reserve(count); }) out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      Item item{};
      if (!read_value(view[i], item, error)) return detail::failed_at_index(i, error);
      if constexpr (requires { out.push_back(std::move(item)); }) {
        out.push_back(std::move(item));
      } else {
        out.insert(std::move(item));
      }
    }
    return true;
  }
};

template <class T, std::size_t N>
struct Converter<std::array<T, N>> {
  static constexpr std::string_view name = "array";
  template <class Writer>
  static void write(Writer& writer, const std::array<T, N>& value) requires Writable<T> {
    detail::write_range(writer, value);
  }
  static bool read(ValueView view, std::array<T, N>& out, ConvertError& error) requires Readable<T> {
    if (!view.is_array()) return convert_failed<std::array<T, N>>(view, error);
    if (view.size() != N) return detail::failed_by_size(N, view.size(), error);
    for (std::size_t i = 0; i < N; ++i) {
      if (!read_value(view[i], out[i], error)) return detail::failed_at_index(i, error);
    }
    return true;
  }
};

template <class T, std::size_t Extent>
requires(!std::same_as<std::remove_cv_t<T>, std::byte>) struct Converter<std::span<T, Extent>> {
  static constexpr std::string_view name = "array";
  template <class Writer>
  static void write(Writer& writer, std::span<T, Extent> value) requires Writable<std::remove_cv_t<T>> {
    detail::write_range(writer, value);
  }
};

/// std::map, std::unordered_map and their like, with text as keys.
template <detail::StringMap C>
struct Converter<C> {
  using Mapped = typename C::mapped_type;
  static constexpr std::string_view name = "object";
  template <class Writer>
  static void write(Writer& writer, const C& value) requires Writable<Mapped> {
    writer.begin_object(value.size());
    for (const auto& [key, mapped] : value) {
      writer.key(key);
      write_value<Writer, Mapped>(writer, mapped);
    }
    writer.end_object();
  }

  static bool read(ValueView view, C& out,
                   ConvertError& error) requires Readable<Mapped> && std::default_initializable<Mapped> {
    if (!view.is_object()) return convert_failed<C>(view, error);
    out.clear();
    bool all_read = true;
    view.for_each_member([&](std::string_view key, ValueView member) {
      if (!all_read) return;
      Mapped mapped{};
      all_read = read_value(member, mapped, error);
      if (all_read) {
        out.insert_or_assign(typename C::key_type(key), std::move(mapped));
      } else {
        detail::failed_at_key(key, error);
      }
    });
    return all_read;
  }
};

namespace detail {

/// Pairs and tuples, as arrays. Missing items at the end are acceptable where they are optionals.
template <class Tuple, class... T>
struct TupleConverter {
  static constexpr std::string_view name = "array";
  template <class Writer>
  static void write(Writer& writer, const Tuple& value) requires(Writable<T>&&...) {
    writer.begin_array(sizeof...(T));
    std::apply([&](const auto&... items) { (write_value(writer, items), ...); }, value);
    writer.end_array();
  }

  static bool read(ValueView view, Tuple& out, ConvertError& error) requires(Readable<T>&&...) {
    if (!view.is_array()) return convert_failed<Tuple>(view, error);
    if (view.size() > sizeof...(T)) return failed_by_size(sizeof...(T), view.size(), error);
    std::size_t index = 0;
    const auto read_item = [&](auto& item) {
      const bool present = index < view.size();
      if (!read_or_missing(present ? std::optional(view[index]) : std::nullopt, item, error)) {
        return failed_at_index(index, error);
      }
      ++index;
      return true;
    };
    return std::apply([&](auto&... items) { return (read_item(items) && ...); }, out);
  }
};

}  // namespace detail

template <class A, class B>
struct Converter<std::pair<A, B>> : detail::TupleConverter<std::pair<A, B>, A, B> {};
template <class... T>
struct Converter<std::tuple<T...>> : detail::TupleConverter<std::tuple<T...>, T...> {};

/// Sent as the alternative held; received as the first alternative that accepts the value.
template <class... T>
struct Converter<std::variant<T...>> {
  static constexpr std::string_view name = "one of several types";
  template <class Writer>
  static void write(Writer& writer, const std::variant<T...>& value) requires(Writable<T>&&...) {
    std::visit([&](const auto& held) { write_value(writer, held); }, value);
  }
  static bool read(ValueView view, std::variant<T...>& out,
                   ConvertError& error) requires((Readable<T> && std::default_initializable<T>)&&...) {
    if ((try_read<T>(view, out) || ...)) return true;
    convert_failed<std::variant<T...>>(view, error);
    error.expected.clear();
    const auto add = [&](std::string_view alternative) {
      if (!error.expected.empty()) error.expected += " or ";
      error.expected += alternative;
    };
    (add(Converter<T>::name), ...);
    return false;
  }

 private:
  template <class Alternative>
  static bool try_read(ValueView view, std::variant<T...>& out) {
    Alternative candidate{};
    ConvertError ignored;
    if (!read_value(view, candidate, ignored)) return false;
    out = std::move(candidate);
    return true;
  }
};

namespace detail {

/// Smart pointers: null, or what they point to.
template <class Pointer, class T>
struct PointerConverter {
  static constexpr std::string_view name = Converter<std::remove_cv_t<T>>::name;
  template <class Writer>
  static void write(Writer& writer, const Pointer& value) requires Writable<std::remove_cv_t<T>> {
    value ? write_value<Writer, std::remove_cv_t<T>>(writer, *value) : writer.null();
  }
  static bool read(ValueView view, Pointer& out,
                   ConvertError& error) requires Readable<T> && std::default_initializable<T> {
    out = view.is_null() ? Pointer() : Pointer(new T());
    return out == nullptr || read_value(view, *out, error);
  }
};

}  // namespace detail

template <class T>
struct Converter<std::unique_ptr<T>> : detail::PointerConverter<std::unique_ptr<T>, T> {};
template <class T>
struct Converter<std::shared_ptr<T>> : detail::PointerConverter<std::shared_ptr<T>, T> {};

}  // namespace socketio
