// SPDX-License-Identifier: MIT
#include <socketio/protocol/json.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using socketio::ValueKind;
using socketio::ValueView;
using socketio::detail::JsonStatus;
using test::Document;
using test::nested;

namespace {

JsonStatus status_of(std::string_view text, std::size_t max_depth = 512) {
  return Document(std::string(text), true, max_depth).status();
}

std::string string_of(std::string text) { return std::string(Document(std::move(text)).view().string()); }

double number_of(std::string text) { return Document(std::move(text)).view().to_double(); }

std::string echo(std::string text) { return test::written(Document(std::move(text), false).view()); }

}  // namespace

TEST_CASE("JSON of every kind is read as JSON.parse reads it", "[protocol][json]") {
  CHECK(echo("null") == "null");
  CHECK(echo("true") == "true");
  CHECK(echo("false") == "false");
  CHECK(echo("\"text\"") == "\"text\"");
  CHECK(echo("[]") == "[]");
  CHECK(echo("{}") == "{}");
  CHECK(echo("[1,[2,[3]],{\"a\":{\"b\":[{}]}}]") == "[1,[2,[3]],{\"a\":{\"b\":[{}]}}]");
  CHECK(echo(" \t\r\n[ 1 , 2 ] \n") == "[1,2]");
  CHECK(echo("{ \"a\" : 1 , \"b\" : [ ] }") == "{\"a\":1,\"b\":[]}");
  CHECK(echo("{\"\":1,\"__proto__\":{\"x\":1}}") == "{\"\":1,\"__proto__\":{\"x\":1}}");
}

TEST_CASE("text that is not JSON is refused", "[protocol][json]") {
  for (const std::string_view text : {"",
                                      " ",
                                      "nul",
                                      "nulll",
                                      "True",
                                      "truefalse",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1}",
                                      "{]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{1:1}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":1]",
                                      "[]x",
                                      "[][]",
                                      "1 2",
                                      "// c\n1",
                                      "[1/**/]",
                                      "\"",
                                      "\"a",
                                      "\"\\",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12G4\"",
                                      "\"\\ud83d\\u12G4\"",
                                      "\"\n\"",
                                      "\"\t\"",
                                      "'a'",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "undefined",
                                      "\xEF\xBB\xBF[]"}) {
    INFO(text);
    CHECK(status_of(text) == JsonStatus::syntax_error);
  }
}

TEST_CASE("NUL bytes are refused at every position", "[protocol][json]") {
  CHECK(status_of(std::string_view("[]\0", 3)) == JsonStatus::syntax_error);
  CHECK(status_of(std::string_view("[1,\0 2]", 7)) == JsonStatus::syntax_error);
  CHECK(status_of(std::string_view("\"a\0b\"", 5)) == JsonStatus::syntax_error);
  CHECK(status_of(std::string_view("\0", 1)) == JsonStatus::syntax_error);
  CHECK(string_of("\"a\\u0000b\"") == std::string("a\0b", 3));
}

TEST_CASE("numbers follow the grammar of JSON", "[protocol][json]") {
  for (const std::string_view text : {"-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e-",
                                      "0x10", "1_000", "1e5.5", "--1", "1-", "- 1"}) {
    INFO(text);
    CHECK(status_of(text) == JsonStatus::syntax_error);
  }
  CHECK(number_of("0") == 0);
  CHECK(number_of("-0") == 0);
  CHECK(number_of("0.5") == 0.5);
  CHECK(number_of("-12.75e2") == -1275);
  CHECK(number_of("1E+2") == 100);
  CHECK(number_of("1e-2") == 0.01);
  CHECK(number_of("0e0") == 0);
}

