// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/value_writer.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/value_writer.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

SOCKETIO_DECL void ValueWriter::null() { add(Value()); }

SOCKETIO_DECL void ValueWriter::boolean(bool value) { add(Value(value)); }

SOCKETIO_DECL void ValueWriter::integer(std::int64_t value) { add(Value(value)); }

SOCKETIO_DECL void ValueWriter::unsigned_integer(std::uint64_t value) { add(Value(value)); }

SOCKETIO_DECL void ValueWriter::number(double value) { add(std::isfinite(value) ? Value(value) : Value()); }

SOCKETIO_DECL void ValueWriter::string(std::string_view value) { add(Value(value)); }

SOCKETIO_DECL void ValueWriter::binary(const Binary& value) { add(Value(value)); }

SOCKETIO_DECL void ValueWriter::begin_array(std::size_t count) {
  open_.push_back({false, std::move(key_), {}, {}});
  open_.back().items.reserve(count);
}

SOCKETIO_DECL void ValueWriter::end_array() {
  Container array = close();
  add(Value(std::move(array.items)));
}

SOCKETIO_DECL void ValueWriter::begin_object(std::size_t count) {
  open_.push_back({true, std::move(key_), {}, {}});
  open_.back().members.reserve(count);
}

SOCKETIO_DECL void ValueWriter::end_object() {
  Container object = close();
  add(Value(Value::Object(std::move(object.members))));
}

SOCKETIO_DECL void ValueWriter::key(std::string_view name) { key_ = name; }

SOCKETIO_DECL std::vector<Value> ValueWriter::take() { return std::exchange(values_, {}); }

SOCKETIO_DECL ValueWriter::Container ValueWriter::close() {
  Container closed = std::move(open_.back());
  open_.pop_back();
  key_ = std::move(closed.key);
  return closed;
}

SOCKETIO_DECL void ValueWriter::add(Value value) {
  if (open_.empty())
    values_.push_back(std::move(value));
  else if (open_.back().is_object)
    open_.back().members.emplace_back(std::move(key_), std::move(value));
  else
    open_.back().items.push_back(std::move(value));
}

}  // namespace socketio
