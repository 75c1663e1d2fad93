// SPDX-License-Identifier: MIT
#include <socketio/protocol/packet.hpp>

#include <socketio/protocol/json_parser.hpp>
#include <tests/support/catch.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using socketio::Binary;
using socketio::JsonParser;
using socketio::Packet;
using socketio::PacketPtr;
using socketio::PacketType;
using socketio::Value;

namespace {

PacketPtr decode(std::string_view text) {
  const JsonParser parser;
  JsonParser::Decoder decoder;
  return parser.decode_text(decoder, text).packet;
}

}  // namespace

TEST_CASE("a new packet is empty", "[protocol][packet]") {
  const PacketPtr packet = socketio::make_packet();
  CHECK_FALSE(packet->has_data());
  CHECK(packet->event_name().empty());
  CHECK(packet->arg_count() == 0);
  CHECK(packet->arg(0).is_null());
  CHECK(packet->data().is_null());
  CHECK_FALSE(packet->id());
}

TEST_CASE("a recycled packet is empty", "[protocol][packet]") {
  const Packet* address = nullptr;
  {
    const PacketPtr packet = decode(R"(2/nsp,7["name",{"a":[1,2,3]}])");
    address = packet.get();
  }
  const PacketPtr packet = decode("3");
  CHECK(packet.get() == address);
  CHECK(packet->type() == PacketType::ack);
  CHECK(packet->nsp() == "/");
  CHECK_FALSE(packet->id());
  CHECK_FALSE(packet->has_data());
  CHECK_FALSE(packet->was_binary());
  CHECK(packet->event_name().empty());
  CHECK(packet->data().is_null());
  CHECK(packet->attachments().empty());
}

TEST_CASE("packets alive at the same time are distinct", "[protocol][packet]") {
  std::vector<PacketPtr> packets;
  for (int i = 0; i < 100; ++i) packets.push_back(decode("2[\"e\"," + std::to_string(i) + "]"));
  bool all_right = true;
  for (int i = 0; i < 100; ++i) all_right = all_right && packets[static_cast<std::size_t>(i)]->arg(0).to_int64() == i;
  CHECK(all_right);
}

TEST_CASE("a packet may be destroyed on another thread, shared or not", "[protocol][packet]") {
  PacketPtr packet = decode(R"(2["e","text"])");
  std::shared_ptr<const Packet> shared = decode(R"(2["e","shared"])");
  std::string seen;
  std::thread([&seen, packet = std::move(packet), shared = std::move(shared)] {
    seen = std::string(packet->arg(0).string()) + std::string(shared->arg(0).string());
  }).join();
  CHECK(seen == "textshared");
}

TEST_CASE("a packet outlives the pool of its thread", "[protocol][packet]") {
  PacketPtr packet;
  std::thread([&packet] { packet = decode(R"(2["e",1])"); }).join();
  CHECK(packet->arg(0).to_int64() == 1);
}

TEST_CASE("large packets and bursts are not kept by the pool", "[protocol][packet]") {
  const std::string large = "2[\"e\",\"" + std::string(100'000, 'x') + "\"]";
  decode(large).reset();
  const PacketPtr packet = decode("2[\"e\"]");
  CHECK(socketio::detail::parts(*packet).text.capacity() < 5000);
}

TEST_CASE("a middleware can replace an event", "[protocol][packet]") {
  const PacketPtr packet = decode(R"(2["old",1])");
  packet->set_event("new", {"text", Value{{"k", Value::array({1, nullptr, 2.5, true})}}, Value(18446744073709551615u),
                            Value(Binary(std::string("bytes"))), Value()});
  CHECK(packet->event_name() == "new");
  REQUIRE(packet->arg_count() == 5);
  CHECK(packet->arg(0).string() == "text");
  CHECK(packet->arg(1)["k"].size() == 4);
  CHECK(packet->arg(1)["k"][2].to_double() == 2.5);
  CHECK(packet->arg(2).to_uint64() == 18446744073709551615u);
  CHECK(packet->arg(3).binary().view() == "bytes");
  CHECK(packet->arg(4).is_null());
  CHECK(packet->data()[0].string() == "new");
}

TEST_CASE("an event is replaced from its own parts", "[protocol][packet]") {
  const JsonParser parser;
  JsonParser::Decoder decoder;
  REQUIRE_FALSE(parser.decode_text(decoder, R"(52-["e",{"_placeholder":true,"num":1},"text"])").error);
  REQUIRE_FALSE(parser.decode_binary(decoder, Binary(std::string("first"))).packet);
  const PacketPtr packet = parser.decode_binary(decoder, Binary(std::string("second"))).packet;
  REQUIRE(packet);
  for (int i = 0; i < 3; ++i) {
    packet->set_event(packet->event_name(), {Value(packet->arg(1).string()), Value(packet->arg(0).binary())});
    CHECK(packet->event_name() == "e");
    CHECK(packet->arg(0).string() == "text");
    REQUIRE(packet->attachments().size() == 1);
    CHECK(packet->arg(1).binary().view() == "second");
    packet->set_event(packet->event_name(), {Value(packet->arg(1).binary()), Value(packet->arg(0).string())});
  }
}

TEST_CASE("a replaced argument that looks like a placeholder is an object", "[protocol][packet]") {
  const PacketPtr packet = decode(R"(2["old"])");
  packet->set_event("new", {Value(Binary(std::string("bytes"))), Value{{"_placeholder", true}, {"num", 0}}});
  CHECK(packet->arg(0).binary().view() == "bytes");
  REQUIRE(packet->arg(1).is_object());
  CHECK(packet->arg(1)["_placeholder"].to_bool());
}

TEST_CASE("an event without data gets data when it is replaced", "[protocol][packet]") {
  const PacketPtr packet = decode("2");
  packet->set_event(packet->event_name(), {});
  CHECK(packet->has_data());
  CHECK(packet->event_name().empty());
  CHECK(packet->arg_count() == 0);
  packet->set_event("name", {1});
  CHECK(packet->arg(0).to_int64() == 1);
}
