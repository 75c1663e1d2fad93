// SPDX-License-Identifier: MIT
#include <socketio/protocol/json_parser.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using socketio::Binary;
using socketio::DecodeResult;
using socketio::EncodedPacket;
using socketio::JsonParser;
using socketio::JsonWriter;
using socketio::PacketHeader;
using socketio::PacketPtr;
using socketio::PacketType;
using socketio::ParserLimits;
using socketio::ProtocolErrc;
using test::nested;

namespace {

/// Decodes a packet and its attachments, "a0", "a1", ...
DecodeResult decode(std::string_view text, std::size_t attachments = 0, ParserLimits limits = {}) {
  const JsonParser parser(limits);
  JsonParser::Decoder decoder;
  DecodeResult result = parser.decode_text(decoder, text);
  for (std::size_t i = 0; i < attachments && !result.error; ++i) {
    if (result.packet) FAIL("complete before attachment " << i);
    result = parser.decode_binary(decoder, Binary("a" + std::to_string(i)));
  }
  return result;
}

PacketPtr accepted(std::string_view text, std::size_t attachments = 0) {
  DecodeResult result = decode(text, attachments);
  INFO(text << ": " << result.message);
  REQUIRE(result.packet);
  CHECK_FALSE(result.error);
  CHECK(result.message.empty());
  return std::move(result.packet);
}

void check_rejected(std::string_view text, ProtocolErrc error, std::string_view message) {
  const DecodeResult result = decode(text);
  INFO(text);
  CHECK_FALSE(result.packet);
  CHECK(result.error == error);
  CHECK(result.message == message);
}

void check_invalid_payload(std::string_view text) {
  check_rejected(text, ProtocolErrc::invalid_payload, "invalid payload");
}

std::string data_of(const PacketPtr& packet) { return test::written(packet->data()); }

template <class Write>
EncodedPacket encode(PacketType type, std::string_view nsp, std::optional<std::uint64_t> id, Write&& write) {
  return JsonParser::encode(PacketHeader{type, nsp, id}, std::forward<Write>(write));
}

void write_hello(JsonWriter& writer) {
  writer.begin_array(2);
  writer.string("hello");
  writer.integer(1);
  writer.end_array();
}

void write_two_binaries(JsonWriter& writer) {
  writer.begin_array(3);
  writer.string("e");
  writer.binary(Binary(std::string("one")));
  writer.binary(Binary(std::string("two")));
  writer.end_array();
}

}  // namespace

TEST_CASE("packets of every type are encoded", "[protocol][parser]") {
  const auto empty_object = [](JsonWriter& writer) {
    writer.begin_object(0);
    writer.end_object();
  };
  CHECK(JsonParser::encode(PacketHeader{PacketType::connect, "/", {}}).text.view() == "0");
  CHECK(JsonParser::encode(PacketHeader{PacketType::connect, "", {}}).text.view() == "0");
  CHECK(JsonParser::encode(PacketHeader{PacketType::disconnect, "/", {}}).text.view() == "1");
  CHECK(JsonParser::encode(PacketHeader{PacketType::disconnect, "/admin", {}}).text.view() == "1/admin,");
  CHECK(encode(PacketType::connect, "/", {}, empty_object).text.view() == "0{}");
  CHECK(encode(PacketType::connect, "/admin", {}, empty_object).text.view() == "0/admin,{}");
  CHECK(encode(PacketType::event, "/", {}, write_hello).text.view() == R"(2["hello",1])");
  CHECK(encode(PacketType::event, "/admin", {}, write_hello).text.view() == R"(2/admin,["hello",1])");
  CHECK(encode(PacketType::event, "/", 12, write_hello).text.view() == R"(212["hello",1])");
  CHECK(encode(PacketType::event, "/admin", 0, write_hello).text.view() == R"(2/admin,0["hello",1])");
  CHECK(encode(PacketType::ack, "/admin", 13, write_hello).text.view() == R"(3/admin,13["hello",1])");
  CHECK(encode(PacketType::connect_error, "/", {}, empty_object).text.view() == "4{}");
}

