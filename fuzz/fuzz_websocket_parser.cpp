// SPDX-License-Identifier: MIT
// Laws of the WebSocket parser: any cut of the input gives the same events, and no event breaks a limit or RFC 6455.
#include <fuzz/websocket_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool compression : {false, true})
    fuzz::check_websocket_cuts(std::span(data, size),
                               [compression] { return fuzz::make_websocket_parser(compression); });
  return 0;
}
