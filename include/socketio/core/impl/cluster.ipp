// SPDX-License-Identifier: MIT
// Bodies of cluster.hpp. Core layer.
#pragma once

#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/cluster.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/packet_values.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <string_view>

namespace socketio::detail {

/// Hands the acknowledgements of this server's clients to another server that asks for them.
class ForwardedAck final : public BroadcastAck {
 public:
  /// @param shard  where `answer` and `done` are called
  ForwardedAck(std::shared_ptr<Shard> shard, UniqueFunction<void(std::vector<Value>)> answer, Cluster::Done done)
      : shard_(std::move(shard)), answer_(std::move(answer)), done_(std::move(done)) {}

 private:
  // Both are posted, also on the thread itself: the end must not overtake an answer.
  std::error_code take(const Packet& answer) override {
    shard_->post([self = shared(), items = values_of(answer)]() mutable { self->answer_(std::move(items)); });
    return {};
  }
  void finish(std::error_code error) override {
    shard_->post([self = shared(), error] { self->done_(error); });
  }

  std::shared_ptr<ForwardedAck> shared() { return std::static_pointer_cast<ForwardedAck>(shared_from_this()); }

  std::shared_ptr<Shard> shard_;
  UniqueFunction<void(std::vector<Value>)> answer_;
  Cluster::Done done_;
};

SOCKETIO_DECL Cluster::Cluster(NamespaceState& nsp, std::unique_ptr<Adapter> adapter)
    : nsp_(nsp), adapter_(std::move(adapter)), id_(make_sid()) {}

SOCKETIO_DECL const std::shared_ptr<Shard>& Cluster::home() const noexcept { return nsp_.shards().home(); }
SOCKETIO_DECL const std::string& Cluster::nsp() const noexcept { return nsp_.name(); }
SOCKETIO_DECL Scheduler& Cluster::scheduler() const noexcept { return home()->scheduler(); }
SOCKETIO_DECL std::function<void(AdapterHost::Task)> Cluster::poster() const {
  return [shard = home()](Task task) { shard->post(std::move(task)); };
}

SOCKETIO_DECL void Cluster::attach() {
  if (std::exchange(is_attached_, true)) return;
  adapter_->attach(*this);
}

SOCKETIO_DECL void Cluster::close() {
  is_attached_ = false;
  adapter_->close();
  questions_.clear();
  const auto ended = std::exchange(requests_, {});
  for (const auto& [id, request] : ended) request->done(make_error_code(Errc::disconnected), {});
}

SOCKETIO_DECL void Cluster::broadcast(const OutgoingPacket& packet, const BroadcastOptions& options) {
  if (!is_attached_) return;
  ClusterMessage message{ClusterMessage::Type::broadcast};
  message.options = options;
  message.event = event_in(packet);
  if (!message.event.empty()) adapter_->publish(std::move(message));
}

SOCKETIO_DECL Cluster::Withdraw Cluster::broadcast_with_ack(const OutgoingPacket& packet,
                                                            const BroadcastOptions& options,
                                                            std::optional<std::chrono::milliseconds> timeout,
                                                            Answer answer, Done done) {
  ClusterMessage message{ClusterMessage::Type::broadcast};
  if (is_attached_) message.event = event_in(packet);
  if (message.event.empty()) {
    done(is_attached_ ? make_error_code(Errc::no_answer) : std::error_code());
    return nullptr;
  }
  message.options = options;
  message.timeout = timeout;
  const std::uint64_t id = request(std::move(message), timeout, std::move(answer), without_sockets(std::move(done)));
  return [this, id] { withdraw(id); };
}

SOCKETIO_DECL void Cluster::add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) {
  tell(ClusterMessage::Type::add_sockets, options, rooms, false);
}

SOCKETIO_DECL void Cluster::del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) {
  tell(ClusterMessage::Type::del_sockets, options, rooms, false);
}

SOCKETIO_DECL void Cluster::disconnect_sockets(const BroadcastOptions& options, bool close) {
  tell(ClusterMessage::Type::disconnect_sockets, options, {}, close);
}

