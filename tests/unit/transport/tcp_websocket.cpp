// SPDX-License-Identifier: MIT
// WebSockets over real sockets: messages, back-pressure, every way to end, and listeners that re-enter.
#include <socketio/transport/asio.hpp>
#include <tests/support/asio_fixture.hpp>

#include <asio/post.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using socketio::AsioTransportOptions;
using socketio::Binary;
using socketio::ExchangePtr;
using socketio::Message;
using socketio::WebSocketClose;
using socketio::test::AsioFixture;
using socketio::test::client_frame;
using socketio::test::close_payload;
using socketio::test::FrameOptions;
using socketio::test::Opcode;
using socketio::test::RawClient;
using socketio::test::RecordingListener;
using socketio::test::ServerFrame;
using socketio::test::take_server_frame;
using Cause = WebSocketClose::Cause;

namespace {

std::string text(std::string_view payload) { return client_frame(Opcode::text, payload); }

/// The lines of a response's head; their order is not significant.
std::multiset<std::string> lines_of(std::string_view head) {
  std::multiset<std::string> lines;
  while (!head.starts_with("\r\n")) {
    lines.emplace(head.substr(0, head.find("\r\n")));
    head.remove_prefix(head.find("\r\n") + 2);
  }
  CHECK(head == "\r\n");
  return lines;
}

/// Small enough to fill, large enough for the window of a loopback connection to keep moving.
constexpr int small_receive_buffer = 256 * 1024;

ServerFrame next_frame(AsioFixture& server, RawClient& client) {
  std::optional<ServerFrame> frame;
  REQUIRE(server.until([&] { return (frame = take_server_frame(client.received)) || client.ended; }));
  REQUIRE(frame);
  return *frame;
}

void check_close(const RecordingListener& listener, Cause cause, unsigned code, std::string_view reason = {}) {
  REQUIRE(listener.closes.size() == 1);
  CHECK(listener.closes[0].cause == cause);
  CHECK(listener.closes[0].code == code);
  CHECK(listener.closes[0].reason == reason);
}

/// Stops reading at the client and sends until the kernel takes no more.
void fill(AsioFixture& server, RawClient& client, const socketio::MessagePtr& message) {
  client.stall();
  std::size_t before = 0;
  do {
    before = server.websocket->unsent_bytes();
    server.websocket->send(message);
    server.settle();
  } while (server.websocket->unsent_bytes() == 0 || server.websocket->unsent_bytes() <= before);
}

}  // namespace

TEST_CASE("messages travel both ways", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  server.listener->when_message = [&](bool is_binary, std::span<char> payload) {
    const std::string_view received(payload.data(), payload.size());
    server.websocket->send(is_binary ? Message::binary(Binary(std::string(received))) : Message::text(received));
  };
  client->send(text("hello") + client_frame(Opcode::binary, "bytes"));
  ServerFrame frame = next_frame(server, *client);
  CHECK(frame.opcode == Opcode::text);
  CHECK(frame.payload == "4hello");
  frame = next_frame(server, *client);
  CHECK(frame.opcode == Opcode::binary);
  CHECK(frame.payload == "bytes");
}

TEST_CASE("the answer to the handshake has the added fields, and an upgrade is recognised",
          "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(AsioFixture::websocket_request);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  CHECK(server.exchanges[0]->is_upgrade());
  socketio::HttpHeaders headers;
  headers.add("Set-Cookie", "a=b");
  headers.add("Set-Cookie", "c=d");
  const auto websocket = server.exchanges[0]->accept_websocket(headers, {});
  REQUIRE(websocket);
  CHECK(server.exchanges[0]->accept_websocket(headers, {}) == nullptr);
  REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
  CHECK(lines_of(client->received) ==
        std::multiset<std::string>{"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Set-Cookie: a=b",
                                   "Set-Cookie: c=d"});
}

