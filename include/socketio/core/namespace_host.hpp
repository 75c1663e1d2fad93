// SPDX-License-Identifier: MIT
// A namespace as an adapter that connects servers reaches it. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/args.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
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
    if (!decoded) {
      home()->report(
          {make_error_code(Errc::malformed_packet),
           "an event for other servers cannot be read back: it has binary data, and an object that looks like "
           "the placeholder of some",
           nsp(),
           {},
           {},
           nullptr});
      return event;
    }
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

  Withdraw broadcast_with_ack(const std::vector<Value>& event, const BroadcastOptions& options,
                              std::optional<std::chrono::milliseconds> timeout, Reply answer, Done done) override {
    const auto self = nsp_.shared_from_this();
    const std::uint64_t id = self->next_ack_id();
    const auto packet = encode(event, id, options.flags, {});
    if (!packet) {
      done(make_error_code(Errc::no_answer));
      return nullptr;
    }
    const auto collector = std::make_shared<ForwardedAck>(home(), std::move(answer), std::move(done));
    self->broadcast_expecting(id, *packet, here_only(options), timeout, collector);
    return [weak = std::weak_ptr(collector)] {
      if (const auto alive = weak.lock()) alive->cancel();
    };
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

  /// Null for what is no event, and, reported, for one that this server's clients would not take.
  std::optional<OutgoingPacket> encode(const std::vector<Value>& event, const std::optional<std::uint64_t>& id,
                                       const EmitFlags& flags, std::string_view offset) const {
    if (event.empty() || !event.front().is_string()) return std::nullopt;
    Args arguments;
    arguments.assign(event.begin() + 1, event.end());
    const std::string& name = event.front().as_string();
    try {
      return encode_event<Parser>(nsp_.name(), id, flags, nsp_.options().max_attachments, name, arguments,
                                  PacketOffset{offset});
    } catch (...) {
      home()->report_current_exception(nsp_.name(), {}, name);
      return std::nullopt;
    }
  }

  NamespaceState<Config>& nsp_;
};

}  // namespace socketio::detail