SOCKETIO_DECL void Cluster::fetch_sockets(const BroadcastOptions& options,
                                          std::optional<std::chrono::milliseconds> timeout, FetchDone done) {
  if (!is_attached_) return done({}, {});
  ClusterMessage message{ClusterMessage::Type::fetch_sockets};
  message.options = options;
  request(std::move(message), timeout.value_or(adapter_->request_timeout()), nullptr, std::move(done));
}

SOCKETIO_DECL void Cluster::server_side_emit(const OutgoingPacket& packet, Answer answer, Done done) {
  if (!is_attached_) {
    if (done) done({});
    return;
  }
  ClusterMessage message{ClusterMessage::Type::server_side_event};
  message.event = event_in(packet);
  if (message.event.empty()) {
    if (done) done(make_error_code(Errc::no_answer));
    return;
  }
  if (done)
    request(std::move(message), adapter_->request_timeout(), std::move(answer), without_sockets(std::move(done)));
  else
    adapter_->publish(std::move(message));
}

SOCKETIO_DECL void Cluster::receive(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder) {
  if (!is_attached_) return;
  const auto kept = nsp_.shared_from_this();
  BroadcastOptions here = message.options;
  here.flags.local = true;
  switch (message.type) {
    case ClusterMessage::Type::broadcast:
      return responder ? receive_question(message, responder) : receive_broadcast(message);
    case ClusterMessage::Type::add_sockets: return nsp_.add_sockets(here, message.rooms);
    case ClusterMessage::Type::del_sockets: return nsp_.del_sockets(here, message.rooms);
    case ClusterMessage::Type::disconnect_sockets: return nsp_.disconnect_sockets(here, message.close);
    case ClusterMessage::Type::fetch_sockets: return receive_fetch(message, responder);
    case ClusterMessage::Type::server_side_event: return receive_server_side_event(message, responder);
    case ClusterMessage::Type::withdraw:
      if (auto question = questions_.extract({message.sender, message.request})) question.mapped()();
      return;
    case ClusterMessage::Type::answer:
      if (const auto found = requests_.find(message.request); found != requests_.end() && found->second->answer)
        found->second->answer(message.event);
      return;
    case ClusterMessage::Type::end: return handle_end(message);
  }
}

SOCKETIO_DECL void Cluster::receive_broadcast(const ClusterMessage& message) {
  BroadcastOptions here = message.options;
  here.flags.local = true;
  const std::string offset = nsp_.next_offset(here.flags);
  if (auto packet = encode(message.event, std::nullopt, here.flags, offset))
    nsp_.broadcast(*std::move(packet), here, offset);
}

/// Asks this server's clients for another server, and remembers the question for as long as it is open.
SOCKETIO_DECL void Cluster::receive_question(const ClusterMessage& message,
                                             const std::shared_ptr<ClusterResponder>& responder) {
  BroadcastOptions here = message.options;
  here.flags.local = true;
  const std::uint64_t id = nsp_.next_ack_id();
  const auto packet = encode(message.event, id, here.flags, {});
  if (!packet) return responder->end(make_error_code(Errc::no_answer));
  Question question(message.sender, message.request);
  const auto collector = std::make_shared<ForwardedAck>(
      home(), [responder](std::vector<Value> items) { responder->answer(std::move(items)); },
      [weak = nsp_.weak_from_this(), this, responder, question](std::error_code error) {
        if (const auto alive = weak.lock()) questions_.erase(question);
        responder->end(error);
      });
  questions_.emplace(std::move(question), [weak = std::weak_ptr(collector)] {
    if (const auto alive = weak.lock()) alive->cancel();
  });
  nsp_.broadcast_expecting(id, *packet, here, message.timeout, collector);
}

SOCKETIO_DECL void Cluster::receive_fetch(const ClusterMessage& message,
                                          const std::shared_ptr<ClusterResponder>& responder) {
  if (!responder) return;
  BroadcastOptions here = message.options;
  here.flags.local = true;
  nsp_.fetch(here, std::nullopt,
             [shard = home(), responder](std::error_code, std::vector<SocketDetails> sockets) mutable {
               shard->dispatch(
                   [responder, sockets = std::move(sockets)]() mutable { responder->end({}, std::move(sockets)); });
             });
}

