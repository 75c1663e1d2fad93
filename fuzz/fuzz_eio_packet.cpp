// SPDX-License-Identifier: MIT
// Engine.IO packets: encoding after decoding is identity; the first character alone decides whether a packet is
// accepted.
#include <socketio/protocol/eio_packet.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto packet = socketio::decode_eio_packet(text);
  const bool known = !text.empty() && std::string_view("0123456b").find(text.front()) != std::string_view::npos;
  fuzz::law(packet.has_value() == known, "the first character decides");
  if (!packet) return 0;

  const char first = packet->is_binary ? 'b' : to_char(packet->type);
  fuzz::law(first + std::string(packet->data) == text, "encoding after decoding is identity");
  fuzz::law(packet->has_data == (size > 1 || packet->is_binary), "one character is no data");
  fuzz::law(!packet->is_binary || packet->type == socketio::EioPacketType::message, "binary packets are messages");
  return 0;
}
