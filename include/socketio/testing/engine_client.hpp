// SPDX-License-Identifier: MIT
// The client's end of an Engine.IO session in memory: handshake, heartbeat, polls, the upgrade to a WebSocket, and
// nothing of Socket.IO. Testing.
#pragma once

#include <socketio/core/options.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/eio_packet.hpp>
#include <socketio/protocol/eio_payload.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/testing/error.hpp>
#include <socketio/testing/kit.hpp>
#include <socketio/testing/options.hpp>
#include <socketio/transport/memory.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::testing::detail {

inline std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '_' || c == '.' || c == '~';
    if (is_plain) {
      encoded += c;
      continue;
    }
    encoded += '%';
    encoded += hex[static_cast<unsigned char>(c) >> 4];
    encoded += hex[static_cast<unsigned char>(c) & 0xF];
  }
  return encoded;
}

/// What derives from it takes the messages.
class EngineClient : public Connection {
 public:
  EngineClient(std::shared_ptr<Kit> kit, const ServerOptions& server, const ClientOptions& options)
      : kit_(std::move(kit)), options_(options) {
    target_ = server.path + (server.add_trailing_slash ? "/" : "") + "?EIO=4";
    for (const auto& [name, value] : options.query)
      target_ += '&' + percent_encoded(name) + '=' + percent_encoded(value);
    if (options.via == Via::websocket)
      websocket_ = open_websocket();
    else
      poll();
  }
  EngineClient(const EngineClient&) = delete;
  EngineClient& operator=(const EngineClient&) = delete;

  bool process() final {
    if (has_ended_) return false;
    if (websocket_) return process_websocket();
    const bool has_probed = process_probe();
    return process_polling() || has_probed;
  }
  bool has_ended() const noexcept final { return has_ended_; }
  bool is_open() const noexcept { return !sid_.empty() && !has_ended_; }

  /// Whether it was this side that closed the session.
  bool is_closing() const noexcept { return is_closing_; }

  /// Why the server refused the handshake, "403 {...}"; empty if it did not.
  const std::string& refusal() const noexcept { return refusal_; }

  std::string_view transport_name() const noexcept { return websocket_ ? "websocket" : "polling"; }

  /// Opens the WebSocket that the session is to go over to, beside the polls. If that comes to nothing, they go on.
  ///
  /// @throws Error  if the session is not one that could
  void begin_upgrade() {
    if (websocket_) throw Error("the client cannot upgrade: it has a WebSocket");
    if (probe_) throw Error("the client cannot upgrade: it is about to");
    if (!offers_upgrade_) throw Error("the client cannot upgrade: the server does not offer it");
    upgrade_refusal_.clear();
    probe_ = open_websocket();
    probe_->send_text("2probe");
    probe_->stall_reading(is_stalled_);
  }

  /// Why the server refused the last upgrade, "403 {...}"; empty if it has not.
  const std::string& upgrade_refusal() const noexcept { return upgrade_refusal_; }

  void send(const EncodedPacket& packet) {
    if (has_ended_) return;
    const bool has_text = !packet.text.empty() || packet.attachments.empty();
    if (has_text) unsent_.push_back({false, '4' + std::string(packet.text.view())});
    for (const Binary& attachment : packet.attachments) unsent_.push_back({true, std::string(attachment.view())});
    flush();
  }

  /// Ends the session as a client does that closes its connection.
  void close() {
    if (has_ended_) return;
    is_closing_ = true;
    if (websocket_) return websocket_->close();
    abandon_probe();
    send_control("1");
  }

  /// The network goes away.
  void drop() {
    if (has_ended_) return;
    if (websocket_) websocket_->abort();
    if (probe_) std::exchange(probe_, nullptr)->abort();
    if (poll_) poll_->abort();
    if (post_) post_->abort();
    end();
  }

  void stall(bool stalled) {
    is_stalled_ = stalled;
    if (websocket_) websocket_->stall_reading(stalled);
    if (probe_) probe_->stall_reading(stalled);
  }
  void mute(bool muted) { is_mute_ = muted; }

 protected:
  const ClientOptions& options() const noexcept { return options_; }
  Kit& kit() const noexcept { return *kit_; }

  virtual void on_open() = 0;
  virtual void on_message(bool is_binary, std::string_view data) = 0;
  virtual void on_end() = 0;

 private:
  using Frame = MemoryWebSocketClient::Received;

  HttpRequest make_request(std::string method, std::string_view transport) const {
    std::string target = target_ + "&transport=" + std::string(transport);
    if (!sid_.empty()) target += "&sid=" + sid_;
    HttpRequest request = MemoryTransport::make_request(std::move(method), std::move(target));
    request.remote_address = options_.address;
    request.headers.add("Host", "localhost");
    for (const auto& [name, value] : options_.headers) request.headers.add(name, value);
    return request;
  }

  MemoryWebSocketClientPtr open_websocket() const {
    return kit_->transport().connect_websocket(make_request("GET", "websocket"));
  }

  bool process_websocket() {
    const bool had_messages = !websocket_->received.empty();
    while (!websocket_->received.empty() && !has_ended_) {
      const auto message = websocket_->pop();
      if (message.is_binary)
        on_message(true, message.payload);
      else
        take(decode_eio_packet(message.payload), message.payload);
    }
    if (has_ended_) return true;
    if (websocket_->closed || websocket_->destroyed) {
      if (!websocket_->accepted) refuse(websocket_->destroyed ? std::string() : describe(websocket_->response));
      end();
      return true;
    }
    return had_messages;
  }

