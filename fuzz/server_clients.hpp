// SPDX-License-Identifier: MIT
// Clients of a server under a fuzzer: the end of a connection, and a client that behaves.
#pragma once

#include <socketio/protocol/packet.hpp>

#include <fuzz/decisions.hpp>
#include <fuzz/law.hpp>
#include <fuzz/stream.hpp>
#include <tests/support/websocket_frames.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

using socketio::test::client_frame;
using socketio::test::FrameOptions;
using socketio::test::Opcode;
using socketio::test::ServerFrame;

/// The client's end of a plain connection.
class PlainClient {
 public:
  explicit PlainClient(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  /// One that attacks. It takes the decisions that other kinds need, so that they can share their inputs.
  PlainClient(std::shared_ptr<Wire> wire, Decisions& decisions) : wire_(std::move(wire)) { decisions.byte(); }

  Wire& wire() const { return *wire_; }
  void send(std::string_view bytes) { wire_->send(bytes); }
  std::string receive() { return wire_->take(); }
  /// Misuses what is below the bytes: here nothing is.
  void misbehave(Decisions& decisions) { decisions.byte(); }

 private:
  std::shared_ptr<Wire> wire_;
};

/// A message of a client: the payload of a frame, or an item of a POST.
struct ClientMessage {
  bool is_binary;
  std::string payload;
};

inline std::vector<ClientMessage> messages_of(const socketio::EncodedPacket& packet) {
  std::vector<ClientMessage> messages;
  if (!packet.text.empty()) messages.push_back({false, '4' + std::string(packet.text.view())});
  for (const socketio::Binary& attachment : packet.attachments)
    messages.push_back({true, std::string(attachment.view())});
  return messages;
}

inline std::string upgrade_request(std::string_view target, std::string_view more_fields = {}) {
  std::string request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n";
  request += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  return request.append(more_fields).append("\r\n");
}

/// A client on a WebSocket that behaves: it answers pings, and asks for echoes.
template <class Client, class Parser>
class Bystander {
 public:
  explicit Bystander(Client client) : client_(std::move(client)) {
    client_.send(upgrade_request("/socket.io/?EIO=4&transport=websocket"));
  }

  /// Reads what has arrived, and answers it.
  ///
  /// @return  whether there was anything
  bool process() {
    if (!client_.wire().has_output()) return false;
    received_ += client_.receive();
    if (!is_upgraded_) {
      const std::size_t end = received_.find("\r\n\r\n");
      if (end == std::string::npos) return true;
      law(received_.substr(0, 12) == "HTTP/1.1 101", "a client that behaves may connect");
      received_.erase(0, end + 4);
      is_upgraded_ = true;
      send(Parser::encode({socketio::PacketType::connect, "/", {}}));
    }
    while (const auto frame = socketio::test::take_server_frame(received_)) take(*frame);
    return true;
  }

  void ask() {
    law(!answer_, "a question is answered before the next is asked");
    ++questions_;
    const auto write_array = [this](auto& writer, bool with_name) {
      writer.begin_array(with_name ? 2 : 1);
      if (with_name) writer.string("echo");
      writer.unsigned_integer(questions_);
      writer.end_array();
    };
    answer_ = messages_of(Parser::encode({socketio::PacketType::ack, "/", questions_},
                                         [&](auto& writer) { write_array(writer, false); }))
                  .front()
                  .payload;
    send(Parser::encode({socketio::PacketType::event, "/", questions_},
                        [&](auto& writer) { write_array(writer, true); }));
  }

  bool is_answered() const { return !answer_; }
  bool has_joined() const { return has_joined_; }
  bool was_told_the_end() const { return is_closed_; }
  bool has_ended() const { return client_.wire().closed_by_server(); }

 private:
  void send(const socketio::EncodedPacket& packet) {
    for (const ClientMessage& message : messages_of(packet))
      client_.send(client_frame(message.is_binary ? Opcode::binary : Opcode::text, message.payload));
  }
  void take(const ServerFrame& frame) {
    law(!is_closed_, "nothing follows a close frame");
    if (frame.opcode == Opcode::close) {
      is_closed_ = true;
      client_.send(client_frame(Opcode::close, frame.payload));
    } else if (frame.payload == "2") {
      client_.send(client_frame(Opcode::text, "3"));
    } else if (answer_ && frame.payload == *answer_) {
      answer_.reset();
    } else if (!has_joined_ && frame.payload.substr(0, 1) != "0") {
      has_joined_ = true;  // behind the handshake, the answer to CONNECT is first
    }
  }

  Client client_;
  std::string received_;
  std::uint64_t questions_ = 0;
  std::optional<std::string> answer_;  // that is awaited
  bool is_upgraded_ = false;
  bool has_joined_ = false;
  bool is_closed_ = false;
};

}  // namespace fuzz
