// SPDX-License-Identifier: MIT
// HTTP over real sockets: keep-alive, pipelining, bodies, limits, timeouts, and clients that leave.
#include <socketio/transport/asio.hpp>
#include <tests/support/asio_fixture.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using socketio::AsioTransportOptions;
using socketio::BodyError;
using socketio::ExchangePtr;
using socketio::HttpResponse;
using socketio::test::AsioFixture;
using socketio::test::count_of;
using socketio::test::text_response;

namespace {

std::string get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}
std::string post_chunked(std::string_view body, std::size_t chunk_bytes) {
  std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (; !body.empty(); body.remove_prefix(std::min(chunk_bytes, body.size()))) {
    const std::string_view chunk = body.substr(0, chunk_bytes);
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string size;
    for (std::size_t rest = chunk.size(); rest > 0; rest /= 16) size.insert(size.begin(), digits[rest % 16]);
    request += size + "\r\n" + std::string(chunk) + "\r\n";
  }
  return request + "0\r\n\r\n";
}
std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n" + std::string(body);
}

/// Answers every request at once with its target.
void echo_target(AsioFixture& server) {
  server.when_exchange = [](const ExchangePtr& exchange) {
    exchange->respond(text_response(exchange->request().target));
  };
}

/// For texts that are too long to print when they differ.
bool is_same(const std::string& a, const std::string& b) { return a == b; }

// Small enough to fill, large enough for the window of a loopback connection to keep moving.
constexpr int small_receive_buffer = 256 * 1024;

struct Body {
  BodyError error;
  std::string text;
};

/// Reads every body and answers "ok".
void read_bodies(AsioFixture& server, socketio::BodyLimits limits, std::vector<Body>& bodies) {
  server.when_exchange = [limits, &bodies](const ExchangePtr& exchange) {
    exchange->read_body(limits, [exchange, &bodies](BodyError error, std::string text) {
      bodies.push_back({error, std::move(text)});
      exchange->respond(text_response("ok", error == BodyError::too_large ? 413 : 200));
    });
  };
}

}  // namespace

TEST_CASE("a connection serves one request after the other", "[transport][asio][http]") {
  AsioFixture server;
  echo_target(server);
  const auto client = server.connect();
  for (const std::string target : {"/one", "/two?x=1", "/three"}) {
    client->received.clear();
    client->send(get(target));
    CHECK(server.until([&] { return client->received == ok(target); }));
  }
  CHECK_FALSE(client->ended);
}

