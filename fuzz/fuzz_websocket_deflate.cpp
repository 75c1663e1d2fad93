// SPDX-License-Identifier: MIT
// Laws of the decompression of WebSocket messages: the output is bounded for any input, it does not depend on other
// connections, and compressed messages are restored. A build without zlib has nothing to test.
//
// The input: pairs of a length byte and as many bytes, each a message of one client.
#include <socketio/transport/websocket_deflate.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using socketio::DeflateAgreement;
using socketio::DeflatePool;
using socketio::Message;
using socketio::PerMessageDeflateOptions;
using socketio::WebSocketDeflate;
using socketio::detail::InflateResult;

constexpr std::size_t limit = 5000;

std::vector<std::string> messages_in(std::string_view input) {
  std::vector<std::string> messages;
  while (!input.empty()) {
    const std::size_t size = std::min<std::size_t>(static_cast<unsigned char>(input.front()), input.size() - 1);
    messages.emplace_back(input.substr(1, size));
    input.remove_prefix(1 + size);
  }
  return messages;
}

std::string_view payload_of(std::string_view frame) {
  const std::size_t length = static_cast<unsigned char>(frame[1]);
  return frame.substr(length < 126 ? 2 : length == 126 ? 4 : 10);
}

void decompress(const std::vector<std::string>& messages, const DeflateAgreement& agreement) {
  DeflatePool pool;
  WebSocketDeflate one(pool, agreement, {});
  DeflatePool other_pool;
  WebSocketDeflate other(other_pool, agreement, {});
  std::string out;
  std::string other_out = "something that was there";
  for (const std::string& message : messages) {
    const InflateResult result = one.inflate(message, limit, out);
    fuzz::law(other.inflate(message, limit, other_out) == result && out == other_out,
              "the same input, the same output");
    fuzz::law(out.size() <= limit, "a message is bounded");
    fuzz::law(out.capacity() <= 2 * limit + 64, "and so is its memory");
    if (result != InflateResult::ok) {
      fuzz::law(out.empty(), "a failure leaves nothing");
      return;
    }
  }
}

void round_trip(const std::vector<std::string>& messages, const DeflateAgreement& agreement) {
  PerMessageDeflateOptions options;
  options.threshold = 0;
  DeflatePool senders;
  DeflatePool receivers;
  DeflateAgreement reverse = agreement;
  std::swap(reverse.server_no_context_takeover, reverse.client_no_context_takeover);
  WebSocketDeflate sender(senders, agreement, options);
  WebSocketDeflate receiver(receivers, reverse, options);
  std::string out;
  for (const std::string& message : messages) {
    const auto frame = sender.frame_of(Message::binary(socketio::Binary(message)));
    fuzz::law((frame == nullptr) == message.empty(), "what is not empty is compressed");
    if (!frame) continue;
    fuzz::law(receiver.inflate(payload_of(*frame), limit, out) == InflateResult::ok && out == message,
              "what was compressed comes back");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  socketio::HttpHeaders headers;
  headers.add("Sec-WebSocket-Extensions", input);
  const auto negotiation = socketio::negotiate_deflate(headers, {});
  fuzz::law(!negotiation.refused || !negotiation.agreement, "refused or agreed");
  if (negotiation.agreement) {
    headers.set("Sec-WebSocket-Extensions", negotiation.agreement->to_header());
    const auto again = socketio::negotiate_deflate(headers, {});
    fuzz::law(again.agreement && again.agreement->to_header() == negotiation.agreement->to_header(),
              "an agreement is an offer that gets itself");
  }
  if constexpr (socketio::detail::has_zlib) {
    const std::vector<std::string> messages = messages_in(input);
    for (const bool without_context : {false, true}) {
      DeflateAgreement agreement;
      agreement.server_no_context_takeover = agreement.client_no_context_takeover = without_context;
      decompress(messages, agreement);
      round_trip(messages, agreement);
    }
  }
  return 0;
}
