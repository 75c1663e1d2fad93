// SPDX-License-Identifier: MIT
#include <socketio/protocol/value_kind.hpp>

#include <tests/support/catch.hpp>

using socketio::to_string;
using socketio::ValueKind;

TEST_CASE("kinds have the names that error messages use", "[protocol][value]") {
  CHECK(to_string(ValueKind::null) == "null");
  CHECK(to_string(ValueKind::boolean) == "boolean");
  CHECK(to_string(ValueKind::integer) == "integer");
  CHECK(to_string(ValueKind::unsigned_integer) == "integer");
  CHECK(to_string(ValueKind::number) == "number");
  CHECK(to_string(ValueKind::string) == "string");
  CHECK(to_string(ValueKind::binary) == "binary");
  CHECK(to_string(ValueKind::array) == "array");
  CHECK(to_string(ValueKind::object) == "object");
}
