// SPDX-License-Identifier: MIT
// Conversion of booleans, numbers, strings, binary data and dynamic values. Protocol layer.
#pragma once

#include <socketio/protocol/converter.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/value.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace socketio {

#if defined(SOCKETIO_SEPARATE_COMPILATION)
class JsonWriter;

namespace detail {

extern template void write_dynamic<JsonWriter>(JsonWriter& writer, const Value& value);
extern template void write_view<JsonWriter>(JsonWriter& writer, ValueView view);
extern template void write_json<JsonWriter>(JsonWriter& writer, const JsonValue& value);

}  // namespace detail
#endif

template <>
struct Converter<bool> {
  static constexpr std::string_view name = "boolean";
  template <class Writer>
  static void write(Writer& writer, bool value) {
    writer.boolean(value);
  }
  static bool read(ValueView view, bool& out, ConvertError& error) {
    if (!view.is_bool()) return convert_failed<bool>(view, error);
    out = view.to_bool();
    return true;
  }
};

/// Every integer type. Numbers without a fraction are integers, however they are written: 3, 3.0, 3e0.
template <detail::ValueInteger T>
struct Converter<T> {
  static constexpr std::string_view name = "integer";
  template <class Writer>
  static void write(Writer& writer, T value) {
    if constexpr (std::is_signed_v<T>) {
      writer.integer(value);
    } else {
      writer.unsigned_integer(value);
    }
  }

  static bool read(ValueView view, T& out, ConvertError& error) {
    if (view.is_int64()) {
      const std::int64_t value = view.to_int64();
      if (!std::in_range<Standard>(value)) return out_of_range(error);
      out = static_cast<T>(value);
      return true;
    }
    if (view.is_uint64()) {
      const std::uint64_t value = view.to_uint64();
      if (!std::in_range<Standard>(value)) return out_of_range(error);
      out = static_cast<T>(value);
      return true;
    }
    const double value = view.to_double();
    if (!view.is_number() || std::trunc(value) != value) return convert_failed<T>(view, error);
    // Both bounds are powers of two (or zero), hence exact.
    constexpr double lowest = static_cast<double>(std::numeric_limits<T>::min());
    const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
    if (value < lowest || value >= beyond) return out_of_range(error);
    out = static_cast<T>(value);
    return true;
  }

 private:
  // std::in_range does not take plain char.
  using Standard = std::conditional_t<std::same_as<T, char>,
                                      std::conditional_t<std::is_signed_v<char>, signed char, unsigned char>, T>;

  static bool out_of_range(ConvertError& error) {
    constexpr std::string_view types[] = {
        "8-bit integer",          "16-bit integer",          "32-bit integer",          "64-bit integer",
        "unsigned 8-bit integer", "unsigned 16-bit integer", "unsigned 32-bit integer", "unsigned 64-bit integer"};
    constexpr std::size_t log2_of_bytes = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return detail::failed_by_range(name, types[log2_of_bytes + (std::is_unsigned_v<T> ? 4 : 0)], error);
  }
};

/// Enumerations, as their underlying integer.
template <class T>
requires std::is_enum_v<T>
struct Converter<T> {
  using Integer = std::underlying_type_t<T>;
  static constexpr std::string_view name = Converter<Integer>::name;
  template <class Writer>
  static void write(Writer& writer, T value) {
    Converter<Integer>::write(writer, static_cast<Integer>(value));
  }
  static bool read(ValueView view, T& out, ConvertError& error) {
    Integer value{};
    if (!Converter<Integer>::read(view, value, error)) return false;
    out = static_cast<T>(value);
    return true;
  }
};

/// Floating-point numbers; in JSON, NaN and infinity are sent as null, as JavaScript does.
template <std::floating_point T>
struct Converter<T> {
  static constexpr std::string_view name = "number";
  template <class Writer>
  static void write(Writer& writer, T value) {
    if constexpr (std::same_as<T, float>) {
      writer.number(value);
    } else {
      writer.number(static_cast<double>(value));
    }
  }
  static bool read(ValueView view, T& out, ConvertError& error) {
    if (!view.is_number()) return convert_failed<T>(view, error);
    const double value = view.to_double();
    if constexpr (std::same_as<T, float>) {
      if (std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
        return detail::failed_by_range(name, "32-bit number", error);
      }
    }
    out = static_cast<T>(value);
    return true;
  }
};

template <>
struct Converter<std::string> {
  static constexpr std::string_view name = "string";
  template <class Writer>
  static void write(Writer& writer, const std::string& value) {
    writer.string(value);
  }
  static bool read(ValueView view, std::string& out, ConvertError& error) {
    if (!view.is_string()) return convert_failed<std::string>(view, error);
    out.assign(view.string());
    return true;
  }
};

