// SPDX-License-Identifier: MIT
// Conversion of the user's structures, from one line that names their fields. Protocol layer.
#pragma once

#include <socketio/protocol/convert_containers.hpp>
#include <socketio/protocol/converter.hpp>

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace socketio {

namespace detail {

template <class Owner, class T>
struct Field {
  std::string_view name;
  T Owner::*member;
};

template <class Owner, class T>
constexpr Field<Owner, T> make_field(std::string_view name, T Owner::*member) {
  return {name, member};
}

/// A structure that SOCKETIO_STRUCT describes.
template <class T>
concept DescribedStruct = std::is_class_v<T> && requires {
  socketio_fields(static_cast<const T*>(nullptr));
};

}  // namespace detail

/// Structures described by SOCKETIO_STRUCT, as objects.
///
/// Members that are not fields are ignored; a field without its member is an error, unless it is a std::optional.
template <detail::DescribedStruct T>
struct Converter<T> {
  static constexpr std::string_view name = "object";
  template <class Writer>
  static void write(Writer& writer, const T& value) {
    const auto write_field = [&](const auto& field) {
      static_assert(Writable<std::remove_cvref_t<decltype(value.*field.member)>>,
                    "socketio: this structure has a field of a type that cannot be sent");
      writer.key(field.name);
      write_value(writer, value.*field.member);
    };
    constexpr auto fields = socketio_fields(static_cast<const T*>(nullptr));
    writer.begin_object(std::tuple_size_v<decltype(fields)>);
    std::apply([&](const auto&... field) { (write_field(field), ...); }, fields);
    writer.end_object();
  }

  static bool read(ValueView view, T& out, ConvertError& error) {
    if (!view.is_object()) return convert_failed<T>(view, error);
    const auto read_field = [&](const auto& field) {
      static_assert(Readable<std::remove_cvref_t<decltype(out.*field.member)>>,
                    "socketio: this structure has a field of a type that cannot be received");
      return detail::read_or_missing(view.find(field.name), out.*field.member, error) ||
             detail::failed_at_key(field.name, error);
    };
    constexpr auto fields = socketio_fields(static_cast<const T*>(nullptr));
    return std::apply([&](const auto&... field) { return (read_field(field) && ...); }, fields);
  }
};

}  // namespace socketio

// clang-format off
#define SOCKETIO_DETAIL_EXPAND(x) x
#define SOCKETIO_DETAIL_FIELD(type, field) ::socketio::detail::make_field(#field, &type::field)
#define SOCKETIO_DETAIL_FIELDS_1(type, field) SOCKETIO_DETAIL_FIELD(type, field)
#define SOCKETIO_DETAIL_FIELDS_2(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_1(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_3(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_2(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_4(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_3(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_5(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_4(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_6(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_5(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_7(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_6(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_8(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_7(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_9(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_8(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_10(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_9(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_11(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_10(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_12(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_11(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_13(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_12(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_14(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_13(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_15(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_14(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_16(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_15(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_17(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_16(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_18(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_17(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_19(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_18(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_20(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_19(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_21(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_20(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_22(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_21(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_23(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_22(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_24(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_23(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_25(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_24(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_26(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_25(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_27(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_26(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_28(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_27(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_29(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_28(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_30(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_29(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_31(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_30(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_FIELDS_32(type, field, ...) SOCKETIO_DETAIL_FIELD(type, field), SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_FIELDS_31(type, __VA_ARGS__))
#define SOCKETIO_DETAIL_SELECT(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, \
    _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, name, ...) name
#define SOCKETIO_DETAIL_FIELDS(type, ...) \
  SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_EXPAND(SOCKETIO_DETAIL_SELECT(__VA_ARGS__, \
    SOCKETIO_DETAIL_FIELDS_32, SOCKETIO_DETAIL_FIELDS_31, SOCKETIO_DETAIL_FIELDS_30, SOCKETIO_DETAIL_FIELDS_29, \
    SOCKETIO_DETAIL_FIELDS_28, SOCKETIO_DETAIL_FIELDS_27, SOCKETIO_DETAIL_FIELDS_26, SOCKETIO_DETAIL_FIELDS_25, \
    SOCKETIO_DETAIL_FIELDS_24, SOCKETIO_DETAIL_FIELDS_23, SOCKETIO_DETAIL_FIELDS_22, SOCKETIO_DETAIL_FIELDS_21, \
    SOCKETIO_DETAIL_FIELDS_20, SOCKETIO_DETAIL_FIELDS_19, SOCKETIO_DETAIL_FIELDS_18, SOCKETIO_DETAIL_FIELDS_17, \
    SOCKETIO_DETAIL_FIELDS_16, SOCKETIO_DETAIL_FIELDS_15, SOCKETIO_DETAIL_FIELDS_14, SOCKETIO_DETAIL_FIELDS_13, \
    SOCKETIO_DETAIL_FIELDS_12, SOCKETIO_DETAIL_FIELDS_11, SOCKETIO_DETAIL_FIELDS_10, SOCKETIO_DETAIL_FIELDS_9, \
    SOCKETIO_DETAIL_FIELDS_8, SOCKETIO_DETAIL_FIELDS_7, SOCKETIO_DETAIL_FIELDS_6, SOCKETIO_DETAIL_FIELDS_5, \
    SOCKETIO_DETAIL_FIELDS_4, SOCKETIO_DETAIL_FIELDS_3, SOCKETIO_DETAIL_FIELDS_2, SOCKETIO_DETAIL_FIELDS_1, \
    unused) \
  )(type, __VA_ARGS__))
// clang-format on

/// Lets a structure be sent and received as an object with these members.
///
/// Stands in the namespace of the structure, after it; takes up to 32 public fields of any type that converts.
/// @code
/// struct Point { int x = 0, y = 0; };
/// SOCKETIO_STRUCT(Point, x, y)
/// @endcode
#define SOCKETIO_STRUCT(type, ...)                                       \
  [[maybe_unused]] constexpr auto socketio_fields(const type*) {         \
    return ::std::make_tuple(SOCKETIO_DETAIL_FIELDS(type, __VA_ARGS__)); \
  }
