// SPDX-License-Identifier: MIT
// Listening, closing, and destroying the transport at inconvenient times.
#include <socketio/transport/asio.hpp>
#include <socketio/transport/asio_listener.hpp>
#include <socketio/transport/asio_stream.hpp>
#include <tests/support/asio_fixture.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#if defined(__unix__)
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

using namespace std::chrono_literals;
using socketio::AsioTransport;
using socketio::AsioTransportOptions;
using socketio::ExchangePtr;
using socketio::HttpResponse;
using socketio::Message;
using socketio::WebSocketClose;
using socketio::test::AsioFixture;
using socketio::test::chosen_transport;
using socketio::test::client_frame;
using socketio::test::ClientPtr;
using socketio::test::close_payload;
using socketio::test::make_codec;
using socketio::test::on_tcp;
using socketio::test::Opcode;
using socketio::test::RawClient;
using socketio::test::take_server_frame;
using socketio::test::TestTransport;
using socketio::test::text_response;

namespace {

constexpr const char* request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

bool has_response(const ClientPtr& client) { return client->received.find("\r\n\r\n") != std::string::npos; }

}  // namespace

TEST_CASE("the transport owns its connections and cannot be copied", "[transport][asio]") {
  STATIC_REQUIRE(socketio::Transport<AsioTransport>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<AsioTransport>);
}

TEST_CASE("an idle connection is small", "[transport][asio]") {
  using Connection = socketio::detail::AsioStreamConnection<socketio::detail::AsioListener::Socket>;
  STATIC_REQUIRE(sizeof(Connection) <= 200);
}

TEST_CASE("listen binds a free port on the given address", "[transport][asio]") {
  asio::io_context context;
  TestTransport transport(context, on_tcp());
  const std::uint16_t one = transport.listen(0, "127.0.0.1");
  const std::uint16_t two = transport.listen(0, "localhost");
  const std::uint16_t all = transport.listen(0);
  CHECK(one != 0);
  CHECK(two != 0);
  CHECK(all != 0);
  CHECK(one != two);
}

TEST_CASE("a connection over IPv6 is served, and has its address", "[transport][asio]") {
  asio::io_context context;
  asio::ip::tcp::acceptor probe(context);
  std::error_code error;
  probe.open(asio::ip::tcp::v6(), error);
  if (!error) probe.bind({asio::ip::address_v6::loopback(), 0}, error);
  if (error) return;  // a machine without IPv6
  TestTransport transport(context, on_tcp());
  std::string address;
  transport.on_exchange([&](const ExchangePtr& exchange) {
    address = exchange->request().remote_address;
    exchange->respond({});
  });
  const std::uint16_t port = transport.listen(0, "::1");
  RawClient client(context, {asio::ip::address_v6::loopback(), port}, {}, make_codec(chosen_transport("asio")));
  client.send(request);
  while (address.empty()) context.run_one();
  CHECK(address == "::1");
}

TEST_CASE("a port that is taken is refused with a message that names it", "[transport][asio]") {
  AsioFixture server;
  asio::io_context context;
  TestTransport other(context, on_tcp());
  const std::string where = "127.0.0.1:" + std::to_string(server.port);
  try {
    other.listen(server.port, "127.0.0.1");
    FAIL("the port was taken");
  } catch (const std::system_error& error) {
    CHECK(error.code() == asio::error::address_in_use);
    CHECK(std::string(error.what()).find(where) != std::string::npos);
  }
  CHECK_THROWS_AS(other.listen(0, "no.such.host.invalid"), std::system_error);
  CHECK_THROWS_AS(other.listen(0, "192.0.2.1"), std::system_error);
  CHECK(context.poll() == 0);
}

TEST_CASE("connections beyond the limit are closed when they are accepted", "[transport][asio]") {
  AsioTransportOptions options;
  options.max_connections = 2;
  AsioFixture server(options);
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond({}); };
  const auto one = server.connect();
  const auto two = server.connect();
  one->send(request);
  two->send(request);
  REQUIRE(server.until([&] { return has_response(one) && has_response(two); }));
  const auto three = server.connect();
  CHECK(server.until([&] { return three->ended; }));
  CHECK_FALSE(one->ended);
  one->close();
  REQUIRE(server.until([&] { return server.transport->connection_count() == 1; }));
  const auto four = server.connect();
  four->send(request);
  CHECK(server.until([&] { return has_response(four); }));
}

TEST_CASE("connections that arrive together are all accepted, whatever their number", "[transport][asio]") {
  AsioFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond({}); };
  std::vector<ClientPtr> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(server.connect());
  for (const auto& client : clients) client->send(request);
  CHECK(server.until([&] { return std::all_of(clients.begin(), clients.end(), has_response); }));
  CHECK(server.transport->connection_count() == clients.size());
}

