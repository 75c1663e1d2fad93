// SPDX-License-Identifier: MIT
// How a C++ type becomes an argument of an event and back: the point where users add their own. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/value_kind.hpp>
#include <socketio/protocol/value_view.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace socketio {

/// Why a value could not be read as a type.
struct ConvertError {
  std::string expected;  // "integer"
  std::string found;     // "string"
  std::string path;      // where in the value: ".user.age[3]"; empty at its top

  /// For example "expected integer, got string at .user.age[3]".
  std::string message() const;
};

/// Specialise this for full control over how a type travels.
///
/// @code
/// template <>
/// struct socketio::Converter<Colour> {
///   static constexpr std::string_view name = "colour";  // in messages: "expected colour, got number"
///   template <class Writer>
///   static void write(Writer& writer, const Colour& value) { writer.string(value.hex()); }
///   static bool read(ValueView view, Colour& out, ConvertError& error) {
///     if (view.is_string() && out.parse(view.string())) return true;
///     return convert_failed<Colour>(view, error);
///   }
/// };
/// @endcode
///
/// A type may have only one of the two functions: it can then only be sent, or only be received.
///
/// A Writer has `null()`, `boolean(bool)`, `integer(std::int64_t)`, `unsigned_integer(std::uint64_t)`,
/// `number(double)`, `string(std::string_view)`, `binary(const Binary&)`, `begin_array(count)`, `end_array()`,
/// `begin_object(count)`, `key(std::string_view)` and `end_object()`. Exactly one value has to be written.
template <class T>
struct Converter {};

namespace detail {

/// Stands for any Writer where only the signatures matter.
struct NullWriter {
  void null() {}
  void boolean(bool) {}
  void integer(std::int64_t) {}
  void unsigned_integer(std::uint64_t) {}
  void number(double) {}
  void string(std::string_view) {}
  void binary(const Binary&) {}
  void begin_array(std::size_t) {}
  void end_array() {}
  void begin_object(std::size_t) {}
  void key(std::string_view) {}
  void end_object() {}
};

}  // namespace detail

/// A type that can be sent.
template <class T>
concept Writable = requires(detail::NullWriter& writer, const T& value) {
  Converter<std::remove_cv_t<T>>::write(writer, value);
};

/// A type that can be received.
template <class T>
concept Readable = requires(ValueView view, T& out, ConvertError& error) {
  { Converter<T>::read(view, out, error) } -> std::same_as<bool>;
};

template <class Writer, Writable T>
void write_value(Writer& writer, const T& value) {
  Converter<std::remove_cv_t<T>>::write(writer, value);
}

/// @return  false if `view` is no `T`; `error` then says why, and `out` may have been changed in part.
template <Readable T>
[[nodiscard]] bool read_value(ValueView view, T& out, ConvertError& error) {
  return Converter<T>::read(view, out, error);
}

namespace detail {

// Each of these fills in or extends the error, and returns false, so that a converter can return the call.

SOCKETIO_DECL bool failed_to_convert(std::string_view expected, ValueView found, ConvertError& error);
SOCKETIO_DECL bool failed_by_range(std::string_view expected, std::string_view type, ConvertError& error);
SOCKETIO_DECL bool failed_by_size(std::size_t expected, std::size_t found, ConvertError& error);
SOCKETIO_DECL bool failed_by_absence(std::string_view expected, ConvertError& error);

/// Puts the place of an item in its container in front of the path, as the error is handed upwards.
SOCKETIO_DECL bool failed_at_index(std::size_t index, ConvertError& error);
SOCKETIO_DECL bool failed_at_key(std::string_view key, ConvertError& error);

}  // namespace detail

/// Fills `error` with the kind that `T` expects and the kind that was found instead.
///
/// @return  false, so that a converter can return the call.
template <class T>
bool convert_failed(ValueView view, ConvertError& error) {
  return detail::failed_to_convert(Converter<T>::name, view, error);
}

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/converter.ipp>
#endif
