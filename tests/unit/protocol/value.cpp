// SPDX-License-Identifier: MIT
#include <socketio/protocol/value.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using socketio::Binary;
using socketio::parse_json;
using socketio::to_json;
using socketio::try_parse_json;
using socketio::Value;
using socketio::ValueError;
using socketio::ValueKind;

TEST_CASE("a value has the type and content that it was made from", "[protocol][value]") {
  CHECK(Value().is_null());
  CHECK(Value(nullptr).is_null());
  CHECK(Value(true).as_bool());
  CHECK(Value(1).as_int64() == 1);
  CHECK(Value('a').as_int64() == 97);
  CHECK(Value(std::int8_t{-5}).as_int64() == -5);
  CHECK(Value(7u).kind() == ValueKind::integer);
  CHECK(Value(std::uint64_t{7}).kind() == ValueKind::integer);
  CHECK(Value(std::numeric_limits<std::uint64_t>::max()).kind() == ValueKind::unsigned_integer);
  CHECK(Value(2.5).as_double() == 2.5);
  CHECK(Value(2.5f).kind() == ValueKind::number);
  CHECK(Value("text").as_string() == "text");
  CHECK(Value(std::string("text")).as_string() == "text");
  CHECK(Value(std::string_view("text")).as_string() == "text");
  CHECK(Value(Binary(std::string("b"))).as_binary().view() == "b");
  CHECK(Value(std::vector<Value>{1, "x"}).as_array().size() == 2);
  CHECK(Value(Value::Object{{"a", 1}}).as_object().size() == 1);
  CHECK_FALSE(std::is_constructible_v<Value, int*>);
  CHECK_FALSE(std::is_constructible_v<Value, char16_t>);
}

TEST_CASE("an optional becomes the value that it holds, or null", "[protocol][value]") {
  CHECK(Value(std::optional<std::string_view>("text")) == Value("text"));
  CHECK(Value(std::optional<std::string_view>()).is_null());
  CHECK(Value(std::optional<std::string>("text")) == Value("text"));
  CHECK(Value(std::optional<int>(3)) == Value(3));
  CHECK(Value(std::optional<bool>(false)) == Value(false));
  CHECK(Value(std::optional<Value>(Value{{"a", 1}})) == Value{{"a", 1}});
  const std::optional<std::string_view> held = "b";
  const Value object{{"a", held}, {"c", std::optional<std::string_view>()}};
  CHECK(object == Value{{"a", "b"}, {"c", nullptr}});
  const Value converted = held;
  CHECK(converted == Value("b"));
}

TEST_CASE("braces make objects, and Value::array makes arrays", "[protocol][value]") {
  const Value user{{"name", "Ann"}, {"age", 31}, {"inner", {{"x", nullptr}}}, {"list", Value::array({1, "two", 3.5})}};
  CHECK(to_json(user) == R"({"name":"Ann","age":31,"inner":{"x":null},"list":[1,"two",3.5]})");
  CHECK(to_json(Value{{"code", 401}}) == R"({"code":401})");
  CHECK(to_json(Value::array()) == "[]");
  CHECK(to_json(Value::object()) == "{}");
  CHECK(to_json(Value::array({Value{{"a", 1}}, Value{{"b", 2}}})) == R"([{"a":1},{"b":2}])");
  CHECK(Value{}.is_null());
  CHECK(Value{3} == 3);
}

TEST_CASE("a value in braces is that value, not an object around it", "[protocol][value]") {
  const Value original{{"a", 1}};
  const Value copy{original};
  const Value moved{Value(original)};
  CHECK(copy == original);
  CHECK(moved == original);
}

TEST_CASE("using a value as another type throws", "[protocol][value]") {
  const Value text("x");
  CHECK_THROWS_AS(text.as_bool(), ValueError);
  CHECK_THROWS_AS(text.as_int64(), ValueError);
  CHECK_THROWS_AS(text.as_uint64(), ValueError);
  CHECK_THROWS_AS(text.as_double(), ValueError);
  CHECK_THROWS_AS(text.as_binary(), ValueError);
  CHECK_THROWS_AS(text.as_array(), ValueError);
  CHECK_THROWS_AS(text.as_object(), ValueError);
  CHECK_THROWS_AS(Value(1).as_string(), ValueError);
  CHECK_THROWS_AS(Value(-1).as_uint64(), ValueError);
  CHECK_THROWS_AS(Value(1.5).as_int64(), ValueError);
  CHECK_THROWS_AS(Value(std::numeric_limits<std::uint64_t>::max()).as_int64(), ValueError);
  CHECK_THROWS_WITH(text.as_array(), "expected array, got string");
}

TEST_CASE("every number is a double, and small ones are unsigned", "[protocol][value]") {
  CHECK(Value(3).as_double() == 3.0);
  CHECK(Value(std::numeric_limits<std::uint64_t>::max()).as_double() == 18446744073709551615.0);
  CHECK(Value(3).as_uint64() == 3);
  CHECK(Value(3).is_uint64());
  CHECK_FALSE(Value(-3).is_uint64());
  CHECK(Value(std::numeric_limits<std::uint64_t>::max()).is_uint64());
  CHECK_FALSE(Value(std::numeric_limits<std::uint64_t>::max()).is_int64());
  CHECK(Value(3).is_number());
  CHECK(Value(3.5).is_number());
  CHECK_FALSE(Value("3").is_number());
}

TEST_CASE("the current alternative can be read without throwing", "[protocol][value]") {
  Value value("x");
  CHECK(value.get_if<bool>() == nullptr);
  REQUIRE(value.get_if<std::string>() != nullptr);
  value.get_if<std::string>()->append("y");
  CHECK(std::as_const(value).as_string() == "xy");
}