TEST_CASE("binary data makes a packet binary", "[protocol][parser]") {
  const EncodedPacket event = encode(PacketType::event, "/admin", 7, write_two_binaries);
  CHECK(event.text.view() == R"(52-/admin,7["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  CHECK(event.is_binary());
  REQUIRE(event.attachments.size() == 2);
  CHECK(event.attachments[0].view() == "one");
  CHECK(event.attachments[1].view() == "two");
  CHECK(encode(PacketType::ack, "/", 1, write_two_binaries).text.view().substr(0, 5) == "62-1[");
  CHECK(encode(PacketType::binary_event, "/", {}, write_two_binaries).text.view().substr(0, 4) == "52-[");
  CHECK(encode(PacketType::binary_ack, "/", {}, write_hello).text.view() == R"(3["hello",1])");
  CHECK_FALSE(encode(PacketType::event, "/", {}, write_hello).is_binary());
}

TEST_CASE("only events and acknowledgements have attachments", "[protocol][parser]") {
  const EncodedPacket packet = encode(PacketType::connect, "/", {}, [](JsonWriter& writer) {
    writer.begin_object(1);
    writer.key("key");
    writer.binary(Binary(std::string("hi")));
    writer.end_object();
  });
  CHECK(packet.text.view() == R"(0{"key":{"type":"Buffer","data":[104,105]}})");
  CHECK_FALSE(packet.is_binary());
}

TEST_CASE("a header longer than the headroom is encoded", "[protocol][parser]") {
  const std::string nsp = "/" + std::string(500, 'n');
  CHECK(encode(PacketType::event, nsp, 9007199254740991, write_hello).text.view() ==
        "2" + nsp + ",9007199254740991[\"hello\",1]");
}

TEST_CASE("packets of every type are decoded", "[protocol][parser]") {
  CHECK(accepted("0")->type() == PacketType::connect);
  CHECK(data_of(accepted(R"(0{"token":"123"})")) == R"({"token":"123"})");
  CHECK(accepted("0/admin,")->nsp() == "/admin");
  CHECK(data_of(accepted(R"(0/admin,{"a":1})")) == R"({"a":1})");
  CHECK(accepted("1")->type() == PacketType::disconnect);
  CHECK(accepted("1/admin,")->nsp() == "/admin");
  CHECK(data_of(accepted(R"(3/admin,13["bar"])")) == R"(["bar"])");
  CHECK(accepted("312[]")->arg_count() == 0);
  CHECK(accepted(R"(4{"message":"no"})")->type() == PacketType::connect_error);
  CHECK(accepted(R"(4"no")")->data().string() == "no");

  const PacketPtr event = accepted(R"(2/admin,13["foo",1,[2]])");
  CHECK(event->type() == PacketType::event);
  CHECK_FALSE(event->was_binary());
  CHECK(event->nsp() == "/admin");
  CHECK(event->id() == 13);
  CHECK(event->event_name() == "foo");
  REQUIRE(event->arg_count() == 2);
  CHECK(event->arg(0).to_int64() == 1);
  CHECK(event->arg(1)[0].to_int64() == 2);
  CHECK(event->arg(2).is_null());

  const PacketPtr ack = accepted(R"(312["a","b"])");
  CHECK(ack->type() == PacketType::ack);
  CHECK(ack->id() == 12);
  REQUIRE(ack->arg_count() == 2);
  CHECK(ack->arg(0).string() == "a");
  CHECK(ack->event_name().empty());
}

TEST_CASE("a packet without data is accepted for every type", "[protocol][parser]") {
  for (const std::string_view text : {"0", "1", "2", "3", "4", "2/nsp,", "2/nsp,7", "21", "31"}) {
    const PacketPtr packet = accepted(text);
    CHECK_FALSE(packet->has_data());
    CHECK(packet->arg_count() == 0);
    CHECK(packet->event_name().empty());
    CHECK(packet->data().is_null());
  }
  CHECK_FALSE(accepted("51-", 1)->has_data());
  CHECK(accepted("2[1]")->has_data());
}

TEST_CASE("an unknown packet type is named in the error", "[protocol][parser]") {
  check_rejected("9", ProtocolErrc::unknown_packet_type, "unknown packet type 9");
  check_rejected("7[]", ProtocolErrc::unknown_packet_type, "unknown packet type 7");
  check_rejected("x", ProtocolErrc::unknown_packet_type, "unknown packet type x");
  check_rejected(" 2[\"a\"]", ProtocolErrc::unknown_packet_type, "unknown packet type  ");
  check_rejected("-1", ProtocolErrc::unknown_packet_type, "unknown packet type -");
  check_rejected("", ProtocolErrc::unknown_packet_type, "unknown packet type ");
  check_rejected("\xE2\x82\xAC", ProtocolErrc::unknown_packet_type, "unknown packet type \xE2\x82\xAC");
  check_rejected("\xFF", ProtocolErrc::unknown_packet_type, "unknown packet type \xEF\xBF\xBD");
  check_rejected(std::string_view("\0", 1), ProtocolErrc::unknown_packet_type,
                 std::string_view("unknown packet type \0", 21));
}

TEST_CASE("namespaces run to the next comma or to the end", "[protocol][parser]") {
  CHECK(accepted("0/a")->nsp() == "/a");
  CHECK(accepted("1/a")->nsp() == "/a");
  CHECK(accepted("0/")->nsp() == "/");
  CHECK(accepted("0/,")->nsp() == "/");
  CHECK(accepted("0/ns?x=1,{}")->nsp() == "/ns?x=1");
  CHECK(accepted("0/\xE2\x82\xAC,")->nsp() == "/\xE2\x82\xAC");
  CHECK(accepted("0//a/b,")->nsp() == "//a/b");
  const PacketPtr swallowed = accepted(R"(2/a["x"])");
  CHECK(swallowed->nsp() == R"(/a["x"])");
  CHECK_FALSE(swallowed->has_data());
  CHECK(accepted("0")->nsp() == "/");
}

TEST_CASE("acknowledgement ids are plain digits up to the largest exact number", "[protocol][parser]") {
  CHECK(accepted(R"(20["a"])")->id() == 0);
  CHECK(accepted(R"(2007["a"])")->id() == 7);
  CHECK_FALSE(accepted(R"(2["a"])")->id());
  CHECK(accepted(R"(29007199254740990["a"])")->id() == 9007199254740990u);
  CHECK(accepted(R"(29007199254740991["a"])")->id() == 9007199254740991u);
  for (const std::string_view digits : {"9007199254740992", "99999999999999999999", "18446744073709551616"}) {
    check_rejected("2" + std::string(digits) + "[\"a\"]", ProtocolErrc::invalid_ack_id, "invalid acknowledgement id");
  }
  check_rejected("2" + std::string(100'000, '9') + "[\"a\"]", ProtocolErrc::invalid_ack_id,
                 "invalid acknowledgement id");
  check_invalid_payload(R"(2 1["a"])");
  check_invalid_payload(R"(21 2["a"])");
  check_invalid_payload(R"(21.5["a"])");
  check_invalid_payload(R"(2-1["a"])");
  check_invalid_payload(R"(2+1["a"])");
}

TEST_CASE("the payload of a connection is an object", "[protocol][parser]") {
  CHECK(accepted("0{}")->has_data());
  for (const std::string_view text : {"0[]", "0null", "0\"x\"", "0true", R"(0/admin,"x")"}) check_invalid_payload(text);
}

TEST_CASE("a disconnection has no payload", "[protocol][parser]") {
  for (const std::string_view text : {"1{}", "1[]", "1null", "1/admin,{}", "1 "}) check_invalid_payload(text);
}

TEST_CASE("the payload of an event is an array that begins with a name", "[protocol][parser]") {
  CHECK(accepted(R"(2["a"])")->event_name() == "a");
  CHECK(accepted(R"(2[""])")->event_name().empty());
  CHECK(accepted(R"(2["connection"])")->event_name() == "connection");
  CHECK(accepted(R"(2["error"])")->event_name() == "error");
  CHECK(accepted(R"(2["message"])")->event_name() == "message");
  for (const std::string_view text : {"2{}", "2[]", "2[true]", "2[null]", "2[[]]", "2[{}]", R"(2[{"toString":"foo"}])",
                                      "2\"a\"", "2null", "2[\"a\"", "2[\"a\"]x", "2[\"a\"][]", "2[\"a\",]", "2[a]"}) {
    check_invalid_payload(text);
  }
}

TEST_CASE("a number as event name is its decimal text", "[protocol][parser]") {
  CHECK(accepted("2[1,2]")->event_name() == "1");
  CHECK(accepted("2[1,2]")->arg_count() == 1);
  CHECK(accepted("2[1.5]")->event_name() == "1.5");
  CHECK(accepted("2[-0.0]")->event_name() == "0");
  CHECK(accepted("2[1e3]")->event_name() == "1000");
  CHECK(accepted("2[1e21]")->event_name() == "1e+21");
  CHECK(accepted("2[-1e400]")->event_name() == "-Infinity");
}

TEST_CASE("numbers beyond the range of double are infinite wherever they are", "[protocol][parser]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto event = accepted(R"(2["echo",1e400,[-1e400,{"a":1e-400}]])");
  CHECK(event->arg(0).to_double() == infinity);
  CHECK(event->arg(1)[0].to_double() == -infinity);
  CHECK(event->arg(1)[1]["a"].to_double() == 0);
  CHECK(accepted(R"(0{"token":1e400})")->data()["token"].to_double() == infinity);
  CHECK(accepted("31[1e400]")->arg(0).to_double() == infinity);
}

TEST_CASE("a refusal has no attachments: binary data is written as Node.js writes a Buffer", "[protocol][parser]") {
  const auto refusal = [](const Binary& bytes) {
    const EncodedPacket packet =
        JsonParser::encode(PacketHeader{PacketType::connect_error, "/a", {}}, [&](JsonWriter& writer) {
          writer.begin_object(2);
          writer.key("data");
          writer.binary(bytes);
          writer.key("more");
          writer.integer(1);
          writer.end_object();
        });
    CHECK_FALSE(packet.is_binary());
    return std::string(packet.text.view());
  };
  CHECK(refusal(Binary(std::string("\x01\xFF\x00", 3))) ==
        R"(4/a,{"data":{"type":"Buffer","data":[1,255,0]},"more":1})");
  CHECK(refusal(Binary()) == R"(4/a,{"data":{"type":"Buffer","data":[]},"more":1})");
}

TEST_CASE("reserved event names are refused from the wire", "[protocol][parser]") {
  for (const std::string_view name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    check_invalid_payload("2[\"" + std::string(name) + "\"]");
    check_invalid_payload("2/a,1[\"" + std::string(name) + "\",\"x\"]");
    check_invalid_payload("51-[\"" + std::string(name) + "\",{\"_placeholder\":true,\"num\":0}]");
  }
  check_invalid_payload(R"(2["\u0063onnect"])");
}

TEST_CASE("the payload of an acknowledgement is an array", "[protocol][parser]") {
  CHECK(accepted("3[]")->has_data());
  CHECK(accepted(R"(3["connect"])")->arg(0).string() == "connect");
  for (const std::string_view text : {"3{}", "3null", "3\"x\"", "31{}"}) check_invalid_payload(text);
}

TEST_CASE("the payload of a refusal is an object or a string", "[protocol][parser]") {
  for (const std::string_view text : {"4[]", "4null", "4-1", "4true"}) check_invalid_payload(text);
}

TEST_CASE("whitespace around the payload is fine", "[protocol][parser]") {
  CHECK(accepted("2 [ \"a\" , 1 ]\r\n")->arg(0).to_int64() == 1);
  CHECK(accepted("0/a, {}")->has_data());
  check_invalid_payload("0 ");
}

TEST_CASE("text that is not UTF-8 is refused", "[protocol][parser]") {
  check_rejected("2[\"\xFF\"]", ProtocolErrc::invalid_utf8, "invalid UTF-8");
  check_rejected("0/\xC3,{}", ProtocolErrc::invalid_utf8, "invalid UTF-8");
  check_rejected("2[\"a\"]\xED\xA0\x80", ProtocolErrc::invalid_utf8, "invalid UTF-8");
}

TEST_CASE("payloads nest up to the limit", "[protocol][parser]") {
  ParserLimits limits;
  limits.max_depth = 20;
  const auto event = [](std::size_t depth) { return "2[\"a\"," + nested(depth - 1, "[", "", "]") + "]"; };
  CHECK(decode(event(19), 0, limits).packet);
  CHECK(decode(event(20), 0, limits).packet);
  const DecodeResult result = decode(event(21), 0, limits);
  CHECK(result.error == ProtocolErrc::payload_too_deep);
  CHECK(result.message == "payload nested too deeply");
  CHECK(decode(event(512)).packet);
  CHECK(decode(event(513)).error == ProtocolErrc::payload_too_deep);
  CHECK(decode("2" + std::string(1'000'000, '[')).error == ProtocolErrc::payload_too_deep);
  CHECK(decode("0" + nested(150'000, "{\"a\":", "", "")).error == ProtocolErrc::payload_too_deep);
}

TEST_CASE("the number of attachments is written in digits", "[protocol][parser]") {
  for (const std::string_view text : {"5",
                                      "5-",
                                      "5[\"a\"]",
                                      "5-[\"a\"]",
                                      "50-[\"a\"]",
                                      "500-[\"a\"]",
                                      "51",
                                      "51[\"a\"]",
                                      "5 1-[\"a\"]",
                                      "51 -[\"a\"]",
                                      "5+1-[]",
                                      "5-1-[\"a\"]",
                                      "51.0-[\"a\"]",
                                      "51.5-[\"a\"]",
                                      "51e0-[\"a\"]",
                                      "50x1-[\"a\"]",
                                      "5a-[\"a\"]",
                                      "5/a,1-[\"a\"]",
                                      "6-[]",
                                      "60-[]",
                                      "6"}) {
    check_rejected(text, ProtocolErrc::illegal_attachment_count, "Illegal attachments");
  }
  CHECK(accepted("501-[\"a\"]", 1)->event_name() == "a");
}

TEST_CASE("a packet announces up to ten attachments", "[protocol][parser]") {
  CHECK(accepted("59-[\"a\"]", 9)->attachments().size() == 9);
  CHECK(accepted("510-[\"a\"]", 10)->attachments().size() == 10);
  check_rejected("511-[\"a\"]", ProtocolErrc::too_many_attachments, "too many attachments");
  check_rejected("611-[\"a\"]", ProtocolErrc::too_many_attachments, "too many attachments");
  check_rejected("5" + std::string(100'000, '9') + "-[\"a\"]", ProtocolErrc::too_many_attachments,
                 "too many attachments");
  check_rejected("518446744073709551617-[\"a\"]", ProtocolErrc::too_many_attachments, "too many attachments");
  ParserLimits limits;
  limits.max_attachments = 2;
  CHECK(decode("52-[\"a\"]", 2, limits).packet);
  CHECK(decode("53-[\"a\"]", 0, limits).error == ProtocolErrc::too_many_attachments);
}

TEST_CASE("attachments replace their placeholders", "[protocol][parser]") {
  const PacketPtr packet = accepted(
      R"(53-/admin,7["e",{"_placeholder":true,"num":2},{"deep":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]}])",
      3);
  CHECK(packet->type() == PacketType::event);
  CHECK(packet->was_binary());
  CHECK(packet->nsp() == "/admin");
  CHECK(packet->id() == 7);
  CHECK(packet->event_name() == "e");
  CHECK(packet->arg(0).binary().view() == "a2");
  CHECK(packet->arg(1)["deep"][0].binary().view() == "a0");
  CHECK(packet->arg(1)["deep"][1].binary().view() == "a0");

  const PacketPtr ack = accepted(R"(61-3[{"_placeholder":true,"num":0}])", 1);
  CHECK(ack->type() == PacketType::ack);
  CHECK(ack->was_binary());
  CHECK(ack->arg(0).binary().view() == "a0");
  CHECK(accepted(R"(51-["e",{"_placeholder":true,"num":0,"more":1}])", 1)->arg(0).is_binary());
  CHECK(accepted(R"(51-["e",{"_placeholder":"true","num":9}])", 1)->arg(0).is_object());
}

TEST_CASE("a placeholder that names no attachment is refused", "[protocol][parser]") {
  for (const std::string_view number : {"1", "-1", "0.5", "1e300", "\"0\"", "\"splice\"", "null", "true", "{}", "[]"}) {
    INFO(number);
    for (const auto& [before, behind] : {std::pair("[\"e\",", "]"), std::pair("[\"e\",[{\"x\":", "}]]")}) {
      const DecodeResult result = decode(
          "51-" + std::string(before) + R"({"_placeholder":true,"num":)" + std::string(number) + "}" + behind, 1);
      CHECK_FALSE(result.packet);
      CHECK(result.error == ProtocolErrc::illegal_attachment_reference);
      CHECK(result.message == "illegal attachments");
    }
  }
  CHECK(decode(R"(51-["e",{"_placeholder":true}])", 1).error == ProtocolErrc::illegal_attachment_reference);
  CHECK(decode(R"(51-["e",{"_placeholder":true,"num":0,"num":1}])", 1).error ==
        ProtocolErrc::illegal_attachment_reference);
}

TEST_CASE("placeholders in a packet without attachments are plain objects", "[protocol][parser]") {
  const PacketPtr packet = accepted(R"(2["e",{"_placeholder":true,"num":7}])");
  CHECK(packet->arg(0).is_object());
  CHECK(packet->arg(0)["num"].to_int64() == 7);
}

TEST_CASE("binary data that no packet announced is refused", "[protocol][parser]") {
  const JsonParser parser;
  JsonParser::Decoder decoder;
  const auto check_refused = [&] {
    const DecodeResult result = parser.decode_binary(decoder, Binary(std::string("x")));
    CHECK(result.error == ProtocolErrc::unexpected_binary);
    CHECK(result.message == "got binary data when not reconstructing a packet");
  };
  check_refused();
  REQUIRE(parser.decode_text(decoder, R"(2["a"])").packet);
  check_refused();
  REQUIRE_FALSE(parser.decode_text(decoder, R"(51-["a"])").packet);
  REQUIRE(parser.decode_binary(decoder, Binary()).packet);
  CHECK(decoder.is_idle());
  check_refused();
}

TEST_CASE("text while attachments are missing is refused", "[protocol][parser]") {
  const JsonParser parser;
  JsonParser::Decoder decoder;
  REQUIRE_FALSE(parser.decode_text(decoder, R"(51-["a"])").error);
  const DecodeResult result = parser.decode_text(decoder, R"(2["a"])");
  CHECK(result.error == ProtocolErrc::unexpected_text);
  CHECK(result.message == "got plaintext data when reconstructing a packet");
  CHECK(decoder.is_idle());
}

TEST_CASE("a decoder can be used again after a reset in the middle of a packet", "[protocol][parser]") {
  const JsonParser parser;
  JsonParser::Decoder decoder;
  REQUIRE_FALSE(parser.decode_text(decoder, R"(52-["a"])").error);
  REQUIRE_FALSE(parser.decode_binary(decoder, Binary()).error);
  CHECK_FALSE(decoder.is_idle());
  parser.reset(decoder);
  CHECK(decoder.is_idle());
  CHECK(parser.decode_binary(decoder, Binary()).error == ProtocolErrc::unexpected_binary);
  CHECK(parser.decode_text(decoder, R"(2["a"])").packet);
}

TEST_CASE("a rejected packet leaves nothing behind", "[protocol][parser]") {
  const JsonParser parser;
  JsonParser::Decoder decoder;
  for (const std::string_view text : {"51-[]", "511-[\"a\"]", "50-[\"a\"]", "51-[\"a\"", "2[]", "9"}) {
    CHECK(parser.decode_text(decoder, text).error);
    CHECK(decoder.is_idle());
  }
  REQUIRE_FALSE(parser.decode_text(decoder, R"(51-["e",{"_placeholder":true,"num":1}])").error);
  CHECK(parser.decode_binary(decoder, Binary()).error == ProtocolErrc::illegal_attachment_reference);
  CHECK(decoder.is_idle());
}

TEST_CASE("the size of an incomplete packet is limited", "[protocol][parser]") {
  const std::string text = R"(53-["e"])";
  ParserLimits limits;
  limits.max_packet_bytes = text.size() + 10;
  const JsonParser parser(limits);
  const auto send = [&](std::size_t first, std::size_t second, std::size_t third) {
    JsonParser::Decoder decoder;
    DecodeResult result = parser.decode_text(decoder, text);
    for (const std::size_t size : {first, second, third}) {
      if (!result.error) result = parser.decode_binary(decoder, Binary(std::string(size, 'x')));
    }
    CHECK(decoder.is_idle());
    return result;
  };
  CHECK(send(4, 5, 0).packet);
  CHECK(send(5, 5, 0).packet);
  CHECK(send(5, 6, 0).error == ProtocolErrc::packet_too_large);
  CHECK(send(11, 0, 0).error == ProtocolErrc::packet_too_large);
  CHECK(send(11, 0, 0).message == "packet too large");

  limits.max_packet_bytes = text.size();
  CHECK_FALSE(decode(text, 0, limits).error);
  limits.max_packet_bytes = text.size() - 1;
  CHECK(decode(text, 0, limits).error == ProtocolErrc::packet_too_large);
  CHECK(decode("2[\"a text alone is bounded by the message size\"]", 0, limits).packet);
}

TEST_CASE("a decoder costs an idle connection one pointer", "[protocol][parser]") {
  CHECK(sizeof(JsonParser::Decoder) <= 2 * sizeof(void*));
}

TEST_CASE("an encoded packet decodes to the same packet", "[protocol][parser]") {
  const socketio::Value data =
      socketio::Value::array({"name", nullptr, true, -1, 18446744073709551615u, 0.1, "\"\n\x01\xE2\x82\xAC",
                              Binary(std::string("\x00\x1e", 2)),
                              socketio::Value{{"k", socketio::Value::array({Binary(), socketio::Value::object()})}}});
  for (const std::string_view nsp : {"/", "/admin", "/a?b=c"}) {
    for (const auto id : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0),
                          std::optional<std::uint64_t>(socketio::max_ack_id)}) {
      for (const PacketType type : {PacketType::event, PacketType::ack}) {
        const EncodedPacket packet =
            encode(type, nsp, id, [&](JsonWriter& writer) { socketio::write_value(writer, data); });
        const JsonParser parser;
        JsonParser::Decoder decoder;
        DecodeResult result = parser.decode_text(decoder, packet.text.view());
        for (const Binary& attachment : packet.attachments) result = parser.decode_binary(decoder, attachment);
        REQUIRE(result.packet);
        CHECK(result.packet->type() == type);
        CHECK(result.packet->nsp() == nsp);
        CHECK(result.packet->id() == id);
        CHECK(socketio::detail::read_dynamic(result.packet->data()) == data);
      }
    }
  }
}
