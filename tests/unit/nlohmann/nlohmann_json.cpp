// SPDX-License-Identifier: MIT
#include <socketio/nlohmann_json.hpp>
#include <socketio/protocol/json_parser.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace {

struct Colour {
  int red = 0;
  std::string name;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Colour, red, name)

using socketio::JsonParser;
using socketio::PacketHeader;
using socketio::PacketType;

/// The value that a receiver gets when `value` is the argument of an event.
template <class T>
socketio::PacketPtr sent(const T& value) {
  auto encoded = JsonParser::encode(PacketHeader{PacketType::event, "/", {}}, [&](auto& writer) {
    writer.begin_array(2);
    writer.string("x");
    socketio::write_value(writer, value);
    writer.end_array();
  });
  JsonParser parser;
  JsonParser::Decoder decoder;
  auto result = parser.decode_text(decoder, encoded.text.view());
  for (socketio::Binary& attachment : encoded.attachments) result = parser.decode_binary(decoder, attachment);
  REQUIRE(result.packet);
  return std::move(result.packet);
}

template <class T>
T received(const socketio::PacketPtr& packet) {
  T value;
  socketio::ConvertError error;
  REQUIRE(socketio::read_value(packet->arg(0), value, error));
  return value;
}

}  // namespace

template <>
struct socketio::Converter<Colour> : socketio::NlohmannConverter<Colour> {};

TEST_CASE("an nlohmann::json document arrives as it was sent", "[nlohmann]") {
  const nlohmann::json document = {
      {"null", nullptr},
      {"yes", true},
      {"least", std::numeric_limits<std::int64_t>::min()},
      {"most", std::numeric_limits<std::uint64_t>::max()},
      {"half", 0.5},
      {"text", "\u00e9 \"quoted\""},
      {"list", {1, {2, "3"}, nlohmann::json::array()}},
      {"empty", nlohmann::json::object()},
      {"bytes", nlohmann::json::binary({1, 2, 255})},
  };
  const auto packet = sent(document);
  CHECK(packet->attachments().size() == 1);
  CHECK(received<nlohmann::json>(packet) == document);
  CHECK(received<nlohmann::json>(sent(nlohmann::json())) == nlohmann::json());
}

TEST_CASE("an ordered document keeps its order", "[nlohmann]") {
  nlohmann::ordered_json document;
  document["z"] = 1;
  document["a"] = 2;
  CHECK(received<nlohmann::ordered_json>(sent(document)).dump() == R"({"z":1,"a":2})");
}

TEST_CASE("numbers that JSON does not have are sent as null", "[nlohmann]") {
  CHECK(received<nlohmann::json>(sent(nlohmann::json(std::numeric_limits<double>::infinity()))).is_null());
}

TEST_CASE("a type with functions for nlohmann::json converts by them", "[nlohmann]") {
  const auto packet = sent(Colour{7, "red"});
  CHECK(packet->arg(0)["red"].to_int64() == 7);
  CHECK(received<Colour>(packet).name == "red");
  Colour colour;
  socketio::ConvertError error;
  CHECK_FALSE(socketio::read_value(sent(std::string("no object"))->arg(0), colour, error));
  CHECK(error.found.find("type_error") != std::string::npos);
}