/// Read without a copy: valid as long as the packet lives.
template <>
struct Converter<std::string_view> {
  static constexpr std::string_view name = "string";
  template <class Writer>
  static void write(Writer& writer, std::string_view value) {
    writer.string(value);
  }
  static bool read(ValueView view, std::string_view& out, ConvertError& error) {
    if (!view.is_string()) return convert_failed<std::string_view>(view, error);
    out = view.string();
    return true;
  }
};

template <>
struct Converter<const char*> {
  static constexpr std::string_view name = "string";
  template <class Writer>
  static void write(Writer& writer, const char* value) {
    value == nullptr ? writer.null() : writer.string(value);
  }
};
template <>
struct Converter<char*> : Converter<const char*> {};

/// Literals and buffers, up to the first NUL.
template <std::size_t N>
struct Converter<char[N]> {
  static constexpr std::string_view name = "string";
  template <class Writer>
  static void write(Writer& writer, const char (&value)[N]) {
    const char* const end = std::char_traits<char>::find(value, N, '\0');
    writer.string({value, end == nullptr ? N : static_cast<std::size_t>(end - value)});
  }
};

namespace detail {

template <class T>
struct NullConverter {
  static constexpr std::string_view name = "null";
  template <class Writer>
  static void write(Writer& writer, const T&) {
    writer.null();
  }
  static bool read(ValueView view, T& out, ConvertError& error) {
    if (!view.is_null()) return convert_failed<T>(view, error);
    out = T();
    return true;
  }
};

}  // namespace detail

template <>
struct Converter<std::nullptr_t> : detail::NullConverter<std::nullptr_t> {};
template <>
struct Converter<std::monostate> : detail::NullConverter<std::monostate> {};

template <>
struct Converter<Binary> {
  static constexpr std::string_view name = "binary";
  template <class Writer>
  static void write(Writer& writer, const Binary& value) {
    writer.binary(value);
  }
  static bool read(ValueView view, Binary& out, ConvertError& error) {
    if (!view.is_binary()) return convert_failed<Binary>(view, error);
    out = view.binary();
    return true;
  }
};

template <>
struct Converter<std::vector<std::byte>> {
  static constexpr std::string_view name = "binary";
  template <class Writer>
  static void write(Writer& writer, const std::vector<std::byte>& value) {
    writer.binary(Binary(std::span(value)));
  }
  static bool read(ValueView view, std::vector<std::byte>& out, ConvertError& error) {
    if (!view.is_binary()) return convert_failed<Binary>(view, error);
    const std::span<const std::byte> bytes = view.binary().bytes();
    out.assign(bytes.begin(), bytes.end());
    return true;
  }
};

/// Read without a copy: valid as long as the packet lives.
template <>
struct Converter<std::span<const std::byte>> {
  static constexpr std::string_view name = "binary";
  template <class Writer>
  static void write(Writer& writer, std::span<const std::byte> value) {
    writer.binary(Binary(value));
  }
  static bool read(ValueView view, std::span<const std::byte>& out, ConvertError& error) {
    if (!view.is_binary()) return convert_failed<Binary>(view, error);
    out = view.binary().bytes();
    return true;
  }
};

template <>
struct Converter<Value> {
  static constexpr std::string_view name = "value";
  template <class Writer>
  static void write(Writer& writer, const Value& value) {
    detail::write_dynamic(writer, value);
  }
  static bool read(ValueView view, Value& out, ConvertError&) {
    out = detail::read_dynamic(view);
    return true;
  }
};

template <>
struct Converter<Value::Object> {
  static constexpr std::string_view name = "object";
  template <class Writer>
  static void write(Writer& writer, const Value::Object& value) {
    detail::write_dynamic(writer, value);
  }
  static bool read(ValueView view, Value::Object& out, ConvertError& error) {
    if (!view.is_object()) return convert_failed<Value::Object>(view, error);
    out = std::move(detail::read_dynamic(view).as_object());
    return true;
  }
};

/// Accepts everything; valid as long as the packet lives. Sent on, it is what it was, binary data included.
template <>
struct Converter<ValueView> {
  static constexpr std::string_view name = "value";
  template <class Writer>
  static void write(Writer& writer, ValueView value) {
    detail::write_view(writer, value);
  }
  static bool read(ValueView view, ValueView& out, ConvertError&) {
    out = view;
    return true;
  }
};

/// RapidJSON documents can be sent; handlers receive them as `const rapidjson::Value&`.
template <class Encoding, class Allocator>
requires std::same_as<typename Encoding::Ch, char>
struct Converter<rapidjson::GenericValue<Encoding, Allocator>> {
  static constexpr std::string_view name = "value";
  template <class Writer>
  static void write(Writer& writer, const rapidjson::GenericValue<Encoding, Allocator>& value) {
    detail::write_json(writer, value);
  }
};
template <class Encoding, class Allocator, class StackAllocator>
struct Converter<rapidjson::GenericDocument<Encoding, Allocator, StackAllocator>>
    : Converter<rapidjson::GenericValue<Encoding, Allocator>> {};

}  // namespace socketio
