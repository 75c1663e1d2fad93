// SPDX-License-Identifier: MIT
// A scripted client in one namespace: what a page or a phone does, step by step. Testing.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/default_config.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/testing/connection.hpp>
#include <socketio/testing/error.hpp>
#include <socketio/testing/options.hpp>
#include <socketio/testing/received.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio::testing {

template <class Config>
class BasicServer;

/// The answer to an event that has been sent with `ask`: it may come later, or never.
template <class Config>
class BasicAnswer {
 public:
  /// For the kit.
  BasicAnswer(std::shared_ptr<detail::ClientState<Config>> client, std::shared_ptr<detail::PendingAnswer> pending)
      : client_(std::move(client)), pending_(std::move(pending)) {}

  bool has_come() const {
    client_->kit->settle();
    return pending_->packet != nullptr;
  }

  /// The values of the acknowledgement.
  ///
  /// @throws Error  if it has not come
  Arguments values() const {
    if (!has_come()) throw Error("no answer to " + pending_->question + client_->circumstances());
    return Arguments(pending_->packet, "answer to " + pending_->event);
  }

  /// @throws Error  as `values`, or because the value does not convert
  template <class T = Value>
  T arg(std::size_t index) const {
    return values().template arg<T>(index);
  }
  std::size_t size() const { return values().size(); }

 private:
  std::shared_ptr<detail::ClientState<Config>> client_;
  std::shared_ptr<detail::PendingAnswer> pending_;
};

/// A client of a server under test. What it does reaches the server's handlers before the call returns, and whatever it
/// is asked for, everything that can happen without time going by has happened before.
///
/// It behaves as the JavaScript client: it answers heartbeats, has one connection for all its namespaces, and tells of
/// its disconnection in the same words. It does not reconnect by itself.
///
/// A small handle: copies are the same client. Dropping all of them does not disconnect it.
///
/// @par Thread safety  The thread of the server only.
/// @par Errors         Expectations that do not hold throw Error. So does everything once the server is destroyed.
template <class Config>
class BasicClient {
 public:
  using Received = BasicReceived<Config>;
  using Answer = BasicAnswer<Config>;

  /// For the kit.
  explicit BasicClient(std::shared_ptr<detail::ClientState<Config>> state) : state_(std::move(state)) {}

  // ------------------------------------------------------------------------------------------------ the connection

  bool connected() const {
    settle();
    return state_->stage == Stage::connected;
  }

  /// The socket's id on both sides; empty before the connection.
  const std::string& id() const {
    settle();
    return state_->id;
  }
  const std::string& nsp() const noexcept { return state_->options.nsp; }

  /// Whether the server has recovered the state of the connection before.
  bool recovered() const {
    settle();
    return state_->recovered;
  }

  /// What `connect_error` told a client that `open` opened; for a handshake that was refused, status and body.
  std::optional<ConnectError> connect_error() const {
    settle();
    return state_->refusal;
  }

  /// "polling" or "websocket": where its connection is at the moment.
  std::string_view transport_name() const {
    settle();
    return state_->connection->transport_name();
  }

  /// Takes a connection that has begun with polling over to a WebSocket, as pages do by themselves: opens one, probes
  /// it, waits for the server to release the poll that waits, and sends everything over the WebSocket from then on.
  ///
  /// The server releases the poll with whatever it has to send, or after a tenth of a second. Until something is sent
  /// to the client or time goes by, the connection stays where it is, and what the client sends waits. It stays with
  /// polling if the upgrade comes to nothing, as when a stalled client lets ServerOptions::upgrade_timeout go by.
  ///
  /// @throws Error  if the client is not connected by polling, the server does not offer the upgrade, or it refuses the
  ///                WebSocket
  void upgrade() const {
    require_connected();
    state_->connection->begin_upgrade();
    settle();
    if (const std::string& why = state_->connection->upgrade_refusal(); !why.empty())
      throw Error("the client was refused the upgrade: " + why + state_->circumstances());
  }

  /// Why it was disconnected, in the words of the JavaScript client: "io server disconnect", "io client disconnect" or
  /// "transport close". Empty while it is connected.
  const std::string& disconnect_reason() const {
    settle();
    return state_->reason;
  }

  /// Another namespace on the same connection.
  ///
  /// @throws Refused  if the server refuses
  /// @throws Error    if no answer comes, since a middleware waits for something
  BasicClient connect(std::string nsp, Value auth = {}) const {
    BasicClient client = open(std::move(nsp), std::move(auth));
    client.require_connected();
    return client;
  }

