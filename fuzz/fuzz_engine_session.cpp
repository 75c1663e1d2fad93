// SPDX-License-Identifier: MIT
// Clients that do anything, in any order, with an engine on the memory transport.
//
// Laws: every session ends exactly once, the session table and the timers are empty at the end, and every request gets
// an answer.

#include <socketio/engine/engine.hpp>
#include <socketio/transport/memory.hpp>

#include <fuzz/decisions.hpp>
#include <fuzz/law.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

using fuzz::Decisions;

class Listener final : public socketio::SessionListener {
 public:
  Listener(socketio::Engine& engine, std::uint8_t mood) : engine_(engine), mood_(mood) {}
  ~Listener() override { fuzz::law(closes_ == 1, "a session ends once"); }

  void on_message(socketio::Session& session, bool is_binary, std::span<char> data) override {
    fuzz::law(closes_ == 0, "nothing follows the end");
    const std::string_view payload(data.data(), data.size());
    session.send(is_binary ? socketio::Message::binary(socketio::Binary(std::string(payload)))
                           : socketio::Message::text(payload));
    for (char& c : data) c = 'x';
    misbehave(session, 1);
  }
  void on_close(socketio::Session& session, socketio::CloseReason, std::string_view) override {
    fuzz::law(++closes_ == 1, "a session ends once");
    fuzz::law(session.ready_state() == socketio::Session::ReadyState::closed, "a session that has ended is closed");
    fuzz::law(engine_.find(session.id()) == nullptr, "a session that has ended is forgotten");
    misbehave(session, 2);
  }
  void on_drain(socketio::Session& session) override { misbehave(session, 4); }
  void on_heartbeat(socketio::Session& session) override { misbehave(session, 1); }
  void on_upgrading(socketio::Session& session) override { misbehave(session, 8); }
  void on_upgrade(socketio::Session& session) override { misbehave(session, 8); }
  bool observes_packets() const override { return (mood_ & 64u) != 0; }
  void on_packet(socketio::Session&, socketio::EioPacketType, bool, std::string_view) override {
    fuzz::law(closes_ == 0, "nothing follows the end");
  }
  void on_flush(socketio::Session& session, std::span<const socketio::MessagePtr>) override { misbehave(session, 4); }

 private:
  void misbehave(socketio::Session& session, unsigned when) {
    if ((mood_ & when) == 0 || budget_ == 0) return;
    --budget_;
    switch (mood_ >> 4 & 3u) {
      case 0: session.close(); break;
      case 1: session.close(true); break;
      case 2: session.send(socketio::Message::text("more"), [] {}); break;
      default: throw std::runtime_error("boo");
    }
  }

  socketio::Engine& engine_;
  unsigned mood_;
  int budget_ = 3;
  int closes_ = 0;
};

class World {
 public:
  explicit World(Decisions& decisions)
      : decisions_(decisions), engine_(transport_.scheduler(), options(decisions.byte())) {
    transport_.on_exchange([this](socketio::ExchangePtr exchange) { engine_.handle(std::move(exchange)); });
    transport_.listen();
    engine_.on_connection([this](std::shared_ptr<socketio::Session> session) {
      session->set_listener(std::make_shared<Listener>(engine_, decisions_.byte()));
      sessions_.push_back(session);
    });
  }

  void step() {
    switch (decisions_.below(16)) {
      case 0: request("GET", target("polling")); break;
      case 1: connect(target("websocket")); break;
      case 2: request("GET", polling()); break;
      case 3: {
        const std::string where = polling();
        request("POST", where, text());
        break;
      }
      case 4: upload(); break;
      case 5: connect(target("websocket&sid=") + sid()); break;
      case 6: each_client([this](auto& client) { client.send_text(packet()); }); break;
      case 7: each_client([this](auto& client) { client.send_binary(text()); }); break;
      case 8: each_client([](auto& client) { client.close(); }); break;
      case 9: each_client([](auto& client) { client.abort(); }); break;
      case 10: each_client([this](auto& client) { client.stall_reading(decisions_.below(2) == 0); }); break;
      case 11:
        if (!responses_.empty()) responses_[decisions_.below(responses_.size())]->abort();
        break;
      case 12: transport_.advance(decisions_.byte() * 7ms); break;
      case 13: serve(); break;
      case 14: {
        const std::string method = text();
        request(method, "/engine.io/?" + text());
        break;
      }
      default: transport_.run_until_idle(); break;
    }
    if (decisions_.below(2) == 0) transport_.run_until_idle();
  }

