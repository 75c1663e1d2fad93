// SPDX-License-Identifier: MIT
// Socket.IO packets: an accepted packet encodes to an equivalent one; limits hold; a refused packet leaves no state.
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/json_parser.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include <fuzz/infinity.hpp>
#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using socketio::Binary;
using socketio::DecodeResult;
using socketio::EncodedPacket;
using socketio::JsonParser;
using socketio::JsonWriter;
using socketio::Packet;
using socketio::PacketHeader;
using socketio::PacketPtr;
using socketio::PacketType;
using socketio::Value;

namespace {

Value value_of(socketio::ValueView view) { return socketio::detail::read_dynamic(view); }

EncodedPacket encode(const Packet& packet) {
  const PacketHeader header{packet.type(), packet.nsp(), packet.id()};
  if (!packet.has_data()) return JsonParser::encode(header);
  return JsonParser::encode(header, [&](JsonWriter& writer) { socketio::write_value(writer, packet.data()); });
}

void check_shape(const Packet& packet) {
  const socketio::ValueView data = packet.data();
  fuzz::law(packet.nsp().front() == '/', "namespaces begin with a slash");
  fuzz::law(!packet.id() || *packet.id() <= socketio::max_ack_id, "ids are exact in JavaScript");
  fuzz::law(packet.attachments().size() <= 10, "attachments are bounded");
  fuzz::law(packet.has_data() || data.is_null(), "no data is null");
  if (!packet.has_data()) return;
  switch (packet.type()) {
    case PacketType::connect: fuzz::law(data.json().IsObject(), "a connection carries an object"); break;
    case PacketType::disconnect: fuzz::law(false, "a disconnection carries nothing"); break;
    case PacketType::connect_error:
      fuzz::law(data.json().IsObject() || data.is_string(), "a refusal carries an object or a string");
      break;
    case PacketType::ack: fuzz::law(data.is_array(), "an acknowledgement carries an array"); break;
    case PacketType::event:
      fuzz::law(data.is_array() && data.size() == packet.arg_count() + 1, "an event has a name");
      fuzz::law(data[0].is_number() || data[0].string() == packet.event_name(), "the name is the first item");
      fuzz::law(data[0].is_number() || !socketio::is_reserved_event(packet.event_name()), "no reserved names");
      break;
    case PacketType::binary_event:
    case PacketType::binary_ack: fuzz::law(false, "binary types are not shown"); break;
  }
}

void check_equivalent(const Packet& packet) {
  const EncodedPacket encoded = encode(packet);
  const JsonParser parser;
  JsonParser::Decoder decoder;
  DecodeResult result = parser.decode_text(decoder, encoded.text.view());
  if (encoded.attachments.size() > 10) {  // one attachment is sent once for each of its placeholders
    fuzz::law(result.error == socketio::ProtocolErrc::too_many_attachments, "attachments are bounded");
    return;
  }
  for (const Binary& attachment : encoded.attachments) {
    fuzz::law(!result.packet && !result.error, "a packet is complete with its last attachment");
    result = parser.decode_binary(decoder, attachment);
  }
  fuzz::law(result.packet != nullptr, "what was encoded decodes");
  fuzz::law(result.packet->type() == packet.type(), "the type is kept");
  fuzz::law(result.packet->nsp() == packet.nsp(), "the namespace is kept");
  fuzz::law(result.packet->id() == packet.id(), "the id is kept");
  fuzz::law(result.packet->has_data() == packet.has_data(), "the data is kept, or its absence");
  fuzz::law(result.packet->event_name() == packet.event_name(), "the name is kept");
  fuzz::law(value_of(result.packet->data()) == value_of(packet.data()), "the data is kept");
}

void check_replacement(Packet& packet) {
  if (packet.type() != PacketType::event) return;
  std::vector<Value> args;
  for (std::size_t i = 0; i < packet.arg_count(); ++i) args.push_back(value_of(packet.arg(i)));
  const std::string name(packet.event_name());
  packet.set_event(packet.event_name(), args);
  fuzz::law(packet.event_name() == name, "a replaced event has its name");
  fuzz::law(packet.arg_count() == args.size(), "a replaced event has its arguments");
  for (std::size_t i = 0; i < args.size(); ++i) {
    fuzz::law(value_of(packet.arg(i)) == args[i], "a replaced argument is what it was");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Messages are separated by FF, which no text contains; those that begin with FE are binary.
  std::string_view input(reinterpret_cast<const char*>(data), size);
  socketio::ParserLimits limits;
  limits.max_depth = 64;
  limits.max_packet_bytes = 1000;
  const JsonParser parser(limits);
  JsonParser::Decoder decoder;
  std::vector<PacketPtr> alive;
  while (true) {
    const std::size_t end = input.find('\xFF');
    const std::string_view message = input.substr(0, end);
    const bool is_binary = !message.empty() && message.front() == '\xFE';
    DecodeResult result = is_binary ? parser.decode_binary(decoder, Binary(std::string(message.substr(1))))
                                    : parser.decode_text(decoder, message);
    fuzz::law(!result.packet || !result.error, "a packet or an error");
    fuzz::law(result.error ? !result.message.empty() : result.message.empty(), "errors have messages");
    fuzz::law(decoder.is_idle() == (result.packet || result.error), "only an incomplete packet is kept");
    if (result.packet) {
      check_shape(*result.packet);
      if (!fuzz::has_infinity(result.packet->data().json())) check_equivalent(*result.packet);
      check_replacement(*result.packet);
      alive.push_back(std::move(result.packet));
    }
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + 1);
  }
  return 0;
}
