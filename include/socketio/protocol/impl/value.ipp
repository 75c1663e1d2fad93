// SPDX-License-Identifier: MIT
// Bodies of value.hpp. Protocol layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/convert_scalars.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/json_writer.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/protocol/value_view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

SOCKETIO_DECL Value::Value(const char* text) : Value(std::string(text)) {}
SOCKETIO_DECL Value::Value(std::string_view text) : Value(std::string(text)) {}
SOCKETIO_DECL Value::Value(std::string text) noexcept : kind_(ValueKind::string) {
  ::new (static_cast<void*>(&data_.string)) std::string(std::move(text));
}
SOCKETIO_DECL Value::Value(Binary bytes) noexcept : kind_(ValueKind::binary) {
  ::new (static_cast<void*>(&data_.binary)) Binary(std::move(bytes));
}
SOCKETIO_DECL Value::Value(Array items) noexcept : kind_(ValueKind::array) {
  ::new (static_cast<void*>(&data_.array)) Array(std::move(items));
}
SOCKETIO_DECL Value::Value(Object members) noexcept : kind_(ValueKind::object) {
  ::new (static_cast<void*>(&data_.object)) Object(std::move(members));
}
SOCKETIO_DECL Value::Value(std::initializer_list<Member> members) : Value(Object(members)) {}

SOCKETIO_DECL Value::Value(const Value& other) {
  switch (other.kind_) {
    case ValueKind::null: break;
    case ValueKind::boolean: data_.boolean = other.data_.boolean; break;
    case ValueKind::integer: data_.integer = other.data_.integer; break;
    case ValueKind::unsigned_integer: data_.unsigned_integer = other.data_.unsigned_integer; break;
    case ValueKind::number: data_.number = other.data_.number; break;
    case ValueKind::string: ::new (static_cast<void*>(&data_.string)) std::string(other.data_.string); break;
    case ValueKind::binary: ::new (static_cast<void*>(&data_.binary)) Binary(other.data_.binary); break;
    case ValueKind::array: ::new (static_cast<void*>(&data_.array)) Array(other.data_.array); break;
    case ValueKind::object: ::new (static_cast<void*>(&data_.object)) Object(other.data_.object); break;
  }
  kind_ = other.kind_;
}
SOCKETIO_DECL Value::Value(Value&& other) noexcept { take(other); }
SOCKETIO_DECL Value& Value::operator=(const Value& other) {
  Value copy(other);
  return *this = std::move(copy);
}
SOCKETIO_DECL Value& Value::operator=(Value&& other) noexcept {
  if (this == &other) return *this;
  Value taken(std::move(other));  // it may be a part of this one
  destroy();
  take(taken);
  return *this;
}
SOCKETIO_DECL Value::~Value() { destroy(); }

SOCKETIO_DECL void Value::take(Value& other) noexcept {
  switch (other.kind_) {
    case ValueKind::null: break;
    case ValueKind::boolean: data_.boolean = other.data_.boolean; break;
    case ValueKind::integer: data_.integer = other.data_.integer; break;
    case ValueKind::unsigned_integer: data_.unsigned_integer = other.data_.unsigned_integer; break;
    case ValueKind::number: data_.number = other.data_.number; break;
    case ValueKind::string: ::new (static_cast<void*>(&data_.string)) std::string(std::move(other.data_.string)); break;
    case ValueKind::binary: ::new (static_cast<void*>(&data_.binary)) Binary(std::move(other.data_.binary)); break;
    case ValueKind::array: ::new (static_cast<void*>(&data_.array)) Array(std::move(other.data_.array)); break;
    case ValueKind::object: ::new (static_cast<void*>(&data_.object)) Object(std::move(other.data_.object)); break;
  }
  kind_ = other.kind_;
}

SOCKETIO_DECL void Value::destroy() noexcept {
  switch (kind_) {
    case ValueKind::string: data_.string.~basic_string(); break;
    case ValueKind::binary: data_.binary.~Binary(); break;
    case ValueKind::array: data_.array.~Array(); break;
    case ValueKind::object: data_.object.~Object(); break;
    default: break;
  }
  kind_ = ValueKind::null;
}

SOCKETIO_DECL Value Value::array(std::initializer_list<Value> items) { return Value(Array(items)); }
SOCKETIO_DECL Value Value::object(std::initializer_list<Member> members) { return Value(Object(members)); }