  void finish() {
    engine_.close();
    fuzz::law(engine_.clients_count() == 0, "a closed engine has no sessions");
    transport_.run_until_idle();
    for (const auto& session : sessions_)
      fuzz::law(session->ready_state() == socketio::Session::ReadyState::closed, "every session is closed");
    for (const auto& response : responses_) fuzz::law(response->ended(), "no request stays without an answer");
    for (const auto& client : clients_) client->stall_reading(false);
    transport_.run_until_idle();
    for (const auto& client : clients_) fuzz::law(client->ended() && client->closed, "no connection stays");
    fuzz::law(transport_.scheduler().timers().empty(), "no timer stays");
  }

 private:
  socketio::EngineOptions options(std::uint8_t which) {
    socketio::EngineOptions options{.ping_interval = 300ms, .ping_timeout = 200ms, .upgrade_timeout = 400ms};
    options.close_timeout = 250ms;
    options.max_http_buffer_size = 24;
    options.generate_id = [this](const socketio::HttpRequest&, socketio::SessionIdReply reply) {
      reply("s" + std::to_string(++session_count_));
    };
    if ((which & 1u) != 0) options.max_unsent_bytes = 64;
    if ((which & 2u) != 0) options.cors = socketio::CorsOptions{.origin = true};
    if ((which & 4u) != 0) options.cookie = socketio::CookieOptions{};
    if ((which & 8u) != 0) options.max_sessions = 3;
    if ((which & 16u) != 0) options.initial_packet = "hello";
    // A world of clients of revision 3; every fourth poll of theirs is a JSONP poll.
    is_old_ = options.allow_eio3 = (which & 0xE0u) == 0xA0u;
    return options;
  }

  const std::shared_ptr<socketio::Session>* session() {
    return sessions_.empty() ? nullptr : &sessions_[decisions_.below(sessions_.size())];
  }
  std::string text() {
    const std::size_t size = decisions_.below(32);
    return std::string(decisions_.bytes(size));
  }
  std::string sid() {
    const auto* chosen = session();
    return chosen == nullptr ? "nobody" : (*chosen)->id();
  }
  std::string target(std::string_view transport) {
    const bool is_script = is_old_ && decisions_.below(4) == 0;
    return std::string(is_old_ ? "/engine.io/?EIO=3" : "/engine.io/?EIO=4") + (is_script ? "&j=1" : "") +
           "&transport=" + std::string(transport);
  }
  std::string polling() { return target("polling&sid=") + sid(); }

  std::string packet() {
    constexpr std::string_view packets[] = {"2probe", "5", "3", "4hello", "1", "2", "6", "bAAAA"};
    const std::size_t chosen = decisions_.below(std::size(packets) + 1);
    return chosen < std::size(packets) ? std::string(packets[chosen]) : text();
  }

  void request(std::string method, std::string target, std::string body = {}) {
    auto head = socketio::MemoryTransport::make_request(std::move(method), std::move(target));
    responses_.push_back(transport_.request(std::move(head), std::move(body)));
  }

  /// A POST whose body arrives in two pieces, or never completely.
  void upload() {
    const auto response = transport_.start_request(socketio::MemoryTransport::make_request("POST", polling()));
    responses_.push_back(response);
    response->add_body(packet());
    if (decisions_.below(2) == 0) transport_.run_until_idle();
    if (decisions_.below(4) != 0) response->finish_body();
  }

  void connect(std::string target) {
    clients_.push_back(transport_.connect_websocket(socketio::MemoryTransport::make_request("GET", std::move(target))));
  }

  template <class Act>
  void each_client(Act act) {
    if (!clients_.empty()) act(*clients_[decisions_.below(clients_.size())]);
  }

  /// Actions of the application.
  void serve() {
    const auto* chosen = session();
    if (chosen == nullptr) return;
    socketio::Session& target = **chosen;
    switch (decisions_.below(6)) {
      case 0: target.send(socketio::Message::text(text())); break;
      case 1: target.send(socketio::Message::binary(socketio::Binary(text())), [] {}); break;
      case 2: {
        const std::vector<socketio::MessagePtr> unit(2, socketio::Message::text("unit"));
        target.send(unit);
        break;
      }
      case 3: target.close(); break;
      case 4: target.close(true); break;
      default:
        if (decisions_.below(4) == 0) {
          engine_.close();
          engine_.reopen();
        }
        break;
    }
  }

  Decisions& decisions_;
  int session_count_ = 0;
  bool is_old_ = false;
  asio::io_context context_;
  socketio::MemoryTransport transport_{context_};
  socketio::Engine engine_;
  std::vector<std::shared_ptr<socketio::Session>> sessions_;
  std::vector<socketio::MemoryResponsePtr> responses_;
  std::vector<socketio::MemoryWebSocketClientPtr> clients_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Decisions decisions(data, size);
  World world(decisions);
  for (int steps = 0; steps < 200 && !decisions.empty(); ++steps) world.step();
  world.finish();
  return 0;
}
