// SPDX-License-Identifier: MIT
#include "harness.hpp"

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <array>
#include <deque>
#include <stdexcept>
#include <system_error>

namespace socketio::test {

// ---------------------------------------------------------------------------------------------- in the process

namespace {

class MemoryWire final : public Wire {
 public:
  explicit MemoryWire(MemoryTransport& transport) : transport_(transport) {}

  std::shared_ptr<WebSocketClient> open(const std::string& target) override;
  std::shared_ptr<RequestClient> request(const std::string& method, const std::string& target,
                                         const std::string& body) override;
  void pump() override { transport_.run_until_idle(); }
  void wait(std::chrono::milliseconds time) override { transport_.advance(time); }
  bool until(const std::function<bool()>& condition) override {
    pump();
    return condition();
  }

 private:
  MemoryTransport& transport_;
};

class MemoryWebSocketEnd final : public WebSocketClient {
 public:
  MemoryWebSocketEnd(MemoryWire& wire, MemoryWebSocketClientPtr client) : wire_(wire), client_(std::move(client)) {}
  void text(std::string_view payload) override { client_->send_text(payload), wire_.pump(); }
  void binary(std::string_view payload) override { client_->send_binary(payload), wire_.pump(); }
  void close() override { client_->close(1000), wire_.pump(); }
  void abort() override { client_->abort(), wire_.pump(); }
  void stall(bool stalled) override { client_->stall_reading(stalled), wire_.pump(); }
  bool closed() override { return wire_.pump(), client_->closed; }
  std::optional<std::uint16_t> close_code() override { return wire_.pump(), client_->close_code; }
  bool has_message() override { return wire_.pump(), !client_->received.empty(); }
  std::string next() override {
    wire_.pump();
    if (client_->received.empty()) throw std::runtime_error("no message has come");
    const auto message = client_->pop();
    return (message.is_binary ? "<binary>" : "") + message.payload;
  }

 private:
  MemoryWire& wire_;
  MemoryWebSocketClientPtr client_;
};

class MemoryRequest final : public RequestClient {
 public:
  MemoryRequest(MemoryWire& wire, MemoryResponsePtr response) : wire_(wire), response_(std::move(response)) {}
  bool done() override { return wire_.pump(), response_->ended(); }
  unsigned status() override { return wire_.pump(), response_->status(); }
  const std::string& body() override { return wire_.pump(), response_->body(); }
  void abort() override { response_->abort(), wire_.pump(); }

 private:
  MemoryWire& wire_;
  MemoryResponsePtr response_;
};

std::shared_ptr<WebSocketClient> MemoryWire::open(const std::string& target) {
  return std::make_shared<MemoryWebSocketEnd>(*this, transport_.connect_websocket(target));
}

std::shared_ptr<RequestClient> MemoryWire::request(const std::string& method, const std::string& target,
                                                   const std::string& body) {
  auto request =
      std::make_shared<MemoryRequest>(*this, transport_.request(MemoryTransport::make_request(method, target), body));
  pump();
  return request;
}

// ---------------------------------------------------------------------------------------------- over TCP

/// Bytes of one TCP connection, read as they arrive.
struct RawConnection {
  explicit RawConnection(asio::io_context& context) : socket(context) {}

  static void read(const std::shared_ptr<RawConnection>& self) {
    self->socket.async_read_some(asio::buffer(self->chunk), [self](std::error_code error, std::size_t size) {
      self->input.append(self->chunk.data(), size);
      if (error) {
        self->ended = true;
        return;
      }
      if (!self->stalled) read(self);
    });
  }

  asio::ip::tcp::socket socket;
  std::array<char, 65536> chunk{};
  std::string input;
  bool ended = false;
  bool stalled = false;
};

inline std::string masked_frame(unsigned opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80u | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80u | payload.size());
  } else {
    const bool wide = payload.size() > 0xFFFF;
    frame += static_cast<char>(wide ? 0xFF : 0xFE);
    for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
      frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift);
  }
  const char mask[] = {0x12, 0x34, 0x56, 0x78};
  frame.append(mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

class TcpWire final : public Wire {
 public:
  TcpWire(asio::io_context& context, std::uint16_t port) : context_(context), port_(port) {}

  std::shared_ptr<WebSocketClient> open(const std::string& target) override;
  std::shared_ptr<RequestClient> request(const std::string& method, const std::string& target,
                                         const std::string& body) override;
  void pump() override { context_.restart(), context_.poll(); }
  void wait(std::chrono::milliseconds time) override {
    asio::steady_timer timer(context_, time);
    bool over = false;
    timer.async_wait([&](std::error_code) { over = true; });
    until([&] { return over; });
  }
  /// Gives up after ten seconds, so that a failing test ends.
  bool until(const std::function<bool()>& condition) override {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    context_.restart();
    context_.poll();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context_.restart();
      context_.run_one_for(10ms);
      context_.poll();
    }
    return true;
  }
  /// Asynchronous, because the server that reads it runs on this thread.
  void write(RawConnection& connection, std::string bytes) {
    auto owned = std::make_shared<std::string>(std::move(bytes));
    bool done = false;
    asio::async_write(connection.socket, asio::buffer(*owned),
                      [owned, &done](std::error_code, std::size_t) { done = true; });
    until([&] { return done; });
  }

 private:
  std::shared_ptr<RawConnection> send_head(std::string_view method, const std::string& target,
                                           const std::string& headers, const std::string& body) {
    auto connection = std::make_shared<RawConnection>(context_);
    connection->socket.connect({asio::ip::address_v4::loopback(), port_});
    write(*connection,
          std::string(method) + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body);
    RawConnection::read(connection);
    return connection;
  }

  asio::io_context& context_;
  std::uint16_t port_;
};

