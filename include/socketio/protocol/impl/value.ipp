// SPDX-License-Identifier: MIT
// Bodies of value.hpp. Protocol layer.
#pragma once

#include <socketio/protocol/json.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/protocol/value_view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace socketio {

inline Value::Value(Object members) noexcept : data_(std::move(members)) {}
inline Value::Value(std::initializer_list<Member> members) : data_(Object(members)) {}
inline Value::Value(const Value& other) = default;
inline Value::Value(Value&& other) noexcept = default;
inline Value& Value::operator=(const Value& other) = default;
inline Value& Value::operator=(Value&& other) noexcept = default;
inline Value::~Value() = default;

inline Value Value::array(std::initializer_list<Value> items) { return Value(Array(items)); }
inline Value Value::object(std::initializer_list<Member> members) { return Value(Object(members)); }

template <detail::ValueInteger T>
Value::Data Value::integer(T value) noexcept {
  if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t)) {
    if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) return static_cast<std::uint64_t>(value);
  }
  return static_cast<std::int64_t>(value);
}

inline const Value& Value::null_value() noexcept {
  static const Value null;
  return null;
}

inline void Value::fail(std::string_view wanted) const {
  std::string message = "expected ";
  throw ValueError(message.append(wanted).append(", got ").append(to_string(kind())));
}

template <class T>
const T* Value::get_if() const noexcept {
  return std::get_if<T>(&data_);
}
template <class T>
T* Value::get_if() noexcept {
  return std::get_if<T>(&data_);
}

template <class T>
T& Value::get(std::string_view wanted) {
  T* const held = get_if<T>();
  if (held == nullptr) fail(wanted);
  return *held;
}
template <class T>
const T& Value::get(std::string_view wanted) const {
  const T* const held = get_if<T>();
  if (held == nullptr) fail(wanted);
  return *held;
}

inline bool Value::is_uint64() const noexcept {
  const auto* const integer = get_if<std::int64_t>();
  return kind() == ValueKind::unsigned_integer || (integer != nullptr && *integer >= 0);
}

inline bool Value::as_bool() const { return get<bool>("boolean"); }
inline std::int64_t Value::as_int64() const { return get<std::int64_t>("integer"); }
inline std::uint64_t Value::as_uint64() const {
  if (const auto* const large = get_if<std::uint64_t>()) return *large;
  const std::int64_t integer = get<std::int64_t>("non-negative integer");
  if (integer < 0) fail("non-negative integer");
  return static_cast<std::uint64_t>(integer);
}
inline double Value::as_double() const {
  if (const auto* const integer = get_if<std::int64_t>()) return static_cast<double>(*integer);
  if (const auto* const large = get_if<std::uint64_t>()) return static_cast<double>(*large);
  return get<double>("number");
}
inline const std::string& Value::as_string() const { return get<std::string>("string"); }
inline std::string& Value::as_string() { return get<std::string>("string"); }
inline const Binary& Value::as_binary() const { return get<Binary>("binary"); }
inline const Value::Array& Value::as_array() const { return get<Array>("array"); }
inline Value::Array& Value::as_array() { return get<Array>("array"); }
inline const Value::Object& Value::as_object() const { return get<Object>("object"); }
inline Value::Object& Value::as_object() { return get<Object>("object"); }

inline std::size_t Value::size() const noexcept {
  if (const auto* const items = get_if<Array>()) return items->size();
  const auto* const members = get_if<Object>();
  return members != nullptr ? members->size() : 0;
}

inline const Value& Value::operator[](std::size_t index) const noexcept {
  const auto* const items = get_if<Array>();
  return items != nullptr && index < items->size() ? (*items)[index] : null_value();
}
inline const Value& Value::operator[](std::string_view key) const noexcept {
  const auto* const members = get_if<Object>();
  const Value* const member = members != nullptr ? members->find(key) : nullptr;
  return member != nullptr ? *member : null_value();
}
inline Value& Value::operator[](std::string_view key) {
  if (is_null()) data_ = Object();
  return as_object()[key];
}

