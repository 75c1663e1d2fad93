// SPDX-License-Identifier: MIT
#include <socketio/protocol/msgpack_parser.hpp>

#include <socketio/protocol/convert.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>
#include <tests/support/msgpack.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using socketio::Binary;
using socketio::DecodeResult;
using socketio::EncodedPacket;
using socketio::MsgpackParser;
using socketio::MsgpackWriter;
using socketio::PacketHeader;
using socketio::PacketPtr;
using socketio::PacketType;
using socketio::ParserLimits;
using socketio::ProtocolErrc;
using socketio::Value;
using test::bytes;
using test::hex;
using test::msgpack_packet;
using test::msgpack_text;

namespace {

DecodeResult decode(std::string message, ParserLimits limits = {}) {
  const MsgpackParser parser(limits);
  MsgpackParser::Decoder decoder;
  return parser.decode_binary(decoder, Binary(std::move(message)));
}

PacketPtr accepted(const std::string& message) {
  DecodeResult result = decode(message);
  INFO(hex(message) << ": " << result.message);
  REQUIRE(result.packet);
  CHECK_FALSE(result.error);
  CHECK(result.message.empty());
  return std::move(result.packet);
}

void check_rejected(const std::string& message, ProtocolErrc error, std::string_view text) {
  const DecodeResult result = decode(message);
  INFO(hex(message));
  CHECK_FALSE(result.packet);
  CHECK(result.error == error);
  CHECK(result.message == text);
}

/// The data of an acknowledgement with these items, in hexadecimal: as JSON, followed by the binary data.
std::string ack_data(std::string_view items) {
  return test::written(accepted(msgpack_packet(3, bytes(items)))->data());
}

/// The one item of an acknowledgement.
std::string item(std::string_view item_hex) {
  const std::string data = ack_data("91" + std::string(item_hex));
  return data.substr(1, data.rfind(']') - 1);
}

template <class T>
T item_as(std::string_view item_hex) {
  const PacketPtr packet = accepted(msgpack_packet(3, bytes("91" + std::string(item_hex))));
  T value{};
  socketio::ConvertError error;
  if (!socketio::read_value(packet->arg(0), value, error)) FAIL(error.message());
  return value;
}

/// A map of these members, each of hexadecimal bytes.
std::string members(std::initializer_list<std::pair<std::string_view, std::string_view>> all) {
  std::string message(1, static_cast<char>(0x80 + all.size()));
  for (const auto& [name, value] : all) message += msgpack_text(name) + bytes(value);
  return message;
}

std::string encoded(const EncodedPacket& packet) {
  CHECK(packet.text.empty());
  REQUIRE(packet.attachments.size() == 1);
  return hex(packet.attachments[0].view());
}

void write_hello(MsgpackWriter& writer) {
  writer.begin_array(2);
  writer.string("hi");
  writer.integer(1);
  writer.end_array();
}

}  // namespace

// The expected bytes are the output of socket.io-msgpack-parser 3.0.2.
TEST_CASE("msgpack: packets of every type are encoded", "[protocol][msgpack]") {
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::disconnect, "/", {}})) == "82a47479706501a36e7370a12f");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::disconnect, "", {}})) == "82a47479706501a36e7370a12f");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::event, "/", {}}, write_hello)) ==
        "83a47479706502a46461746192a2686901a36e7370a12f");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::event, "/a", 300}, write_hello)) ==
        "84a47479706502a46461746192a2686901a26964cd012ca36e7370a22f61");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::ack, "/", 0}, write_hello)) ==
        "84a47479706503a46461746192a2686901a2696400a36e7370a12f");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::connect_error, "/", {}}, [](MsgpackWriter& writer) {
          writer.begin_object(1);
          writer.key("message");
          writer.string("no");
          writer.end_object();
        })) == "83a47479706504a46461746181a76d657373616765a26e6fa36e7370a12f");
}

