// SPDX-License-Identifier: MIT
// Polling payloads: joining after splitting is identity, up to the first bad packet.
#include <socketio/protocol/eio_payload.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  std::string joined;
  std::size_t count = 0;
  const bool complete = socketio::for_each_packet(payload, [&](const socketio::EioPacketView& packet) {
    if (count++ > 0) joined += socketio::eio_payload_separator;
    joined += packet.is_binary ? 'b' : to_char(packet.type);
    joined += packet.data;
    fuzz::law(packet.data.find(socketio::eio_payload_separator) == std::string_view::npos, "packets have no separator");
  });
  fuzz::law(payload.substr(0, joined.size()) == joined, "packets come in their order");
  fuzz::law(complete == (count > 0 && joined == payload), "complete if and only if everything was read");
  if (!complete) {
    std::string_view rest = payload.substr(joined.size());
    if (count > 0) {
      fuzz::law(!rest.empty() && rest.front() == socketio::eio_payload_separator, "packets end at separators");
      rest.remove_prefix(1);
    }
    const std::string_view bad = rest.substr(0, rest.find(socketio::eio_payload_separator));
    fuzz::law(!socketio::decode_eio_packet(bad), "reading stops at a bad packet only");
  }

  std::size_t seen = 0;
  const bool stopped = socketio::for_each_packet(payload, [&](const socketio::EioPacketView&) { return ++seen < 2; });
  fuzz::law(seen == (count < 2 ? count : 2), "reading stops where it is told to");
  fuzz::law(count < 2 || stopped, "stopping is no failure");
  return 0;
}
