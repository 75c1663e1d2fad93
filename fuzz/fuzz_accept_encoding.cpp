// SPDX-License-Identifier: MIT
// Accept-Encoding: no coding is chosen that the client does not name, and what is compressed is announced as it is.
//
// The input: the value of the field.
#include <socketio/engine/compression.hpp>
#include <socketio/engine/cors.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  if (!socketio::is_valid_header_value(value)) return 0;
  socketio::HttpHeaders headers;
  headers.add("Accept-Encoding", value);
  const socketio::ContentCoding coding = socketio::preferred_coding(headers);
  std::string lower(value);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (coding != socketio::ContentCoding::identity) {
    const bool is_any = lower.find('*') != std::string::npos;
    fuzz::law(is_any || lower.find(socketio::to_string(coding)) != std::string::npos, "a coding is one that is named");
    fuzz::law(!socketio::encode_content(value, coding).empty(), "a coding codes");
  }
  headers.set("Accept-Encoding", std::string(value) + ", gzip;q=0, deflate;q=0, *;q=0");
  const auto weighed = socketio::preferred_coding(headers);
  fuzz::law(
      weighed == socketio::ContentCoding::identity || lower.find(socketio::to_string(weighed)) != std::string::npos,
      "what is named counts more than the rest");
  return 0;
}
