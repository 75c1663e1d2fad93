// SPDX-License-Identifier: MIT
// Writes what converts to the wire into Values instead. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/value.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// What a peer would make of the same calls to JsonWriter, but with binary data as they are: numbers that are not
/// finite become null, and of several members with one name the last counts.
///
/// @par Thread safety  Distinct objects: safe.
class ValueWriter {
 public:
  void null() { add(Value()); }
  void boolean(bool value) { add(Value(value)); }
  void integer(std::int64_t value) { add(Value(value)); }
  void unsigned_integer(std::uint64_t value) { add(Value(value)); }
  void number(double value) { add(std::isfinite(value) ? Value(value) : Value()); }
  void string(std::string_view value) { add(Value(value)); }
  void binary(const Binary& value) { add(Value(value)); }

  void begin_array(std::size_t count) {
    open_.push_back({false, std::move(key_), {}, {}});
    open_.back().items.reserve(count);
  }
  void end_array() {
    Container array = close();
    add(Value(std::move(array.items)));
  }
  void begin_object(std::size_t count) {
    open_.push_back({true, std::move(key_), {}, {}});
    open_.back().members.reserve(count);
  }
  void end_object() {
    Container object = close();
    add(Value(Value::Object(std::move(object.members))));
  }
  void key(std::string_view name) { key_ = name; }

  /// What has been written so far and is complete.
  std::vector<Value> take() { return std::exchange(values_, {}); }

 private:
  struct Container {
    bool is_object;
    std::string key;  // in the object around it
    Value::Array items;
    std::vector<Value::Member> members;
  };

  Container close() {
    Container closed = std::move(open_.back());
    open_.pop_back();
    key_ = std::move(closed.key);
    return closed;
  }

  void add(Value value) {
    if (open_.empty())
      values_.push_back(std::move(value));
    else if (open_.back().is_object)
      open_.back().members.emplace_back(std::move(key_), std::move(value));
    else
      open_.back().items.push_back(std::move(value));
  }

  std::vector<Value> values_;
  std::vector<Container> open_;
  std::string key_;
};

}  // namespace socketio
