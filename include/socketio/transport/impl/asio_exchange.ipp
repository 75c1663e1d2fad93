// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_http.hpp>: the exchange. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_http.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/websocket_deflate.hpp>
#include <socketio/transport/websocket_handshake.hpp>

#include <optional>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL AsioExchange::AsioExchange(std::shared_ptr<AsioConnection> connection, HttpRequest request, bool upgrade)
    : connection_(std::move(connection)), request_(std::move(request)), is_upgrade_(upgrade) {}

SOCKETIO_DECL AsioExchange::~AsioExchange() { destroy(); }

SOCKETIO_DECL const HttpRequest& AsioExchange::request() const { return request_; }

SOCKETIO_DECL void AsioExchange::set_remote(std::string address, std::uint16_t port) {
  request_.remote_address = std::move(address);
  request_.remote_port = port;
}

SOCKETIO_DECL bool AsioExchange::is_upgrade() const { return is_upgrade_; }

/// Lets go of the connection and of the handlers, which will not be called.
SOCKETIO_DECL std::shared_ptr<AsioConnection> AsioExchange::finish() {
  const auto body_handler = std::move(body_handler_);
  const auto abort_handler = std::move(abort_handler_);
  return std::exchange(connection_, nullptr);
}

SOCKETIO_DECL bool AsioExchange::move_to(std::size_t shard) {
  if (!connection_) return true;
  if (!connection_->move_to(shard, request_, is_upgrade_)) return false;
  finish();
  return true;
}

SOCKETIO_DECL void AsioExchange::read_body(const BodyLimits& limits, BodyHandler handler) {
  if (!connection_) return;
  if (connection_->http()->framing().kind == HttpFraming::Kind::none) return handler(BodyError::none, {});
  body_handler_ = std::move(handler);
  connection_->http()->read_body(limits);
}

SOCKETIO_DECL void AsioExchange::respond(HttpResponse response) {
  const bool is_head = request_.method == "HEAD";
  if (const auto connection = finish()) connection->http()->respond(std::move(response), is_head);
}

SOCKETIO_DECL void AsioExchange::destroy() {
  if (const auto connection = finish()) connection->http()->destroy_connection();
}

SOCKETIO_DECL void AsioExchange::on_abort(UniqueFunction<void()> handler) {
  if (connection_) abort_handler_ = std::move(handler);
}

SOCKETIO_DECL std::shared_ptr<WebSocket> AsioExchange::accept_websocket(const HttpHeaders& headers,
                                                                        const WebSocketLimits& limits) {
  if (!connection_) return nullptr;
  std::optional<DeflateAgreement> agreement;
  HttpResponse response = answer_websocket_handshake(request_, limits.per_message_deflate, &agreement);
  if (response.status == 101) {
    if (!is_upgrade_)
      response = websocket_refusal(400, "Invalid Upgrade header");
    else if (connection_->http()->framing().kind != HttpFraming::Kind::none)
      response = websocket_refusal(400, "Unexpected body");
    else if (connection_->shard().closing())
      response = websocket_refusal(503, http_reason(503));
  }
  if (response.status != 101) {
    respond(std::move(response));
    return nullptr;
  }
  std::unique_ptr<WebSocketDeflate> deflate;
  if (agreement)
    deflate = std::make_unique<WebSocketDeflate>(connection_->shard().deflate_pool(), *agreement,
                                                 *limits.per_message_deflate);
  return finish()->become_websocket(request_, response, headers, limits, std::move(deflate));
}

SOCKETIO_DECL void AsioExchange::deliver_body(BodyError error, std::string body) {
  if (auto handler = std::exchange(body_handler_, nullptr)) handler(error, std::move(body));
}

SOCKETIO_DECL void AsioExchange::abort(bool silently) {
  connection_.reset();
  const auto body_handler = std::move(body_handler_);
  const auto abort_handler = std::move(abort_handler_);
  if (silently) return;
  if (body_handler) body_handler(BodyError::aborted, {});
  if (abort_handler) abort_handler();
}

}  // namespace socketio::detail
