// SPDX-License-Identifier: MIT
#include <socketio/protocol/msgpack_writer.hpp>

#include <socketio/protocol/convert.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/msgpack.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using socketio::Binary;
using socketio::MsgpackWriter;
using socketio::Value;
using test::msgpack_hex;

namespace {

struct Point {
  int x = 0;
  std::optional<int> y;
};
SOCKETIO_STRUCT(Point, x, y)

template <class T>
std::string written(const T& value) {
  return msgpack_hex([&](MsgpackWriter& writer) { socketio::write_value(writer, value); });
}

std::string first_bytes(const std::string& hex, std::size_t count) { return hex.substr(0, 2 * count); }

}  // namespace

TEST_CASE("msgpack: integers take their shortest form", "[protocol][msgpack]") {
  CHECK(written(0) == "00");
  CHECK(written(127) == "7f");
  CHECK(written(128) == "cc80");
  CHECK(written(255) == "ccff");
  CHECK(written(256) == "cd0100");
  CHECK(written(65535) == "cdffff");
  CHECK(written(65536) == "ce00010000");
  CHECK(written(std::int64_t{0xFFFFFFFF}) == "ceffffffff");
  CHECK(written(std::int64_t{0x100000000}) == "cf0000000100000000");
  CHECK(written(std::numeric_limits<std::int64_t>::max()) == "cf7fffffffffffffff");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "cfffffffffffffffff");
  CHECK(written(-1) == "ff");
  CHECK(written(-32) == "e0");
  CHECK(written(-33) == "d0df");
  CHECK(written(-128) == "d080");
  CHECK(written(-129) == "d1ff7f");
  CHECK(written(-32768) == "d18000");
  CHECK(written(-32769) == "d2ffff7fff");
  CHECK(written(std::numeric_limits<std::int32_t>::min()) == "d280000000");
  CHECK(written(std::int64_t{-2147483649}) == "d3ffffffff7fffffff");
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "d38000000000000000");
}

TEST_CASE("msgpack: doubles without a fraction are written as integers if these are exact", "[protocol][msgpack]") {
  CHECK(written(2.0) == "02");
  CHECK(written(-0.0) == "00");
  CHECK(written(-33.0) == "d0df");
  CHECK(written(9007199254740991.0) == "cf001fffffffffffff");
  CHECK(written(9007199254740992.0) == "cb4340000000000000");
  CHECK(written(1e300) == "cb7e37e43c8800759c");
  CHECK(written(1.5) == "cb3ff8000000000000");
  CHECK(written(std::numeric_limits<double>::quiet_NaN()) == "cb7ff8000000000000");
  CHECK(written(-std::numeric_limits<double>::infinity()) == "cbfff0000000000000");
}

TEST_CASE("msgpack: a float takes four bytes", "[protocol][msgpack]") {
  CHECK(written(1.5f) == "ca3fc00000");
  CHECK(written(0.1f) == "ca3dcccccd");
  CHECK(written(3.0f) == "03");
  CHECK(written(65535.0f) == "cdffff");
  CHECK(written(65536.0f) == "ca47800000");
  CHECK(written(std::numeric_limits<float>::infinity()) == "ca7f800000");
  CHECK(written(std::numeric_limits<float>::quiet_NaN()) == "ca7fc00000");
}

TEST_CASE("msgpack: null and booleans are one byte", "[protocol][msgpack]") {
  CHECK(written(nullptr) == "c0");
  CHECK(written(std::optional<int>()) == "c0");
  CHECK(written(false) == "c2");
  CHECK(written(true) == "c3");
}

TEST_CASE("msgpack: strings have the shortest length form", "[protocol][msgpack]") {
  CHECK(written(std::string()) == "a0");
  CHECK(written("hi") == "a26869");
  CHECK(first_bytes(written(std::string(31, 'x')), 1) == "bf");
  CHECK(first_bytes(written(std::string(32, 'x')), 2) == "d920");
  CHECK(first_bytes(written(std::string(255, 'x')), 2) == "d9ff");
  CHECK(first_bytes(written(std::string(256, 'x')), 3) == "da0100");
  CHECK(first_bytes(written(std::string(65535, 'x')), 3) == "daffff");
  CHECK(first_bytes(written(std::string(65536, 'x')), 5) == "db00010000");
  CHECK(written("\xE2\x82\xAC") == "a3e282ac");
}

