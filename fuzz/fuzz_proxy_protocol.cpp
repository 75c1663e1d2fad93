// SPDX-License-Identifier: MIT
// Laws of the PROXY protocol: any cut of the input gives the same result, and no byte behind the header is wanted.
#include <socketio/transport/proxy_protocol.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using socketio::IpAddress;
using socketio::ProxyProtocolDecoder;
using Status = ProxyProtocolDecoder::Status;

/// Reads as a connection does: as much as is wanted, or less. Describes the result in `transcript`.
struct Reader {
  template <class NextSize>
  Reader(std::string_view input, NextSize next_size) {
    while (taken < input.size() && decoder.wanted() != 0) {
      const std::size_t wanted = decoder.wanted();
      fuzz::law(taken + wanted <= 16 + ProxyProtocolDecoder::max_block_bytes, "what is wanted is bounded");
      const std::size_t size = std::clamp<std::size_t>(next_size(), 1, std::min(wanted, input.size() - taken));
      const Status status = decoder.take(input.substr(taken, size));
      taken += size;
      fuzz::law(status != Status::complete || size == wanted, "a header is not complete before all is taken");
    }
    transcript = std::to_string(static_cast<int>(decoder.status()));
    if (const auto& source = decoder.source()) {
      fuzz::law(decoder.status() == Status::complete, "only a complete header has a source");
      transcript += ' ' + source->address.to_string() + ' ' + std::to_string(source->port);
      fuzz::law(IpAddress::parse(source->address.to_string()) == source->address, "an address survives as text");
    }
    if (decoder.status() == Status::complete) transcript += " after " + std::to_string(taken);
  }

  ProxyProtocolDecoder decoder;
  std::size_t taken = 0;
  std::string transcript;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Reader greedy(input, [] { return std::size_t{100'000}; });
  const Reader bytes(input, [] { return std::size_t{1}; });
  fuzz::law(bytes.transcript == greedy.transcript, "byte by byte is the same");
  std::uint32_t state = static_cast<std::uint32_t>(size);
  const Reader pieces(input, [&] { return (state = state * 1664525u + 1013904223u) >> 24; });
  fuzz::law(pieces.transcript == greedy.transcript, "in pieces is the same");

  // What stands behind a complete header does not matter.
  if (greedy.decoder.status() == Status::complete) {
    const std::string longer = std::string(input.substr(0, greedy.taken)) + "GET / HTTP/1.1\r\n";
    const Reader again(longer, [] { return std::size_t{100'000}; });
    fuzz::law(again.transcript == greedy.transcript, "what follows the header stays");
  }

  // The input as an address of its own.
  if (const auto address = IpAddress::parse(input)) {
    fuzz::law(IpAddress::parse(address->to_string()) == *address, "any address survives as text");
    for (const unsigned prefix : {0u, 1u, 31u, 64u, 127u, 128u})
      fuzz::law(address->network(prefix).network(prefix) == address->network(prefix), "a network is its own network");
  }
  return 0;
}
