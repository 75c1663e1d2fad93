// SPDX-License-Identifier: MIT
// The fixture of the behaviour tests: a server under test and scripted raw clients, the same over every transport.
#pragma once

#include "test_transport.hpp"

#include <socketio/default_config.hpp>
#include <socketio/server.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::test {

using namespace std::chrono_literals;

struct TestConfig : DefaultConfig {
  using Transport = TestTransport;
};

using TestServer = BasicServer<TestConfig>;
using TestNamespace = BasicNamespace<TestConfig>;
using TestSocket = BasicSocket<TestConfig>;

}  // namespace socketio::test

// Compiled once, in test_server.cpp: otherwise every file of tests would compile them again.
extern template class socketio::BasicServer<socketio::test::TestConfig>;
extern template class socketio::BasicSocket<socketio::test::TestConfig>;

namespace socketio::test {

/// The client's end of a WebSocket.
class WebSocketClient {
 public:
  virtual ~WebSocketClient() = default;
  virtual void text(std::string_view payload) = 0;
  virtual void binary(std::string_view payload) = 0;
  virtual void close() = 0;
  virtual void abort() = 0;
  /// Stops and resumes reading.
  virtual void stall(bool stalled) = 0;
  virtual bool closed() = 0;
  virtual std::optional<std::uint16_t> close_code() = 0;
  /// Whether there is a message, once the server has done everything that it was asked to do.
  virtual bool has_message() = 0;
  /// The next message; "<binary>" precedes binary ones.
  ///
  /// @throws std::runtime_error  if none arrives
  virtual std::string next() = 0;
};

/// A pending plain HTTP request.
class RequestClient {
 public:
  virtual ~RequestClient() = default;
  /// Whether it is answered, or its connection has ended.
  virtual bool done() = 0;
  virtual unsigned status() = 0;
  virtual const std::string& body() = 0;
  virtual void abort() = 0;
};

/// The network between the clients and the server.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual std::shared_ptr<WebSocketClient> open(const std::string& target) = 0;
  virtual std::shared_ptr<RequestClient> request(const std::string& method, const std::string& target,
                                                 const std::string& body) = 0;
  virtual void pump() = 0;
  virtual void wait(std::chrono::milliseconds time) = 0;
  virtual bool until(const std::function<bool()>& condition) = 0;
};

std::unique_ptr<Wire> make_memory_wire(MemoryTransport& transport);
std::unique_ptr<Wire> make_tcp_wire(asio::io_context& context, std::uint16_t port);

/// For tests that move the clock, or that do not depend on a transport: they are tagged [memory].
inline constexpr TestTransport::Options on_memory{"memory"};

/// A server that listens, over the transport of this run.
class Harness {
 public:
  using Server = TestServer;
  using Socket = TestSocket;
  using Namespace = TestNamespace;

  class WebSocket {
   public:
    explicit WebSocket(std::shared_ptr<WebSocketClient> client) : client_(std::move(client)) {}
    void text(std::string_view payload) { client_->text(payload); }
    void binary(std::string_view payload) { client_->binary(payload); }
    void close() { client_->close(); }
    void abort() { client_->abort(); }
    void stall(bool stalled) { client_->stall(stalled); }
    bool closed() { return client_->closed(); }
    std::optional<std::uint16_t> close_code() { return client_->close_code(); }
    bool has_message() { return client_->has_message(); }
    std::string next() { return client_->next(); }

   private:
    std::shared_ptr<WebSocketClient> client_;
  };

  class Request {
   public:
    explicit Request(std::shared_ptr<RequestClient> client) : client_(std::move(client)) {}
    bool done() { return client_->done(); }
    unsigned status() { return client_->status(); }
    const std::string& body() { return client_->body(); }
    void abort() { client_->abort(); }

   private:
    std::shared_ptr<RequestClient> client_;
  };

  explicit Harness(ServerOptions options = {}) : Harness(TestTransport::Options{}, std::move(options)) {}
  explicit Harness(TestTransport::Options transport, ServerOptions options = {})
      : io(context_, std::move(options), transport) {
    const std::uint16_t port = io.listen(0, "127.0.0.1");
    MemoryTransport* const memory = io.transport().memory();
    wire_ = memory ? make_memory_wire(*memory) : make_tcp_wire(context_, port);
  }

  WebSocket open(const std::string& target) { return WebSocket(wire_->open(target)); }
  Request get(const std::string& target) { return Request(wire_->request("GET", target, {})); }
  Request post(const std::string& target, const std::string& body) {
    return Request(wire_->request("POST", target, body));
  }

  /// Does everything that can happen without moving the clock.
  void pump() { wire_->pump(); }
  /// Moves the clock.
  void wait(std::chrono::milliseconds time) { wire_->wait(time); }
  /// Runs until the condition holds; false if it never does, or not within ten seconds.
  bool until(const std::function<bool()>& condition) { return wire_->until(condition); }

 private:
  asio::io_context context_;

 public:
  Server io;

 private:
  std::unique_ptr<Wire> wire_;
};

}  // namespace socketio::test