SOCKETIO_DECL const Value& Value::null_value() noexcept {
  static const Value null;
  return null;
}

SOCKETIO_DECL void Value::fail(std::string_view wanted) const {
  std::string message = "expected ";
  throw ValueError(message.append(wanted).append(", got ").append(to_string(kind())));
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

SOCKETIO_DECL bool Value::is_uint64() const noexcept {
  const auto* const integer = get_if<std::int64_t>();
  return kind() == ValueKind::unsigned_integer || (integer != nullptr && *integer >= 0);
}

SOCKETIO_DECL bool Value::as_bool() const { return get<bool>("boolean"); }
SOCKETIO_DECL std::int64_t Value::as_int64() const { return get<std::int64_t>("integer"); }
SOCKETIO_DECL std::uint64_t Value::as_uint64() const {
  if (const auto* const large = get_if<std::uint64_t>()) return *large;
  const std::int64_t integer = get<std::int64_t>("non-negative integer");
  if (integer < 0) fail("non-negative integer");
  return static_cast<std::uint64_t>(integer);
}
SOCKETIO_DECL double Value::as_double() const {
  if (const auto* const integer = get_if<std::int64_t>()) return static_cast<double>(*integer);
  if (const auto* const large = get_if<std::uint64_t>()) return static_cast<double>(*large);
  return get<double>("number");
}
SOCKETIO_DECL const std::string& Value::as_string() const { return get<std::string>("string"); }
SOCKETIO_DECL std::string& Value::as_string() { return get<std::string>("string"); }
SOCKETIO_DECL const Binary& Value::as_binary() const { return get<Binary>("binary"); }
SOCKETIO_DECL const Value::Array& Value::as_array() const { return get<Array>("array"); }
SOCKETIO_DECL Value::Array& Value::as_array() { return get<Array>("array"); }
SOCKETIO_DECL const Value::Object& Value::as_object() const { return get<Object>("object"); }
SOCKETIO_DECL Value::Object& Value::as_object() { return get<Object>("object"); }

SOCKETIO_DECL std::size_t Value::size() const noexcept {
  if (const auto* const items = get_if<Array>()) return items->size();
  const auto* const members = get_if<Object>();
  return members != nullptr ? members->size() : 0;
}

SOCKETIO_DECL const Value& Value::operator[](std::size_t index) const noexcept {
  const auto* const items = get_if<Array>();
  return items != nullptr && index < items->size() ? (*items)[index] : null_value();
}
SOCKETIO_DECL const Value& Value::operator[](std::string_view key) const noexcept {
  const auto* const members = get_if<Object>();
  const Value* const member = members != nullptr ? members->find(key) : nullptr;
  return member != nullptr ? *member : null_value();
}
SOCKETIO_DECL Value& Value::operator[](std::string_view key) {
  if (is_null()) *this = Object();
  return as_object()[key];
}

SOCKETIO_DECL const Value& Value::at(std::size_t index) const { return as_array().at(index); }
SOCKETIO_DECL Value& Value::at(std::size_t index) { return as_array().at(index); }
SOCKETIO_DECL const Value& Value::at(std::string_view key) const { return as_object().at(key); }
SOCKETIO_DECL Value& Value::at(std::string_view key) { return as_object().at(key); }

SOCKETIO_DECL bool Value::contains(std::string_view key) const noexcept {
  const auto* const members = get_if<Object>();
  return members != nullptr && members->contains(key);
}

SOCKETIO_DECL void Value::push_back(Value item) {
  if (is_null()) *this = Array();
  as_array().push_back(std::move(item));
}

SOCKETIO_DECL Value::Array::const_iterator Value::begin() const noexcept {
  const auto* const items = get_if<Array>();
  return items != nullptr ? items->begin() : Array::const_iterator();
}
SOCKETIO_DECL Value::Array::const_iterator Value::end() const noexcept {
  const auto* const items = get_if<Array>();
  return items != nullptr ? items->end() : Array::const_iterator();
}
SOCKETIO_DECL Value::Array::iterator Value::begin() noexcept {
  auto* const items = get_if<Array>();
  return items != nullptr ? items->begin() : Array::iterator();
}
SOCKETIO_DECL Value::Array::iterator Value::end() noexcept {
  auto* const items = get_if<Array>();
  return items != nullptr ? items->end() : Array::iterator();
}

SOCKETIO_DECL bool Value::equal(const Value& a, const Value& b) noexcept {
  if (a.is_number() && b.is_number() && a.kind() != b.kind()) {
    // An integer beyond 2^64 or a fraction is held as double only; among the integers each value has one form.
    const bool comparable = a.kind() == ValueKind::number || b.kind() == ValueKind::number;
    return comparable && a.as_double() == b.as_double();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::null: return true;
    case ValueKind::boolean: return a.data_.boolean == b.data_.boolean;
    case ValueKind::integer: return a.data_.integer == b.data_.integer;
    case ValueKind::unsigned_integer: return a.data_.unsigned_integer == b.data_.unsigned_integer;
    case ValueKind::number: return a.data_.number == b.data_.number;
    case ValueKind::string: return a.data_.string == b.data_.string;
    case ValueKind::binary: return a.data_.binary == b.data_.binary;
    case ValueKind::array: return a.data_.array == b.data_.array;
    case ValueKind::object: return a.data_.object == b.data_.object;
  }
  return false;
}

SOCKETIO_DECL Value::Object::Object() noexcept = default;
SOCKETIO_DECL Value::Object::Object(const Object& other) = default;
SOCKETIO_DECL Value::Object::Object(Object&& other) noexcept = default;
SOCKETIO_DECL Value::Object& Value::Object::operator=(const Object& other) = default;
SOCKETIO_DECL Value::Object& Value::Object::operator=(Object&& other) noexcept = default;
SOCKETIO_DECL Value::Object::~Object() = default;

SOCKETIO_DECL std::size_t Value::Object::size() const noexcept { return members_.size(); }

SOCKETIO_DECL Value::Object::Object(std::initializer_list<Member> members) : Object(std::vector<Member>(members)) {}

SOCKETIO_DECL Value::Object::Object(std::vector<Member> members) : members_(std::move(members)) {
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

SOCKETIO_DECL const Value* Value::Object::find(std::string_view key) const noexcept {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}
SOCKETIO_DECL Value* Value::Object::find(std::string_view key) noexcept {
  return const_cast<Value*>(static_cast<const Object&>(*this).find(key));
}

SOCKETIO_DECL Value& Value::Object::operator[](std::string_view key) {
  if (Value* const member = find(key)) return *member;
  return members_.emplace_back(std::string(key), Value()).value;
}

SOCKETIO_DECL const Value& Value::Object::at(std::string_view key) const {
  if (const Value* const member = find(key)) return *member;
  std::string message = "no member \"";
  throw std::out_of_range(message.append(key).append("\""));
}
SOCKETIO_DECL Value& Value::Object::at(std::string_view key) {
  return const_cast<Value&>(static_cast<const Object&>(*this).at(key));
}

SOCKETIO_DECL bool Value::Object::erase(std::string_view key) {
  return std::erase_if(members_, [&](const Member& member) { return member.key == key; }) != 0;
}

SOCKETIO_DECL bool Value::Object::equal(const Object& a, const Object& b) noexcept {
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

SOCKETIO_DECL Value read_dynamic(ValueView view) {
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

#if defined(SOCKETIO_SEPARATE_COMPILATION)
template void write_dynamic<JsonWriter>(JsonWriter& writer, const Value& value);
template void write_view<JsonWriter>(JsonWriter& writer, ValueView view);
template void write_json<JsonWriter>(JsonWriter& writer, const JsonValue& value);
#endif

}  // namespace detail

SOCKETIO_DECL std::string to_json(const Value& value) {
  detail::OutBuffer out;
  JsonWriter writer(out);
  detail::write_dynamic(writer, value);
  return std::string(out.view());
}

SOCKETIO_DECL std::optional<Value> try_parse_json(std::string_view text) {
  if (!is_valid_utf8(text)) return std::nullopt;
  std::string copy(text);
  detail::JsonArena arena;
  JsonValue root;
  const detail::JsonStatus status = detail::parse_json_in_place(copy, 0, ParserLimits().max_depth, arena, root);
  if (status != detail::JsonStatus::ok) return std::nullopt;
  return detail::read_dynamic(ValueView(root));
}

SOCKETIO_DECL Value parse_json(std::string_view text) {
  std::optional<Value> value = try_parse_json(text);
  if (!value) throw std::invalid_argument("not valid JSON");
  return *std::move(value);
}

}  // namespace socketio