TEST_CASE("msgpack: invalid UTF-8 is replaced, and the length fits", "[protocol][msgpack]") {
  CHECK(written(std::string("a\xFF")) == "a461efbfbd");
  CHECK(written(std::map<std::string, int>{{"\xFF", 1}}) == "81a3efbfbd01");
}

TEST_CASE("msgpack: binary data is written in place", "[protocol][msgpack]") {
  CHECK(written(Binary()) == "c400");
  CHECK(written(Binary(std::string("\x01\x02"))) == "c4020102");
  CHECK(first_bytes(written(Binary(std::string(255, 'x'))), 2) == "c4ff");
  CHECK(first_bytes(written(Binary(std::string(256, 'x'))), 3) == "c50100");
  CHECK(first_bytes(written(Binary(std::string(65535, 'x'))), 3) == "c5ffff");
  CHECK(first_bytes(written(Binary(std::string(65536, 'x'))), 5) == "c600010000");
  CHECK(written(std::vector<std::byte>{std::byte{7}}) == "c40107");
}

TEST_CASE("msgpack: time points are written as the parser's dates", "[protocol][msgpack]") {
  using namespace std::chrono;
  CHECK(written(system_clock::time_point(milliseconds(1700000000123))) == "d7000000018bcfe5687b");
  CHECK(written(system_clock::time_point(milliseconds(-1))) == "d700ffffffffffffffff");
  CHECK(written(sys_time<nanoseconds>(nanoseconds(-1))) == "d700ffffffffffffffff");
  CHECK(written(sys_time<seconds>(seconds(1))) == "d70000000000000003e8");
  CHECK(written(milliseconds(5)) == "05");
}

TEST_CASE("msgpack: containers have the shortest length form", "[protocol][msgpack]") {
  CHECK(written(std::vector<int>()) == "90");
  CHECK(written(Value::object()) == "80");
  CHECK(first_bytes(written(std::vector<int>(15)), 1) == "9f");
  CHECK(first_bytes(written(std::vector<int>(16)), 3) == "dc0010");
  CHECK(first_bytes(written(std::vector<int>(255)), 3) == "dc00ff");
  CHECK(first_bytes(written(std::vector<int>(65535)), 3) == "dcffff");
  CHECK(first_bytes(written(std::vector<int>(65536)), 5) == "dd00010000");
  std::map<std::string, int> map;
  for (int i = 0; i < 15; ++i) map[std::to_string(i)] = i;
  CHECK(first_bytes(written(map), 1) == "8f");
  map["15"] = 15;
  CHECK(first_bytes(written(map), 3) == "de0010");
}

TEST_CASE("msgpack: structures, maps and dynamic values nest", "[protocol][msgpack]") {
  CHECK(written(Point{1, 2}) == "82a17801a17902");
  CHECK(written(std::vector<Point>{{1, {}}}) == "9182a17801a179c0");
  CHECK(written(Value{{"a", Value::array({1, Value{{"b", Binary(std::string("x"))}}})}}) == "81a161920181a162c40178");
  const std::string deep = written([] {
    Value value;
    for (int i = 0; i < 20; ++i) value = Value::array({std::move(value)});
    return value;
  }());
  CHECK(deep == std::string(20, '9').replace(0, 20, [] {
    std::string text;
    for (int i = 0; i < 20; ++i) text += "91";
    return text;
  }()) + "c0");
}

TEST_CASE("msgpack: a wrong announced length of a container is corrected", "[protocol][msgpack]") {
  CHECK(msgpack_hex([](MsgpackWriter& writer) {
          writer.begin_array(3);
          writer.integer(1);
          writer.end_array();
        }) == "9101");
  CHECK(msgpack_hex([](MsgpackWriter& writer) {
          writer.begin_array(0);
          for (int i = 0; i < 16; ++i) writer.null();
          writer.end_array();
        }) == "dc0010c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0");
  CHECK(msgpack_hex([](MsgpackWriter& writer) {
          writer.begin_object(70'000);
          writer.key("a");
          writer.begin_array(1);
          writer.end_array();
          writer.key("b");
          writer.string("x");
          writer.end_object();
        }) == "82a16190a162a178");
}
