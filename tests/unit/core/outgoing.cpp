// SPDX-License-Identifier: MIT
#include <socketio/core/outgoing.hpp>

#include <socketio/engine/engine.hpp>
#include <socketio/protocol/json_parser.hpp>
#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/transport/memory.hpp>

#include <tests/support/catch.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using socketio::Binary;
using socketio::EncodedPacket;
using socketio::OutgoingPacket;

namespace {

/// The messages that a client over WebSocket receives for one packet: text unchanged, binary data in brackets.
std::vector<std::string> received(EncodedPacket encoded) {
  asio::io_context context;
  socketio::MemoryTransport transport(context);
  socketio::Engine engine(transport.scheduler());
  std::shared_ptr<socketio::Session> session;
  engine.on_connection([&](std::shared_ptr<socketio::Session> opened) { session = std::move(opened); });
  transport.on_exchange([&](socketio::ExchangePtr exchange) { engine.handle(std::move(exchange)); });
  transport.listen();
  const auto client = transport.connect_websocket("/engine.io/?EIO=4&transport=websocket");
  transport.run_until_idle();
  client->received.clear();
  REQUIRE(session);
  OutgoingPacket(std::move(encoded)).send_to(*session);
  transport.run_until_idle();
  std::vector<std::string> messages;
  for (const auto& message : client->received)
    messages.push_back(message.is_binary ? '[' + message.payload + ']' : message.payload);
  return messages;
}

EncodedPacket packet(std::string_view text, const std::vector<std::string>& attachments) {
  EncodedPacket result;
  result.text.append(text);
  for (const std::string& bytes : attachments) result.attachments.emplace_back(bytes);
  return result;
}

}  // namespace

TEST_CASE("a packet is sent as its text, then its attachments", "[core][outgoing]") {
  CHECK(received(packet("1", {})) == std::vector<std::string>{"41"});
  CHECK(received(packet("51-", {"a"})) == std::vector<std::string>{"451-", "[a]"});
  CHECK(received(packet("52-", {"a", "b"})) == std::vector<std::string>{"452-", "[a]", "[b]"});
}

TEST_CASE("a packet without text is sent as its binary data only", "[core][outgoing]") {
  CHECK(received(packet("", {"a"})) == std::vector<std::string>{"[a]"});
  CHECK(received(packet("", {"a", "b"})) == std::vector<std::string>{"[a]", "[b]"});
  CHECK(received(packet("", {""})) == std::vector<std::string>{"[]"});
}