TEST_CASE("reading a missing member gives null", "[protocol][value]") {
  const Value value{{"list", Value::array({1})}};
  CHECK(value["list"][0] == 1);
  CHECK(value["list"][1].is_null());
  CHECK(value["list"]["x"].is_null());
  CHECK(value["nothing"]["at"][7]["all"].is_null());
  CHECK(value[3].is_null());
  CHECK_FALSE(value.contains("nothing"));
  CHECK(value.contains("list"));
  CHECK_FALSE(Value(1).contains("list"));
}

TEST_CASE("writing a missing member creates it", "[protocol][value]") {
  Value data;
  data["nick"] = "Ann";
  data["score"]["best"] = 10;
  data["log"].push_back("joined");
  data["log"].push_back(2);
  CHECK(to_json(data) == R"({"nick":"Ann","score":{"best":10},"log":["joined",2]})");
  data["log"][0] = nullptr;
  CHECK(data["log"][0].is_null());
  CHECK_THROWS_AS(data["nick"]["x"], ValueError);
  CHECK_THROWS_AS(data["nick"].push_back(1), ValueError);
  CHECK_THROWS_AS(data["log"][2], std::out_of_range);
}

TEST_CASE("the exception of at names the missing member", "[protocol][value]") {
  const Value value{{"list", Value::array({1})}};
  CHECK(value.at("list").at(0) == 1);
  CHECK_THROWS_AS(value.at("list").at(1), std::out_of_range);
  CHECK_THROWS_WITH(value.at("x"), "no member \"x\"");
  CHECK_THROWS_AS(value.at(0), ValueError);
}

TEST_CASE("sizes and iteration concern arrays and objects only", "[protocol][value]") {
  Value list = Value::array({1, 2, 3});
  CHECK(list.size() == 3);
  std::int64_t sum = 0;
  for (const Value& item : std::as_const(list)) sum += item.as_int64();
  CHECK(sum == 6);
  for (Value& item : list) item = 1;
  CHECK(to_json(list) == "[1,1,1]");
  CHECK(Value{{"a", 1}}.size() == 1);
  CHECK(Value("text").empty());
  CHECK(Value("text").begin() == Value("text").end());
}

TEST_CASE("an object keeps the order of insertion and each name once", "[protocol][value]") {
  Value::Object object{{"b", 1}, {"a", 2}, {"b", 3}};
  CHECK(to_json(object) == R"({"b":3,"a":2})");
  object["c"] = 4;
  object["a"] = 5;
  CHECK(to_json(object) == R"({"b":3,"a":5,"c":4})");
  CHECK(object.erase("a"));
  CHECK_FALSE(object.erase("a"));
  CHECK(object.size() == 2);
  CHECK(object.find("a") == nullptr);
  CHECK(object.at("c") == 4);
  CHECK_THROWS_AS(object.at("a"), std::out_of_range);
  std::string keys;
  for (const auto& [key, value] : object) keys += key;
  CHECK(keys == "bc");
}

TEST_CASE("if many members have one name, the last counts", "[protocol][value]") {
  std::vector<Value::Member> members;
  for (int i = 0; i < 3000; ++i) members.emplace_back("k" + std::to_string(i % 1000), i);
  const Value::Object object(std::move(members));
  REQUIRE(object.size() == 1000);
  int i = 0;
  bool in_order = true;
  for (const auto& [key, value] : object) {
    in_order = in_order && key == "k" + std::to_string(i) && value == 2000 + i;
    ++i;
  }
  CHECK(in_order);
}

TEST_CASE("values are compared by their meaning", "[protocol][value]") {
  CHECK(Value(1) == Value(1.0));
  CHECK(Value(1) == 1u);
  CHECK(Value(1) != Value(1.5));
  CHECK(Value(1) != Value(true));
  CHECK(Value() != Value(false));
  CHECK(Value("1") != Value(1));
  CHECK(Value("a") == "a");
  CHECK(Value(std::numeric_limits<std::uint64_t>::max()) != Value(-1));
  CHECK(Value{{"a", 1}, {"b", 2}} == Value{{"b", 2}, {"a", 1.0}});
  CHECK(Value{{"a", 1}} != Value{{"a", 1}, {"b", 2}});
  CHECK(Value{{"a", 1}} != Value{{"b", 1}});
  CHECK(Value::array({1, 2}) != Value::array({2, 1}));
  CHECK(Value(Binary(std::string("x"))) != Value("x"));
}

TEST_CASE("JSON text becomes a value and text again", "[protocol][value]") {
  for (const std::string_view text : {"null", "true", "0", "-1.5", "18446744073709551615", "\"\"", "[]", "{}",
                                      R"({"a":[1,2.5,"x",null,{"b":false}],"c":{"d":"\n\u0001"}})"}) {
    CHECK(to_json(parse_json(text)) == text);
  }
  CHECK(parse_json(R"({"a":1,"b":2,"a":3})") == Value{{"a", 3}, {"b", 2}});
  CHECK(to_json(Value(Binary(std::string("hi")))) == "\"aGk=\"");
}

TEST_CASE("text that is not JSON becomes no value", "[protocol][value]") {
  CHECK_THROWS_AS(parse_json("{"), std::invalid_argument);
  CHECK_FALSE(try_parse_json(""));
  CHECK_FALSE(try_parse_json("\"\xFF\""));
  CHECK(try_parse_json(test::nested(512, "[", "", "]")));
  CHECK_FALSE(try_parse_json(test::nested(513, "[", "", "]")));
}

TEST_CASE("an object of very many members is read without comparing all pairs", "[protocol][value]") {
  // Quadratic work would exceed the time limit of the test.
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
  text += "}";
  CHECK(parse_json(text).size() == 200'000);
}
