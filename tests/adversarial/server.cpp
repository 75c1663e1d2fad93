// SPDX-License-Identifier: MIT
// The server under attack and the bystanders: over AsioTransport, unless the environment names another one on TCP.

#include "fixture.hpp"

#include <socketio/default_config.hpp>
#include <socketio/server.hpp>
#include <tests/support/json_text.hpp>
#include <tests/support/test_transport.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace socketio::test {

namespace {

struct Config : DefaultConfig {
  using Transport = TestTransport;
};

/// No result may depend on the duration of a test, unless the test says so.
Settings patient(Settings settings) {
  constexpr std::chrono::minutes long_time{10};
  settings.server.ping_interval = long_time;
  if (settings.server.connect_timeout == ServerOptions{}.connect_timeout) settings.server.connect_timeout = long_time;
  settings.transport.keep_alive_timeout = long_time;
  return settings;
}

}  // namespace

struct Attack::Server {
  using Io = BasicServer<Config>;
  using Socket = BasicSocket<Config>;

  explicit Server(const Settings& settings) : io(context, settings.server, on_tcp(settings.transport)) {
    for (const char* name : {"/", "/n"}) io.of(name).on("connection", [this](Socket socket) { serve(socket); });
    io.of("/slow").use([this](Socket, Next next) { undecided.push_back(std::move(next)); });
    io.on_error([this](const ErrorReport& report) {
      const bool is_malformed = report.code == Errc::malformed_packet;
      const bool is_violation = report.code == Errc::protocol_violation;
      log.push_back((is_malformed   ? "malformed"
                     : is_violation ? "violation"
                                    : report.code.message()) +
                    ": " + report.detail);
    });
    io.engine().use([](MiddlewareContext& request, MiddlewareNext next) {
      if (request.request().headers.contains("X-Refuse-Me"))
        next.fail("as you wish");
      else
        next();
    });
    io.engine().on_headers([](HttpHeaders& headers, const HttpRequest&) { headers.set("X-Hook", "headers"); });
    io.engine().on_connection_error([this](const ConnectionError& error) {
      std::string line = "refused " + std::to_string(static_cast<int>(error.code)) + ' ' + std::string(error.message);
      for (const auto& [name, value] : error.context)
        line += ", " + name + '=' + (value.is_string() ? value.as_string() : to_json(value));
      log.push_back(std::move(line));
    });
    port = io.listen(0, "127.0.0.1");
  }

  void serve(const Socket& socket) {
    const std::string nsp = socket.nsp().name();
    socket.on("echo", [](Value value) { return value; });
    socket.on("note", [this, nsp](Value value) { log.push_back("event " + nsp + ": " + ::test::written(value)); });
    socket.on("dismiss", [socket] { socket.disconnect(); });
    socket.on("error", [this, nsp](std::string message) { log.push_back("error " + nsp + ": " + message); });
    socket.on("disconnect", [this, nsp](std::string reason, std::string description) {
      log.push_back("disconnect " + nsp + ": " + reason + (description.empty() ? "" : ", " + description));
    });
  }

  asio::io_context context{1};
  std::vector<Next> undecided;  // of "/slow"
  Strings log;
  Io io;
  std::uint16_t port = 0;
};

/// One client on a WebSocket and one that polls, if both are offered. On request they emit an echo with
/// acknowledgement.
struct Attack::Bystanders {
  Bystanders(Attack& attack, const TransportSet& offered) : attack_(attack) {
    if (offered.websocket) websocket_ = open_joined(attack);
    if (!offered.polling) return;
    polling_.emplace(attack).join();
    polling_->send_poll();
  }

  std::size_t count() const { return (websocket_ ? 1u : 0u) + (polling_ ? 1u : 0u); }

  void have_echoes() {
    const std::string id = std::to_string(++echoes_);
    const std::string event = "42" + id + R"(["echo","still here"])";
    const std::string ack = "43" + id + R"(["still here"])";
    if (websocket_) {
      websocket_->send(text_frame(event));
      CHECK(attack_.message(*websocket_) == ack);
      check_idle(*websocket_);
    }
    if (polling_) {
      polling_->send_post(event);
      CHECK(polling_->post_answered() == post_answer());
      CHECK(polling_->poll_answered() == poll_answer(ack));
      check_idle(*polling_->post);
      check_idle(*polling_->poll);
      polling_->send_poll();
    }
  }

 private:
  static void check_idle(const RawClient& client) {
    CHECK(hex(client.received) == "");
    CHECK_FALSE(client.ended);
  }

  Attack& attack_;
  ClientPtr websocket_;
  std::optional<PollingAttacker> polling_;
  int echoes_ = 0;
};

Attack::Attack(Settings settings) : server_(std::make_unique<Server>(patient(std::move(settings)))) {
  bystanders_ = std::make_unique<Bystanders>(*this, server_->io.options().transports);
}

Attack::~Attack() = default;

ClientPtr Attack::connect(std::optional<int> receive_buffer_bytes) {
  return std::make_unique<RawClient>(server_->context, server_->port, receive_buffer_bytes);
}

bool Attack::until(const std::function<bool()>& condition) { return run_until(server_->context, condition); }

std::size_t Attack::session_count() const { return server_->io.engine().clients_count() - bystanders_->count(); }

void Attack::close_engine() {
  const std::size_t before = server_->io.engine().clients_count();
  server_->io.engine().close();
  until([&] { return server_->io.engine().clients_count() < before; });  // the server's event loop does it
}

void Attack::check_aftermath(const Strings& expected) {
  until([&] { return server_->log.size() >= expected.size(); });
  bystanders_->have_echoes();
  for (std::size_t i = 0; i < std::min(expected.size(), server_->log.size()); ++i) {
    const std::string_view pattern = expected[i];
    if (pattern.ends_with('*') && server_->log[i].starts_with(pattern.substr(0, pattern.size() - 1)))
      server_->log[i] = pattern;
  }
  CHECK(server_->log == expected);
  server_->log.clear();
}

}  // namespace socketio::test
