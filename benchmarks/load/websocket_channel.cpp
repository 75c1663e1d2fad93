// SPDX-License-Identifier: MIT
// A session over WebSocket from the first request on.
#include <benchmarks/load/channel.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {
namespace {

enum Opcode : unsigned { text = 1, binary = 2, close_frame = 8, ping = 9, pong = 10 };

class WebsocketChannel final : public Channel, private Stream::Consumer {
 public:
  WebsocketChannel(Poller& poller, ChannelUser& user) : user_(user), stream_(poller, *this) {}

  void open() override {
    stream_.connect();
    stream_.output() +=
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  }

  void send(std::string_view packet) override { write_frame(Opcode::text, packet); }
  void send_binary(std::string_view bytes) override { write_frame(Opcode::binary, bytes); }

  void say_goodbye() override {
    leaving_ = true;
    send("41");
    write_frame(Opcode::close_frame, std::string_view("\x03\xe8", 2));  // 1000, normal closure
  }

  void close() override { stream_.close(); }

 private:
  /// Masked with zeros: the server has the same work, and the load has none.
  void write_frame(Opcode opcode, std::string_view payload) {
    std::string& out = stream_.output();
    out += static_cast<char>(0x80u | opcode);
    if (payload.size() < 126) {
      out += static_cast<char>(0x80u | payload.size());
    } else {
      const bool wide = payload.size() > 0xFFFF;
      out += static_cast<char>(0x80u | (wide ? 127u : 126u));
      for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift);
    }
    out.append(4, '\0');
    out += payload;
  }

  std::size_t consume(Stream&, std::string_view input) override {
    std::size_t used = 0;
    if (!upgraded_) {
      const std::size_t end = input.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      if (input.substr(9, 3) != "101")
        throw std::runtime_error("the server refused a WebSocket: " + std::string(input.substr(0, input.find('\r'))) +
                                 ' ' + std::string(input.substr(end + 4, 200)));
      upgraded_ = true;
      used = end + 4;
    }
    while (stream_.is_open() && input.size() - used >= 2) {
      const auto* bytes = reinterpret_cast<const unsigned char*>(input.data()) + used;
      std::size_t header = 2;
      std::uint64_t length = bytes[1] & 0x7Fu;
      if (length >= 126) {
        const std::size_t wide = length == 126 ? 2 : 8;
        if (input.size() - used < 2 + wide) break;
        length = 0;
        for (std::size_t i = 0; i < wide; ++i) length = length << 8 | bytes[2 + i];
        header += wide;
      }
      if (input.size() - used - header < length) break;
      const std::string_view payload = input.substr(used + header, static_cast<std::size_t>(length));
      used += header + payload.size();
      handle_frame(bytes[0], payload);
    }
    return used;
  }

  void handle_frame(unsigned first, std::string_view payload) {
    if ((first & 0x80u) == 0) throw std::runtime_error("the server sent a fragmented message, which is not expected");
    switch (first & 0x0Fu) {
      case Opcode::text:
        if (!leaving_) user_.handle_packet(payload);
        return;
      case Opcode::binary:
        if (!leaving_) user_.handle_binary(payload.substr(0, 24), payload.size());
        return;
      case Opcode::ping: return write_frame(Opcode::pong, payload);
      case Opcode::pong: return;
      case Opcode::close_frame:
        if (!leaving_)
          throw std::runtime_error("the server has closed a WebSocket: " +
                                   std::string(payload.size() > 2 ? payload.substr(2) : "without a reason"));
        stream_.close();
        return user_.handle_goodbye();
      default: throw std::runtime_error("the server sent a frame of unknown kind " + std::to_string(first & 0x0Fu));
    }
  }

  void handle_end(Stream&) override {
    if (!leaving_) throw std::runtime_error("the server has closed a connection");
    user_.handle_goodbye();
  }

  ChannelUser& user_;
  Stream stream_;
  bool upgraded_ = false;
  bool leaving_ = false;
};

}  // namespace

std::unique_ptr<Channel> make_websocket_channel(Poller& poller, ChannelUser& user) {
  return std::make_unique<WebsocketChannel>(poller, user);
}

}  // namespace bench
