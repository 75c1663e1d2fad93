// SPDX-License-Identifier: MIT
// A scripted client's connection and the sockets of its namespaces. Testing.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/testing/engine_client.hpp>
#include <socketio/testing/received.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::testing::detail {

template <class Config>
class ClientConnection;

/// An acknowledgement that a client waits for.
struct PendingAnswer {
  std::string question;  // as it stands in failures
  std::string event;
  std::shared_ptr<const Packet> packet;  // null until it has come
};

/// A client in one namespace, as its handles share it.
template <class Config>
struct ClientState {
  using Writer = typename Config::Parser::Writer;

  enum class Stage { connecting, connected, refused, disconnected };

  ClientState(std::shared_ptr<Kit> shared_kit, ClientOptions client_options, const ServerOptions& server_options)
      : kit(std::move(shared_kit)), options(std::move(client_options)), server(server_options) {
    if (options.nsp.empty() || options.nsp.front() != '/') options.nsp.insert(0, 1, '/');
  }

  std::shared_ptr<Kit> kit;
  ClientOptions options;
  ServerOptions server;
  std::shared_ptr<ClientConnection<Config>> connection;
  Stage stage = Stage::connecting;
  std::string id;
  std::string pid;     // for the recovery of the connection state; empty where the server offers none
  std::string offset;  // of the last event that carried one
  bool recovered = false;
  std::optional<ConnectError> refusal;
  std::string reason;  // why it is disconnected
  std::deque<BasicReceived<Config>> received;
  std::map<std::string, std::function<void(Writer&)>, std::less<>> answers;
  std::map<std::uint64_t, std::shared_ptr<PendingAnswer>> pending;
  std::uint64_t next_id = 0;

  void disconnected(std::string_view why) {
    if (stage == Stage::refused || stage == Stage::disconnected) return;
    stage = Stage::disconnected;
    reason = why;
    pending.clear();
  }

  /// The lines below the first of a failure: what there is instead of what was expected.
  std::string circumstances() const {
    std::string text = "\n  what has come: ";
    constexpr std::size_t most = 20;
    for (std::size_t i = 0; i < received.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + received[i].text();
    if (received.empty()) text += "nothing";
    if (received.size() > most) text += " and " + std::to_string(received.size() - most) + " more";
    if (stage == Stage::connecting) text += "\n  the client is not connected: no answer has come";
    if (stage == Stage::refused) text += "\n  the client is not connected: " + std::string(refusal->what());
    if (stage == Stage::disconnected) text += "\n  the client is disconnected: " + reason;
    for (const ErrorReport& report : kit->reports()) text += "\n  the server has reported: " + report.message();
    return text;
  }
};

template <class Config>
class ClientConnection final : public EngineClient, public std::enable_shared_from_this<ClientConnection<Config>> {
 public:
  using Parser = typename Config::Parser;
  using Writer = typename Parser::Writer;
  using State = ClientState<Config>;
  using StatePtr = std::shared_ptr<State>;

  ClientConnection(std::shared_ptr<Kit> shared_kit, const ServerOptions& server, const ClientOptions& options)
      : EngineClient(std::move(shared_kit), server, options), parser_(server.parser_limits()) {}

  /// Asks for the client's namespace, now or when the connection has been opened.
  void join(const StatePtr& client) {
    std::erase_if(clients_, [&](const StatePtr& other) { return other->options.nsp == client->options.nsp; });
    clients_.push_back(client);
    if (is_open()) send_connect(*client);
  }

  StatePtr find(std::string_view nsp) const {
    for (const StatePtr& client : clients_)
      if (client->options.nsp == nsp) return client;
    return nullptr;
  }

 private:
  void on_open() override {
    for (const StatePtr& client : clients_) send_connect(*client);
  }

  void on_message(bool is_binary, std::string_view data) override {
    DecodeResult result =
        is_binary ? parser_.decode_binary(decoder_, Binary(std::string(data))) : parser_.decode_text(decoder_, data);
    if (result.error) throw Error("the server sent what is no packet: " + result.message);
    if (result.packet) take(std::shared_ptr<const Packet>(std::move(result.packet)));
  }

  void on_end() override {
    const std::vector<StatePtr> clients = std::exchange(clients_, {});
    for (const StatePtr& client : clients) {
      if (!refusal().empty() && client->stage == State::Stage::connecting) {
        client->stage = State::Stage::refused;
        client->refusal = ConnectError(refusal());
      }
      client->disconnected(is_closing() ? "io client disconnect" : "transport close");
    }
  }

  void abandon() override { clients_.clear(); }

  static void send_connect_data(Writer& writer, const State& client) {
    Value data = client.options.auth.is_null() ? Value::object() : client.options.auth;
    if (!client.pid.empty()) {
      data["pid"] = client.pid;
      if (!client.offset.empty()) data["offset"] = client.offset;
    }
    write_value(writer, data);
  }

  void send_connect(State& client) {
    const PacketHeader header{PacketType::connect, client.options.nsp, {}};
    if (client.options.auth.is_null() && client.pid.empty()) return send(Parser::encode(header));
    send(Parser::encode(header, [&](Writer& writer) { send_connect_data(writer, client); }));
  }

  void take(std::shared_ptr<const Packet> packet) {
    const StatePtr client = find(packet->nsp());
    if (!client) return;  // it has left meanwhile
    switch (packet->type()) {
      case PacketType::connect: return take_connect(*client, *packet);
      case PacketType::connect_error: return take_refusal(*client, *packet);
      case PacketType::disconnect: return client->disconnected("io server disconnect");
      case PacketType::event: return take_event(client, std::move(packet));
      case PacketType::ack: {
        const auto question = client->pending.find(packet->id().value_or(0));
        if (question == client->pending.end()) return;
        question->second->packet = std::move(packet);
        client->pending.erase(question);
        return;
      }
      case PacketType::binary_event:
      case PacketType::binary_ack: return;
    }
  }

  static void take_connect(State& client, const Packet& packet) {
    client.stage = State::Stage::connected;
    client.id = packet.data()["sid"].string();
    const std::string_view pid = packet.data()["pid"].string();
    client.recovered = !pid.empty() && pid == client.pid;
    client.pid = pid;
  }

  static void take_refusal(State& client, const Packet& packet) {
    client.stage = State::Stage::refused;
    const ValueView data = packet.data();
    const std::string message(data.is_string() ? data.string() : data["message"].string());
    const auto details = data.find("data");
    client.refusal = details ? ConnectError(message, socketio::detail::read_dynamic(*details)) : ConnectError(message);
  }

  void take_event(const StatePtr& client, std::shared_ptr<const Packet> packet) {
    const std::size_t count = packet->arg_count();
    if (!client->pid.empty() && count > 0 && packet->arg(count - 1).is_string())
      client->offset = packet->arg(count - 1).string();
    const BasicReceived<Config>& event = client->received.emplace_back(
        std::move(packet), [weak = std::weak_ptr(client)](std::uint64_t id, const std::function<void(Writer&)>& write) {
          const StatePtr state = weak.lock();
          if (!state || state->stage != State::Stage::connected)
            throw Error("an event cannot be acknowledged: the client is not connected any more");
          state->connection->send(Parser::encode(PacketHeader{PacketType::ack, state->options.nsp, id}, write));
          state->kit->settle();
        });
    if (!event.wants_ack()) return;
    const auto answer = client->answers.find(event.name());
    if (answer == client->answers.end()) return;
    event.ack_with(answer->second);
  }

  Parser parser_;
  typename Parser::Decoder decoder_;
  std::vector<StatePtr> clients_;  // one for each namespace
};

}  // namespace socketio::testing::detail