TEST_CASE("the first subprotocol offered is accepted", "[transport][asio][websocket]") {
  AsioFixture server;
  server.when_exchange = [&](const ExchangePtr& exchange) { server.websocket = exchange->accept_websocket({}, {}); };
  const auto client = server.connect();
  const std::string usual(AsioFixture::websocket_request);
  const std::string first = GENERATE(std::string("one"), std::string(16'100, 'o'));
  client->send(usual.substr(0, usual.size() - 2) + "Sec-WebSocket-Protocol: " + first + ", two\r\n\r\n");
  REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
  CHECK(lines_of(client->received).count("Sec-WebSocket-Protocol: " + first) == 1);
}

TEST_CASE("a handshake that does not conform is refused and its connection ends", "[transport][asio][websocket]") {
  AsioFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) { CHECK_FALSE(exchange->accept_websocket({}, {})); };
  const auto refusal = [&](const std::string& request) {
    const auto client = server.connect();
    client->send(request);
    CHECK(server.until([&] { return client->ended; }));
    return client->received;
  };
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n") ==
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 43\r\nConnection: close\r\n\r\n"
        "Missing or invalid Sec-WebSocket-Key header");
  CHECK(refusal("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n").substr(0, 12) ==
        "HTTP/1.1 405");
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\r\n").find("Invalid Upgrade header") != std::string::npos);
  const std::string usual(AsioFixture::websocket_request);
  CHECK(refusal(usual.substr(0, usual.size() - 2) + "Content-Length: 1\r\n\r\nx").substr(0, 12) == "HTTP/1.1 400");
}

TEST_CASE("bytes sent along with the handshake wait for the listener", "[transport][asio][websocket]") {
  AsioFixture server;
  const bool at_once = GENERATE(true, false);
  const auto client = server.connect();
  if (at_once)
    server.when_exchange = [&](const ExchangePtr& exchange) { server.websocket = exchange->accept_websocket({}, {}); };
  client->send(std::string(AsioFixture::websocket_request) + text("early") + text("bird").substr(0, 3));
  if (!at_once) {
    REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
    server.settle();
    server.websocket = server.exchanges[0]->accept_websocket({}, {});
  }
  REQUIRE(server.until([&] { return server.websocket != nullptr; }));
  server.settle();
  client->send(text("bird").substr(3));
  server.settle();
  const auto listener = std::make_shared<RecordingListener>();
  server.websocket->set_listener(listener);
  CHECK(listener->messages.empty());  // not inside the call
  CHECK(server.until([&] { return listener->messages.size() == 2; }));
  CHECK(listener->messages == std::vector<std::string>{"early", "bird"});
}

