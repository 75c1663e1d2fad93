// SPDX-License-Identifier: MIT
// nlohmann::json as an argument of events, and types that convert by its functions. Include it where it is wanted.
#pragma once

#include <socketio/protocol/convert.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

template <class Writer, class Json>
void write_nlohmann(Writer& writer, const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
    case Json::value_t::discarded: return writer.null();
    case Json::value_t::boolean: return writer.boolean(json.template get_ref<const typename Json::boolean_t&>());
    case Json::value_t::number_integer:
      return writer.integer(json.template get_ref<const typename Json::number_integer_t&>());
    case Json::value_t::number_unsigned:
      return writer.unsigned_integer(json.template get_ref<const typename Json::number_unsigned_t&>());
    case Json::value_t::number_float:
      return write_value(writer, json.template get_ref<const typename Json::number_float_t&>());
    case Json::value_t::string: return write_value(writer, json.template get_ref<const typename Json::string_t&>());
    case Json::value_t::binary: return writer.binary(Binary(json.get_binary().data(), json.get_binary().size()));
    case Json::value_t::array:
      writer.begin_array(json.size());
      for (const Json& item : json) write_nlohmann(writer, item);
      return writer.end_array();
    case Json::value_t::object:
      writer.begin_object(json.size());
      for (const auto& [key, member] : json.items()) {
        writer.key(key);
        write_nlohmann(writer, member);
      }
      return writer.end_object();
  }
}

template <class Json>
Json read_nlohmann(ValueView view) {
  switch (view.kind()) {
    case ValueKind::null: return nullptr;
    case ValueKind::boolean: return view.to_bool();
    case ValueKind::integer: return view.to_int64();
    case ValueKind::unsigned_integer: return view.to_uint64();
    case ValueKind::number: return view.to_double();
    case ValueKind::string: return std::string(view.string());
    case ValueKind::binary: {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(view.binary().data());
      return Json::binary(std::vector<std::uint8_t>(bytes, bytes + view.binary().size()));
    }
    case ValueKind::array: {
      Json items = Json::array();
      for (std::size_t i = 0; i < view.size(); ++i) items.push_back(read_nlohmann<Json>(view[i]));
      return items;
    }
    case ValueKind::object: {
      Json members = Json::object();
      view.for_each_member(
          [&](std::string_view key, ValueView member) { members[std::string(key)] = read_nlohmann<Json>(member); });
      return members;
    }
  }
  return nullptr;
}

template <class Json>
struct NlohmannDocument {
  static constexpr std::string_view name = "value";
  template <class Writer>
  static void write(Writer& writer, const Json& value) {
    write_nlohmann(writer, value);
  }
  static bool read(ValueView view, Json& out, ConvertError&) {
    out = read_nlohmann<Json>(view);
    return true;
  }
};

}  // namespace detail

/// Accepts everything. Binary data, at any depth, is `nlohmann::json::binary`.
template <>
struct Converter<nlohmann::json> : detail::NlohmannDocument<nlohmann::json> {};
template <>
struct Converter<nlohmann::ordered_json> : detail::NlohmannDocument<nlohmann::ordered_json> {};

/// Converts a type by the functions that nlohmann::json has for it (`to_json` and `from_json`).
///
/// @par Errors   What `from_json` throws is an argument that does not convert.
/// @par Example  `template <> struct socketio::Converter<Colour> : socketio::NlohmannConverter<Colour> {};`
template <class T>
struct NlohmannConverter {
  static constexpr std::string_view name = "value";
  template <class Writer>
  static void write(Writer& writer, const T& value) {
    detail::write_nlohmann(writer, nlohmann::json(value));
  }
  static bool read(ValueView view, T& out, ConvertError& error) {
    try {
      detail::read_nlohmann<nlohmann::json>(view).get_to(out);
      return true;
    } catch (const nlohmann::json::exception& thrown) {
      error.expected = name;
      error.found = thrown.what();
      return false;
    }
  }
};

}  // namespace socketio
