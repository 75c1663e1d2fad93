// SPDX-License-Identifier: MIT
// Laws of the payloads of Engine.IO revision 3: a payload that was read can be written and read again, and no byte is
// read twice or outside of it.
#include <socketio/protocol/eio3_payload.hpp>
#include <socketio/protocol/utf8.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using socketio::Eio3PayloadReader;
using socketio::Eio3Record;

std::vector<Eio3Record> read(std::string_view payload, bool is_binary, bool& failed) {
  std::vector<Eio3Record> records;
  Eio3PayloadReader reader(payload, is_binary);
  std::size_t bytes = 0;
  while (const auto record = reader.next()) {
    const std::string_view data = record->packet.data;
    fuzz::law(
        data.empty() || (data.data() >= payload.data() && data.data() + data.size() <= payload.data() + payload.size()),
        "data lies in the payload");
    fuzz::law(!record->is_raw || is_binary, "bytes are for binary payloads");
    bytes += data.size() + 1;
    records.push_back(*record);
  }
  fuzz::law(bytes <= payload.size(), "nothing is read twice");
  fuzz::law(!reader.next().has_value(), "the end is the end");
  failed = reader.failed();
  return records;
}

std::string packet_of(const Eio3Record& record) {
  std::string packet;
  if (record.is_raw) {
    packet = static_cast<char>(record.packet.type);
  } else {
    if (record.packet.is_binary) packet = 'b';
    packet += to_char(record.packet.type);
  }
  return packet += record.packet.data;
}

void check(std::string_view payload, bool is_binary) {
  bool failed = false;
  const std::vector<Eio3Record> records = read(payload, is_binary, failed);
  if (records.empty()) return;
  std::string written;
  for (const Eio3Record& record : records) {
    const std::string packet = packet_of(record);
    if (is_binary) socketio::append_eio3_head(record.is_raw, packet.size(), written);
    if (is_binary)
      written += packet;
    else
      socketio::append_eio3_text(packet, written);
  }
  const std::vector<Eio3Record> again = read(written, is_binary, failed);
  fuzz::law(!failed && again.size() == records.size(), "what was read can be written");
  for (std::size_t i = 0; i < records.size(); ++i)
    fuzz::law(packet_of(again[i]) == packet_of(records[i]) && again[i].is_raw == records[i].is_raw,
              "and is read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  check(input, true);
  check(socketio::to_valid_utf8(input), false);
  return 0;
}