TEST_CASE("connections beyond the limit that arrive together are closed", "[transport][asio]") {
  AsioTransportOptions options;
  options.max_connections = 5;
  const std::size_t count = GENERATE(4u, 5u, 6u);
  AsioFixture server(options);
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond({}); };
  std::vector<ClientPtr> clients;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(server.connect());
  const std::size_t served = (std::min)(count, options.max_connections);
  for (std::size_t i = 0; i < served; ++i) clients[i]->send(request);
  CHECK(server.until([&] {
    return std::all_of(clients.begin(), clients.end(),
                       [](const ClientPtr& client) { return has_response(client) || client->ended; });
  }));
  CHECK(std::count_if(clients.begin(), clients.end(), has_response) == static_cast<std::ptrdiff_t>(served));
  CHECK(server.transport->connection_count() == served);
}

TEST_CASE("close ends connections that wait to be accepted", "[transport][asio]") {
  AsioFixture server;
  const auto waiting = server.connect();
  server.transport->close();
  CHECK(server.until([&] { return waiting->ended; }));
  CHECK(server.transport->connection_count() == 0);
}

#if defined(__linux__)
TEST_CASE("small packets are sent without delay, unless tcp_nodelay is false", "[transport][asio]") {
  AsioTransportOptions options;
  options.tcp_nodelay = GENERATE(true, false);
  AsioFixture server(options);
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond({}); };
  const auto client = server.connect();
  client->send(request);
  REQUIRE(server.until([&] { return has_response(client); }));
  // The transport does not expose its sockets: the connected socket that is bound to its port is the client's peer.
  int found = 0;
  for (int descriptor = 0; descriptor < 256; ++descriptor) {
    sockaddr_in own{};
    sockaddr_in peer{};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || own.sin_family != AF_INET ||
        ntohs(own.sin_port) != server.port ||
        getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0)
      continue;
    ++found;
    int is_set = 0;
    socklen_t size = sizeof is_set;
    REQUIRE(getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &is_set, &size) == 0);
    CHECK((is_set != 0) == options.tcp_nodelay);
    CHECK((fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(found == 1);
}
#endif

#if defined(__unix__)
TEST_CASE("running out of descriptors only delays new connections", "[transport][asio]") {
  AsioFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond({}); };
  const auto old = server.connect();
  old->send(request);
  REQUIRE(server.until([&] { return has_response(old); }));
  const auto waiting = server.connect();

  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const int next = open("/dev/null", O_RDONLY);
  REQUIRE(next >= 0);
  ::close(next);
  rlimit none = usual;
  none.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  waiting->send(request);
  old->received.clear();
  old->send(request);
  const bool old_served = server.until([&] { return has_response(old); });
  // Retries do not spin: one whole turn waits, with hardly any work.
  std::size_t handlers = 0;
  server.context.restart();
  while (server.context.run_one_for(20ms) != 0 && handlers < 100) ++handlers;
  const bool waited = !has_response(waiting);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK(old_served);
  CHECK(waited);
  CHECK(handlers < 100);
  CHECK(server.until([&] { return has_response(waiting); }));
}
#endif

TEST_CASE("after close the io_context runs out of work", "[transport][asio][close]") {
  AsioFixture server;
  SECTION("with nothing connected") { server.transport->close(); }
  SECTION("called twice") {
    server.transport->close();
    server.transport->close();
  }
  SECTION("called from a handler") {
    asio::post(server.context, [&] { server.transport->close(); });
  }
  CHECK(server.run_out_of_work());
  asio::ip::tcp::socket late(server.context);
  std::error_code error;
  late.connect({asio::ip::address_v4::loopback(), server.port}, error);
  CHECK(error == asio::error::connection_refused);
}

TEST_CASE("close ends idle connections at once", "[transport][asio][close]") {
  AsioFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond({}); };
  const auto served = server.connect();
  served->send(request);
  const auto silent = server.connect();
  const auto halfway = server.connect();
  halfway->send("GET / HT");
  REQUIRE(server.until([&] { return has_response(served); }));
  server.settle();
  server.transport->close();
  CHECK(server.transport->connection_count() == 0);
  CHECK(server.run_out_of_work());
  CHECK(served->ended);
  CHECK(silent->ended);
  CHECK(halfway->ended);
}

TEST_CASE("close delivers responses that were given", "[transport][asio][close]") {
  AsioFixture server;
  const std::string body(3'000'000, 'x');
  server.when_exchange = [&](const ExchangePtr& exchange) {
    exchange->respond(text_response(body));
    server.transport->close();
  };
  const auto client = server.connect();
  client->send(request);
  CHECK(server.run_out_of_work());
  CHECK(client->ended);
  CHECK(client->received.size() > body.size());
}

TEST_CASE("close waits until parked requests are answered, and then ends their connections",
          "[transport][asio][close]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(request);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.transport->close();
  CHECK(server.transport->connection_count() == 1);
  server.exchanges[0]->respond(text_response("bye"));
  CHECK(server.run_out_of_work());
  CHECK(client->ended);
  CHECK(client->received.find("Connection: close") != std::string::npos);
  CHECK(client->received.find("bye") != std::string::npos);
}

