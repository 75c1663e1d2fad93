// SPDX-License-Identifier: MIT
// The client's end of an Engine.IO session in memory: handshake, heartbeat, polls, and nothing of Socket.IO. Testing.
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
#include <string>
#include <string_view>
#include <utility>

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
    target_ = server.path + (server.add_trailing_slash ? "/" : "") + "?EIO=4&transport=";
    target_ += options.via == Via::websocket ? "websocket" : "polling";
    for (const auto& [name, value] : options.query)
      target_ += '&' + percent_encoded(name) + '=' + percent_encoded(value);
    if (options.via == Via::websocket)
      websocket_ = kit_->transport().connect_websocket(make_request("GET"));
    else
      poll();
  }
  EngineClient(const EngineClient&) = delete;
  EngineClient& operator=(const EngineClient&) = delete;

  bool process() final {
    if (has_ended_) return false;
    return websocket_ ? process_websocket() : process_polling();
  }
  bool has_ended() const noexcept final { return has_ended_; }
  bool is_open() const noexcept { return !sid_.empty() && !has_ended_; }

  /// Whether it was this side that closed the session.
  bool is_closing() const noexcept { return is_closing_; }

  /// Why the server refused the handshake, "403 {...}"; empty if it did not.
  const std::string& refusal() const noexcept { return refusal_; }

  void send(const EncodedPacket& packet) {
    if (has_ended_) return;
    const bool has_text = !packet.text.empty() || packet.attachments.empty();
    if (websocket_) {
      if (has_text) websocket_->send_text('4' + std::string(packet.text.view()));
      for (const Binary& attachment : packet.attachments) websocket_->send_binary(attachment.view());
      return;
    }
    if (has_text) post_record('4' + std::string(packet.text.view()));
    for (const Binary& attachment : packet.attachments) {
      std::string record = "b";
      base64_encode(attachment.bytes(), record);
      post_record(std::move(record));
    }
    flush_posts();
  }

  /// Ends the session as a client does that closes its connection.
  void close() {
    if (has_ended_) return;
    is_closing_ = true;
    if (websocket_) return websocket_->close();
    post_record("1");
    flush_posts();
  }

  /// The network goes away.
  void drop() {
    if (has_ended_) return;
    if (websocket_) websocket_->abort();
    if (poll_) poll_->abort();
    if (post_) post_->abort();
    end();
  }

  void stall(bool stalled) {
    is_stalled_ = stalled;
    if (websocket_) websocket_->stall_reading(stalled);
  }
  void mute(bool muted) { is_mute_ = muted; }

 protected:
  const ClientOptions& options() const noexcept { return options_; }
  Kit& kit() const noexcept { return *kit_; }

  virtual void on_open() = 0;
  virtual void on_message(bool is_binary, std::string_view data) = 0;
  virtual void on_end() = 0;

 private:
  HttpRequest make_request(std::string method) const {
    HttpRequest request = MemoryTransport::make_request(std::move(method), target_);
    request.remote_address = options_.address;
    request.headers.add("Host", "localhost");
    for (const auto& [name, value] : options_.headers) request.headers.add(name, value);
    return request;
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

  bool process_polling() {
    bool acted = false;
    if (post_ && post_->ended()) {
      acted = true;
      const bool is_fine = post_->status() == 200;
      post_.reset();
      if (is_fine)
        flush_posts();
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
    if (!has_ended_ && !poll_ && !is_stalled_) {
      acted = true;
      poll();
    }
    return acted;
  }

  void take(const std::optional<EioPacketView>& packet, std::string_view whole) {
    if (!packet) throw Error("the server sent what is no packet: " + std::string(whole));
    if (packet->is_binary) {
      std::string bytes;
      if (!base64_decode(packet->data, bytes)) throw Error("the server sent what is no base64: " + std::string(whole));
      return on_message(true, bytes);
    }
    switch (packet->type) {
      case EioPacketType::open:
        sid_ = parse_json(packet->data).at("sid").as_string();
        if (!websocket_) target_ += "&sid=" + sid_;
        return on_open();
      case EioPacketType::close: return end();
      case EioPacketType::ping:
        if (is_mute_) return;
        if (websocket_) return websocket_->send_text("3");
        post_record("3");
        return flush_posts();
      case EioPacketType::message: return on_message(false, packet->data);
      case EioPacketType::pong:
      case EioPacketType::upgrade:
      case EioPacketType::noop: return;
    }
  }

  void poll() { poll_ = kit_->transport().request(make_request("GET")); }

  void post_record(std::string record) {
    if (!unsent_.empty()) unsent_ += eio_payload_separator;
    unsent_ += record;
  }

  /// One request at a time, as clients do; what is written meanwhile goes with the next.
  void flush_posts() {
    if (post_ || unsent_.empty() || sid_.empty()) return;
    post_ = kit_->transport().request(make_request("POST"), std::exchange(unsent_, {}));
  }

  void refuse(const std::string& why) { refusal_ = why.empty() ? "the server cut the connection" : why; }

  static std::string describe(const HttpResponse& response) {
    return std::to_string(response.status) + ' ' + response.body;
  }

  void end() {
    if (std::exchange(has_ended_, true)) return;
    on_end();
  }

  std::shared_ptr<Kit> kit_;
  ClientOptions options_;
  std::string target_;
  std::string sid_;
  std::string refusal_;
  MemoryWebSocketClientPtr websocket_;  // null: polling
  MemoryResponsePtr poll_;
  MemoryResponsePtr post_;
  std::string unsent_;
  bool is_stalled_ = false;
  bool is_mute_ = false;
  bool is_closing_ = false;
  bool has_ended_ = false;
};

}  // namespace socketio::testing::detail