TEST_CASE("msgpack: binary data changes neither the type nor the number of messages", "[protocol][msgpack]") {
  const auto write = [](MsgpackWriter& writer) {
    writer.begin_array(2);
    writer.binary(Binary(std::string("\x01")));
    writer.binary(Binary());
    writer.end_array();
  };
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::event, "/", {}}, write)) ==
        "83a47479706502a46461746192c40101c400a36e7370a12f");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::binary_event, "/", {}}, write)).substr(12, 2) == "02");
  CHECK(encoded(MsgpackParser::encode(PacketHeader{PacketType::binary_ack, "/", 1}, write)).substr(12, 2) == "03");
}

// Packets of socket.io-client with the parser, byte for byte.
TEST_CASE("msgpack: packets of the JavaScript client are decoded", "[protocol][msgpack]") {
  const PacketPtr connect = accepted(bytes("83a474797065 00 a464617461 d40000 a36e7370 a12f"));
  CHECK(connect->type() == PacketType::connect);
  CHECK(connect->nsp() == "/");
  CHECK_FALSE(connect->has_data());
  CHECK_FALSE(connect->id());

  const PacketPtr with_auth = accepted(bytes("83a47479706500a46461746181a5746f6b656ea174a36e7370a12f"));
  CHECK(test::written(with_auth->data()) == R"({"token":"t"})");

  const PacketPtr event = accepted(
      bytes("84a47479706502a464617461 95 a16401a16182a162c0a175d40000d40000 a76f7074696f6e7381a8636f6d7072657373c3 "
            "a36e7370a12f"));
  CHECK(event->type() == PacketType::event);
  CHECK(event->event_name() == "d");
  CHECK(event->arg_count() == 4);
  CHECK(test::written(event->data()) == R"(["d",1,"a",{"b":null},null])");
  CHECK_FALSE(event->id());

  const PacketPtr question =
      accepted(bytes("85a47479706502a46461746192a17101a76f7074696f6e7381a8636f6d7072657373c3a2696400a36e7370a12f"));
  CHECK(question->id() == 0);

  const PacketPtr ack = accepted(bytes("84a47479706503a2696400a464617461912aa36e7370a12f"));
  CHECK(ack->type() == PacketType::ack);
  CHECK(ack->id() == 0);
  CHECK(ack->arg(0).to_int64() == 42);

  CHECK(accepted(bytes("82a47479706501a36e7370a62f61646d696e"))->nsp() == "/admin");
}