TEST_CASE("integers keep all of their 64 bits", "[protocol][json]") {
  CHECK(Document("9007199254740993").view().to_int64() == 9007199254740993);
  CHECK(Document("999999999999999999").view().to_int64() == 999999999999999999);
  CHECK(Document("-999999999999999999").view().to_int64() == -999999999999999999);
  CHECK(Document("9223372036854775807").view().to_int64() == std::numeric_limits<std::int64_t>::max());
  CHECK(Document("-9223372036854775808").view().to_int64() == std::numeric_limits<std::int64_t>::min());
  CHECK(Document("9223372036854775808").view().kind() == ValueKind::unsigned_integer);
  CHECK(Document("9223372036854775808").view().to_uint64() == 9223372036854775808u);
  CHECK(Document("18446744073709551615").view().to_uint64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(Document("18446744073709551616").view().kind() == ValueKind::number);
  CHECK(number_of("18446744073709551616") == 18446744073709551616.0);
  CHECK(number_of("-9223372036854775809") == -9223372036854775808.0);
  CHECK(number_of("1" + std::string(300, '0')) == 1e300);
}

TEST_CASE("numbers beyond the range of double are infinite, numbers too near to zero are zero", "[protocol][json]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(number_of("1.7976931348623157e308") == std::numeric_limits<double>::max());
  CHECK(number_of("5e-324") == std::numeric_limits<double>::denorm_min());
  for (const std::string& text :
       {std::string("1e309"), std::string("1e400"), std::string("1e99999999999999999999"), "1" + std::string(309, '0'),
        "0." + std::string(10, '0') + "1e400", "100" + std::string(20, '0') + ".5e300"}) {
    INFO(text);
    REQUIRE(status_of(text) == JsonStatus::ok);
    CHECK(number_of(text) == infinity);
    CHECK(number_of('-' + text) == -infinity);
    CHECK(echo(text) == "null");
  }
  CHECK(echo(R"([1,{"a":[1e400,-1e400,{"b":1e400}]},1e-400])") == R"([1,{"a":[null,null,{"b":null}]},0])");
  CHECK(status_of("1e400x") == JsonStatus::syntax_error);
  CHECK(std::signbit(number_of("-1e-400")));
  for (const std::string& text :
       {std::string("1e-400"), std::string("-1e-400"), std::string("1e-99999999999999999999"),
        "0." + std::string(400, '0') + "1", std::string("0e999"), std::string("0.000e99999999999999999999"),
        "0." + std::string(400, '0') + "1e50", std::string("123456789e-400")}) {
    INFO(text);
    REQUIRE(status_of(text) == JsonStatus::ok);
    CHECK(number_of(text) == 0);
  }
}

TEST_CASE("an exponent of any size is read without an overflow", "[protocol][json]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string zeros(400, '0');
  for (const std::string exponent :
       {"2147483647", "2147483648", "4294967296", "9223372036854775799", "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "99999999999999999999999999999999"}) {
    CAPTURE(exponent);
    for (const std::string& mantissa : {std::string("1"), std::string("50"), "5" + zeros, "0." + zeros + "5"}) {
      CHECK(number_of(mantissa + "e" + exponent) == infinity);
      CHECK(number_of("-" + mantissa + "E+" + exponent) == -infinity);
      CHECK(number_of(mantissa + "e-" + exponent) == 0);
      CHECK(std::signbit(number_of("-" + mantissa + "e-" + exponent)));
    }
    CHECK(number_of("0e" + exponent) == 0);
    CHECK(number_of("0." + zeros + "e-" + exponent) == 0);
  }
}

TEST_CASE("doubles survive being written and read", "[protocol][json]") {
  std::uint64_t state = 88172645463325252u;
  int tested = 0;
  while (tested < 20000) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    double value;
    static_assert(sizeof value == sizeof state);
    std::memcpy(&value, &state, sizeof value);
    if (!std::isfinite(value)) continue;
    ++tested;
    if (number_of(test::written(value)) != value) FAIL(test::written(value));
  }
  CHECK(tested == 20000);
}

TEST_CASE("strings are unescaped", "[protocol][json]") {
  CHECK(string_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(string_of(R"("\u0041\u00e9\u20AC\uFFFF")") == "A\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBF");
  CHECK(string_of(R"("\ud83d\ude00 \uD83D\uDE00")") == "\xF0\x9F\x98\x80 \xF0\x9F\x98\x80");
  CHECK(string_of(R"("a long piece before\nanother long piece behind\n")") ==
        "a long piece before\nanother long piece behind\n");
  CHECK(string_of("\"\xD0\xAF\\n\xE2\x82\xAC\x7F\"") == "\xD0\xAF\n\xE2\x82\xAC\x7F");
  CHECK(string_of("\"\"").empty());
}

TEST_CASE("a lone surrogate becomes a replacement character", "[protocol][json]") {
  const std::string r = "\xEF\xBF\xBD";
  CHECK(string_of(R"("\ud800")") == r);
  CHECK(string_of(R"("\udfff")") == r);
  CHECK(string_of(R"("a\ud83d")") == "a" + r);
  CHECK(string_of(R"("\ud83dx")") == r + "x");
  CHECK(string_of(R"("\ud83d\n")") == r + "\n");
  CHECK(string_of(R"("\ud83d\u0041")") == r + "A");
  CHECK(string_of(R"("\ud83d\ud83d\ude00")") == r + "\xF0\x9F\x98\x80");
  CHECK(string_of(R"("\ude00\ud83d")") == r + r);
  CHECK(echo(R"({"\ud800":1})") == "{\"" + r + "\":1}");
}

TEST_CASE("strings end with a NUL, for users of RapidJSON", "[protocol][json]") {
  const Document document(R"({"key":"plain","other":"esc\u0041ped"})");
  const socketio::JsonValue& json = document.view().json();
  CHECK(std::string(json.MemberBegin()->name.GetString()) == "key");
  CHECK(std::string(json.MemberBegin()->value.GetString()) == "plain");
  CHECK(std::string(json["other"].GetString()) == "escAped");
}

TEST_CASE("containers nest up to the limit", "[protocol][json]") {
  for (const std::size_t limit : {std::size_t{1}, std::size_t{32}, std::size_t{33}, std::size_t{512}}) {
    CHECK(status_of(nested(limit - 1, "[", "1", "]"), limit) == JsonStatus::ok);
    CHECK(status_of(nested(limit, "[", "1", "]"), limit) == JsonStatus::ok);
    CHECK(status_of(nested(limit + 1, "[", "1", "]"), limit) == JsonStatus::too_deep);
    CHECK(status_of(nested(limit, "{\"a\":", "1", "}"), limit) == JsonStatus::ok);
    CHECK(status_of(nested(limit + 1, "{\"a\":", "1", "}"), limit) == JsonStatus::too_deep);
    CHECK(status_of("[" + nested(limit - 1, "[", "1", "]") + "," + nested(limit - 1, "[", "1", "]") + "]", limit) ==
          JsonStatus::ok);
  }
}

TEST_CASE("a megabyte of opening brackets is an error, not a crash", "[protocol][json]") {
  CHECK(status_of(std::string(1'000'000, '[')) == JsonStatus::too_deep);
  CHECK(status_of(std::string(1'000'000, '['), 10'000'000) == JsonStatus::syntax_error);
  CHECK(status_of(nested(500'000, "[", "", "]"), 10'000'000) == JsonStatus::ok);
  CHECK(status_of(nested(150'000, "{\"\":", "", "")) == JsonStatus::too_deep);
}

TEST_CASE("deep and wide documents survive being written and read", "[protocol][json]") {
  const std::string deep = nested(200, "[1,{\"k\":", "\"x\"", "},2]");
  CHECK(echo(deep) == deep);
  std::string wide = "[0";
  for (int i = 1; i < 20000; ++i) wide += "," + std::to_string(i);
  wide += "]";
  CHECK(echo(wide) == wide);
}

TEST_CASE("a document is read from the middle of a text", "[protocol][json]") {
  std::string text = "42/nsp,[1,2]";
  socketio::detail::JsonArena arena;
  socketio::JsonValue root;
  REQUIRE(socketio::detail::parse_json_in_place(text, 7, 512, arena, root) == JsonStatus::ok);
  CHECK(ValueView(root).size() == 2);
  CHECK(text.substr(0, 7) == "42/nsp,");
}