TEST_CASE("the exchange has the request and the address of its sender", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(get("/a/b?c=d", "X-Field: value\r\n"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  const auto& request = server.exchanges[0]->request();
  CHECK(request.method == "GET");
  CHECK(request.target == "/a/b?c=d");
  CHECK(request.headers.find("x-field") == "value");
  CHECK(request.remote_address == "127.0.0.1");
  CHECK(request.remote_port != 0);
  const bool speaks_tls = socketio::test::speaks_tls(socketio::test::chosen_transport("asio"));
  CHECK(request.secure == speaks_tls);
  CHECK((request.tls != nullptr) == speaks_tls);
  CHECK_FALSE(server.exchanges[0]->is_upgrade());
}

TEST_CASE("a request that arrives byte by byte is served", "[transport][asio][http]") {
  AsioFixture server;
  std::vector<Body> bodies;
  read_bodies(server, 100, bodies);
  const auto client = server.connect();
  for (const char c : post_chunked("hello world", 4)) {
    client->send(std::string_view(&c, 1));
    server.context.restart();
    server.context.poll();
  }
  CHECK(server.until([&] { return client->received == ok("ok"); }));
  REQUIRE(bodies.size() == 1);
  CHECK(bodies[0].text == "hello world");
}

TEST_CASE("pipelined requests are answered in order, each after the one before it", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(get("/1") + get("/2") + get("/3"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.settle();
  REQUIRE(server.exchanges.size() == 1);
  server.exchanges[0]->respond(text_response("/1"));
  REQUIRE(server.exchanges.size() == 1);  // not inside the call
  REQUIRE(server.until([&] { return server.exchanges.size() == 2; }));
  CHECK(server.exchanges[1]->request().target == "/2");
  server.exchanges[1]->respond(text_response("/2"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 3; }));
  server.exchanges[2]->respond(text_response("/3"));
  CHECK(server.until([&] { return client->received == ok("/1") + ok("/2") + ok("/3"); }));
}

TEST_CASE("pipelined requests with bodies are told apart", "[transport][asio][http]") {
  AsioFixture server;
  std::vector<Body> bodies;
  read_bodies(server, 100, bodies);
  const auto client = server.connect();
  client->send(post("first") + post_chunked("second", 2) + post("") + post("last"));
  CHECK(server.until(
      [&] { return bodies.size() == 4 && client->received == ok("ok") + ok("ok") + ok("ok") + ok("ok"); }));
  REQUIRE(bodies.size() == 4);
  CHECK(bodies[0].text == "first");
  CHECK(bodies[1].text == "second");
  CHECK(bodies[2].text.empty());
  CHECK(bodies[3].text == "last");
}

TEST_CASE("the connection ends when the request or the response says so", "[transport][asio][http]") {
  AsioFixture server;
  echo_target(server);
  const auto ends = [&](const std::string& request) {
    const auto client = server.connect();
    client->send(request);
    REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
    const bool announced = client->received.find("Connection: close\r\n") != std::string::npos;
    if (!announced) return false;
    CHECK(server.until([&] { return client->ended; }));
    CHECK(client->end_reason == asio::error::eof);
    return true;
  };
  CHECK(ends(get("/", "Connection: close\r\n")));
  CHECK(ends("GET / HTTP/1.0\r\n\r\n"));
  CHECK_FALSE(ends("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK_FALSE(ends(get("/")));
  server.when_exchange = [](const ExchangePtr& exchange) {
    HttpResponse response;
    response.close = true;
    exchange->respond(std::move(response));
  };
  CHECK(ends(get("/")));
}

TEST_CASE("HEAD, 204 and 304 are answered without a body", "[transport][asio][http]") {
  AsioFixture server;
  unsigned status = 200;
  server.when_exchange = [&](const ExchangePtr& exchange) { exchange->respond(text_response("body", status)); };
  const auto client = server.connect();
  client->send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
  CHECK(client->received.find("Content-Length: 4\r\n") != std::string::npos);
  CHECK(client->received.substr(client->received.size() - 4) == "\r\n\r\n");
  for (const unsigned bodiless : {204u, 304u}) {
    status = bodiless;
    client->received.clear();
    client->send(get("/"));
    REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
    CHECK(client->received.substr(client->received.size() - 4) == "\r\n\r\n");
  }
}

TEST_CASE("a large response reaches a client that reads slowly", "[transport][asio][http]") {
  AsioFixture server;
  std::string body;
  for (int i = 0; body.size() < 5'000'000; ++i) body += std::to_string(i) + ' ';
  const std::string expected = ok(body);
  server.when_exchange = [&](const ExchangePtr& exchange) { exchange->respond(text_response(body)); };
  const auto client = server.connect(small_receive_buffer);
  client->stall();
  client->send(get("/"));
  server.settle();
  CHECK(client->received.size() < body.size());
  client->resume();
  CHECK(server.until([&] { return client->received.size() >= expected.size(); }));
  CHECK(is_same(client->received, expected));
}

TEST_CASE("a client that pipelines without reading gets a limited number of answers", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.max_unsent_response_bytes = 100'000;
  AsioFixture server(options);
  std::size_t answered = 0;
  const std::string body(50'000, 'x');
  server.when_exchange = [&](const ExchangePtr& exchange) {
    ++answered;
    exchange->respond(text_response(body));
  };
  const std::size_t expected_bytes = 1000 * ok(body).size();
  const auto client = server.connect(small_receive_buffer);
  client->stall();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/");
  client->send(requests);
  // The kernel's buffers take some megabytes before everything stops.
  for (std::size_t before = 1; before != answered;) {
    before = answered;
    server.settle();
  }
  CHECK(answered > 1);
  CHECK(answered < 1000);
  client->resume();
  CHECK(server.until([&] { return answered == 1000 && client->received.size() == expected_bytes; }));
}

TEST_CASE("a body may be as large as the limit and not one byte more", "[transport][asio][http]") {
  AsioFixture server;
  std::vector<Body> bodies;
  read_bodies(server, 10, bodies);
  const auto client = server.connect();
  for (const std::size_t size : {9u, 10u, 11u}) {
    const std::string body(size, 'b');
    for (const std::string& request : {post(body), post_chunked(body, 3), post_chunked(body, 64)}) {
      bodies.clear();
      client->received.clear();
      client->send(request);
      REQUIRE(server.until([&] { return count_of(client->received, "\r\n\r\nok") == 1; }));
      REQUIRE(bodies.size() == 1);
      CHECK(bodies[0].error == (size > 10 ? BodyError::too_large : BodyError::none));
      CHECK(bodies[0].text == (size > 10 ? "" : body));
      CHECK(client->received.substr(9, 3) == (size > 10 ? "413" : "200"));
    }
  }
  CHECK_FALSE(client->ended);  // some bytes beyond the expected ones do not need a new connection
}

TEST_CASE("a body may come in as many chunks as the limit and not one more", "[transport][asio][http]") {
  AsioFixture server;
  std::vector<Body> bodies;
  read_bodies(server, {1000, 3}, bodies);
  const auto client = server.connect();
  for (const std::size_t size : {2u, 3u, 4u}) {
    bodies.clear();
    client->received.clear();
    client->send(post_chunked(std::string(size, 'b'), 1));
    REQUIRE(server.until([&] { return count_of(client->received, "\r\n\r\nok") == 1; }));
    REQUIRE(bodies.size() == 1);
    CHECK(bodies[0].error == (size > 3 ? BodyError::too_many_chunks : BodyError::none));
    CHECK(bodies[0].text == (size > 3 ? "" : std::string(size, 'b')));
  }
  client->received.clear();
  client->send(post(std::string(900, 'b')));
  CHECK(server.until([&] { return count_of(client->received, "\r\n\r\nok") == 1; }));
}

TEST_CASE("a body far beyond the limit is answered, and the connection ends", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.max_discarded_bytes = 100;
  AsioFixture server(options);
  std::vector<Body> bodies;
  read_bodies(server, 10, bodies);
  const std::string body(200'000, 'b');
  for (const std::string& request : {post(body), post_chunked(body, 1000)}) {
    bodies.clear();
    const auto client = server.connect();
    client->send(request);
    REQUIRE(server.until([&] { return client->ended; }));
    CHECK(client->received.substr(0, 12) == "HTTP/1.1 413");
    CHECK(count_of(client->received, "\r\n\r\nok") == 1);
    REQUIRE(bodies.size() == 1);
    CHECK(bodies[0].error == BodyError::too_large);
  }
}

TEST_CASE("an unread body is skipped", "[transport][asio][http]") {
  AsioFixture server;
  echo_target(server);
  const auto client = server.connect();
  client->send(post(std::string(100'000, 'b')) + post_chunked("abc", 1) + get("/next"));
  CHECK(server.until([&] { return client->received == ok("/") + ok("/") + ok("/next"); }));
}

TEST_CASE("a body that is read late is complete", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.max_pipelined_bytes = 1000;  // the rest waits in the kernel
  AsioFixture server(options);
  const auto client = server.connect();
  const std::string body(300'000, 'b');
  client->send(post(body));
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.settle();
  std::string read;
  server.exchanges[0]->read_body(1'000'000, [&](BodyError error, std::string text) {
    CHECK(error == BodyError::none);
    read = std::move(text);
  });
  CHECK(server.until([&] { return !read.empty(); }));
  CHECK(is_same(read, body));
  server.exchanges[0]->respond(text_response("ok"));
  CHECK(server.until([&] { return client->received == ok("ok"); }));
}

TEST_CASE("100 Continue is sent when the body is asked for, and only then", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  client->send(head);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.settle();
  CHECK(client->received.empty());
  std::string body;
  server.exchanges[0]->read_body(100, [&](BodyError, std::string text) { body = std::move(text); });
  REQUIRE(server.until([&] { return client->received == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  client->send("hello");
  REQUIRE(server.until([&] { return body == "hello"; }));
  server.exchanges[0]->respond(text_response("ok"));
  CHECK(server.until([&] { return client->received == "HTTP/1.1 100 Continue\r\n\r\n" + ok("ok"); }));

  // Until the server asks for the body, it does not know whether the body will come.
  const auto refused = server.connect();
  refused->send(head);
  REQUIRE(server.until([&] { return server.exchanges.size() == 2; }));
  server.exchanges[1]->respond(text_response("no", 403));
  CHECK(server.until([&] { return refused->ended; }));
  CHECK(refused->received.find("100") == std::string::npos);
  CHECK(refused->received.find("Connection: close") != std::string::npos);
}

TEST_CASE("input that is not HTTP gets 400 and its connection ends, and other connections are not affected",
          "[transport][asio][http]") {
  AsioFixture server;
  echo_target(server);
  const auto good = server.connect();
  good->send(get("/before"));
  REQUIRE(server.until([&] { return good->received == ok("/before"); }));
  for (const std::string bytes :
       {"\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", "nonsense\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    INFO(bytes);
    const auto bad = server.connect();
    bad->send(bytes);
    CHECK(server.until([&] { return bad->ended; }));
    CHECK(bad->end_reason == asio::error::eof);
    CHECK(bad->received == "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  }
  good->received.clear();
  good->send(get("/after"));
  CHECK(server.until([&] { return good->received == ok("/after"); }));
}

TEST_CASE("garbage after a good request is refused after its response", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(get("/") + "garbage\r\n\r\n");
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.exchanges[0]->respond(text_response("fine"));
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->received == ok("fine") + "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a malformed body is refused, and its exchange is told", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX");
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  std::vector<std::string> told;
  server.exchanges[0]->on_abort([&] { told.push_back("abort"); });
  server.exchanges[0]->read_body(100, [&](BodyError error, std::string) {
    CHECK(error == BodyError::aborted);
    told.push_back("body");
  });
  CHECK(server.until([&] { return client->ended; }));
  CHECK(told == std::vector<std::string>{"body", "abort"});
  CHECK(client->received == "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a head beyond the limit gets 431", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.http.max_head_bytes = 1024;
  AsioFixture server(options);
  echo_target(server);
  const std::string frame = get("/", "X: \r\n");
  const auto status = [&](std::size_t head_bytes) {
    const auto client = server.connect();
    client->send(get("/", "X: " + std::string(head_bytes - frame.size(), 'x') + "\r\n"));
    REQUIRE(server.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
    return client->received.substr(9, 3);
  };
  CHECK(status(1023) == "200");
  CHECK(status(1024) == "200");
  CHECK(status(1025) == "431");
}

TEST_CASE("a head that does not arrive in time gets 408", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.head_timeout = 5ms;
  AsioFixture server(options);
  for (const std::string sent : {"", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"}) {
    const auto client = server.connect();
    client->send(sent);
    CHECK(server.until([&] { return client->ended; }));
    CHECK(client->received == "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
  }
}

TEST_CASE("a body that does not arrive in time gets 408, and the exchange is told", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.request_timeout = 5ms;
  AsioFixture server(options);
  const auto client = server.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  std::vector<BodyError> told;
  server.exchanges[0]->read_body(100, [&](BodyError error, std::string) { told.push_back(error); });
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->received == "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
  CHECK(told == std::vector<BodyError>{BodyError::aborted});
}

TEST_CASE("a connection that is idle between requests is closed without an answer", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.keep_alive_timeout = 5ms;
  AsioFixture server(options);
  echo_target(server);
  const auto client = server.connect();
  client->send(get("/"));
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->end_reason == asio::error::eof);
  CHECK(count_of(client->received, "HTTP/1.1 ") == 1);
}

TEST_CASE("a client that reads its response slowly is not idle", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.keep_alive_timeout = 5ms;
  options.head_timeout = 30ms;
  AsioFixture server(options);
  const std::string body(20'000'000, 'x');
  server.when_exchange = [&](const ExchangePtr& exchange) { exchange->respond(text_response(body)); };
  const auto client = server.connect(small_receive_buffer);
  client->stall();
  client->send(get("/"));
  const auto clock = server.connect();  // is ended when the head timeout has passed
  REQUIRE(server.until([&] { return clock->ended; }));
  client->resume();
  CHECK(server.until([&] { return client->ended; }));  // idle from now on
  CHECK(client->received.size() > body.size());
}

TEST_CASE("a client that does not read its response at all is disconnected", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.request_timeout = options.close_timeout = 5ms;
  AsioFixture server(options);
  const bool keep_alive = GENERATE(true, false);
  server.when_exchange = [&](const ExchangePtr& exchange) {
    exchange->respond(text_response(std::string(20'000'000, 'x')));
  };
  const auto client = server.connect(small_receive_buffer);
  client->stall();
  client->send(get("/", keep_alive ? "" : "Connection: close\r\n"));
  REQUIRE(server.until([&] { return server.transport->connection_count() == 1; }));
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
}

TEST_CASE("a timeout of zero means no timeout", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.head_timeout = options.request_timeout = options.keep_alive_timeout = 0ms;
  AsioFixture server(options);
  echo_target(server);
  const auto client = server.connect();
  client->send(get("/"));
  REQUIRE(server.until([&] { return count_of(client->received, "HTTP/1.1 200") == 1; }));
  server.settle();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
  REQUIRE(server.until([&] { return count_of(client->received, "HTTP/1.1 200") == 2; }));
  server.settle();
  CHECK_FALSE(client->ended);
  CHECK(client->received.find("Keep-Alive") == std::string::npos);
}

TEST_CASE("a parked request has no timeout", "[transport][asio][http]") {
  AsioTransportOptions options;
  options.head_timeout = options.request_timeout = options.keep_alive_timeout = 5ms;
  AsioFixture server(options);
  const auto parked = server.connect();
  parked->send(get("/"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  // Another connection reaches its timeout, which was armed after all timers of the parked one.
  const auto silent = server.connect();
  REQUIRE(server.until([&] { return silent->ended; }));
  CHECK_FALSE(parked->ended);
  server.exchanges[0]->respond(text_response("at last"));
  CHECK(server.until([&] { return parked->received.find("at last") != std::string::npos; }));
}

TEST_CASE("an exchange is told once that its client has disconnected", "[transport][asio][http]") {
  const bool with_reset = GENERATE(false, true);
  AsioFixture server;
  auto client = server.connect();
  client->send(get("/parked"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  int aborts = 0;
  server.exchanges[0]->on_abort([&] { ++aborts; });
  server.settle();
  CHECK(aborts == 0);
  if (with_reset)
    client->reset();
  else
    client->close();
  CHECK(server.until([&] { return aborts == 1; }));
  CHECK(server.until([&] { return server.transport->connection_count() == 0; }));
  server.exchanges[0]->respond(text_response("nobody"));
  server.exchanges[0]->destroy();
  server.exchanges[0]->on_abort([&] { ++aborts; });
  server.exchanges.clear();
  server.settle();
  CHECK(aborts == 1);
}

TEST_CASE("a client that leaves in the middle of its body aborts it", "[transport][asio][http]") {
  AsioFixture server;
  auto client = server.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  std::vector<BodyError> told;
  server.exchanges[0]->read_body(100, [&](BodyError error, std::string) { told.push_back(error); });
  server.settle();
  client->close();
  CHECK(server.until([&] { return !told.empty(); }));
  CHECK(told == std::vector<BodyError>{BodyError::aborted});
}

TEST_CASE("a client that only closes its sending side still gets an immediate answer", "[transport][asio][http]") {
  AsioFixture server;
  const std::string body(2'000'000, 'x');
  server.when_exchange = [&](const ExchangePtr& exchange) { exchange->respond(text_response(body)); };
  const auto client = server.connect(small_receive_buffer);
  client->send(get("/"));
  client->shut_down_send();
  CHECK(server.until([&] { return client->ended; }));
  CHECK(is_same(client->received, ok(body)));
}

TEST_CASE("an exchange that is dropped or destroyed ends its connection without an answer", "[transport][asio][http]") {
  const bool drop = GENERATE(false, true);
  AsioFixture server;
  int aborts = 0;
  server.when_exchange = [&](const ExchangePtr& exchange) {
    if (exchange->request().target == "/answered") return exchange->respond(text_response("yes"));
    exchange->on_abort([&] { ++aborts; });
    if (!drop) exchange->destroy();
  };
  const auto client = server.connect();
  client->send(get("/answered") + get("/not"));
  CHECK(server.until([&] { return client->ended; }));
  CHECK(client->received == ok("yes"));
  CHECK(aborts == 0);
  CHECK(server.transport->connection_count() == 0);
}

TEST_CASE("only the first end of an exchange counts", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(get("/"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.exchanges[0]->respond(text_response("first"));
  server.exchanges[0]->respond(text_response("second"));
  server.exchanges[0]->destroy();
  CHECK(server.exchanges[0]->accept_websocket({}, {}) == nullptr);
  server.exchanges[0]->read_body(10, [](BodyError, std::string) { FAIL("there is nothing to read"); });
  CHECK(server.until([&] { return client->received == ok("first"); }));
  server.settle();
  CHECK(client->received == ok("first"));
  CHECK_FALSE(client->ended);
}

TEST_CASE("a response before the body is complete leaves the body unread", "[transport][asio][http]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  bool read = false;
  server.exchanges[0]->read_body(100, [&](BodyError, std::string) { read = true; });
  server.settle();
  server.exchanges[0]->respond(text_response("enough"));
  REQUIRE(server.until([&] { return client->received == ok("enough"); }));
  client->send("world" + get("/next"));
  REQUIRE(server.until([&] { return server.exchanges.size() == 2; }));
  CHECK(server.exchanges[1]->request().target == "/next");
  CHECK_FALSE(read);
}