TEST_CASE("a frame may arrive byte by byte, and many in one piece", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  for (const char c : client_frame(Opcode::text, "slow", {false, true, 0, {}}) + client_frame(Opcode::ping, "p") +
                          client_frame(Opcode::continuation, "ly")) {
    client->send(std::string_view(&c, 1));
    server.context.restart();
    server.context.poll();
  }
  REQUIRE(server.until([&] { return server.listener->messages.size() == 1; }));
  CHECK(server.listener->messages[0] == "slowly");
  CHECK(next_frame(server, *client).opcode == Opcode::pong);
  server.listener->messages.clear();
  std::string many;
  std::vector<std::string> expected;
  for (int i = 0; i < 20'000; ++i) many += text(expected.emplace_back("message " + std::to_string(i)));
  client->send(many);
  CHECK(server.until([&] { return server.listener->messages.size() == expected.size(); }));
  CHECK((server.listener->messages == expected));
}

TEST_CASE("large messages travel both ways", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  std::string payload;
  for (int i = 0; payload.size() < 900'000; ++i) payload += std::to_string(i) + ' ';
  client->send(text(payload));
  REQUIRE(server.until([&] { return server.listener->messages.size() == 1; }));
  CHECK((server.listener->messages[0] == payload));
  server.websocket->send(Message::text(payload));
  server.websocket->send(Message::binary(Binary(payload)));
  CHECK((next_frame(server, *client).payload == "4" + payload));
  CHECK((next_frame(server, *client).payload == payload));
}

TEST_CASE("pings are answered in order with the messages, pongs are ignored", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  server.listener->when_message = [&](bool, std::span<char>) { server.websocket->send(Message::text("answer")); };
  client->send(client_frame(Opcode::pong, "unasked") + client_frame(Opcode::ping, "one") + text("question") +
               client_frame(Opcode::ping, ""));
  ServerFrame frame = next_frame(server, *client);
  CHECK(frame.opcode == Opcode::pong);
  CHECK(frame.payload == "one");
  CHECK(next_frame(server, *client).payload == "4answer");
  frame = next_frame(server, *client);
  CHECK(frame.opcode == Opcode::pong);
  CHECK(frame.payload.empty());
  CHECK(server.listener->messages == std::vector<std::string>{"question"});
}

TEST_CASE("a burst of pings is answered, a flood of pings without reading ends the connection",
          "[transport][asio][websocket]") {
  AsioTransportOptions options;
  options.max_pending_pongs = 5;
  AsioFixture server(options);
  const auto client = server.open_websocket({}, small_receive_buffer);
  const std::string ping = client_frame(Opcode::ping, std::string(125, 'p'));
  std::string burst;
  for (int i = 0; i < 100; ++i) burst += ping;
  client->send(burst);
  for (int i = 0; i < 100; ++i) CHECK(next_frame(server, *client).opcode == Opcode::pong);

  fill(server, *client, Message::text(std::string(500'000, 'x')));
  for (int i = 0; i < 5; ++i) client->send(ping);
  server.settle();
  CHECK(server.listener->closes.empty());
  client->send(ping);
  CHECK(server.until([&] { return !server.listener->closes.empty(); }));
  check_close(*server.listener, Cause::protocol_violation, 1006, "too many pending pongs");
}

TEST_CASE("messages of one turn count as unsent until they are written, then drain is called once",
          "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  server.settle();
  CHECK(server.listener->drains == 0);  // the listener did not send the answer to the handshake
  CHECK(server.websocket->is_writable());
  CHECK(server.websocket->unsent_bytes() == 0);
  std::size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    const auto message =
        i % 2 == 0 ? Message::text("text " + std::to_string(i)) : Message::binary(Binary(std::string(1000, 'b')));
    server.websocket->send(message);
    bytes += message->frame_bytes();
    CHECK_FALSE(server.websocket->is_writable());
    CHECK(server.websocket->unsent_bytes() >= bytes);
  }
  CHECK(server.listener->drains == 0);
  REQUIRE(server.until([&] { return server.listener->drains > 0; }));
  CHECK(server.websocket->is_writable());
  CHECK(server.websocket->unsent_bytes() == 0);
  for (int i = 0; i < 100; ++i)
    CHECK(next_frame(server, *client).payload == (i % 2 == 0 ? "4text " + std::to_string(i) : std::string(1000, 'b')));
  server.settle();
  CHECK(server.listener->drains == 1);
}

TEST_CASE("one message is sent to many, and each receiver gets it unchanged", "[transport][asio][websocket]") {
  AsioFixture server;
  std::vector<std::pair<socketio::test::ClientPtr, std::shared_ptr<socketio::WebSocket>>> connections;
  for (int i = 0; i < 3; ++i) {
    auto client = server.open_websocket();
    connections.emplace_back(std::move(client), server.websocket);
  }
  for (int round = 0; round < 20; ++round) {
    const auto head = Message::text("head " + std::to_string(round));
    std::vector<socketio::MessagePtr> parts;
    for (int i = 0; i < 10; ++i) parts.push_back(Message::binary(Binary(std::string(600, static_cast<char>('a' + i)))));
    for (const auto& [client, websocket] : connections) {
      websocket->send(head);
      for (const auto& part : parts) websocket->send(part);
      websocket->send(Message::text("own"));
    }
    for (const auto& [client, websocket] : connections) {
      CHECK(next_frame(server, *client).payload == "4head " + std::to_string(round));
      for (int i = 0; i < 10; ++i)
        CHECK(next_frame(server, *client).payload == std::string(600, static_cast<char>('a' + i)));
      CHECK(next_frame(server, *client).payload == "4own");
    }
  }
}

TEST_CASE("a listener may send again from on_drain", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  int left = 5;
  server.listener->when_drain = [&] {
    if (left-- > 0) server.websocket->send(Message::text("again"));
  };
  server.websocket->send(Message::text("first"));
  CHECK(next_frame(server, *client).payload == "4first");
  for (int i = 0; i < 5; ++i) CHECK(next_frame(server, *client).payload == "4again");
  CHECK(server.until([&] { return server.listener->drains == 6; }));
}

TEST_CASE("a client that does not read does not delay the others", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto slow = server.open_websocket({}, small_receive_buffer);
  const auto slow_websocket = server.websocket;
  const auto slow_listener = server.listener;
  std::string expected;
  std::size_t sent = 0;
  slow->stall();
  std::size_t before = 0;
  do {  // until the kernel takes no more
    before = slow_websocket->unsent_bytes();
    for (int i = 0; i < 20; ++i, ++sent)
      slow_websocket->send(Message::text(std::to_string(sent) + std::string(20'000, 'x')));
    server.settle();
  } while (before == 0 || slow_websocket->unsent_bytes() <= before);
  const std::size_t drains = slow_listener->drains;
  CHECK_FALSE(slow_websocket->is_writable());

  const auto quick = server.open_websocket();
  server.websocket->send(Message::text("quick"));
  CHECK(next_frame(server, *quick).payload == "4quick");
  CHECK(slow_listener->drains == drains);

  slow->resume();
  bool in_order = true;
  for (std::size_t i = 0; i < sent; ++i)
    in_order = in_order && next_frame(server, *slow).payload == "4" + std::to_string(i) + std::string(20'000, 'x');
  CHECK(in_order);
  CHECK(server.until([&] { return slow_listener->drains == drains + 1; }));
  CHECK(slow_websocket->unsent_bytes() == 0);
  CHECK(slow_websocket->is_writable());
}

TEST_CASE("the peer's close frame is echoed and reported", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  std::string payload;
  unsigned code = 1005;
  std::string reason;
  SECTION("with code and reason") {
    code = 4000;
    reason = "going";
    payload = close_payload(code, reason);
  }
  SECTION("empty") {}
  client->send(text("last") + client_frame(Opcode::close, payload) + text("ignored"));
  CHECK(server.until([&] { return client->ended; }));
  CHECK(server.listener->messages == std::vector<std::string>{"last"});
  check_close(*server.listener, Cause::closed_by_peer, code, reason);
  const auto echo = take_server_frame(client->received);
  REQUIRE(echo);
  CHECK(echo->opcode == Opcode::close);
  CHECK(echo->close_code() == code);
  CHECK(echo->payload == payload);
  CHECK(client->received.empty());
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("close sends the queued messages, then the close frame, then waits for the peer's",
          "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  std::optional<std::uint16_t> code;
  SECTION("with a code") { code = 4001; }
  SECTION("with the code of a violation") { code = 1008; }
  SECTION("empty") {}
  server.websocket->send(Message::text("before"));
  server.websocket->close(code);
  CHECK_FALSE(server.websocket->is_writable());
  server.websocket->send(Message::text("after"));
  server.websocket->close(1000);
  CHECK(next_frame(server, *client).payload == "4before");
  const ServerFrame frame = next_frame(server, *client);
  CHECK(frame.opcode == Opcode::close);
  CHECK(frame.close_code() == code.value_or(1005));
  client->send(text("too late") + client_frame(Opcode::ping, "too late"));
  server.settle();
  CHECK(server.listener->closes.empty());
  CHECK_FALSE(client->ended);
  client->send(client_frame(Opcode::close, frame.payload));
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->received.empty());
  CHECK(server.listener->messages.empty());
  check_close(*server.listener, Cause::closed_locally, code.value_or(1005));
}

TEST_CASE("a code that may not be sent is refused", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  CHECK_THROWS_AS(server.websocket->close(1005), std::invalid_argument);
  CHECK_THROWS_AS(server.websocket->close(999), std::invalid_argument);
  CHECK(server.websocket->is_writable());
}

TEST_CASE("a peer that does not answer the close frame is disconnected after the timeout",
          "[transport][asio][websocket]") {
  AsioTransportOptions options;
  options.close_timeout = 5ms;
  AsioFixture server(options);
  const auto client = server.open_websocket();
  server.websocket->close();
  CHECK(server.until([&] { return client->ended; }));
  check_close(*server.listener, Cause::closed_locally, 1006);
}

TEST_CASE("a peer that does not read the echo of its close frame is disconnected after the timeout",
          "[transport][asio][websocket]") {
  AsioTransportOptions options;
  options.close_timeout = 5ms;
  AsioFixture server(options);
  const auto client = server.open_websocket({}, small_receive_buffer);
  fill(server, *client, Message::text(std::string(500'000, 'x')));
  client->send(client_frame(Opcode::close, close_payload(1000)));
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
  check_close(*server.listener, Cause::closed_by_peer, 1000);
}

TEST_CASE("terminate ends at once and is reported later", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  server.websocket->send(Message::text("lost"));
  server.websocket->terminate();
  CHECK(server.listener->closes.empty());  // not inside the call
  server.websocket->terminate();
  server.websocket->send(Message::text("nothing"));
  CHECK_FALSE(server.websocket->is_writable());
  CHECK(server.websocket->unsent_bytes() == 0);
  CHECK(server.until([&] { return client->ended && !server.listener->closes.empty(); }));
  CHECK(client->received.empty());
  check_close(*server.listener, Cause::closed_locally, 1006);
}

TEST_CASE("a peer that vanishes is reported as 1006", "[transport][asio][websocket]") {
  const bool with_reset = GENERATE(false, true);
  AsioFixture server;
  const auto client = server.open_websocket();
  if (with_reset)
    client->reset();
  else
    client->close();
  CHECK(server.until([&] { return !server.listener->closes.empty(); }));
  check_close(*server.listener, Cause::closed_by_peer, 1006);
}

TEST_CASE("a peer that resets while much data is unsent is reported once", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket({}, small_receive_buffer);
  fill(server, *client, Message::text(std::string(500'000, 'x')));
  client->reset();
  CHECK(server.until([&] { return !server.listener->closes.empty(); }));
  server.settle();
  REQUIRE(server.listener->closes.size() == 1);
  CHECK(server.listener->closes[0].cause != Cause::closed_locally);
  CHECK(server.listener->closes[0].code == 1006);
}

TEST_CASE("violations are answered with their code, and do not affect other connections",
          "[transport][asio][websocket]") {
  AsioFixture server;
  server.websocket_limits.max_message_bytes = 100;
  server.websocket_limits.max_fragments = 2;
  const auto good = server.open_websocket();
  const auto good_websocket = server.websocket;
  const auto good_listener = server.listener;
  const FrameOptions unfinished{false, true, 0, {}};
  const std::string fragment = client_frame(Opcode::continuation, "", unfinished);
  for (const auto& [bytes, code] : std::vector<std::pair<std::string, unsigned>>{
           {client_frame(Opcode::text, "a", {true, false, 0, {}}), 1002},
           {client_frame(Opcode::text, "a", {true, true, 0x40, {}}), 1002},
           {client_frame(Opcode::continuation, "a"), 1002},
           {text("\xFF"), 1007},
           {text(std::string(101, 'x')), 1009},
           {client_frame(Opcode::text, "", unfinished) + fragment + fragment, 1008}}) {
    const auto bad = server.open_websocket();
    server.websocket->send(Message::text("queued"));
    bad->send(text("fine") + bytes + text("never seen"));
    CHECK(server.until([&] { return bad->ended; }));
    CHECK(bad->end_reason == asio::error::eof);
    CHECK(server.listener->messages == std::vector<std::string>{"fine"});
    REQUIRE(server.listener->closes.size() == 1);
    CHECK(server.listener->closes[0].cause == Cause::protocol_violation);
    CHECK(server.listener->closes[0].code == code);
    CHECK_FALSE(server.listener->closes[0].reason.empty());
    CHECK(next_frame(server, *bad).payload == "4queued");
    CHECK(next_frame(server, *bad).close_code() == code);
    CHECK(bad->received.empty());
  }
  good->send(text("still here"));
  CHECK(server.until([&] { return good_listener->messages.size() == 1; }));
  good_websocket->send(Message::text("so am I"));
  CHECK(next_frame(server, *good).payload == "4so am I");
}

TEST_CASE("data after a violation is discarded, and its sender disconnected after the timeout",
          "[transport][asio][websocket]") {
  AsioTransportOptions options;
  options.linger_timeout = 20ms;
  AsioFixture server(options);
  const auto client = server.open_websocket();
  client->send(client_frame(Opcode::continuation, "a"));
  CHECK(server.until([&] {
    client->send(text("and on"));
    return server.transport->connection_count() == 0;
  }));
  CHECK(server.listener->messages.empty());
}

TEST_CASE("a listener may end the connection from inside on_message", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  Cause cause = Cause::closed_locally;
  unsigned code = 1006;
  SECTION("by terminate") {
    server.listener->when_message = [&](bool, std::span<char>) { server.websocket->terminate(); };
  }
  SECTION("by close") {
    code = 1000;
    server.listener->when_message = [&](bool, std::span<char>) { server.websocket->close(1000); };
  }
  client->send(text("one") + text("two") + client_frame(Opcode::close, close_payload(1000)) + text("three"));
  CHECK(server.until([&] { return client->ended && !server.listener->closes.empty(); }));
  CHECK(server.listener->messages == std::vector<std::string>{"one"});
  check_close(*server.listener, cause, code);
}

TEST_CASE("a listener may replace itself: the next one gets the next message", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  const auto second = std::make_shared<RecordingListener>();
  server.listener->when_message = [&](bool, std::span<char>) { server.websocket->set_listener(second); };
  client->send(text("one") + text("two") + text("three"));
  CHECK(server.until([&] { return second->messages.size() == 2; }));
  CHECK(server.listener->messages == std::vector<std::string>{"one"});
  CHECK(second->messages == std::vector<std::string>{"two", "three"});
  client->close();
  CHECK(server.until([&] { return !second->closes.empty(); }));
  CHECK(server.listener->closes.empty());
}

TEST_CASE("without a listener messages wait, and the end is not reported", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  server.listener->when_message = [&](bool, std::span<char>) { server.websocket->set_listener(nullptr); };
  client->send(text("one") + text("two"));
  CHECK(server.until([&] { return server.listener->messages.size() == 1; }));
  server.settle();
  CHECK(server.listener->messages.size() == 1);
  const auto second = std::make_shared<RecordingListener>();
  server.websocket->set_listener(second);
  CHECK(server.until([&] { return second->messages.size() == 1; }));
  CHECK(second->messages[0] == "two");
  server.websocket->set_listener(nullptr);
  server.websocket->close();
  CHECK(next_frame(server, *client).opcode == Opcode::close);
  client->send(client_frame(Opcode::close, ""));
  CHECK(server.until([&] { return client->ended; }));
  server.settle();
  CHECK(second->closes.empty());
  CHECK(server.listener->closes.empty());
}

TEST_CASE("an end before there was a listener is reported to the first one", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(AsioFixture::websocket_request);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  const auto websocket = server.exchanges[0]->accept_websocket({}, {});
  REQUIRE(websocket);
  websocket->terminate();
  const auto listener = std::make_shared<RecordingListener>();
  websocket->set_listener(listener);
  CHECK(listener->closes.empty());  // not inside the call
  CHECK(server.until([&] { return !listener->closes.empty(); }));
  server.settle();
  check_close(*listener, Cause::closed_locally, 1006);
}

TEST_CASE("the transport keeps the listener until on_close has returned, and not longer",
          "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  const std::weak_ptr<RecordingListener> watched = server.listener;
  bool alive_in_close = false;
  server.listener->when_close = [&] { alive_in_close = !watched.expired(); };
  server.listener.reset();
  CHECK_FALSE(watched.expired());
  client->close();
  CHECK(server.until([&] { return watched.expired(); }));
  CHECK(alive_in_close);
}

TEST_CASE("a WebSocket that nobody holds lives until it ends", "[transport][asio][websocket]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  const std::weak_ptr<socketio::WebSocket> watched = server.websocket;
  server.websocket.reset();
  client->send(text("still read"));
  CHECK(server.until([&] { return server.listener->messages.size() == 1; }));
  client->send(client_frame(Opcode::close, ""));
  CHECK(server.until([&] { return watched.expired(); }));
}

TEST_CASE("one turn of the loop handles at most max_messages_per_turn messages of a client",
          "[transport][asio][websocket][limits]") {
  for (const std::size_t most : std::vector<std::size_t>{1, 7, 100}) {
    CAPTURE(most);
    AsioFixture server;
    server.websocket_limits.max_messages_per_turn = most;
    const auto client = server.open_websocket();
    std::size_t turn = 0;
    std::map<std::size_t, std::size_t> messages_of_turn;
    std::function<void()> count = [&] {
      ++turn;
      if (server.listener->messages.size() < 300) asio::post(server.context, count);
    };
    server.listener->when_message = [&](bool, std::span<char>) {
      if (turn == 0) count();
      ++messages_of_turn[turn];
    };
    std::string all;
    for (int i = 0; i < 300; ++i) all += text(std::to_string(i));
    client->send(all);
    REQUIRE(server.until([&] { return server.listener->messages.size() == 300; }));
    for (const auto& [at, messages] : messages_of_turn) CHECK(messages <= most);
    for (int i = 0; i < 300; ++i) CHECK(server.listener->messages[static_cast<std::size_t>(i)] == std::to_string(i));
  }
}

TEST_CASE("a client that ends, or breaks the protocol, behind many messages is heard in order",
          "[transport][asio][websocket][limits]") {
  AsioFixture server;
  server.websocket_limits.max_messages_per_turn = 2;
  const auto client = server.open_websocket();
  std::string all;
  for (int i = 0; i < 9; ++i) all += text("x");
  SECTION("by a close frame") {
    client->send(all + client_frame(Opcode::close, close_payload(1000)));
    REQUIRE(server.until([&] { return !server.listener->closes.empty(); }));
    check_close(*server.listener, Cause::closed_by_peer, 1000);
  }
  SECTION("by a violation") {
    client->send(all + client_frame(Opcode::text, "\xFF"));
    REQUIRE(server.until([&] { return !server.listener->closes.empty(); }));
    CHECK(server.listener->closes[0].code == 1007);
  }
  SECTION("by the end of the connection") {
    client->send(all);
    client->shut_down_send();
    REQUIRE(server.until([&] { return !server.listener->closes.empty(); }));
    CHECK(server.listener->closes[0].code == 1006);
  }
  CHECK(server.listener->messages.size() == 9);
}