  /// As `connect`, whatever the answer: it is there to be refused, or to be answered later.
  BasicClient open(std::string nsp, Value auth = {}) const {
    settle();
    if (state_->connection->has_ended()) throw Error("there is no connection to share: " + state_->reason);
    ClientOptions options = state_->options;
    options.nsp = std::move(nsp);
    options.auth = std::move(auth);
    auto state = std::make_shared<State>(state_->kit, std::move(options), state_->server);
    state->connection = state_->connection;
    state->connection->join(state);
    settle();
    return BasicClient(std::move(state));
  }

  /// Leaves the namespace; the connection stays, for others. `disconnect` on the server: "client namespace disconnect".
  void disconnect() const {
    require_connected();
    state_->connection->send(Parser::encode(PacketHeader{PacketType::disconnect, nsp(), {}}));
    state_->disconnected("io client disconnect");
    settle();
  }

  /// Closes the connection with all its namespaces, as a page that is left does. `disconnect` on the server: "transport
  /// close".
  void close() const {
    settle();
    state_->connection->close();
    settle();
  }

  /// Loses the connection without a word, as when a train enters a tunnel and the socket breaks.
  void drop() const {
    settle();
    state_->connection->drop();
    settle();
  }

  /// Connects again, over a connection of its own, with the same credentials and with what the recovery of the
  /// connection state needs. What was received before stays.
  ///
  /// @throws Refused, Error  as `connect`
  void reconnect() const {
    settle();
    if (state_->stage == Stage::connected) throw Error("the client is connected already");
    state_->connection =
        std::make_shared<detail::ClientConnection<Config>>(state_->kit, state_->server, state_->options);
    state_->kit->add(state_->connection);
    state_->stage = Stage::connecting;
    state_->refusal.reset();
    state_->reason.clear();
    state_->connection->join(state_);
    require_connected();
  }

  /// Stops reading, so that what the server sends stays with it: for back-pressure and volatile events. A polling
  /// client still gets the answer to the poll that is waiting.
  void stall() const {
    settle();
    state_->connection->stall(true);
  }

  /// Reads again.
  void resume() const {
    state_->connection->stall(false);
    settle();
  }

  /// Answers no more heartbeats: after ServerOptions::ping_interval and ping_timeout the server gives it up.
  void mute(bool muted = true) const { state_->connection->mute(muted); }

  // ------------------------------------------------------------------------------------------------------- sending

  /// Sends an event; the server's handlers have run when this returns.
  ///
  /// @param event  a name, or a typed Event, whose arguments the compiler checks
  /// @throws Error                  if the client is not connected
  /// @throws std::invalid_argument  for a reserved name
  template <EventName E, class... Args>
  void emit(const E& event, const Args&... args) const {
    send_event(event, std::nullopt, args...);
    settle();
  }

  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <EventName E, class... Args>
  void emit_event(const E& event, const Args&... args) const {
    emit(event, args...);
  }

  /// Sends an event and returns the first value of the acknowledgement.
  ///
  /// @tparam Result  what it converts to; void to ignore it
  /// @throws Error   if no acknowledgement comes without time going by (see `ask`), or it does not convert
  template <class Result = Value, class... Args>
  Result emit_with_ack(std::string_view event, const Args&... args) const {
    return first<Result>(ask(event, args...));
  }
  template <TypedEvent E, class... Args>
  auto emit_with_ack(const E& event, const Args&... args) const {
    return first<typename E::Result>(ask(event, args...));
  }

  /// Sends an event whose acknowledgement may come later.
  template <EventName E, class... Args>
  Answer ask(const E& event, const Args&... args) const {
    const std::string_view name = socketio::detail::name_of(event);
    auto pending = std::make_shared<detail::PendingAnswer>();
    pending->event = name;
    if constexpr ((socketio::detail::EmittableArgument<Args> && ...)) pending->question = describe(name, args...);
    const std::uint64_t id = state_->next_id++;
    send_event(event, id, args...);
    state_->pending.emplace(id, pending);
    settle();
    return Answer(state_, std::move(pending));
  }

  // ----------------------------------------------------------------------------------------------------- receiving

  /// Takes the oldest event of that name; those of other names stay.
  ///
  /// @throws Error  if none has come
  template <EventName E>
  Received next(const E& event) const {
    settle();
    const std::string_view name = socketio::detail::name_of(event);
    const auto found = find(name);
    if (found == state_->received.end())
      throw Error("no event \"" + std::string(name) + "\" has come to the client in " + nsp() +
                  state_->circumstances());
    Received taken = *found;
    state_->received.erase(found);
    return taken;
  }

  /// Takes the oldest event.
  ///
  /// @throws Error  if none has come
  Received next() const {
    settle();
    if (state_->received.empty()) throw Error("no event has come to the client in " + nsp() + state_->circumstances());
    Received taken = state_->received.front();
    state_->received.pop_front();
    return taken;
  }

