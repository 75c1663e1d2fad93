// SPDX-License-Identifier: MIT
// A server under test and scripted raw clients, the same over every transport: what the behaviour tests stand on.
#pragma once

#include <socketio/core/server.hpp>
#include <socketio/default_config.hpp>
#include <socketio/transport/asio.hpp>
#include <socketio/transport/memory.hpp>

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::test {

using namespace std::chrono_literals;

template <class TransportT>
struct TestConfig : DefaultConfig {
  using Transport = TransportT;
};

/// What one WebSocket client has received.
struct WebSocketLog {
  std::deque<std::string> messages;  // binary ones with "<binary>" in front
  bool closed = false;
  std::optional<std::uint16_t> close_code;
};

/// A response to a plain request, when it has come.
struct HttpResult {
  bool done = false;  // answered, or the connection is gone
  unsigned status = 0;
  std::string head;
  std::string body;
};

template <class TransportT>
class Harness;

// ---------------------------------------------------------------------------------------------- in the process

template <>
class Harness<MemoryTransport> {
 public:
  using Config = TestConfig<MemoryTransport>;
  using Server = BasicServer<Config>;
  using Socket = BasicSocket<Config>;
  using Namespace = BasicNamespace<Config>;

  class WebSocket {
   public:
    WebSocket(Harness& harness, MemoryWebSocketClientPtr client) : harness_(harness), client_(std::move(client)) {}
    void text(std::string_view payload) { client_->send_text(payload), harness_.pump(); }
    void binary(std::string_view payload) { client_->send_binary(payload), harness_.pump(); }
    void close() { client_->close(1000), harness_.pump(); }
    void abort() { client_->abort(), harness_.pump(); }
    void stall(bool stalled) { client_->stall_reading(stalled), harness_.pump(); }
    bool closed() { return harness_.pump(), client_->closed; }
    std::optional<std::uint16_t> close_code() { return harness_.pump(), client_->close_code; }
    bool has_message() { return harness_.pump(), !client_->received.empty(); }
    std::string next() {
      harness_.pump();
      if (client_->received.empty()) throw std::runtime_error("no message has come");
      const auto message = client_->pop();
      return (message.is_binary ? "<binary>" : "") + message.payload;
    }

   private:
    Harness& harness_;
    MemoryWebSocketClientPtr client_;
  };

  class Request {
   public:
    Request(Harness& harness, MemoryResponsePtr response) : harness_(harness), response_(std::move(response)) {}
    bool done() { return harness_.pump(), response_->ended(); }
    unsigned status() { return harness_.pump(), response_->status(); }
    const std::string& body() { return harness_.pump(), response_->body(); }
    void abort() { response_->abort(), harness_.pump(); }

   private:
    Harness& harness_;
    MemoryResponsePtr response_;
  };

  explicit Harness(ServerOptions options = {}) : io(context_, std::move(options)) { io.listen(0); }

  WebSocket open(std::string target) { return WebSocket(*this, io.transport().connect_websocket(std::move(target))); }
  Request get(std::string target) {
    Request request(*this, io.transport().request(MemoryTransport::make_request("GET", std::move(target))));
    pump();
    return request;
  }
  Request post(std::string target, std::string body) {
    Request request(*this,
                    io.transport().request(MemoryTransport::make_request("POST", std::move(target)), std::move(body)));
    pump();
    return request;
  }

  /// Lets everything happen that can happen without time going by.
  void pump() { io.transport().run_until_idle(); }
  /// Lets time go by.
  void wait(std::chrono::milliseconds time) { io.transport().advance(time); }
  /// Lets things happen until the condition holds; false if it never does.
  bool until(const std::function<bool()>& condition) {
    pump();
    return condition();
  }

 private:
  asio::io_context context_;

 public:
  Server io;
};

// ---------------------------------------------------------------------------------------------- over TCP

namespace detail {

/// Bytes of one TCP connection, read as they come.
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

}  // namespace detail

template <>
class Harness<AsioTransport> {
 public:
  using Config = TestConfig<AsioTransport>;
  using Server = BasicServer<Config>;
  using Socket = BasicSocket<Config>;
  using Namespace = BasicNamespace<Config>;

  class WebSocket {
   public:
    WebSocket(Harness& harness, std::shared_ptr<detail::RawConnection> connection)
        : harness_(harness), connection_(std::move(connection)) {}
    void text(std::string_view payload) { harness_.write(*connection_, detail::masked_frame(1, payload)); }
    void binary(std::string_view payload) { harness_.write(*connection_, detail::masked_frame(2, payload)); }
    void close() { harness_.write(*connection_, detail::masked_frame(8, std::string_view("\x03\xe8", 2))); }
    void abort() {
      std::error_code ignored;
      connection_->socket.close(ignored);
    }
    void stall(bool stalled) {
      connection_->stalled = stalled;
      if (!stalled) detail::RawConnection::read(connection_);
    }
    bool closed() {
      return harness_.until([this] { return parse(), connection_->ended || log_.closed; });
    }
    std::optional<std::uint16_t> close_code() {
      harness_.until([this] { return parse(), log_.closed; });
      return log_.close_code;
    }
    /// For tests that something does not come: a ping-pong round trip with the server has to come first.
    bool has_message() {
      harness_.write(*connection_, detail::masked_frame(9, "sync"));
      harness_.until([this] { return parse(), synced_ || log_.closed || connection_->ended; });
      synced_ = false;
      return !log_.messages.empty();
    }
    std::string next() {
      if (!harness_.until([this] { return parse(), !log_.messages.empty(); }))
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
          log_.close_code = payload.size() >= 2
                                ? static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                                             static_cast<unsigned char>(payload[1]))
                                : std::uint16_t{1005};
          harness_.write(*connection_, detail::masked_frame(8, payload));
        }
      }
    }

    Harness& harness_;
    std::shared_ptr<detail::RawConnection> connection_;
    WebSocketLog log_;
    bool synced_ = false;
  };

  class Request {
   public:
    Request(Harness& harness, std::shared_ptr<detail::RawConnection> connection)
        : harness_(harness), connection_(std::move(connection)) {}
    bool done() {
      return harness_.until([this] { return parse(), result_.done; });
    }
    unsigned status() { return done(), result_.status; }
    const std::string& body() { return done(), result_.body; }
    void abort() {
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

    Harness& harness_;
    std::shared_ptr<detail::RawConnection> connection_;
    HttpResult result_;
  };

  explicit Harness(ServerOptions options = {}) : io(context_, std::move(options)), port_(io.listen(0, "127.0.0.1")) {}

  WebSocket open(const std::string& target) {
    auto connection = send_head("GET", target,
                                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                                {});
    until([&] { return connection->ended || connection->input.find("\r\n\r\n") != std::string::npos; });
    const std::size_t end = connection->input.find("\r\n\r\n");
    if (end != std::string::npos) connection->input.erase(0, end + 4);
    return WebSocket(*this, std::move(connection));
  }
  Request get(const std::string& target) { return Request(*this, send_head("GET", target, {}, {})); }
  Request post(const std::string& target, const std::string& body) {
    return Request(*this, send_head("POST", target, "Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  }

  void pump() { context_.restart(), context_.poll(); }
  void wait(std::chrono::milliseconds time) {
    asio::steady_timer timer(context_, time);
    bool over = false;
    timer.async_wait([&](std::error_code) { over = true; });
    until([&] { return over; });
  }
  /// Gives up after ten seconds, so that a failing test ends.
  bool until(const std::function<bool()>& condition) {
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

 private:
  friend class WebSocket;

  std::shared_ptr<detail::RawConnection> send_head(std::string_view method, const std::string& target,
                                                   const std::string& headers, const std::string& body) {
    auto connection = std::make_shared<detail::RawConnection>(context_);
    connection->socket.connect({asio::ip::address_v4::loopback(), port_});
    write(*connection,
          std::string(method) + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body);
    detail::RawConnection::read(connection);
    return connection;
  }
  /// Asynchronous, because the server that reads it runs on this thread.
  void write(detail::RawConnection& connection, std::string bytes) {
    auto owned = std::make_shared<std::string>(std::move(bytes));
    bool done = false;
    asio::async_write(connection.socket, asio::buffer(*owned),
                      [owned, &done](std::error_code, std::size_t) { done = true; });
    until([&] { return done; });
  }

  asio::io_context context_;

 public:
  Server io;

 private:
  std::uint16_t port_;
};

}  // namespace socketio::test
