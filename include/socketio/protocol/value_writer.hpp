// SPDX-License-Identifier: MIT
// Writes what converts to the wire into Values instead. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// What a peer would make of the same calls to JsonWriter, but with binary data as they are: numbers that are not
/// finite become null, and of several members with one name the last counts.
///
/// @par Thread safety  Distinct objects: safe.
class ValueWriter {
 public:
  void null();
  void boolean(bool value);
  void integer(std::int64_t value);
  void unsigned_integer(std::uint64_t value);
  void number(double value);
  void string(std::string_view value);
  void binary(const Binary& value);

  void begin_array(std::size_t count);
  void end_array();
  void begin_object(std::size_t count);
  void end_object();
  void key(std::string_view name);

  /// What has been written so far and is complete.
  std::vector<Value> take();

 private:
  struct Container {
    bool is_object;
    std::string key;  // in the object around it
    Value::Array items;
    std::vector<Value::Member> members;
  };

  Container close();

  void add(Value value);

  std::vector<Value> values_;
  std::vector<Container> open_;
  std::string key_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/value_writer.ipp>
#endif
