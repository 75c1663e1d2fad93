// SPDX-License-Identifier: MIT
// msgpack packets: an accepted packet encodes to one that is accepted and equal; limits hold; truncated packets are
// refused.
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/utf8.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

using socketio::Binary;
using socketio::DecodeResult;
using socketio::EncodedPacket;
using socketio::MsgpackParser;
using socketio::MsgpackWriter;
using socketio::Packet;
using socketio::PacketHeader;
using socketio::PacketType;
using socketio::ValueView;

namespace {

constexpr std::size_t max_depth = 64;

DecodeResult decode(std::string_view message) {
  socketio::ParserLimits limits;
  limits.max_depth = max_depth;
  const MsgpackParser parser(limits);
  MsgpackParser::Decoder decoder;
  return parser.decode_binary(decoder, Binary(std::string(message)));
}

EncodedPacket encode(const Packet& packet) {
  const PacketHeader header{packet.type(), packet.nsp(), packet.id()};
  if (packet.has_data())
    return MsgpackParser::encode(header, [&](MsgpackWriter& writer) { socketio::write_value(writer, packet.data()); });
  if (packet.type() != PacketType::event) return MsgpackParser::encode(header);
  return MsgpackParser::encode(header, [](MsgpackWriter& writer) {
    writer.begin_array(0);
    writer.end_array();
  });
}

void check_value(ValueView value, std::size_t depth) {
  if (value.is_string()) {
    fuzz::law(socketio::is_valid_utf8(value.string()), "strings are text");
    fuzz::law(value.json().GetString()[value.string().size()] == '\0', "strings end with a NUL");
  }
  if (value.is_binary()) {
    fuzz::law(value.attachment_index() < value.attachments().size(), "binary data is there");
    return;
  }
  if (!value.is_array() && !value.is_object()) return;
  fuzz::law(depth < max_depth, "depth is bounded");
  for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) check_value(value[i], depth + 1);
  value.for_each_member([&](std::string_view key, ValueView member) {
    fuzz::law(socketio::is_valid_utf8(key), "keys are text");
    check_value(member, depth + 1);
  });
}

void check_shape(const Packet& packet) {
  const ValueView data = packet.data();
  fuzz::law(socketio::is_valid_utf8(packet.nsp()), "namespaces are text");
  fuzz::law(!packet.id() || *packet.id() <= socketio::max_ack_id, "ids are exact in JavaScript");
  fuzz::law(packet.has_data() || data.is_null(), "no data is null");
  check_value(data, 0);
  switch (packet.type()) {
    case PacketType::connect:
      fuzz::law(!packet.has_data() || data.is_object(), "a connection carries an object");
      break;
    case PacketType::disconnect: fuzz::law(!packet.has_data(), "a disconnection carries nothing"); break;
    case PacketType::connect_error:
      fuzz::law(data.is_object() || data.is_string(), "a refusal carries an object or a string");
      break;
    case PacketType::ack: fuzz::law(data.is_array(), "an acknowledgement carries an array"); break;
    case PacketType::event:
      if (!packet.has_data()) break;
      fuzz::law(data.is_array() && data.size() == packet.arg_count() + 1, "an event has a name");
      fuzz::law(data[0].is_number() || data[0].string() == packet.event_name(), "the name is the first item");
      fuzz::law(data[0].is_number() || !socketio::is_reserved_event(packet.event_name()), "no reserved names");
      break;
    case PacketType::binary_event:
    case PacketType::binary_ack: fuzz::law(false, "binary types do not exist"); break;
  }
}

void check_equivalent(const Packet& packet) {
  const EncodedPacket first = encode(packet);
  fuzz::law(first.text.empty() && first.attachments.size() == 1, "a packet is one binary message");
  const std::string_view bytes = first.attachments[0].view();
  const DecodeResult result = decode(bytes);
  fuzz::law(result.packet != nullptr, "what was encoded decodes");
  fuzz::law(result.packet->type() == packet.type(), "the type is kept");
  fuzz::law(packet.nsp().empty() || result.packet->nsp() == packet.nsp(), "the namespace is kept");
  fuzz::law(result.packet->id() == packet.id(), "the id is kept");
  fuzz::law(result.packet->has_data() == packet.has_data(), "the data is kept, or its absence");
  fuzz::law(result.packet->event_name() == packet.event_name(), "the name is kept");
  // Compared by their bytes, since NaN is not equal to itself.
  fuzz::law(encode(*result.packet).attachments[0].view() == bytes, "the data is kept");

  const std::size_t most = std::min<std::size_t>(bytes.size(), 200);
  for (std::size_t size = 0; size < most; ++size) fuzz::law(!decode(bytes.substr(0, size)).packet, "half is nothing");
  fuzz::law(!decode(std::string(bytes) + '\0').packet, "one packet is one message");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const DecodeResult result = decode({reinterpret_cast<const char*>(data), size});
  fuzz::law(!result.packet == static_cast<bool>(result.error), "a packet or an error");
  fuzz::law(result.error ? !result.message.empty() : result.message.empty(), "errors have messages");
  if (!result.packet) return 0;
  check_shape(*result.packet);
  check_equivalent(*result.packet);
  return 0;
}
