// SPDX-License-Identifier: MIT
#include <socketio/protocol/convert_struct.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shop {

struct Single {
  int only = 0;
};
SOCKETIO_STRUCT(Single, only)

struct Point {
  int x = 0;
  double y = 0;
};
SOCKETIO_STRUCT(Point, x, y)

struct Order {
  std::string id;
  std::optional<std::string> note;
  std::vector<Point> points;
  std::map<std::string, Single> extra;
  socketio::Binary image;
};
SOCKETIO_STRUCT(Order, id, note, points, extra, image)

struct Tree {
  int value = 0;
  std::vector<Tree> children;
};
SOCKETIO_STRUCT(Tree, value, children)

// clang-format off
struct Wide {
  int a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0, a8 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0,
      b7 = 0, b8 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0,
      d5 = 0, d6 = 0, d7 = 0, d8 = 0;
};
SOCKETIO_STRUCT(Wide, a1, a2, a3, a4, a5, a6, a7, a8, b1, b2, b3, b4, b5, b6, b7, b8, c1, c2, c3, c4, c5, c6, c7, c8,
                d1, d2, d3, d4, d5, d6, d7, d8)
// clang-format on

}  // namespace shop

using test::read_as;
using test::reading_error;
using test::rewritten;
using test::written;

TEST_CASE("a structure travels as an object", "[protocol][convert]") {
  CHECK(rewritten<shop::Point>(R"({"x":1,"y":2.5})") == R"({"x":1,"y":2.5})");
  CHECK(rewritten<shop::Point>(R"({"y":2.5,"more":[],"x":1})") == R"({"x":1,"y":2.5})");
  CHECK(rewritten<shop::Point>(R"({"x":1,"y":1,"x":2})") == R"({"x":2,"y":1})");
  CHECK(rewritten<shop::Single>(R"({"only":7})") == R"({"only":7})");
}

TEST_CASE("a structure may have members of any convertible type, other structures included", "[protocol][convert]") {
  CHECK(
      rewritten<shop::Order>(
          R"({"id":"7","points":[{"x":1,"y":2}],"extra":{"k":{"only":3}},"image":{"_placeholder":true,"num":1}})") ==
      R"({"id":"7","note":null,"points":[{"x":1,"y":2}],"extra":{"k":{"only":3}},"image":{"_placeholder":true,"num":0}} + one)");
  CHECK(rewritten<shop::Tree>(R"({"value":1,"children":[{"value":2,"children":[]}]})") ==
        R"({"value":1,"children":[{"value":2,"children":[]}]})");
}

TEST_CASE("a structure may have thirty-two fields", "[protocol][convert]") {
  shop::Wide wide;
  wide.a1 = 1;
  wide.d8 = 32;
  const std::string text = written(wide);
  CHECK(text.substr(0, 15) == R"({"a1":1,"a2":0,)");
  CHECK(text.substr(text.size() - 9) == R"(,"d8":32})");
  CHECK(read_as<shop::Wide>(text).d8 == 32);
}

TEST_CASE("a structure says which member is missing or does not fit", "[protocol][convert]") {
  CHECK(reading_error<shop::Point>("[1,2]") == "expected object, got array");
  CHECK(reading_error<shop::Point>(R"({"x":1})") == "expected number, got nothing at .y");
  CHECK(reading_error<shop::Point>(R"({"x":null,"y":1})") == "expected integer, got null at .x");
  CHECK(reading_error<shop::Order>(R"({"id":"7","points":[{"x":1,"y":2},{"x":1,"y":"2"}],"extra":{}})") ==
        "expected number, got string at .points[1].y");
  CHECK(reading_error<shop::Order>(R"({"id":"7","points":[],"extra":{"a":{"only":1.5}}})") ==
        "expected integer, got number at .extra.a.only");
}
