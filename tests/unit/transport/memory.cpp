// SPDX-License-Identifier: MIT
#include <socketio/transport/memory.hpp>
// The memory transport fulfils the transport contract: order, turns, limits, and both ends of a connection.
#include <tests/support/catch.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using socketio::BodyError;
using socketio::ExchangePtr;
using socketio::HttpResponse;
using socketio::MemoryTransport;
using socketio::MemoryWebSocketClient;
using socketio::Message;
using socketio::WebSocket;
using socketio::WebSocketClose;
using socketio::WebSocketListener;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;
using Received = std::vector<MemoryWebSocketClient::Received>;

namespace {

struct Listener : WebSocketListener {
  void on_message(bool is_binary, std::span<char> payload) override {
    events.push_back((is_binary ? "binary " : "text ") + std::string(payload.data(), payload.size()));
  }
  void on_drain() override { events.push_back("drain"); }
  void on_close(const WebSocketClose& how) override { closes.push_back(how); }
  Strings events;
  std::vector<WebSocketClose> closes;
};

struct Fixture {
  Fixture() {
    transport.on_exchange([this](ExchangePtr exchange) { exchanges.push_back(std::move(exchange)); });
    transport.listen();
  }

  /// A WebSocket whose two ends are `client` and `server`.
  void connect(const socketio::WebSocketLimits& limits = {}) {
    client = transport.connect_websocket("/ws");
    server = exchanges.back()->accept_websocket({}, limits);
    server->set_listener(listener);
  }

  asio::io_context context;
  MemoryTransport transport{context};
  std::vector<ExchangePtr> exchanges;
  socketio::MemoryWebSocketClientPtr client;
  std::shared_ptr<WebSocket> server;
  std::shared_ptr<Listener> listener = std::make_shared<Listener>();
};

HttpResponse response(std::string body) {
  HttpResponse answer;
  answer.body = std::move(body);
  return answer;
}

}  // namespace

TEST_CASE("the clock stands still until it is moved, deadline by deadline", "[transport][memory]") {
  asio::io_context context;
  socketio::ManualScheduler scheduler(context);
  const auto start = scheduler.now();
  struct Tick {
    socketio::ManualScheduler& scheduler;
    std::vector<std::chrono::steady_clock::time_point> times;
    socketio::Timer timer{[](void* self) {
                            auto& tick = *static_cast<Tick*>(self);
                            tick.times.push_back(tick.scheduler.now());
                            if (tick.times.size() < 3) tick.scheduler.arm(tick.timer, 10ms);
                          },
                          this};
  } tick{scheduler, {}};
  scheduler.arm(tick.timer, 10ms);
  scheduler.run_until_idle();
  CHECK(tick.times.empty());
  scheduler.advance(25ms);
  CHECK(tick.times == std::vector{start + 10ms, start + 20ms});
  CHECK(scheduler.now() == start + 25ms);
  scheduler.arm(tick.timer, 0ms);
  scheduler.run_until_idle();
  CHECK(tick.times.size() == 3);
}

TEST_CASE("tasks run in a later turn and in order", "[transport][memory]") {
  Fixture f;
  socketio::Scheduler& scheduler = f.transport.scheduler();
  Strings order;
  scheduler.post([&] {
    order.push_back("a");
    scheduler.post([&] { order.push_back("c"); });
    scheduler.dispatch([&] { order.push_back("at once"); });
  });
  scheduler.post([&] { order.push_back("b"); });
  CHECK(order.empty());
  f.transport.run_until_idle();
  CHECK(order == Strings{"a", "at once", "b", "c"});
  CHECK(scheduler.running_in_this_thread());
}

TEST_CASE("requests are refused unless the transport listens", "[transport][memory]") {
  asio::io_context context;
  MemoryTransport transport(context);
  int count = 0;
  transport.on_exchange([&](ExchangePtr) { ++count; });
  CHECK(transport.fetch("GET", "/")->destroyed);
  CHECK(transport.connect_websocket("/")->destroyed);
  CHECK(count == 0);
  CHECK(transport.listen(80) == 80);
  CHECK(transport.fetch("GET", "/")->destroyed);  // the handler dropped it
  CHECK(count == 1);
}

TEST_CASE("an exchange is answered once, and is destroyed if it is dropped without an answer", "[transport][memory]") {
  Fixture f;
  const auto answered = f.transport.fetch("GET", "/a");
  CHECK_FALSE(answered->ended());
  f.exchanges[0]->respond(response("first"));
  f.exchanges[0]->respond(response("second"));
  f.exchanges[0]->destroy();
  CHECK(answered->body() == "first");
  CHECK_FALSE(answered->destroyed);
  const auto dropped = f.transport.fetch("GET", "/b");
  f.exchanges.clear();
  CHECK(dropped->destroyed);
  const auto head = f.transport.fetch("HEAD", "/c");
  f.exchanges[0]->respond(response("body"));
  CHECK(head->body().empty());
}