inline const Value& Value::at(std::size_t index) const { return as_array().at(index); }
inline Value& Value::at(std::size_t index) { return as_array().at(index); }
inline const Value& Value::at(std::string_view key) const { return as_object().at(key); }
inline Value& Value::at(std::string_view key) { return as_object().at(key); }

inline bool Value::contains(std::string_view key) const noexcept {
  const auto* const members = get_if<Object>();
  return members != nullptr && members->contains(key);
}

inline void Value::push_back(Value item) {
  if (is_null()) data_ = Array();
  as_array().push_back(std::move(item));
}

inline Value::Array::const_iterator Value::begin() const noexcept {
  const auto* const items = get_if<Array>();
  return items != nullptr ? items->begin() : Array::const_iterator();
}
inline Value::Array::const_iterator Value::end() const noexcept {
  const auto* const items = get_if<Array>();
  return items != nullptr ? items->end() : Array::const_iterator();
}
inline Value::Array::iterator Value::begin() noexcept {
  auto* const items = get_if<Array>();
  return items != nullptr ? items->begin() : Array::iterator();
}
inline Value::Array::iterator Value::end() noexcept {
  auto* const items = get_if<Array>();
  return items != nullptr ? items->end() : Array::iterator();
}

inline bool Value::equal(const Value& a, const Value& b) noexcept {
  if (a.is_number() && b.is_number() && a.kind() != b.kind()) {
    // An integer beyond 2^64 or a fraction is held as double only; among the integers each value has one form.
    const bool comparable = a.kind() == ValueKind::number || b.kind() == ValueKind::number;
    return comparable && a.as_double() == b.as_double();
  }
  return a.data_ == b.data_;
}

inline Value::Object::Object() noexcept = default;
inline Value::Object::Object(const Object& other) = default;
inline Value::Object::Object(Object&& other) noexcept = default;
inline Value::Object& Value::Object::operator=(const Object& other) = default;
inline Value::Object& Value::Object::operator=(Object&& other) noexcept = default;
inline Value::Object::~Object() = default;

inline std::size_t Value::Object::size() const noexcept { return members_.size(); }

inline Value::Object::Object(std::initializer_list<Member> members) : Object(std::vector<Member>(members)) {}

inline Value::Object::Object(std::vector<Member> members) : members_(std::move(members)) {
  // Sorted, since a peer chooses how many members there are: comparing each with each would take minutes.
  std::vector<std::size_t> order(members_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) -> const std::string& { return members_[i].key; };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int difference = key(a).compare(key(b));
    return difference != 0 ? difference < 0 : a < b;
  });
  std::vector<bool> repeats;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t last = i;
    while (last + 1 < order.size() && key(order[last + 1]) == key(order[i])) {
      repeats.resize(members_.size());
      repeats[order[++last]] = true;
    }
    // As in JavaScript, the place of the first and the value of the last.
    if (last != i) members_[order[i]].value = std::move(members_[order[last]].value);
    i = last + 1;
  }
  if (repeats.empty()) return;
  std::vector<Member> kept;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!repeats[i]) kept.push_back(std::move(members_[i]));
  }
  members_ = std::move(kept);
}

inline const Value* Value::Object::find(std::string_view key) const noexcept {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}
inline Value* Value::Object::find(std::string_view key) noexcept {
  return const_cast<Value*>(static_cast<const Object&>(*this).find(key));
}

inline Value& Value::Object::operator[](std::string_view key) {
  if (Value* const member = find(key)) return *member;
  return members_.emplace_back(std::string(key), Value()).value;
}

inline const Value& Value::Object::at(std::string_view key) const {
  if (const Value* const member = find(key)) return *member;
  std::string message = "no member \"";
  throw std::out_of_range(message.append(key).append("\""));
}
inline Value& Value::Object::at(std::string_view key) {
  return const_cast<Value&>(static_cast<const Object&>(*this).at(key));
}

inline bool Value::Object::erase(std::string_view key) {
  return std::erase_if(members_, [&](const Member& member) { return member.key == key; }) != 0;
}