TEST_CASE("close ends requests that are not answered in time", "[transport][asio][close]") {
  AsioTransportOptions options;
  options.shutdown_timeout = 5ms;
  AsioFixture server(options);
  const auto client = server.connect();
  client->send(request);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  int aborts = 0;
  server.exchanges[0]->on_abort([&] { ++aborts; });
  const auto websocket_client = server.open_websocket();
  server.transport->close();
  CHECK(server.run_out_of_work());
  CHECK(aborts == 1);
  CHECK(client->ended);
  CHECK(websocket_client->ended);
  REQUIRE(server.listener->closes.size() == 1);
  CHECK(server.listener->closes[0].cause == WebSocketClose::Cause::closed_locally);
}

TEST_CASE("close ends WebSockets with 1001 after the queued messages", "[transport][asio][close]") {
  AsioFixture server;
  const auto client = server.open_websocket();
  server.websocket->send(Message::text("last"));
  server.transport->close();
  CHECK(server.listener->closes.empty());  // not inside the call
  REQUIRE(server.until([&] { return client->received.size() >= 11; }));
  CHECK(take_server_frame(client->received)->payload == "4last");
  CHECK(take_server_frame(client->received)->close_code() == 1001);
  client->send(client_frame(Opcode::close, close_payload(1001)));
  CHECK(server.run_out_of_work());
  CHECK(client->ended);
  REQUIRE(server.listener->closes.size() == 1);
  CHECK(server.listener->closes[0].cause == WebSocketClose::Cause::closed_locally);
}

TEST_CASE("a handshake that completes after close is refused with 503", "[transport][asio][close]") {
  AsioFixture server;
  const auto client = server.connect();
  client->send(AsioFixture::websocket_request);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.transport->close();
  CHECK(server.exchanges[0]->accept_websocket({}, {}) == nullptr);
  CHECK(server.run_out_of_work());
  CHECK(client->received.substr(0, 12) == "HTTP/1.1 503");
}

TEST_CASE("a transport that was closed can listen again", "[transport][asio][close]") {
  AsioFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond(text_response("again")); };
  server.transport->close();
  CHECK(server.run_out_of_work());
  CHECK(server.transport->listen(server.port, "127.0.0.1") == server.port);
  const auto client = server.connect();
  client->send(request);
  CHECK(server.until([&] { return client->received.find("again") != std::string::npos; }));
  CHECK(client->received.find("keep-alive") != std::string::npos);
}

TEST_CASE("the transport may be destroyed during any activity, and calls no callback", "[transport][asio]") {
  AsioFixture server;
  const auto silent = server.connect();
  const auto parked = server.connect();
  parked->send(request);
  REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
  server.exchanges[0]->on_abort([] { FAIL("nobody is to be told"); });
  const auto client = server.open_websocket();
  server.websocket->send(Message::text("lost"));
  server.transport.reset();
  server.exchanges[0]->respond(text_response("lost"));
  server.websocket->send(Message::text("lost"));
  server.websocket->close();
  server.websocket->terminate();
  CHECK(server.run_out_of_work());
  CHECK(silent->ended);
  CHECK(parked->ended);
  CHECK(client->ended);
  CHECK(server.listener->closes.empty());
}

TEST_CASE("the transport may be destroyed from inside its callbacks", "[transport][asio]") {
  AsioFixture server;
  const auto destroy = [&] { server.transport.reset(); };
  SECTION("from on_exchange") {
    server.when_exchange = [&](const ExchangePtr&) { destroy(); };
    const auto client = server.connect();
    client->send(std::string(request) + request);
    CHECK(server.until([&] { return !server.transport; }));
  }
  SECTION("from a body") {
    server.when_exchange = [&](const ExchangePtr& exchange) {
      exchange->read_body(100, [&, exchange](socketio::BodyError, const std::string&) { destroy(); });
    };
    const auto client = server.connect();
    client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
    CHECK(server.until([&] { return !server.transport; }));
  }
  SECTION("from on_abort") {
    auto client = server.connect();
    client->send(request);
    REQUIRE(server.until([&] { return server.exchanges.size() == 1; }));
    server.exchanges[0]->on_abort(destroy);
    client->close();
    CHECK(server.until([&] { return !server.transport; }));
  }
  SECTION("from on_message") {
    const auto client = server.open_websocket();
    server.listener->when_message = [&](bool, std::span<char>) { destroy(); };
    client->send(client_frame(Opcode::text, "one") + client_frame(Opcode::text, "two"));
    CHECK(server.until([&] { return !server.transport; }));
    CHECK(server.listener->messages.size() == 1);
  }
  SECTION("from on_drain") {
    const auto client = server.open_websocket();
    server.listener->when_drain = destroy;
    server.websocket->send(Message::text("one"));
    CHECK(server.until([&] { return !server.transport; }));
  }
  SECTION("from on_close") {
    const auto client = server.open_websocket();
    server.listener->when_close = destroy;
    client->send(client_frame(Opcode::close, ""));
    CHECK(server.until([&] { return !server.transport; }));
  }
  server.exchanges.clear();
  CHECK(server.run_out_of_work());
}

TEST_CASE("an io_context may be destroyed with connections whose handlers never ran", "[transport][asio]") {
  const auto server = std::make_unique<AsioFixture>();
  const auto client = server->open_websocket();
  server->websocket->send(Message::text("unsent"));
  server->listener.reset();
  server->websocket.reset();
}
