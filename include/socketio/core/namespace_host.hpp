// SPDX-License-Identifier: MIT
// A namespace as an adapter that connects servers reaches it. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/args.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio::detail {

template <class Config>
class NamespaceState;

/// Hands the acknowledgements of this server's clients to whoever asks for another server.
class ForwardedAck final : public BroadcastAck {
 public:
  /// @param shard  where `answer` and `done` are called
  ForwardedAck(std::shared_ptr<Shard> shard, AdapterHost::Reply answer, AdapterHost::Done done)
      : shard_(std::move(shard)), answer_(std::move(answer)), done_(std::move(done)) {}

 private:
  // Both posted, also from the thread itself: no answer may be overtaken by the end.
  std::error_code take(const Packet& answer) override {
    shard_->post([self = shared(), items = values_of(answer)]() mutable { self->answer_(std::move(items)); });
    return {};
  }
  void finish(std::error_code error) override {
    shard_->post([self = shared(), error] { self->done_(error); });
  }

  std::shared_ptr<ForwardedAck> shared() { return std::static_pointer_cast<ForwardedAck>(shared_from_this()); }

  std::shared_ptr<Shard> shard_;
  AdapterHost::Reply answer_;
  AdapterHost::Done done_;
};

/// @par Lifetime  Part of its namespace.
template <class Config>
class NamespaceHost final : public AdapterHost {
 public:
  using Parser = typename Config::Parser;

  explicit NamespaceHost(NamespaceState<Config>& nsp) noexcept : nsp_(nsp) {}

  const std::string& nsp() const noexcept override { return nsp_.name(); }
  Scheduler& scheduler() const noexcept override { return home()->scheduler(); }
  std::function<void(Task)> poster() const override {
    return [shard = home()](Task task) { shard->post(std::move(task)); };
  }

  std::vector<Value> event_in(const OutgoingPacket& packet) const override {
    const PacketPtr decoded = packet.template decode<Parser>();
    std::vector<Value> event;
    if (!decoded) return event;
    event.emplace_back(decoded->event_name());
    for (Value& argument : values_of(*decoded)) event.push_back(std::move(argument));
    if (packet.ends_with_offset()) event.pop_back();
    return event;
  }

  void broadcast(const std::vector<Value>& event, const BroadcastOptions& options) override {
    const auto self = nsp_.shared_from_this();
    const std::string offset = self->next_offset(options.flags);
    if (auto packet = encode(event, std::nullopt, options.flags, offset))
      self->broadcast(*std::move(packet), here_only(options), offset);
  }

  void broadcast_with_ack(const std::vector<Value>& event, const BroadcastOptions& options,
                          std::optional<std::chrono::milliseconds> timeout, Reply answer, Done done) override {
    const auto self = nsp_.shared_from_this();
    const std::uint64_t id = self->next_ack_id();
    const auto packet = encode(event, id, options.flags, {});
    if (!packet) return done({});
    self->broadcast_expecting(id, *packet, here_only(options), timeout,
                              std::make_shared<ForwardedAck>(home(), std::move(answer), std::move(done)));
  }

  void add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) override {
    nsp_.shared_from_this()->act_in_order(options, [rooms](const auto& socket) {
      for (const std::string& room : rooms) socket->join(room);
    });
  }
  void del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) override {
    nsp_.shared_from_this()->act_in_order(options, [rooms](const auto& socket) {
      for (const std::string& room : rooms) socket->leave(room);
    });
  }
  void disconnect_sockets(const BroadcastOptions& options, bool close) override {
    nsp_.shared_from_this()->act_on(options, [close](const auto& socket) { socket->leave_server(close); });
  }

  void fetch_sockets(const BroadcastOptions& options, UniqueFunction<void(std::vector<SocketDetails>)> done) override {
    nsp_.shared_from_this()->fetch(
        here_only(options), std::nullopt,
        [shard = home(), done = std::move(done)](std::error_code, std::vector<SocketDetails> sockets) mutable {
          shard->dispatch(
              [done = std::move(done), sockets = std::move(sockets)]() mutable { done(std::move(sockets)); });
        });
  }

  void server_side_event(const std::vector<Value>& event, Reply reply) override {
    const auto self = nsp_.shared_from_this();
    self->server_side_handlers().dispatch(home(), self->name(), event, std::move(reply));
  }

 private:
  const std::shared_ptr<Shard>& home() const noexcept { return nsp_.shards().home(); }

  static BroadcastOptions here_only(BroadcastOptions options) {
    options.flags.local = true;
    return options;
  }

  /// Null for what is no event. How many attachments clients accept has been looked at by the server that sends.
  std::optional<OutgoingPacket> encode(const std::vector<Value>& event, const std::optional<std::uint64_t>& id,
                                       const EmitFlags& flags, std::string_view offset) const {
    if (event.empty() || !event.front().is_string()) return std::nullopt;
    Args arguments;
    arguments.assign(event.begin() + 1, event.end());
    return encode_event<Parser>(nsp_.name(), id, flags, std::numeric_limits<std::size_t>::max(),
                                event.front().as_string(), arguments, PacketOffset{offset});
  }

  NamespaceState<Config>& nsp_;
};

}  // namespace socketio::detail