  /// Whether an event of that name is there to be taken.
  template <EventName E>
  bool has_received(const E& event) const {
    settle();
    return find(socketio::detail::name_of(event)) != state_->received.end();
  }

  /// All events that have not been taken, oldest first.
  std::vector<Received> received() const {
    settle();
    return {state_->received.begin(), state_->received.end()};
  }

  /// Forgets the events that have come so far.
  void clear() const {
    settle();
    state_->received.clear();
  }

  /// From now on, acknowledges events of that name with these values as soon as they come; they can still be taken.
  /// For handlers that ask the client before they answer it. To acknowledge one by hand: `next(event).ack(...)`.
  template <EventName E, class... Results>
  void answer(const E& event, Results... results) const {
    using Writer = typename Parser::Writer;
    state_->answers.insert_or_assign(
        std::string(socketio::detail::name_of(event)),
        [kept = std::make_tuple(kept_value(std::move(results))...)](Writer& writer) {
          std::apply(
              [&](const auto&... values) {
                writer.begin_array((std::size_t{0} + ... + socketio::detail::argument_count(values)));
                (socketio::detail::write_argument(writer, values), ...);
                writer.end_array();
              },
              kept);
        });
  }

 private:
  friend class BasicServer<Config>;

  using Parser = typename Config::Parser;
  using State = detail::ClientState<Config>;
  using Stage = typename State::Stage;

  void settle() const { state_->kit->settle(); }

  auto find(std::string_view name) const {
    return std::find_if(state_->received.begin(), state_->received.end(),
                        [&](const Received& event) { return event.name() == name; });
  }

  /// Text outlives the call.
  template <class T>
  static auto kept_value(T value) {
    if constexpr (std::convertible_to<T, std::string_view> && !std::same_as<T, std::nullptr_t>)
      return std::string(std::string_view(value));
    else
      return value;
  }

  template <class... Args>
  static std::string describe(std::string_view event, const Args&... args) {
    socketio::detail::OutBuffer out;
    std::vector<Binary> attachments;
    JsonWriter writer(out);
    writer.begin_array(0);
    (socketio::detail::write_argument(writer, args), ...);
    writer.end_array();
    const std::vector<Value> values = parse_json(out.view()).as_array();
    return std::string(event) + '(' + detail::describe(values) + ')';
  }

  void require_connected() const {
    settle();
    if (state_->stage == Stage::connected) return;
    if (state_->stage == Stage::refused) {
      std::string text = "the client was refused in " + nsp() + ": " + state_->refusal->what();
      if (!state_->refusal->data().is_null()) text += ' ' + to_json(state_->refusal->data());
      throw Refused(text, state_->refusal->what(), state_->refusal->data());
    }
    throw Error("the client is not connected to " + nsp() + state_->circumstances());
  }

  /// The arguments of a typed event are checked and sent as it declares them.
  template <EventName E, class... Args>
  void send_event(const E& event, std::optional<std::uint64_t> id, const Args&... args) const {
    if constexpr (!TypedEvent<E>) {
      static_assert((socketio::detail::EmittableArgument<Args> && ...),
                    "socketio::testing: an argument of this emit cannot be converted to what servers receive.");
      if constexpr ((socketio::detail::EmittableArgument<Args> && ...)) send_named(event, id, args...);
    } else if constexpr (socketio::detail::require_event_arguments<E, Args...>()) {
      socketio::detail::send_declared<E>(
          [&](std::string_view name, const auto&... declared) { send_named(name, id, declared...); },
          std::index_sequence_for<Args...>{}, args...);
    }
  }

  template <class... Args>
  void send_named(std::string_view event, std::optional<std::uint64_t> id, const Args&... args) const {
    socketio::detail::require_emittable(event);
    settle();
    if (state_->stage != Stage::connected)
      throw Error("the client cannot emit " + describe(event, args...) + " in " + nsp() + state_->circumstances());
    state_->connection->send(Parser::encode(PacketHeader{PacketType::event, nsp(), id}, [&](auto& writer) {
      writer.begin_array((1 + ... + socketio::detail::argument_count(args)));
      writer.string(event);
      (socketio::detail::write_argument(writer, args), ...);
      writer.end_array();
    }));
  }

  template <class Result>
  static Result first(const Answer& answer) {
    const Arguments values = answer.values();
    if constexpr (!std::is_void_v<Result>) return values.template arg<Result>(0);
  }

  std::shared_ptr<State> state_;
};

/// Those of the default configuration.
using Client = BasicClient<DefaultConfig>;
using Received = BasicReceived<DefaultConfig>;
using Answer = BasicAnswer<DefaultConfig>;

}  // namespace socketio::testing

#pragma pop_macro("emit")