TEST_CASE("msgpack: numbers of every width are decoded", "[protocol][msgpack]") {
  CHECK(ack_data("98 00 7f cc80 cdffff ceffffffff cf0020000000000001 d080 e0") ==
        "[0,127,128,65535,4294967295,9007199254740993,-128,-32]");
  CHECK(ack_data("94 d18000 d280000000 d38000000000000000 cfffffffffffffffff") ==
        "[-32768,-2147483648,-9223372036854775808,18446744073709551615]");
  CHECK(ack_data("93 ca3fc00000 cb3ff8000000000000 cb4000000000000000") == "[1.5,1.5,2]");
  CHECK(item_as<int>("cb4000000000000000") == 2);
  CHECK(item_as<float>("ca3dcccccd") == 0.1f);
  CHECK(std::isnan(item_as<double>("cb7ff8000000000000")));
  CHECK(item_as<double>("caff800000") == -std::numeric_limits<double>::infinity());
  CHECK(item_as<std::uint64_t>("cfffffffffffffffff") == std::numeric_limits<std::uint64_t>::max());
  CHECK(item_as<std::int64_t>("d38000000000000000") == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("msgpack: null, undefined and booleans are decoded", "[protocol][msgpack]") {
  CHECK(ack_data("95 c0 d40000 d400ff c2 c3") == "[null,null,null,false,true]");
  CHECK(item("83 a161 d40000 a162 01 a163 d40000") == R"({"b":1})");
  CHECK(item("81 a161 d40000") == "{}");
  CHECK(item("82 a161 81 a162 d40000 a163 02") == R"({"a":{},"c":2})");
}

TEST_CASE("msgpack: strings of every length form are decoded and end with a NUL", "[protocol][msgpack]") {
  for (const std::string_view form : {"a3", "d903", "da0003", "db00000003"}) {
    const PacketPtr packet = accepted(msgpack_packet(3, bytes("92" + std::string(form)) + "abc" + bytes("ff")));
    CHECK(packet->arg(0).string() == "abc");
    CHECK(std::strlen(packet->arg(0).json().GetString()) == 3);
    CHECK(packet->arg(1).to_int64() == -1);
  }
  CHECK(ack_data("92 a0 a0") == R"(["",""])");
  CHECK(accepted(msgpack_packet(4, msgpack_text("no")))->data().string() == "no");
}

TEST_CASE("msgpack: text that is not UTF-8 is decoded as in the reference", "[protocol][msgpack]") {
  CHECK(item("a361ff62") ==
        "\"a\xEF\xBF\xBD"
        "b\"");
  CHECK(item("81a1ff01") == "{\"\xEF\xBF\xBD\":1}");
  CHECK(accepted(members({{"type", "01"}, {"nsp", "a22fff"}}))->nsp() == "/\xEF\xBF\xBD");
}

TEST_CASE("msgpack: binary data of every form is decoded in place", "[protocol][msgpack]") {
  CHECK(ack_data("93 c40101 c50002 0203 c600000001 04") ==
        R"([{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}])"
        " + \x01 + \x02\x03 + \x04");
  // ArrayBuffer, from Node.js
  CHECK(item_as<Binary>("c7020004 05").view() == "\x04\x05");
  CHECK(item_as<Binary>("c80001000 6").view() == "\x06");
  CHECK(item_as<Binary>("c900000001 0007").view() == "\x07");
  const PacketPtr packet = accepted(msgpack_packet(2, bytes("93 a165 c400 81 a162 92 c40178 c40179")));
  CHECK(packet->arg(0).is_binary());
  CHECK(packet->arg(0).binary().empty());
  CHECK(packet->arg(1)["b"][1].binary().view() == "y");
  CHECK(packet->attachments().size() == 3);
  CHECK(packet->type() == PacketType::event);
}

TEST_CASE("msgpack: an object that looks like a placeholder is an object", "[protocol][msgpack]") {
  const std::string imitation = "82 ac5f706c616365686f6c646572 c3 a36e756d 00";
  const PacketPtr packet = accepted(msgpack_packet(3, bytes("92 c40178" + imitation)));
  CHECK(packet->arg(0).binary().view() == "x");
  CHECK(packet->arg(1).is_object());
  CHECK(packet->arg(1).size() == 2);
  CHECK(packet->arg(1)["_placeholder"].to_bool());
  CHECK(item(imitation) == R"({"_placeholder":true,"num":0})");
}

TEST_CASE("msgpack: dates are decoded as their JSON text", "[protocol][msgpack]") {
  CHECK(item("d7000000018bcfe5687b") == R"("2023-11-14T22:13:20.123Z")");
  CHECK(item("d700ffffffffffffffff") == R"("1969-12-31T23:59:59.999Z")");
  CHECK(item("d700001eb208c2dc0000") == R"("+275760-09-13T00:00:00.000Z")");
  CHECK(item("d700ffe14df73d240000") == R"("-271821-04-20T00:00:00.000Z")");
  CHECK(item("d700001eb208c2dc0001") == "null");
  CHECK(item("d700ffe14df73d23ffff") == "null");
  CHECK(item("d7008000000000000000") == "null");
  CHECK(item("d7007fffffffffffffff") == "null");
  const auto time = item_as<std::chrono::system_clock::time_point>("d7000000018bcfe5687b");
  CHECK(time == std::chrono::system_clock::time_point(std::chrono::milliseconds(1700000000123)));
}

TEST_CASE("msgpack: the timestamps of the standard are dates", "[protocol][msgpack]") {
  CHECK(item("d6ff6553f100") == R"("2023-11-14T22:13:20.000Z")");
  CHECK(item("d7ff1d5353006553f100") == R"("2023-11-14T22:13:20.123Z")");
  CHECK(item("c70cff000f4240ffffffffffffffff") == R"("1969-12-31T23:59:59.001Z")");
  CHECK(item("c70cff000000007fffffffffffffff") == "null");
  CHECK(item("c70cff000000008000000000000000") == "null");
}

TEST_CASE("msgpack: other extensions are decoded as their type and their bytes", "[protocol][msgpack]") {
  CHECK(item("d40178") == R"([1,{"_placeholder":true,"num":0}])");
  CHECK(item("d5001234") == R"([0,{"_placeholder":true,"num":0}])");
  CHECK(item("c70080").substr(0, 6) == "[-128,");
  const PacketPtr packet = accepted(msgpack_packet(3, bytes("91 c70205 abcd")));
  CHECK(packet->arg(0)[0].to_int64() == 5);
  CHECK(packet->arg(0)[1].binary().view() == "\xAB\xCD");
}

TEST_CASE("msgpack: containers of every length form are decoded", "[protocol][msgpack]") {
  CHECK(ack_data("90") == "[]");
  CHECK(ack_data("dc0001 01") == "[1]");
  CHECK(ack_data("dd00000002 01 90") == "[1,[]]");
  CHECK(item("de0001 a161 80") == R"({"a":{}})");
  CHECK(item("df00000001 a161 01") == R"({"a":1})");
}

TEST_CASE("msgpack: if several members have one name, the last counts", "[protocol][msgpack]") {
  CHECK(accepted(msgpack_packet(3, bytes("9182a16101a16102")))->arg(0)["a"].to_int64() == 2);
  CHECK(accepted(members({{"type", "09"}, {"nsp", "01"}, {"nsp", "a12f"}, {"type", "01"}}))->type() ==
        PacketType::disconnect);
  CHECK_FALSE(accepted(members({{"type", "00"}, {"nsp", "a12f"}, {"data", "01"}, {"data", "d40000"}}))->has_data());
}

TEST_CASE("msgpack: keys are converted as in JavaScript", "[protocol][msgpack]") {
  CHECK(item("86 01c0 cb3ff8000000000000c0 c3c0 c0c0 d40000c0 ffc0") ==
        R"({"1":null,"1.5":null,"true":null,"null":null,"undefined":null,"-1":null})");
  CHECK(item("84 cb7ff8000000000000c0 caff800000c0 ca7f800000c0 cfffffffffffffffffc0") ==
        R"({"NaN":null,"-Infinity":null,"Infinity":null,"18446744073709551615":null})");
  for (const std::string_view key : {"90", "80", "c400", "d7000000000000000000", "d40100", "c70000"}) {
    check_rejected(msgpack_packet(3, bytes("9181" + std::string(key) + "01")), ProtocolErrc::invalid_payload,
                   "invalid payload");
  }
}

TEST_CASE("msgpack: data that is not exactly one value is refused", "[protocol][msgpack]") {
  check_rejected("", ProtocolErrc::invalid_payload, "Could not parse");
  check_rejected(bytes("c1"), ProtocolErrc::invalid_payload, "Could not parse");
  const std::string whole = bytes(
      "85a47479706502a464617461 95 a3616263 c40102 cb3ff8000000000000 81a16101 d7000000018bcfe5687b "
      "a76f7074696f6e7381a8636f6d7072657373c3 a26964cd0100 a36e7370a12f");
  accepted(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    check_rejected(whole.substr(0, size), ProtocolErrc::invalid_payload, "Could not parse");
  }
  check_rejected(whole + "x", ProtocolErrc::invalid_payload, "1 trailing bytes");
  check_rejected(whole + whole, ProtocolErrc::invalid_payload, std::to_string(whole.size()) + " trailing bytes");
  check_rejected(msgpack_packet(3, bytes("91c1")), ProtocolErrc::invalid_payload, "Could not parse");
}

TEST_CASE("msgpack: an announced length takes no memory", "[protocol][msgpack]") {
  for (const std::string_view head :
       {"ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff00", "dcffff", "deffff", "daffff", "c5ffff",
        "c8ffff00", "9f", "8f", "bf", "d9ff", "c4ff", "c7ff00", "d8", "dd00100000"}) {
    INFO(head);
    check_rejected(bytes(head), ProtocolErrc::invalid_payload, "Could not parse");
    check_rejected(msgpack_packet(3, bytes("91" + std::string(head))), ProtocolErrc::invalid_payload,
                   "Could not parse");
    // Unknown members are skipped with the same checks.
    check_rejected(bytes("81a178" + std::string(head)), ProtocolErrc::invalid_payload, "Could not parse");
  }
  // Each array would fit alone, but not all of them together.
  std::string nest;
  for (int i = 0; i < 1000; ++i) nest += bytes("dc0fff");
  check_rejected(msgpack_packet(3, nest + std::string(5000, '\x01')), ProtocolErrc::invalid_payload, "Could not parse");
}

TEST_CASE("msgpack: an invalid packet is refused with the reference's message", "[protocol][msgpack]") {
  for (const std::string_view value : {"01", "c0", "90", "a474797065", "80", "c403010203", "d40000"}) {
    check_rejected(bytes(value), ProtocolErrc::unknown_packet_type, "invalid packet type");
  }
  for (const std::string_view type :
       {"05", "06", "ff", "a130", "c0", "c3", "d40000", "cb3ff8000000000000", "cb7ff8000000000000",
        "cb7ff0000000000000", "90", "cfffffffffffffffff", "d38000000000000000"}) {
    check_rejected(members({{"type", type}, {"nsp", "a12f"}}), ProtocolErrc::unknown_packet_type,
                   "invalid packet type");
  }
  CHECK(accepted(members({{"type", "cb3ff0000000000000"}, {"nsp", "a12f"}}))->type() == PacketType::disconnect);
  CHECK(accepted(members({{"type", "ca3f800000"}, {"nsp", "a12f"}}))->type() == PacketType::disconnect);
  CHECK(accepted(members({{"type", "cf0000000000000001"}, {"nsp", "a12f"}}))->type() == PacketType::disconnect);
}

TEST_CASE("msgpack: the namespace is a string", "[protocol][msgpack]") {
  check_rejected(members({{"type", "01"}}), ProtocolErrc::invalid_namespace, "invalid namespace");
  for (const std::string_view nsp : {"01", "c0", "d40000", "c4012f", "91a12f", "80"}) {
    check_rejected(members({{"type", "01"}, {"nsp", nsp}}), ProtocolErrc::invalid_namespace, "invalid namespace");
  }
  CHECK(accepted(members({{"type", "01"}, {"nsp", "a0"}}))->nsp().empty());
  CHECK(accepted(members({{"type", "01"}, {"nsp", "d9022f61"}}))->nsp() == "/a");
}

TEST_CASE("msgpack: each type has its kind of data", "[protocol][msgpack]") {
  const auto data = [](int type, std::string_view value) { return msgpack_packet(type, bytes(value)); };
  const auto refused = [&](int type, std::initializer_list<std::string_view> values) {
    for (const std::string_view value : values)
      check_rejected(data(type, value), ProtocolErrc::invalid_payload, "invalid payload");
  };
  refused(0, {"c0", "90", "a178", "01", "c400", "d7000000000000000000"});
  CHECK(accepted(data(0, "80"))->has_data());
  CHECK_FALSE(accepted(data(0, ""))->has_data());
  refused(1, {"c0", "80", "90", "a178"});
  CHECK_FALSE(accepted(data(1, "d40000"))->has_data());
  refused(2, {"", "d40000", "c0", "80", "a178", "c400"});
  refused(3, {"", "d40000", "c0", "80", "a178", "c400"});
  CHECK(accepted(data(3, "90"))->has_data());
  refused(4, {"", "d40000", "c0", "90", "01", "d7000000000000000000"});
  CHECK(accepted(data(4, "80"))->data().is_object());
  CHECK(accepted(data(4, "a0"))->data().is_string());
}

TEST_CASE("msgpack: an event begins with a name that is not reserved", "[protocol][msgpack]") {
  for (const std::string_view name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    check_rejected(msgpack_packet(2, bytes("91") + msgpack_text(name)), ProtocolErrc::invalid_payload,
                   "invalid payload");
  }
  for (const std::string_view name : {"c0", "c3", "90", "80", "c40161"}) {
    check_rejected(msgpack_packet(2, bytes("91" + std::string(name))), ProtocolErrc::invalid_payload,
                   "invalid payload");
  }
  CHECK(accepted(msgpack_packet(2, bytes("9107")))->event_name() == "7");
  CHECK(accepted(msgpack_packet(2, bytes("91cb3ff8000000000000")))->event_name() == "1.5");
  CHECK(accepted(msgpack_packet(2, bytes("91cb7ff8000000000000")))->event_name() == "NaN");
  CHECK(accepted(msgpack_packet(2, bytes("91cbfff0000000000000")))->event_name() == "-Infinity");
  CHECK(accepted(msgpack_packet(2, bytes("91a0")))->event_name().empty());
}

TEST_CASE("msgpack: an event without a name has no data", "[protocol][msgpack]") {
  const PacketPtr packet = accepted(msgpack_packet(2, bytes("90")));
  CHECK_FALSE(packet->has_data());
  CHECK(packet->data().is_null());
  CHECK(packet->arg_count() == 0);
}

TEST_CASE("msgpack: ids are integers from 0 to the largest exact number", "[protocol][msgpack]") {
  const auto with_id = [](std::string_view id) {
    return members({{"type", "03"}, {"nsp", "a12f"}, {"data", "90"}, {"id", id}});
  };
  CHECK(accepted(with_id("00"))->id() == 0);
  CHECK(accepted(with_id("cb4000000000000000"))->id() == 2);
  CHECK(accepted(with_id("cb8000000000000000"))->id() == 0);
  CHECK(accepted(with_id("cf001ffffffffffffe"))->id() == 9007199254740990);
  CHECK(accepted(with_id("cf001fffffffffffff"))->id() == 9007199254740991);
  CHECK(accepted(with_id("cb433fffffffffffff"))->id() == 9007199254740991);
  CHECK_FALSE(accepted(with_id("d40000"))->id());
  for (const std::string_view id : {"cf0020000000000000", "cb4340000000000000", "ff", "c0", "cb3ff8000000000000",
                                    "cb7ff8000000000000", "cbfff0000000000000", "a130", "c2", "90"}) {
    check_rejected(with_id(id), ProtocolErrc::invalid_ack_id, "invalid packet id");
  }
}

TEST_CASE("msgpack: data nests up to the limit", "[protocol][msgpack]") {
  ParserLimits limits;
  limits.max_depth = 20;
  const auto nested = [](std::size_t depth, std::string_view inner) {
    return msgpack_packet(3, test::nested(depth, "\x91", inner, ""));
  };
  CHECK(decode(nested(18, "\x90"), limits).packet);
  CHECK(decode(nested(19, "\x90"), limits).packet);
  const DecodeResult result = decode(nested(20, "\x90"), limits);
  CHECK(result.error == ProtocolErrc::payload_too_deep);
  CHECK(result.message == "payload nested too deeply");
  CHECK(decode(nested(19, "\x80"), limits).packet);
  CHECK(decode(nested(20, "\x80"), limits).error == ProtocolErrc::payload_too_deep);
  CHECK(decode(nested(19, bytes("d40178")), limits).packet);
  CHECK(decode(nested(20, bytes("d40178")), limits).error == ProtocolErrc::payload_too_deep);
  CHECK(decode(nested(20, "\x01"), limits).packet);
  CHECK(decode(nested(511, "\x90")).packet);
  CHECK(decode(nested(512, "\x90")).error == ProtocolErrc::payload_too_deep);
  CHECK(decode(nested(1'000'000, "\x90")).error == ProtocolErrc::payload_too_deep);
}

TEST_CASE("msgpack: ignored members may nest to any depth", "[protocol][msgpack]") {
  const std::string deep = test::nested(1'000'000, "\x91", "\xC0", "");
  CHECK(decode(bytes("83") + msgpack_text("options") + deep + msgpack_text("type") + bytes("01") + msgpack_text("nsp") +
               bytes("a12f"))
            .packet);
  CHECK(decode(bytes("83") + deep + deep + msgpack_text("type") + bytes("01") + msgpack_text("nsp") + bytes("a12f"))
            .packet);
}

TEST_CASE("msgpack: a packet has as many binary values as the limit allows", "[protocol][msgpack]") {
  ParserLimits limits;
  limits.max_binary_values = 3;
  const std::string two = bytes("92 c400 c40178");
  const std::string three = bytes("93 c400 a0 92 c40178 d40578");
  CHECK(decode(msgpack_packet(3, two), limits).packet);
  CHECK(decode(msgpack_packet(3, three), limits).packet);
  const DecodeResult result = decode(msgpack_packet(3, bytes("94 c400 c400 c400 c400")), limits);
  CHECK(result.error == ProtocolErrc::too_many_attachments);
  CHECK(result.message == "too many attachments");
  CHECK(decode(msgpack_packet(3, bytes("94 c400 c400 c400 d40578")), limits).error ==
        ProtocolErrc::too_many_attachments);
  const auto many = [](std::size_t count) {
    std::string packet = bytes("dd");
    for (int shift = 24; shift >= 0; shift -= 8) packet += static_cast<char>(count >> shift);
    for (std::size_t i = 0; i < count; ++i) packet += bytes("c400");
    return msgpack_packet(3, packet);
  };
  CHECK(decode(many(9'999)).packet);
  CHECK(decode(many(10'000)).packet);
  CHECK(decode(many(10'001)).error == ProtocolErrc::too_many_attachments);
}

TEST_CASE("msgpack: a packet is as large as the limit allows", "[protocol][msgpack]") {
  const std::string message = msgpack_packet(1, "");
  ParserLimits limits;
  limits.max_packet_bytes = message.size() + 1;
  CHECK(decode(message, limits).packet);
  limits.max_packet_bytes = message.size();
  CHECK(decode(message, limits).packet);
  limits.max_packet_bytes = message.size() - 1;
  const DecodeResult result = decode(message, limits);
  CHECK(result.error == ProtocolErrc::packet_too_large);
  CHECK(result.message == "packet too large");
}

TEST_CASE("msgpack: text is refused", "[protocol][msgpack]") {
  const MsgpackParser parser;
  MsgpackParser::Decoder decoder;
  for (const std::string_view text : {"0", "2[\"a\"]", ""}) {
    const DecodeResult result = parser.decode_text(decoder, text);
    CHECK_FALSE(result.packet);
    CHECK(result.error == ProtocolErrc::unexpected_text);
    CHECK(result.message == "got plaintext data where packets are binary");
  }
}

TEST_CASE("msgpack: an encoded packet decodes to the same packet", "[protocol][msgpack]") {
  const Value value =
      Value::array({"event", nullptr, true, -5, 18446744073709551615u, 1.25, std::string(70'000, 'x'),
                    Binary(std::string(300, 'b')), Value::array({}),
                    Value{{"a", 1}, {"nested", Value{{"b", Binary(std::string("y"))}}}, {"\xC3\xA9", "\xE2\x82\xAC"}},
                    std::numeric_limits<double>::infinity()});
  const EncodedPacket packet =
      MsgpackParser::encode(PacketHeader{PacketType::event, "/nsp", 12345678901},
                            [&](MsgpackWriter& writer) { socketio::write_value(writer, value); });
  const PacketPtr decoded = accepted(std::string(packet.attachments.at(0).view()));
  CHECK(decoded->type() == PacketType::event);
  CHECK(decoded->nsp() == "/nsp");
  CHECK(decoded->id() == 12345678901);
  CHECK(decoded->event_name() == "event");
  Value back;
  socketio::ConvertError error;
  REQUIRE(socketio::read_value(decoded->data(), back, error));
  CHECK(back == value);
}