TEST_CASE("bodies are read whole, up to their limit, or not at all", "[transport][memory]") {
  Fixture f;
  const auto read = [&](std::size_t max_bytes) {
    auto result = std::make_shared<std::optional<std::pair<BodyError, std::string>>>();
    f.exchanges.back()->read_body(max_bytes, [result](BodyError error, std::string body) {
      CHECK_FALSE(result->has_value());
      *result = std::pair(error, std::move(body));
    });
    return result;
  };
  f.transport.fetch("POST", "/", "12345");
  CHECK(*read(5) == std::pair(BodyError::none, std::string("12345")));
  f.transport.fetch("POST", "/", "123456");
  CHECK((*read(5))->first == BodyError::too_large);

  const auto slow = f.transport.start_request(MemoryTransport::make_request("POST", "/"));
  f.transport.run_until_idle();
  const auto result = read(5);
  slow->add_body("123");
  f.transport.run_until_idle();
  CHECK_FALSE(result->has_value());
  SECTION("whole") {
    slow->add_body("45");
    slow->finish_body();
    f.transport.run_until_idle();
    CHECK(*result == std::pair(BodyError::none, std::string("12345")));
  }
  SECTION("too large before its end") {
    slow->add_body("456");
    f.transport.run_until_idle();
    CHECK((*result)->first == BodyError::too_large);
    f.exchanges.back()->respond(response("no"));
    CHECK(slow->body() == "no");
  }
  SECTION("aborted") {
    int aborts = 0;
    f.exchanges.back()->on_abort([&] { ++aborts; });
    slow->abort();
    f.transport.run_until_idle();
    CHECK((*result)->first == BodyError::aborted);
    CHECK(aborts == 1);
    f.exchanges.back()->respond(response("late"));
    CHECK_FALSE(slow->done);
  }
}

TEST_CASE("an abort after the answer is not reported", "[transport][memory]") {
  Fixture f;
  const auto request = f.transport.fetch("GET", "/");
  int aborts = 0;
  f.exchanges[0]->on_abort([&] { ++aborts; });
  f.exchanges[0]->respond(response("x"));
  request->abort();
  f.transport.run_until_idle();
  CHECK(aborts == 0);
  CHECK_FALSE(request->aborted);
}

TEST_CASE("frames are sent at the end of the turn, then drain is called", "[transport][memory]") {
  Fixture f;
  f.connect();
  CHECK(f.server->is_writable());
  f.server->send(Message::text("a"));
  f.server->send(Message::binary(socketio::Binary("b", 1)));
  CHECK_FALSE(f.server->is_writable());
  CHECK(f.server->unsent_bytes() == 3 + 2 * Message::overhead_bytes);
  CHECK(f.client->received.empty());
  f.transport.run_until_idle();
  CHECK(f.client->received == Received{{false, "4a"}, {true, "b"}});
  CHECK(f.server->is_writable());
  CHECK(f.server->unsent_bytes() == 0);
  CHECK(f.listener->events == Strings{"drain"});
}

TEST_CASE("a client that stops reading lets the queue grow", "[transport][memory]") {
  Fixture f;
  f.connect();
  f.client->stall_reading();
  f.server->send(Message::text("a"));
  f.transport.run_until_idle();
  CHECK_FALSE(f.server->is_writable());
  CHECK(f.server->unsent_bytes() == 2 + Message::overhead_bytes);
  CHECK(f.listener->events.empty());
  f.client->stall_reading(false);
  f.transport.run_until_idle();
  CHECK(f.client->pop().payload == "4a");
  CHECK(f.listener->events == Strings{"drain"});
}

TEST_CASE("messages wait for a listener", "[transport][memory]") {
  Fixture f;
  f.client = f.transport.connect_websocket(MemoryTransport::make_request("GET", "/ws"));
  f.client->send_text("early");
  f.transport.run_until_idle();
  f.server = f.exchanges.back()->accept_websocket({}, {});
  f.client->send_text("later");
  f.transport.run_until_idle();
  f.server->set_listener(f.listener);
  CHECK(f.listener->events.empty());
  f.transport.run_until_idle();
  CHECK(f.listener->events == Strings{"text early", "text later"});
}

TEST_CASE("violations close with the code of the RFC", "[transport][memory]") {
  Fixture f;
  f.connect({.max_message_bytes = 3});
  f.client->send_text("123");
  SECTION("too large") {
    f.client->send_binary("1234");
    f.transport.run_until_idle();
    CHECK(f.client->close_code == 1009);
  }
  SECTION("not UTF-8") {
    f.client->send_text("\xFF");
    f.transport.run_until_idle();
    CHECK(f.client->close_code == 1007);
  }
  REQUIRE(f.listener->closes.size() == 1);
  CHECK(f.listener->closes[0].cause == WebSocketClose::Cause::protocol_violation);
  CHECK(f.listener->closes[0].code == f.client->close_code);
  CHECK(f.listener->events == Strings{"text 123"});
  CHECK(f.client->closed);
}

