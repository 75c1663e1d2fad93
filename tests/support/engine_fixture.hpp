// SPDX-License-Identifier: MIT
// An engine on the memory transport, which records everything that happens in it.
#pragma once

#include <socketio/engine/engine.hpp>
#include <socketio/transport/memory.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

using namespace std::chrono_literals;

/// Records the events of a session, and reacts to them as the test says.
class Recorder : public socketio::SessionListener {
 public:
  struct Close {
    socketio::CloseReason reason;
    std::string description;
  };
  using React = std::function<void(socketio::Session&)>;

  void on_message(socketio::Session& session, bool is_binary, std::span<char> data) override {
    messages.push_back((is_binary ? "b:" : "") + std::string(data.data(), data.size()));
    if (echoes) {
      const std::string_view payload(data.data(), data.size());
      session.send(is_binary ? socketio::Message::binary(socketio::Binary(std::string(payload)))
                             : socketio::Message::text(payload));
    }
    react(session, "message");
  }
  void on_close(socketio::Session& session, socketio::CloseReason reason, std::string_view description) override {
    closes.push_back({reason, std::string(description)});
    unsent_at_close = session.write_buffer().size();
    react(session, "close");
  }
  void on_drain(socketio::Session& session) override { react(session, "drain"); }
  void on_heartbeat(socketio::Session& session) override { react(session, "heartbeat"); }
  void on_upgrading(socketio::Session& session) override { react(session, "upgrading"); }
  void on_upgrade(socketio::Session& session) override { react(session, "upgrade"); }
  bool observes_packets() const override { return observes; }
  void on_packet(socketio::Session& session, socketio::EioPacketType type, bool, std::string_view data) override {
    react(session, std::string("packet ") + socketio::to_char(type) + std::string(data));
  }
  void on_packet_create(socketio::Session& session, const socketio::Message& packet) override {
    react(session, "create " + std::string(packet.payload()));
  }
  void on_flush(socketio::Session& session, std::span<const socketio::MessagePtr> packets) override {
    react(session, "flush " + std::to_string(packets.size()));
  }

  /// The number of events of that name.
  int count(std::string_view event) const {
    int times = 0;
    for (const std::string& seen : events) times += seen == event;
    return times;
  }

  bool echoes = false;
  bool observes = false;
  std::vector<std::string> messages;
  std::vector<Close> closes;
  std::vector<std::string> events;
  std::size_t unsent_at_close = 0;

  /// Called in every event whose name begins with `react_to`.
  std::string react_to;
  React reaction;

 private:
  void react(socketio::Session& session, const std::string& event) {
    events.push_back(event);
    if (reaction && event.compare(0, react_to.size(), react_to) == 0) reaction(session);
  }
};

struct EngineFixture {
  explicit EngineFixture(socketio::EngineOptions options = {}) : engine(transport.scheduler(), std::move(options)) {
    transport.on_exchange([this](socketio::ExchangePtr exchange) { engine.handle(std::move(exchange)); });
    transport.listen();
    engine.on_connection([this](std::shared_ptr<socketio::Session> session) {
      sessions.push_back(session);
      recorders.push_back(std::make_shared<Recorder>(prototype));
      session->set_listener(recorders.back());
    });
    engine.on_connection_error([this](const socketio::ConnectionError& error) {
      Refusal refusal{static_cast<int>(error.code), std::string(error.message), {}};
      for (const auto& [name, value] : error.context)
        refusal.context += name + '=' + (value.is_string() ? value.as_string() : '#' + to_json(value)) + ' ';
      refusals.push_back(std::move(refusal));
    });
    engine.on_error([this](std::exception_ptr error, std::string_view where) {
      std::string what;
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& exception) {
        what = exception.what();
      } catch (...) {
        what = "something";
      }
      errors.push_back(std::string(where) + ": " + what);
    });
  }

  struct Refusal {
    int code;
    std::string message;
    std::string context;  // "name=value ...", with # before numbers
  };

  using Headers = socketio::MemoryTransport::Headers;

  static std::string polling(const std::string& sid = {}) {
    return "/engine.io/?EIO=4&transport=polling" + (sid.empty() ? sid : "&sid=" + sid);
  }
  static std::string websocket(const std::string& sid = {}) {
    return "/engine.io/?EIO=4&transport=websocket" + (sid.empty() ? sid : "&sid=" + sid);
  }

  /// Opens a polling session. @return its id
  std::string open_polling() {
    transport.fetch("GET", polling());
    return session().id();
  }

  socketio::MemoryWebSocketClientPtr open_websocket() {
    auto client = transport.connect_websocket(websocket());
    client->pop();
    return client;
  }

  /// Opens the WebSocket of an upgrade, sends the probe, and takes the answer.
  socketio::MemoryWebSocketClientPtr probe(const std::string& sid) {
    auto client = transport.connect_websocket(websocket(sid));
    client->send_text("2probe");
    run();
    client->pop();
    return client;
  }

  socketio::MemoryResponsePtr poll(const std::string& sid, Headers headers = {}) {
    return transport.fetch("GET", polling(sid), {}, headers);
  }
  socketio::MemoryResponsePtr post(const std::string& sid, std::string body, Headers headers = {}) {
    return transport.fetch("POST", polling(sid), std::move(body), headers);
  }

  void run() { transport.run_until_idle(); }
  void advance(std::chrono::milliseconds by) { transport.advance(by); }
  static socketio::MessagePtr text(std::string_view payload) { return socketio::Message::text(payload); }

  /// The newest session and its record.
  socketio::Session& session() { return *sessions.back(); }
  Recorder& recorder() { return *recorders.back(); }

  asio::io_context context;
  socketio::MemoryTransport transport{context};
  socketio::Engine engine;
  Recorder prototype;  // copied for every session
  std::vector<std::shared_ptr<socketio::Session>> sessions;
  std::vector<std::shared_ptr<Recorder>> recorders;
  std::vector<Refusal> refusals;
  std::vector<std::string> errors;
};

}  // namespace tests
