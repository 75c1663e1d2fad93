// SPDX-License-Identifier: MIT
// Clients for servers that run on threads of their own: they write, and block until the expected bytes have arrived.
#pragma once

#include <tests/support/catch.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace socketio::test {

/// A blocking TCP connection. If the server never sends the expected bytes, the test times out.
class BlockingConnection {
 public:
  explicit BlockingConnection(std::uint16_t port) : socket_(context_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  void write(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }

  /// @throws std::system_error  if the server closes the connection first
  std::string read(std::size_t bytes) {
    while (input_.size() < bytes) read_some();
    std::string taken = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return taken;
  }
  std::string read_until(std::string_view end) {
    std::size_t found;
    while ((found = input_.find(end)) == std::string::npos) read_some();
    return read(found + end.size());
  }

  /// Whether the server closes the connection next.
  bool has_ended() {
    try {
      while (input_.empty()) read_some();
      return false;
    } catch (const std::system_error&) {
      return true;
    }
  }

 private:
  void read_some() {
    std::array<char, 4096> chunk;
    input_.append(chunk.data(), socket_.read_some(asio::buffer(chunk)));
  }

  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  std::string input_;
};

/// The text between `"name":"` and the next quote; empty if there is none.
inline std::string text_after(std::string_view json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":\"";
  const std::size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + key.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

/// A Socket.IO client over WebSocket.
class Visitor {
 public:
  /// Connects, and joins a namespace: `auth` follows the "40" of the packet.
  explicit Visitor(std::uint16_t port, std::string_view auth = {}) : Visitor(port, "", auth) {}
  Visitor(std::uint16_t port, std::string_view session_id, std::string_view auth) : connection_(port) {
    const std::string sid = session_id.empty() ? "" : "&sid=" + std::string(session_id);
    connection_.write("GET /socket.io/?EIO=4&transport=websocket" + sid +
                      " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const std::string head = connection_.read_until("\r\n\r\n");
    if (head.substr(0, 12) != "HTTP/1.1 101") throw std::runtime_error("refused: " + head);
    if (!session_id.empty()) return;
    session = text_after(next(), "sid");
    send("40" + std::string(auth));
    const std::string answer = next();
    id = text_after(answer, "sid");
    pid = text_after(answer, "pid");
    if (id.empty()) missed = answer;
  }

  std::string session;  // the id of the Engine.IO session
  std::string id;       // the id of the socket
  std::string pid;
  std::string missed;  // the packet that came before the answer to CONNECT, if any

  void send(std::string_view payload) {
    std::string frame{'\x81'};
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80u | payload.size());
    } else {
      frame += '\xFE';
      frame += static_cast<char>(payload.size() >> 8);
      frame += static_cast<char>(payload.size());
    }
    connection_.write(frame.append(4, '\0').append(payload));
  }

  /// The next message; "<closed>" for a close frame.
  std::string next() {
    const std::string head = connection_.read(2);
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size == 126) {
      const std::string length = connection_.read(2);
      size = static_cast<unsigned char>(length[0]) * 256u + static_cast<unsigned char>(length[1]);
    }
    const std::string payload = connection_.read(size);
    return (static_cast<unsigned char>(head[0]) & 0x0Fu) == 0x8 ? "<closed>" : payload;
  }

  /// Emits and waits for the acknowledgement: the server has handled everything that was sent before.
  std::string ask(std::string_view event_with_arguments) {
    send("427[" + std::string(event_with_arguments) + "]");
    return next();
  }

  bool has_ended() { return connection_.has_ended(); }

 private:
  BlockingConnection connection_;
};

/// A plain request on a connection that stays open; returns status and body, as "200 body".
inline std::string request(BlockingConnection& connection, std::string_view method, const std::string& target,
                           std::string_view body = {}) {
  std::string text = std::string(method) + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (method == "POST") text += "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  connection.write((text + "\r\n").append(body));
  const std::string head = connection.read_until("\r\n\r\n");
  const std::string field = "Content-Length: ";
  const std::size_t at = head.find(field);
  const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + field.size()));
  return head.substr(9, 3) + ' ' + connection.read(size);
}

}  // namespace socketio::test