TEST_CASE("each end of a WebSocket can end it", "[transport][memory]") {
  Fixture f;
  f.connect();
  f.server->send(Message::text("last"));
  WebSocketClose::Cause cause = WebSocketClose::Cause::closed_locally;
  std::optional<std::uint16_t> code;
  bool delivers = true;
  SECTION("the server, empty") {
    f.server->close();
    code = 1005;
  }
  SECTION("the server, with a code") {
    f.server->close(1001);
    code = 1001;
  }
  SECTION("the server, at once") {
    f.server->terminate();
    delivers = false;
  }
  SECTION("the client, with a code") {
    f.client->close(4000);
    cause = WebSocketClose::Cause::closed_by_peer;
    code = 4000;
  }
  SECTION("the client, at once") {
    f.client->abort();
    cause = WebSocketClose::Cause::closed_by_peer;
  }
  SECTION("a broken pipe") {
    f.client->break_pipe();
    cause = WebSocketClose::Cause::write_failed;
    delivers = false;
  }
  CHECK(f.listener->closes.empty());
  f.transport.run_until_idle();
  REQUIRE(f.listener->closes.size() == 1);
  CHECK(f.listener->closes[0].cause == cause);
  CHECK(f.client->close_code == code);
  CHECK(f.client->received.size() == (delivers ? 1 : 0));
  CHECK(f.client->closed);
  CHECK_FALSE(f.server->is_writable());
  f.server->send(Message::text("late"));
  f.client->send_text("late");
  f.transport.run_until_idle();
  CHECK(f.listener->closes.size() == 1);
  CHECK(f.transport.scheduler().timers().empty());
}

TEST_CASE("a client that does not answer a close frame is disconnected", "[transport][memory]") {
  Fixture f;
  f.connect();
  f.client->stall_reading();
  f.server->close();
  f.transport.advance(29'999ms);
  CHECK(f.listener->closes.empty());
  f.transport.advance(1ms);
  REQUIRE(f.listener->closes.size() == 1);
  CHECK(f.listener->closes[0].cause == WebSocketClose::Cause::closed_locally);
}

TEST_CASE("handshakes that do not conform are refused", "[transport][memory]") {
  struct Case {
    std::string method;
    MemoryTransport::Headers headers;
    unsigned status;
    const char* body;
  };
  const Case cases[] = {
      {"POST", {}, 405, "Invalid HTTP method"},
      {"GET", {{"Upgrade", "h2c"}}, 400, "Invalid Upgrade header"},
      {"GET", {{"Sec-WebSocket-Key", "short"}}, 400, "Missing or invalid Sec-WebSocket-Key header"},
      {"GET", {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!!=="}}, 400, "Missing or invalid Sec-WebSocket-Key header"},
      {"GET", {{"Sec-WebSocket-Protocol", "a, b, a"}}, 400, "Invalid Sec-WebSocket-Protocol header"},
      {"GET", {{"Sec-WebSocket-Version", "7"}}, 400, "Missing or invalid Sec-WebSocket-Version header"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.body);
    Fixture f;
    const auto client = f.transport.connect_websocket(MemoryTransport::make_request(c.method, "/", c.headers));
    f.transport.run_until_idle();
    CHECK(f.exchanges.at(0)->is_upgrade());
    CHECK(f.exchanges.at(0)->accept_websocket({}, {}) == nullptr);
    CHECK_FALSE(client->accepted);
    CHECK(client->response.status == c.status);
    CHECK(client->response.body == c.body);
  }
}

TEST_CASE("a closed transport ends all connections and can listen again", "[transport][memory]") {
  Fixture f;
  f.connect();
  const auto parked = f.transport.fetch("GET", "/");
  int aborts = 0;
  f.exchanges.back()->on_abort([&] { ++aborts; });
  f.server->send(Message::text("last"));
  f.transport.close();
  f.transport.run_until_idle();
  CHECK(aborts == 1);
  CHECK(f.client->pop().payload == "4last");
  CHECK(f.client->close_code == 1001);
  CHECK(f.listener->closes.size() == 1);
  CHECK(f.transport.fetch("GET", "/")->destroyed);
  f.transport.listen();
  CHECK_FALSE(f.transport.fetch("GET", "/")->destroyed);
}

TEST_CASE("destroying the transport releases everything", "[transport][memory]") {
  const auto listener = std::make_shared<Listener>();
  {
    Fixture f;
    f.connect();
    f.server->set_listener(listener);
    f.client->send_text("never delivered");
    CHECK(listener.use_count() == 2);
  }
  CHECK(listener.use_count() == 1);
}
