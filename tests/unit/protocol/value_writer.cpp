// SPDX-License-Identifier: MIT
#include <socketio/protocol/value_writer.hpp>

#include <socketio/protocol/convert.hpp>

#include <tests/support/catch.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

using socketio::Binary;
using socketio::Value;
using socketio::ValueWriter;

namespace {

template <class T>
Value written(const T& value) {
  ValueWriter writer;
  socketio::write_value(writer, value);
  const std::vector<Value> values = writer.take();
  REQUIRE(values.size() == 1);
  return values.front();
}

struct Inner {
  std::vector<int> numbers;
};
SOCKETIO_STRUCT(Inner, numbers)
struct Outer {
  std::string name;
  Inner inner;
  std::map<std::string, Inner> more;
  std::optional<int> none;
};
SOCKETIO_STRUCT(Outer, name, inner, more, none)

}  // namespace

TEST_CASE("scalars are written as they are", "[protocol][value-writer]") {
  CHECK(written(true) == Value(true));
  CHECK(written(-1) == Value(-1));
  CHECK(written((std::numeric_limits<std::uint64_t>::max)()) == Value((std::numeric_limits<std::uint64_t>::max)()));
  CHECK(written(1.5) == Value(1.5));
  CHECK(written(std::string("a\0b", 3)) == Value(std::string("a\0b", 3)));
  CHECK(written(std::optional<int>()) == Value());
  CHECK(written(Binary(std::string("bytes"))) == Value(Binary(std::string("bytes"))));
  CHECK(written(std::nan("")).is_null());
  CHECK(written(std::numeric_limits<double>::infinity()).is_null());
  CHECK(written(std::chrono::sys_time<std::chrono::milliseconds>()) == Value("1970-01-01T00:00:00.000Z"));
}

TEST_CASE("containers are written to any depth", "[protocol][value-writer]") {
  CHECK(written(std::vector<std::vector<int>>{{}, {1, 2}}) == Value::array({Value::array(), Value::array({1, 2})}));
  CHECK(written(std::tuple<int, std::string, std::vector<Binary>>(1, "x", {Binary()})) ==
        Value::array({1, "x", Value::array({Value(Binary())})}));
  const Outer outer{"n", {{1}}, {{"a", {{}}}, {"b", {{2, 3}}}}, {}};
  CHECK(written(outer) == Value{{"name", "n"},
                                {"inner", Value{{"numbers", Value::array({1})}}},
                                {"more", Value{{"a", Value{{"numbers", Value::array()}}},
                                               {"b", Value{{"numbers", Value::array({2, 3})}}}}},
                                {"none", Value()}});
}

TEST_CASE("a value is written as a copy of itself, whatever its content", "[protocol][value-writer]") {
  const Value value{{"picture", Binary(std::string("png"))},
                    {"foreign", Value{{"_placeholder", true}, {"num", 9}}},
                    {"", Value::array({Value(), Value::object(), -0.5})}};
  CHECK(written(value) == value);
}

TEST_CASE("several values are taken in their order, once", "[protocol][value-writer]") {
  ValueWriter writer;
  writer.integer(1);
  writer.begin_object(2);
  writer.key("a");
  writer.integer(1);
  writer.key("a");
  writer.integer(2);
  writer.end_object();
  CHECK(writer.take() == std::vector<Value>{Value(1), Value{{"a", 2}}});
  CHECK(writer.take().empty());
}
