// SPDX-License-Identifier: MIT
#include <socketio/protocol/converter.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

namespace {

struct Colour {
  int red = 0, green = 0, blue = 0;
};

struct OnlySent {};
struct OnlyReceived {};

}  // namespace

template <>
struct socketio::Converter<Colour> {
  static constexpr std::string_view name = "colour";
  template <class Writer>
  static void write(Writer& writer, const Colour& value) {
    writer.begin_array(3);
    writer.integer(value.red);
    writer.integer(value.green);
    writer.integer(value.blue);
    writer.end_array();
  }
  static bool read(ValueView view, Colour& out, ConvertError& error) {
    if (view.size() != 3) return convert_failed<Colour>(view, error);
    return read_value(view[0], out.red, error) && read_value(view[1], out.green, error) &&
           read_value(view[2], out.blue, error);
  }
};

template <>
struct socketio::Converter<OnlySent> {
  template <class Writer>
  static void write(Writer& writer, OnlySent) {
    writer.null();
  }
};

template <>
struct socketio::Converter<OnlyReceived> {
  static bool read(ValueView, OnlyReceived&, ConvertError&) { return true; }
};

using socketio::ConvertError;
using socketio::Readable;
using socketio::Writable;
using test::reading_error;
using test::rewritten;

TEST_CASE("a type with a converter of its own converts, alone and inside others", "[protocol][convert]") {
  CHECK(rewritten<Colour>("[1,2,3]") == "[1,2,3]");
  CHECK(rewritten<std::vector<Colour>>("[[1,2,3],[4,5,6]]") == "[[1,2,3],[4,5,6]]");
  CHECK(reading_error<Colour>("\"red\"") == "expected colour, got string");
  CHECK(reading_error<std::map<std::string, Colour>>(R"({"sky":7})") == "expected colour, got integer at .sky");
}

TEST_CASE("a type may convert in one direction only", "[protocol][convert]") {
  STATIC_REQUIRE(Writable<OnlySent>);
  STATIC_REQUIRE_FALSE(Readable<OnlySent>);
  STATIC_REQUIRE(Readable<OnlyReceived>);
  STATIC_REQUIRE_FALSE(Writable<OnlyReceived>);
  STATIC_REQUIRE(Writable<std::optional<OnlySent>>);
  STATIC_REQUIRE_FALSE(Readable<std::optional<OnlySent>>);
}

TEST_CASE("types without a converter are recognised, however they are wrapped", "[protocol][convert]") {
  STATIC_REQUIRE_FALSE(Writable<std::thread>);
  STATIC_REQUIRE_FALSE(Readable<std::thread>);
  STATIC_REQUIRE_FALSE(Writable<void*>);
  STATIC_REQUIRE_FALSE(Writable<int*>);
  STATIC_REQUIRE_FALSE(Writable<wchar_t>);
  STATIC_REQUIRE_FALSE(Writable<char16_t>);
  STATIC_REQUIRE_FALSE(Writable<void (*)()>);
  STATIC_REQUIRE_FALSE(Writable<std::filesystem::path>);
  STATIC_REQUIRE_FALSE(Writable<std::vector<std::thread>>);
  STATIC_REQUIRE_FALSE(Readable<std::vector<std::thread>>);
  STATIC_REQUIRE_FALSE(Writable<std::map<std::string, std::thread>>);
  STATIC_REQUIRE_FALSE(Writable<std::map<int, int>>);
  STATIC_REQUIRE_FALSE(Writable<std::optional<std::thread>>);
  STATIC_REQUIRE_FALSE(Writable<std::tuple<int, std::thread>>);
  STATIC_REQUIRE_FALSE(Writable<std::pair<std::thread, int>>);
  STATIC_REQUIRE_FALSE(Writable<std::variant<int, std::thread>>);
  STATIC_REQUIRE_FALSE(Writable<std::shared_ptr<std::thread>>);
  STATIC_REQUIRE_FALSE(Readable<const char*>);
}

TEST_CASE("a conversion error says what was expected, what was found, and where", "[protocol][convert]") {
  CHECK(ConvertError{"integer", "string", ""}.message() == "expected integer, got string");
  CHECK(ConvertError{"integer", "string", ".user.age[3]"}.message() == "expected integer, got string at .user.age[3]");
}