SOCKETIO_DECL void Cluster::receive_server_side_event(const ClusterMessage& message,
                                                      const std::shared_ptr<ClusterResponder>& responder) {
  ServerSideHandlers::Reply reply;
  if (responder)
    reply = [responder](std::vector<Value> items) {
      responder->answer(std::move(items));
      responder->end({});
    };
  nsp_.server_side_handlers().dispatch(home(), nsp(), message.event, std::move(reply));
}

SOCKETIO_DECL void Cluster::Request::expire(void* context) {
  auto& request = *static_cast<Request*>(context);
  request.error = make_error_code(Errc::timed_out);
  request.owner.finish(request.id);
}

SOCKETIO_DECL Cluster::FetchDone Cluster::without_sockets(Done done) {
  return [done = std::move(done)](std::error_code error, const std::vector<SocketDetails>&) { done(error); };
}

SOCKETIO_DECL void Cluster::tell(ClusterMessage::Type type, const BroadcastOptions& options,
                                 const std::vector<std::string>& rooms, bool close) {
  if (!is_attached_) return;
  ClusterMessage message{type};
  message.options = options;
  message.rooms = rooms;
  message.close = close;
  adapter_->publish(std::move(message));
}

/// @return  its number; it may have ended already
SOCKETIO_DECL std::uint64_t Cluster::request(ClusterMessage message, std::optional<std::chrono::milliseconds> timeout,
                                             Answer answer, FetchDone done) {
  const std::uint64_t id = ++last_request_;
  message.request = id;
  message.sender = id_;
  Request& request =
      *requests_.emplace(id, std::make_unique<Request>(*this, id, std::move(answer), std::move(done))).first->second;
  request.missing = adapter_->publish(std::move(message));
  if (request.missing == 0) {
    finish(id);
    return id;
  }
  if (timeout) scheduler().arm(request.timer, std::clamp(*timeout, std::chrono::milliseconds(0), longest_delay));
  return id;
}

SOCKETIO_DECL void Cluster::withdraw(std::uint64_t id) {
  if (requests_.erase(id) == 0 || !is_attached_) return;
  adapter_->publish(ClusterMessage{ClusterMessage::Type::withdraw, id, id_});
}

SOCKETIO_DECL void Cluster::handle_end(const ClusterMessage& message) {
  const auto found = requests_.find(message.request);
  if (found == requests_.end()) return;
  Request& request = *found->second;
  request.sockets.insert(request.sockets.end(), message.sockets.begin(), message.sockets.end());
  if (message.error && (!request.error || message.error == Errc::timed_out)) request.error = message.error;
  if (--request.missing == 0) finish(request.id);
}

SOCKETIO_DECL void Cluster::finish(std::uint64_t id) {
  const auto found = requests_.find(id);
  const auto request = std::move(found->second);  // `done` may do anything, closing included
  requests_.erase(found);
  request->done(request->error, std::move(request->sockets));
}

SOCKETIO_DECL std::vector<Value> Cluster::event_in(const OutgoingPacket& packet) const {
  const PacketPtr decoded = nsp_.codec().decode(packet);
  std::vector<Value> event;
  if (!decoded) {
    home()->report({make_error_code(Errc::malformed_packet),
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

SOCKETIO_DECL std::optional<OutgoingPacket> Cluster::encode(const std::vector<Value>& event,
                                                            const std::optional<std::uint64_t>& id,
                                                            const EmitFlags& flags, std::string_view offset) const {
  if (event.empty() || !event.front().is_string()) return std::nullopt;
  const std::string& name = event.front().as_string();
  try {
    return nsp_.encode_event(event, id, flags, offset);
  } catch (...) {
    home()->report_current_exception(nsp(), {}, name);
    return std::nullopt;
  }
}

}  // namespace socketio::detail
