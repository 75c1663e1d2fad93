// SPDX-License-Identifier: MIT
// The public functions from several threads at once, while clients come and go.

#include "../support/catch.hpp"

#include <socketio/socketio.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/streambuf.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// A client that connects, joins the main namespace, sends an event with an acknowledgement, and hangs up.
void visit(std::uint16_t port) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  const auto send_text = [&](std::string_view payload) {
    std::string frame{'\x81', static_cast<char>(0x80u | payload.size()), 0, 0, 0, 0};
    asio::write(socket, asio::buffer(frame.append(payload)));
  };
  asio::streambuf input;
  asio::write(socket,
              asio::buffer(std::string("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")));
  asio::read_until(socket, input, "\"maxPayload\":1000000}");
  send_text("40");
  asio::read_until(socket, input, "40{\"sid\":\"");
  send_text(R"(427["echo","x"])");
  asio::read_until(socket, input, R"(437["x"])");
}

}  // namespace

TEST_CASE("every handle may be used from any thread while clients come and go", "[behaviour][threads]") {
  socketio::Server io;
  std::atomic<int> connections{0};
  std::atomic<int> disconnections{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;

  io.on("connection", [&](socketio::Socket socket) {
    ++connections;
    socket.on("echo", [](std::string text) { return text; });
    socket.on("disconnect", [&] { ++disconnections; });
    socket.join("room");
  });
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });

  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string mine = "room " + std::to_string(i);
      while (!stop) {
        io.emit("everyone", i, "text", socketio::Binary(std::string("bytes")));
        io.to("room").except(mine).volatile_().emit("some", i);
        io.of("/n" + std::to_string(i)).emit("nobody");
        io.room("room").size();
        io.sockets_join(mine);
        io.in(mine).sockets_leave("room");
        for (const socketio::Socket& socket : io.sockets()) {
          socket.emit("direct", i);
          socket.timeout(1ms).emit("ack", [](std::error_code) {});
          socket.join("a", "b");
          socket.leave("a");
          socket.on("later", [](int x) { return x; });
          socket.off("later");
          static_cast<void>(socket.rooms().size() + socket.handshake().url.size() + socket.id().size());
          static_cast<void>(socket.connected() && socket.is_in("b") && socket.nsp().name() == "/");
          if (i == 0) socket.to("room").emit("others");
        }
        asio::post(io.get_executor(), asio::use_future).get();  // not faster than the loop can follow
      }
    });
  }
  for (int i = 0; i < 25; ++i) visit(port);
  std::vector<std::thread> visitors;
  for (int i = 0; i < 4; ++i)
    visitors.emplace_back([port] {
      for (int n = 0; n < 5; ++n) visit(port);
    });
  for (std::thread& visitor : visitors) visitor.join();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  io.close();
  owner.join();
  CHECK(connections == 45);
  CHECK(disconnections == 45);
  CHECK(io.sockets().empty());
}

TEST_CASE("a thread may wait for an acknowledgement that the loop brings", "[behaviour][threads]") {
  socketio::Server io;
  std::promise<socketio::Socket> connected;
  io.on("connection", [&](socketio::Socket socket) {
    socket.on("echo", [](std::string text) { return text; });
    connected.set_value(socket);
  });
  const std::uint16_t port = io.listen(0, "127.0.0.1");
  std::thread owner([&] { io.run(); });
  std::thread visitor([&] { visit(port); });
  const socketio::Socket socket = connected.get_future().get();
  auto answer = socket.emit_with_ack<std::string>("never answered", asio::use_future);
  visitor.join();
  try {
    answer.get();
    FAIL("nobody has answered");
  } catch (const std::system_error& error) {
    CHECK(error.code() == socketio::Errc::disconnected);
  }
  io.close();
  owner.join();
}
