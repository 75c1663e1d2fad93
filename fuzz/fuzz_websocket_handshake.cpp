// SPDX-License-Identifier: MIT
// The opening handshake of a WebSocket: it is accepted as RFC 6455 asks, or refused; the answer repeats nothing of the
// request but a subprotocol that it offers.
//
// The input: the head of a request, its lines separated by LF.
#include <socketio/engine/cors.hpp>
#include <socketio/transport/websocket_handshake.hpp>

#include <fuzz/law.hpp>
#include <fuzz/request_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

void check(const socketio::HttpRequest& request, const socketio::PerMessageDeflateOptions* deflate) {
  std::optional<socketio::DeflateAgreement> agreement;
  const socketio::HttpResponse response = socketio::answer_websocket_handshake(request, deflate, &agreement);
  fuzz::law(response.status == 101 || response.status == 400 || response.status == 405, "accepted or refused");
  fuzz::law(
      socketio::refused_websocket_handshake(request, deflate, nullptr, nullptr).has_value() == (response.status != 101),
      "the two functions decide alike");
  for (std::size_t i = 0; i < response.headers.size(); ++i)
    fuzz::law(socketio::is_valid_header_value(response.headers[i].value), "the answer's fields have one line");
  if (response.status != 101) {
    fuzz::law(response.close && !response.body.empty() && !agreement, "a refusal says why and ends the connection");
    return;
  }
  const std::string key = request.headers.joined("Sec-WebSocket-Key").value_or("");
  const std::string version = request.headers.joined("Sec-WebSocket-Version").value_or("");
  fuzz::law(request.method == "GET" && key.size() == 24 && (version == "13" || version == "8"), "RFC 6455, 4.2.1");
  fuzz::law(response.headers.find("Sec-WebSocket-Accept") == socketio::websocket_accept_value(key),
            "the key is proven");
  fuzz::law(response.headers.contains("Sec-WebSocket-Extensions") == agreement.has_value(), "no extension by chance");
  fuzz::law(!agreement || deflate != nullptr, "compression is only agreed on if it is offered");
  const auto subprotocol = response.headers.find("Sec-WebSocket-Protocol");
  if (subprotocol)
    fuzz::law(socketio::detail::is_token(*subprotocol) &&
                  request.headers.joined("Sec-WebSocket-Protocol")->find(*subprotocol) != std::string::npos,
              "a subprotocol is one of those that are offered");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = fuzz::parse_request({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  static_cast<void>(socketio::asks_to_upgrade(*request, false));
  check(*request, nullptr);
  const socketio::PerMessageDeflateOptions usual;
  check(*request, &usual);
  socketio::PerMessageDeflateOptions narrow;
  narrow.server_max_window_bits = 9;
  narrow.client_max_window_bits = 8;
  narrow.client_no_context_takeover = true;
  check(*request, &narrow);
  return 0;
}
