// SPDX-License-Identifier: MIT
#include <socketio/protocol/convert_containers.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

using socketio::Binary;
using test::read_as;
using test::reading_error;
using test::rewritten;
using test::written;

TEST_CASE("sequences of every kind convert", "[protocol][convert]") {
  CHECK(rewritten<std::vector<int>>("[3,1,2]") == "[3,1,2]");
  CHECK(rewritten<std::vector<bool>>("[true,false]") == "[true,false]");
  CHECK(rewritten<std::deque<std::string>>(R"(["a","b"])") == R"(["a","b"])");
  CHECK(rewritten<std::list<double>>("[0.5]") == "[0.5]");
  CHECK(rewritten<std::set<int>>("[3,1,3]") == "[1,3]");
  CHECK(rewritten<std::unordered_set<std::string>>(R"(["x"])") == R"(["x"])");
  CHECK(rewritten<std::vector<std::vector<std::uint8_t>>>("[[],[1,2]]") == "[[],[1,2]]");
  CHECK(rewritten<std::vector<int>>("[]") == "[]");
  CHECK(written(std::vector<Binary>{Binary(std::string("x"))}) == R"([{"_placeholder":true,"num":0}] + x)");
}

TEST_CASE("reading a sequence replaces its content", "[protocol][convert]") {
  const test::Document document("[1]");
  std::vector<int> out{7, 8, 9};
  socketio::ConvertError error;
  REQUIRE(socketio::read_value(document.view(), out, error));
  CHECK(out == std::vector<int>{1});
}

TEST_CASE("a sequence says which item does not fit", "[protocol][convert]") {
  CHECK(reading_error<std::vector<int>>("{}") == "expected array, got object");
  CHECK(reading_error<std::vector<int>>("\"x\"") == "expected array, got string");
  CHECK(reading_error<std::vector<int>>("[1,\"x\",3]") == "expected integer, got string at [1]");
  CHECK(reading_error<std::vector<std::vector<int>>>("[[],[1,null]]") == "expected integer, got null at [1][1]");
}

TEST_CASE("arrays convert if they have the right number of items", "[protocol][convert]") {
  CHECK(rewritten<std::array<int, 3>>("[1,2,3]") == "[1,2,3]");
  CHECK(reading_error<std::array<int, 3>>("[1,2]") == "expected array of 3, got array of 2");
  CHECK(reading_error<std::array<int, 3>>("[1,2,3,4]") == "expected array of 3, got array of 4");
  CHECK(reading_error<std::array<int, 1>>("[true]") == "expected integer, got boolean at [0]");
  CHECK(reading_error<std::array<int, 1>>("1") == "expected array, got integer");
}

TEST_CASE("spans can be sent", "[protocol][convert]") {
  const std::array<int, 2> numbers{1, 2};
  CHECK(written(std::span<const int>(numbers)) == "[1,2]");
  CHECK(written(std::span<const int, 2>(numbers)) == "[1,2]");
}

TEST_CASE("maps with text as keys convert", "[protocol][convert]") {
  CHECK(rewritten<std::map<std::string, int>>(R"({"b":2,"a":1})") == R"({"a":1,"b":2})");
  CHECK(rewritten<std::unordered_map<std::string, std::vector<int>>>(R"({"k":[1]})") == R"({"k":[1]})");
  CHECK(rewritten<std::map<std::string, int>>(R"({"a":1,"a":2})") == R"({"a":2})");
  CHECK(written(std::map<std::string_view, int>{{"x", 1}}) == R"({"x":1})");
  CHECK(written(std::map<std::string, int>{{"\"\n", 1}}) == R"({"\"\n":1})");
  CHECK(reading_error<std::map<std::string, int>>("[]") == "expected object, got array");
  CHECK(reading_error<std::map<std::string, int>>(R"({"a":1,"b":{},"c":[]})") == "expected integer, got object at .b");
}

TEST_CASE("optionals are null or a value", "[protocol][convert]") {
  CHECK(rewritten<std::optional<int>>("null") == "null");
  CHECK(rewritten<std::optional<int>>("5") == "5");
  CHECK(read_as<std::optional<int>>("null") == std::nullopt);
  CHECK(reading_error<std::optional<int>>("\"x\"") == "expected integer, got string");
  CHECK(rewritten<std::vector<std::optional<int>>>("[1,null]") == "[1,null]");
}

TEST_CASE("pairs and tuples convert as arrays", "[protocol][convert]") {
  using Triple = std::tuple<int, std::string, std::optional<bool>>;
  CHECK(rewritten<std::pair<int, std::string>>(R"([1,"x"])") == R"([1,"x"])");
  CHECK(rewritten<Triple>(R"([1,"x",true])") == R"([1,"x",true])");
  CHECK(rewritten<Triple>(R"([1,"x"])") == R"([1,"x",null])");
  CHECK(written(std::tuple<>()) == "[]");
  CHECK(rewritten<std::tuple<>>("[]") == "[]");
  CHECK(reading_error<Triple>("[1]") == "expected string, got nothing at [1]");
  CHECK(reading_error<Triple>(R"([1,"x",true,4])") == "expected array of 3, got array of 4");
  CHECK(reading_error<Triple>(R"([1,2])") == "expected string, got integer at [1]");
  CHECK(reading_error<Triple>("{}") == "expected array, got object");
}

TEST_CASE("a variant is the first alternative that accepts", "[protocol][convert]") {
  using Variant = std::variant<int, double, std::string, std::vector<int>>;
  CHECK(read_as<Variant>("1").index() == 0);
  CHECK(read_as<Variant>("1.5").index() == 1);
  CHECK(read_as<Variant>("4294967296").index() == 1);
  CHECK(read_as<Variant>("\"x\"").index() == 2);
  CHECK(read_as<Variant>("[1]").index() == 3);
  CHECK(rewritten<Variant>("[1]") == "[1]");
  CHECK(reading_error<Variant>("[true]") == "expected integer or number or string or array, got array");
  CHECK(reading_error<Variant>("null") == "expected integer or number or string or array, got null");
  CHECK(rewritten<std::variant<std::monostate, int>>("null") == "null");
}

TEST_CASE("smart pointers are null or their object", "[protocol][convert]") {
  CHECK(rewritten<std::unique_ptr<int>>("5") == "5");
  CHECK(rewritten<std::shared_ptr<std::string>>("\"x\"") == "\"x\"");
  CHECK(rewritten<std::unique_ptr<int>>("null") == "null");
  CHECK(written(std::shared_ptr<const int>(std::make_shared<const int>(3))) == "3");
  CHECK(reading_error<std::unique_ptr<int>>("[]") == "expected integer, got array");
}
