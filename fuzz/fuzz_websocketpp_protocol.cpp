// SPDX-License-Identifier: MIT
// WebSocket++ behind its seam: the laws of the WebSocket parser hold, and both come to the same events and codes.
#include <socketio/transport/websocketpp_protocol.hpp>

#include <fuzz/law.hpp>
#include <fuzz/websocket_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace {

using socketio::WebSocketEvent;

/// A connection of WebSocket++ behind its handshake.
class Connection {
 public:
  Connection(socketio::detail::WebsocketppFactory& factory, bool compression) {
    socketio::HttpRequest request;
    request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    request.headers.add("Sec-WebSocket-Version", "13");
    std::string head;
    protocol_ = factory.accept(request, {}, {}, fuzz::websocket_limits, head);
    if (compression) protocol_->expect_compression();
  }

  WebSocketEvent parse(std::span<char>& input) { return protocol_->parse(input); }

  /// WebSocket++ must answer before it goes on.
  void answer(const WebSocketEvent& event) {
    const std::string payload(event.payload.data(), event.payload.size());
    if (event.kind == WebSocketEvent::Kind::ping) {
      fuzz::law(protocol_->pong(payload).size() == payload.size() + 2, "a pong has the payload of its ping");
    } else if (event.kind == WebSocketEvent::Kind::close) {
      const auto code = event.code == 1005 ? std::nullopt : std::optional<std::uint16_t>(event.code);
      fuzz::law(protocol_->close(code, payload).size() >= 2, "a close frame is answered");
      protocol_->stop();
    } else if (event.kind == WebSocketEvent::Kind::failed) {
      fuzz::law(protocol_->close(event.code, event.error).size() >= 4, "a violation is answered with its code");
      protocol_->stop();
    }
  }

 private:
  std::unique_ptr<socketio::detail::WebSocketProtocol> protocol_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span input(data, size);
  static socketio::detail::WebsocketppFactory factory;
  for (const bool compression : {false, true}) {
    const std::string outcome =
        fuzz::check_websocket_cuts(input, [compression] { return Connection(factory, compression); });
    const std::string native =
        fuzz::check_websocket_cuts(input, [compression] { return fuzz::make_websocket_parser(compression); });
    // A violation may show to one of them in the first byte of a frame, to the other when the header is complete.
    fuzz::law(outcome.starts_with(native) || native.starts_with(outcome), "both implementations come to the same");
  }
  return 0;
}
