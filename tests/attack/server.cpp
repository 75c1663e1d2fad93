// SPDX-License-Identifier: MIT
// The server that the programs of this folder attack, in a process of its own, so that its memory and its processor
// time can be read from outside.
//
// Usage: attack_server [<option>=<value>]... <port>. SOCKETIO_TEST_TRANSPORT chooses the transport, with or without
// TLS, and SOCKETIO_TEST_THREADS the number of threads.
//
//   parser=msgpack           instead of JSON
//   recovery=1               with connection state recovery
//   no_limits=1              on namespaces, rooms, names, handlers in progress, and what is sent before joining
//   connect_timeout=<ms>     ServerOptions::connect_timeout
//   ping=<ms>                ServerOptions::ping_interval and ping_timeout
//   head_timeout=<ms>        the timeouts of requests and TLS handshakes, and ServerOptions::upgrade_timeout
//   news=<bytes>             events of so many bytes: every 20 ms 100 KB of them for the room "stalled"; and for
//   everyone
//                            50 a second, or five if they are larger than 2000 bytes. The first argument of the
//                            latter is "@@" and the time in microseconds, 16 digits
//
// GET /stats answers with the number of sessions; everything else outside of the path with 404.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/protocol/msgpack_parser.hpp>
#include <socketio/socketio.hpp>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;

struct JsonConfig : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
struct MsgpackConfig : JsonConfig {
  using Parser = socketio::MsgpackParser;
};

struct Options {
  std::map<std::string, std::string> given;

  bool has(const std::string& name) const { return given.count(name) != 0; }
  int number(const std::string& name, int otherwise) const {
    const auto found = given.find(name);
    return found == given.end() ? otherwise : std::stoi(found->second);
  }
};

template <class Socket>
void serve(const Socket& socket) {
  socket.on("echo", [](const socketio::Args& args, socketio::Ack<socketio::Args> ack) { ack(args); });
  socket.on("join", [socket](const std::string& room) { socket.join(room); });
  socket.on("say", [nsp = socket.nsp()](const std::string& text) { nsp.emit("said", text); });
  socket.on("wait", [](const std::string&) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
  });
}

template <class Server>
void announce(Server& io, std::size_t bytes) {
  const std::string text(bytes, 'x');
  const std::size_t burst = std::max<std::size_t>(100'000 / bytes, 1);
  io.set_interval(20ms, [&io, text, burst] {
    for (std::size_t i = 0; i < burst; ++i) io.to("stalled").emit("news", "-", text);
  });
  io.set_interval(bytes > 2000 ? 200ms : 20ms, [&io, text] {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    std::string stamp = std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    stamp.insert(0, 16 - std::min<std::size_t>(stamp.size(), 16), '0');
    io.emit("news", "@@" + stamp, text);
  });
}

template <class Config>
int run(const Options& options, std::uint16_t port) {
  using Socket = socketio::BasicSocket<Config>;
  const std::chrono::milliseconds head(options.number("head_timeout", 10'000));
  socketio::ServerOptions server{
      .threads = socketio::test::chosen_threads(),
      .connect_timeout = std::chrono::milliseconds(options.number("connect_timeout", 45'000)),
      .upgrade_timeout = head};
  if (options.has("ping"))
    server.ping_interval = server.ping_timeout = std::chrono::milliseconds(options.number("ping", 1000));
  if (options.has("recovery")) server.connection_state_recovery.emplace();
  if (options.has("no_limits")) {
    server.max_namespaces_per_connection = server.max_rooms_per_socket = server.max_handlers_in_progress = 0;
    server.max_namespace_name_bytes = server.max_event_name_bytes = server.max_room_name_bytes = 0;
    server.max_unjoined_bytes = server.max_packets_per_turn = 0;
  }
  socketio::AsioTransportOptions transport;
  transport.head_timeout = head;
  transport.request_timeout = head;
  transport.tls_handshake_timeout = head;
  socketio::BasicServer<Config> io(server, socketio::test::on_tcp(transport));
  io.on("connection", &serve<Socket>);
  io.of(std::regex("^/dyn-[0-9]+$")).on("connection", &serve<Socket>);
  io.on_error([](const socketio::ErrorReport&) {});  // mistakes of clients are expected
  io.on_request([&](const socketio::ExchangePtr& exchange) {
    socketio::HttpResponse response;
    response.status = exchange->request().target == "/stats" ? 200 : 404;
    if (response.status == 200) response.body = std::to_string(io.engine().clients_count());
    exchange->respond(std::move(response));
  });
  if (options.has("news")) announce(io, static_cast<std::size_t>(options.number("news", 200)));
  std::cout << "listening on " << io.listen(port, "127.0.0.1") << std::endl;
  stop_on_signal(io.context(), [&io] {
    io.close([&io](std::error_code) { io.context().stop(); });  // handlers of "wait" wait on
  });
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = std::min(word.find('='), word.size());
    options.given[word.substr(0, equals)] = word.substr(std::min(equals + 1, word.size()));
  }
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::stoi(argv[argc - 1]) : 0);
  const bool msgpack = options.has("parser") && options.given["parser"] == "msgpack";
  return msgpack ? run<MsgpackConfig>(options, port) : run<JsonConfig>(options, port);
}