inline bool Value::Object::equal(const Object& a, const Object& b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Member& mine = a.members_[i];
    const Member& same_place = b.members_[i];
    const Value* const other = same_place.key == mine.key ? &same_place.value : b.find(mine.key);
    if (other == nullptr || !(mine.value == *other)) return false;
  }
  return true;
}

namespace detail {

template <class Writer>
void write_dynamic(Writer& writer, const Value& value) {
  switch (value.kind()) {
    case ValueKind::null: return writer.null();
    case ValueKind::boolean: return writer.boolean(value.as_bool());
    case ValueKind::integer: return writer.integer(value.as_int64());
    case ValueKind::unsigned_integer: return writer.unsigned_integer(value.as_uint64());
    case ValueKind::number: return writer.number(value.as_double());
    case ValueKind::string: return writer.string(value.as_string());
    case ValueKind::binary: return writer.binary(value.as_binary());
    case ValueKind::array:
      writer.begin_array(value.size());
      for (const Value& item : value) write_dynamic(writer, item);
      return writer.end_array();
    case ValueKind::object:
      writer.begin_object(value.size());
      for (const auto& [key, member] : value.as_object()) {
        writer.key(key);
        write_dynamic(writer, member);
      }
      return writer.end_object();
  }
}

/// Writes what a view shows: placeholders become the binary data that they stand for.
template <class Writer>
void write_view(Writer& writer, ValueView view) {
  switch (view.kind()) {
    case ValueKind::null: return writer.null();
    case ValueKind::boolean: return writer.boolean(view.to_bool());
    case ValueKind::integer: return writer.integer(view.to_int64());
    case ValueKind::unsigned_integer: return writer.unsigned_integer(view.to_uint64());
    case ValueKind::number: return writer.number(view.to_double());
    case ValueKind::string: return writer.string(view.string());
    case ValueKind::binary: return writer.binary(view.binary());
    case ValueKind::array:
      writer.begin_array(view.size());
      for (std::size_t i = 0; i < view.size(); ++i) write_view(writer, view[i]);
      return writer.end_array();
    case ValueKind::object:
      writer.begin_object(view.size());
      view.for_each_member([&](std::string_view key, ValueView member) {
        writer.key(key);
        write_view(writer, member);
      });
      return writer.end_object();
  }
}

inline Value read_dynamic(ValueView view) {
  switch (view.kind()) {
    case ValueKind::null: return Value();
    case ValueKind::boolean: return Value(view.to_bool());
    case ValueKind::integer: return Value(view.to_int64());
    case ValueKind::unsigned_integer: return Value(view.to_uint64());
    case ValueKind::number: return Value(view.to_double());
    case ValueKind::string: return Value(view.string());
    case ValueKind::binary: return Value(view.binary());
    case ValueKind::array: {
      Value::Array items;
      items.reserve(view.size());
      for (std::size_t i = 0; i < view.size(); ++i) items.push_back(read_dynamic(view[i]));
      return Value(std::move(items));
    }
    case ValueKind::object: {
      std::vector<Value::Member> members;
      members.reserve(view.size());
      view.for_each_member([&](std::string_view key, ValueView member) {
        members.emplace_back(std::string(key), read_dynamic(member));
      });
      return Value(Value::Object(std::move(members)));
    }
  }
  return Value();
}

}  // namespace detail

inline std::string to_json(const Value& value) {
  detail::OutBuffer out;
  JsonWriter writer(out);
  detail::write_dynamic(writer, value);
  return std::string(out.view());
}

inline std::optional<Value> try_parse_json(std::string_view text) {
  if (!is_valid_utf8(text)) return std::nullopt;
  std::string copy(text);
  detail::JsonArena arena;
  JsonValue root;
  const detail::JsonStatus status = detail::parse_json_in_place(copy, 0, ParserLimits().max_depth, arena, root);
  if (status != detail::JsonStatus::ok) return std::nullopt;
  return detail::read_dynamic(ValueView(root));
}

inline Value parse_json(std::string_view text) {
  std::optional<Value> value = try_parse_json(text);
  if (!value) throw std::invalid_argument("not valid JSON");
  return *std::move(value);
}

}  // namespace socketio