  /// The server answers the probe, and releases the poll; that done, everything goes over the WebSocket.
  bool process_probe() {
    if (!probe_) return false;
    if (probe_->closed || probe_->destroyed) {
      upgrade_refusal_ =
          probe_->accepted || probe_->destroyed ? "the server cut the connection" : describe(probe_->response);
      abandon_probe();
      return true;
    }
    bool acted = false;
    while (!probe_->received.empty()) {
      acted = true;
      if (probe_->pop().payload == "3probe") is_upgrading_ = true;
    }
    if (is_upgrading_ && !poll_ && !post_) {
      probe_->send_text("5");
      websocket_ = std::exchange(probe_, nullptr);
      flush();
      return true;
    }
    return acted;
  }

  /// The session goes on with polls.
  void abandon_probe() {
    is_upgrading_ = false;
    if (probe_) std::exchange(probe_, nullptr)->close();
  }

  bool process_polling() {
    if (websocket_) return false;
    bool acted = false;
    if (post_ && post_->ended()) {
      acted = true;
      const bool is_fine = post_->status() == 200;
      post_.reset();
      if (is_fine)
        flush();
      else
        end();
    }
    if (!has_ended_ && poll_ && poll_->ended()) {
      acted = true;
      const MemoryResponsePtr answered = std::exchange(poll_, nullptr);
      if (answered->status() != 200) {
        if (sid_.empty()) refuse(answered->done ? describe(answered->response) : std::string());
        end();
      } else if (!for_each_packet(answered->body(), [&](const EioPacketView& packet) {
                   take(packet, answered->body());
                   return !has_ended_;
                 })) {
        throw Error("the server answered a poll with what is no payload: " + answered->body());
      }
    }
    if (is_closing_ && !post_) end();
    if (!has_ended_ && !poll_ && !is_stalled_ && !is_upgrading_) {
      acted = true;
      poll();
    }
    return acted;
  }

  void take(const std::optional<EioPacketView>& packet, std::string_view whole) {
    if (!packet) throw Error("the server sent what is no packet: " + std::string(whole));
    if (packet->is_binary) {
      std::string bytes;
      base64_decode(packet->data, bytes);
      std::string canonical;
      base64_encode(std::as_bytes(std::span(bytes)), canonical);
      if (packet->data != canonical) throw Error("the server sent what is no base64: " + std::string(whole));
      return on_message(true, bytes);
    }
    switch (packet->type) {
      case EioPacketType::open: {
        const Value terms = parse_json(packet->data);
        sid_ = terms.at("sid").as_string();
        offers_upgrade_ = !terms.at("upgrades").as_array().empty();
        return on_open();
      }
      case EioPacketType::close: return end();
      case EioPacketType::ping:
        if (!is_mute_) send_control("3");
        return;
      case EioPacketType::message: return on_message(false, packet->data);
      case EioPacketType::pong:
      case EioPacketType::upgrade:
      case EioPacketType::noop: return;
    }
  }

  void poll() { poll_ = kit_->transport().request(make_request("GET", "polling")); }

  void send_control(std::string packet) {
    unsent_.push_back({false, std::move(packet)});
    flush();
  }

  /// One request at a time, as clients do; what is written meanwhile goes with the next, or over the WebSocket.
  void flush() {
    if (sid_.empty() || unsent_.empty()) return;
    if (websocket_) {
      for (const Frame& frame : std::exchange(unsent_, {}))
        frame.is_binary ? websocket_->send_binary(frame.payload) : websocket_->send_text(frame.payload);
    } else if (!post_ && !is_upgrading_) {
      std::string body;
      for (const Frame& frame : std::exchange(unsent_, {})) {
        if (!body.empty()) body += eio_payload_separator;
        if (!frame.is_binary) {
          body += frame.payload;
          continue;
        }
        body += 'b';
        base64_encode(std::as_bytes(std::span(frame.payload)), body);
      }
      post_ = kit_->transport().request(make_request("POST", "polling"), std::move(body));
    }
  }

  void refuse(const std::string& why) { refusal_ = why.empty() ? "the server cut the connection" : why; }

  static std::string describe(const HttpResponse& response) {
    return std::to_string(response.status) + ' ' + response.body;
  }

  void end() {
    if (std::exchange(has_ended_, true)) return;
    abandon_probe();
    on_end();
  }

  std::shared_ptr<Kit> kit_;
  ClientOptions options_;
  std::string target_;
  std::string sid_;
  std::string refusal_;
  std::string upgrade_refusal_;
  MemoryWebSocketClientPtr websocket_;  // null: polling
  MemoryWebSocketClientPtr probe_;      // the WebSocket that it is to go over to, until it has
  MemoryResponsePtr poll_;
  MemoryResponsePtr post_;
  std::vector<Frame> unsent_;
  bool offers_upgrade_ = false;
  bool is_upgrading_ = false;  // the probe has been answered: no more requests
  bool is_stalled_ = false;
  bool is_mute_ = false;
  bool is_closing_ = false;
  bool has_ended_ = false;
};

}  // namespace socketio::testing::detail