/// The messages that one WebSocket client has received.
struct WebSocketLog {
  std::deque<std::string> messages;  // "<binary>" precedes binary ones
  bool closed = false;
  std::optional<std::uint16_t> close_code;
};

/// The response to a plain request, when it has arrived.
struct HttpResult {
  bool done = false;  // answered, or the connection has ended
  unsigned status = 0;
  std::string head;
  std::string body;
};

class TcpWebSocketEnd final : public WebSocketClient {
 public:
  TcpWebSocketEnd(TcpWire& wire, std::shared_ptr<RawConnection> connection)
      : wire_(wire), connection_(std::move(connection)) {}
  void text(std::string_view payload) override { wire_.write(*connection_, masked_frame(1, payload)); }
  void binary(std::string_view payload) override { wire_.write(*connection_, masked_frame(2, payload)); }
  void close() override { wire_.write(*connection_, masked_frame(8, std::string_view("\x03\xe8", 2))); }
  void abort() override {
    std::error_code ignored;
    connection_->socket.close(ignored);
  }
  void stall(bool stalled) override {
    connection_->stalled = stalled;
    if (!stalled) RawConnection::read(connection_);
  }
  bool closed() override {
    return wire_.until([this] { return parse(), connection_->ended || log_.closed; });
  }
  std::optional<std::uint16_t> close_code() override {
    wire_.until([this] { return parse(), log_.closed; });
    return log_.close_code;
  }
  /// A ping-pong round trip with the server comes first.
  bool has_message() override {
    wire_.write(*connection_, masked_frame(9, "sync"));
    wire_.until([this] { return parse(), synced_ || log_.closed || connection_->ended; });
    synced_ = false;
    return !log_.messages.empty();
  }
  std::string next() override {
    if (!wire_.until([this] { return parse(), !log_.messages.empty(); }))
      throw std::runtime_error("no message has come");
    std::string message = std::move(log_.messages.front());
    log_.messages.pop_front();
    return message;
  }

 private:
  void parse() {
    std::string& in = connection_->input;
    while (in.size() >= 2) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
      std::size_t header = 2;
      std::uint64_t size = byte(1) & 0x7F;
      if (size >= 126) {
        const std::size_t length_bytes = size == 126 ? 2 : 8;
        if (in.size() < 2 + length_bytes) return;
        size = 0;
        for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | byte(2 + i);
        header += length_bytes;
      }
      if (in.size() < header + size) return;
      const unsigned opcode = byte(0) & 0x0F;
      std::string payload = in.substr(header, size);
      in.erase(0, header + size);
      if (opcode == 1) {
        log_.messages.push_back(std::move(payload));
      } else if (opcode == 2) {
        log_.messages.push_back("<binary>" + payload);
      } else if (opcode == 10) {
        synced_ = true;
      } else if (opcode == 8) {
        log_.closed = true;
        log_.close_code = payload.size() >= 2 ? static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                                                           static_cast<unsigned char>(payload[1]))
                                              : std::uint16_t{1005};
        wire_.write(*connection_, masked_frame(8, payload));
      }
    }
  }

  TcpWire& wire_;
  std::shared_ptr<RawConnection> connection_;
  WebSocketLog log_;
  bool synced_ = false;
};

class TcpRequest final : public RequestClient {
 public:
  TcpRequest(TcpWire& wire, std::shared_ptr<RawConnection> connection)
      : wire_(wire), connection_(std::move(connection)) {}
  bool done() override {
    return wire_.until([this] { return parse(), result_.done; });
  }
  unsigned status() override { return done(), result_.status; }
  const std::string& body() override { return done(), result_.body; }
  void abort() override {
    std::error_code ignored;
    connection_->socket.close(ignored);
  }

 private:
  void parse() {
    if (result_.done) return;
    const std::string& in = connection_->input;
    const std::size_t head = in.find("\r\n\r\n");
    if (head != std::string::npos) {
      result_.head = in.substr(0, head);
      result_.status = static_cast<unsigned>(std::stoul(in.substr(9, 3)));
      const std::size_t at = result_.head.find("Content-Length: ");
      const std::size_t size = at == std::string::npos ? 0 : std::stoul(result_.head.substr(at + 16));
      if (in.size() >= head + 4 + size) {
        result_.body = in.substr(head + 4, size);
        result_.done = true;
      }
    }
    if (connection_->ended) result_.done = true;
  }

  TcpWire& wire_;
  std::shared_ptr<RawConnection> connection_;
  HttpResult result_;
};

std::shared_ptr<WebSocketClient> TcpWire::open(const std::string& target) {
  auto connection = send_head("GET", target,
                              "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                              {});
  until([&] { return connection->ended || connection->input.find("\r\n\r\n") != std::string::npos; });
  const std::size_t end = connection->input.find("\r\n\r\n");
  if (end != std::string::npos) connection->input.erase(0, end + 4);
  return std::make_shared<TcpWebSocketEnd>(*this, std::move(connection));
}

std::shared_ptr<RequestClient> TcpWire::request(const std::string& method, const std::string& target,
                                                const std::string& body) {
  const std::string headers = method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return std::make_shared<TcpRequest>(*this, send_head(method, target, headers, body));
}

}  // namespace

std::unique_ptr<Wire> make_memory_wire(MemoryTransport& transport) { return std::make_unique<MemoryWire>(transport); }

std::unique_ptr<Wire> make_tcp_wire(asio::io_context& context, std::uint16_t port) {
  return std::make_unique<TcpWire>(context, port);
}

}  // namespace socketio::test
