// SPDX-License-Identifier: MIT
// Bodies of connection.hpp. Core layer.
#pragma once

#include <socketio/core/connection.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/packet_values.hpp>
#include <socketio/core/server_state.hpp>
#include <socketio/core/socket_state.hpp>
#include <socketio/engine/query.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <mutex>

namespace socketio::detail {

SOCKETIO_DECL std::string_view Connection::SocketKey::key(const SocketPtr& socket) noexcept {
  return socket->nsp_name();
}

SOCKETIO_DECL Connection::SocketPtr Connection::find(std::string_view nsp) const {
  const SocketPtr* const found = sockets_.find(nsp);
  return found ? *found : nullptr;
}

SOCKETIO_DECL Connection::Connection(ServerShard& owner, std::shared_ptr<Session> session)
    : owner_(owner), session_(std::move(session)) {}

SOCKETIO_DECL Connection::~Connection() = default;

SOCKETIO_DECL ServerState& Connection::server() const noexcept { return owner_.server(); }
SOCKETIO_DECL PacketCodec& Connection::codec() const noexcept { return owner_.codec(); }
SOCKETIO_DECL const std::shared_ptr<Shard>& Connection::shard() const noexcept { return owner_.shard(); }
SOCKETIO_DECL std::size_t Connection::shard_index() const noexcept { return owner_.index(); }
SOCKETIO_DECL bool Connection::observes_packets() const { return false; }
SOCKETIO_DECL void Connection::handle_connect_timeout(void* self) { static_cast<Connection*>(self)->close(); }

SOCKETIO_DECL std::vector<Connection::SocketPtr> Connection::sockets(Shard& owner) const {
  const std::lock_guard lock(owner.handlers_mutex());
  return sockets_.all();
}

SOCKETIO_DECL void Connection::tolerate_stragglers(std::string_view nsp) {
  auto& dismissed = unsettled().dismissed;
  if (dismissed.size() < max_dismissed) dismissed.emplace(nsp);
}

SOCKETIO_DECL void Connection::settle_dismissal(std::string_view nsp) {
  if (!unsettled_) return;
  const auto found = unsettled_->dismissed.find(nsp);
  if (found != unsettled_->dismissed.end()) unsettled_->dismissed.erase(found);
}

SOCKETIO_DECL bool Connection::has_too_many_namespaces() const {
  const std::size_t limit = server().options().max_namespaces_per_connection;
  return limit != 0 && sockets_.size() + (unsettled_ ? unsettled_->attempts.size() : 0) >= limit;
}

SOCKETIO_DECL void Connection::settle(const AttemptPtr& attempt) {
  if (!unsettled_) return;
  const auto found = unsettled_->attempts.find(attempt->nsp);
  if (found != unsettled_->attempts.end() && found->second == attempt) unsettled_->attempts.erase(found);
}

SOCKETIO_DECL bool Connection::proceeds(const AttemptPtr& attempt) {
  if (attempt->is_withdrawn) return false;
  if (!is_open()) settle(attempt);
  return is_open();
}

SOCKETIO_DECL void Connection::withdraw(Attempt& attempt) {
  attempt.is_withdrawn = true;
  if (const SocketPtr socket = std::exchange(attempt.socket, nullptr)) socket->handle_lost();
}

SOCKETIO_DECL bool Connection::begin_anew(std::string_view nsp) {
  if (unsettled_) {
    settle_dismissal(nsp);
    std::erase_if(unsettled_->withdrawn, [](const auto& attempt) { return attempt.expired(); });
    const auto found = unsettled_->attempts.find(nsp);
    if (found != unsettled_->attempts.end()) {
      const AttemptPtr earlier = found->second;
      unsettled_->attempts.erase(found);
      unsettled_->withdrawn.push_back(earlier);
      withdraw(*earlier);
    }
  }
  if (const SocketPtr joined = find(nsp)) {
    // Its last packets may have crossed ours.
    tolerate_stragglers(nsp);
    joined->close(DisconnectReason::client_namespace_disconnect);
  }
  return !unsettled_ || unsettled_->withdrawn.size() <= max_withdrawn;
}

SOCKETIO_DECL void Connection::drop_empty_lists() {
  if (!unsettled_) return;
  std::erase_if(unsettled_->withdrawn, [](const auto& attempt) { return attempt.expired(); });
  if (unsettled_->attempts.empty() && unsettled_->withdrawn.empty() && unsettled_->dismissed.empty())
    unsettled_.reset();
}

SOCKETIO_DECL void Connection::start() {
  session_->set_listener(shared_from_this());
  connect_timer_ = std::make_unique<Timer>(&Connection::handle_connect_timeout, this);
  session_->scheduler().arm(*connect_timer_, server().options().connect_timeout);
  if (is_eio3()) connect_to("/", Value(Value::Object{}));
}

SOCKETIO_DECL void Connection::close() {
  const auto self = shared_from_this();
  session_->close();
  const std::vector<SocketPtr> sockets = sockets_.all();
  for (const SocketPtr& socket : sockets) socket->close(DisconnectReason::forced_server_close);
}

SOCKETIO_DECL void Connection::disconnect(DisconnectReason reason) {
  const auto self = shared_from_this();
  const std::vector<SocketPtr> sockets = sockets_.all();
  for (const SocketPtr& socket : sockets) socket->disconnect(reason);
  close();
}

SOCKETIO_DECL void Connection::on_shutdown(Session&) { end_if_idle(); }

SOCKETIO_DECL void Connection::end_if_idle() {
  if (!is_open()) return;
  const auto self = shared_from_this();
  const std::vector<SocketPtr> sockets = sockets_.all();
  if (std::any_of(sockets.begin(), sockets.end(), [](const SocketPtr& socket) { return socket->has_work(); })) return;
  for (const SocketPtr& socket : sockets) socket->close(DisconnectReason::server_shutting_down);
  session_->close();
}

SOCKETIO_DECL void Connection::remove(const SocketState& socket) {
  const std::lock_guard lock(socket.shard().handlers_mutex());
  const SocketPtr* const mine = sockets_.find(socket.nsp_name());
  if (mine && mine->get() == &socket) sockets_.remove(socket.nsp_name());
  // Its client may never send the rest.
  if (Packet* const packet = incomplete(); packet && name_in(*packet) == socket.nsp_name())
    for (Binary& attachment : parts(*packet).attachments) attachment = Binary();
}

SOCKETIO_DECL std::unique_ptr<SocketRates> Connection::take_rates(const EventRates& limits) {
  if (!spare_rates_) return limits.make_socket(session_->remote_address());
  std::unique_ptr<SocketRates> taken = std::move(spare_rates_);
  spare_rates_ = std::move(taken->next);
  return taken;
}

SOCKETIO_DECL void Connection::keep_rates(std::unique_ptr<SocketRates> rates) noexcept {
  if (!rates || !is_open()) return;
  rates->next = std::move(spare_rates_);
  spare_rates_ = std::move(rates);
}

SOCKETIO_DECL void Connection::on_message(Session&, bool is_binary, std::span<char> data) {
  const std::string_view bytes(data.data(), data.size());
  DecodeResult result = is_binary
                            ? codec().decode_binary(incomplete_, is_unwanted() ? Binary() : Binary(std::string(bytes)))
                            : codec().decode_text(incomplete_, bytes);
  if (result.error)
    handle_malformed(result.message);
  else if (result.packet)
    handle_packet(std::move(result.packet));
  else if (!may_have_attachments())
    handle_violation("packet for a namespace that has not been joined");
}

SOCKETIO_DECL void Connection::on_close(Session&, CloseReason reason, std::string_view description) {
  const auto self = shared_from_this();
  connect_timer_.reset();
  incomplete_.reset();
  // One after the other: a chain that destroys itself recurses.
  while (spare_rates_) spare_rates_ = std::move(spare_rates_->next);
  std::vector<AttemptPtr> attempts;
  if (const auto unsettled = std::exchange(unsettled_, nullptr))
    for (const auto& [nsp, attempt] : unsettled->attempts) attempts.push_back(attempt);
  for (const AttemptPtr& attempt : attempts) attempt->is_withdrawn = true;
  if (!shard()->is_open()) {  // the server is being destroyed: nobody is told
    const std::vector<SocketPtr> sockets = sockets_.all();
    sockets_.clear();
    for (const AttemptPtr& attempt : attempts)
      if (attempt->socket) attempt->socket->abandon();
    for (const SocketPtr& socket : sockets) socket->abandon();
    return;
  }
  for (const AttemptPtr& attempt : attempts) withdraw(*attempt);
  const std::vector<SocketPtr> sockets = sockets_.all();
  for (const SocketPtr& socket : sockets) socket->close(to_disconnect_reason(reason), description);
}

SOCKETIO_DECL void Connection::handle_packet(PacketPtr packet) {
  // What begins now might not end in time. Nobody is told that it was handled, so that the client may try again.
  if (owner_.is_draining() && packet->type() != PacketType::ack && packet->type() != PacketType::binary_ack &&
      packet->type() != PacketType::disconnect)
    return;
  if (packet->type() == PacketType::connect) return handle_connect(*packet);
  const std::string_view name = name_in(*packet);
  SocketPtr socket = find(name);
  if (!socket) {
    // On its way when the server left: to take that for a violation would end the client's other namespaces.
    if (packet->type() != PacketType::connect_error && unsettled_ && unsettled_->dismissed.count(name) != 0) return;
    return handle_violation("packet for a namespace that has not been joined");
  }
  switch (packet->type()) {
    case PacketType::event:
    case PacketType::binary_event:
      if (has_too_long_name(*packet)) return handle_excess("max_event_name_bytes");
      if (socket->admits(*packet)) SocketState::handle_event(std::move(socket), std::move(packet));
      return;
    case PacketType::ack:
    case PacketType::binary_ack: return socket->handle_ack(*packet);
    case PacketType::disconnect: return socket->close(DisconnectReason::client_namespace_disconnect);
    case PacketType::connect:
    case PacketType::connect_error: break;
  }
  handle_violation("packet of a type that clients do not send");
}

SOCKETIO_DECL void Connection::handle_connect(const Packet& packet) {
  if (!is_eio3()) return connect_to(packet.nsp(), packet.has_data() ? to_value(packet.data()) : Value(Value::Object{}));
  const std::string_view name = name_in(packet);
  Value auth{Value::Object{}};
  for (const auto& [key, value] : QueryParams(packet.nsp().substr(std::min(name.size() + 1, packet.nsp().size()))))
    auth[key] = value;
  connect_to(name, std::move(auth));
}

SOCKETIO_DECL bool Connection::may_have_attachments() const {
  const Packet* const packet = incomplete();
  if (!packet) return true;
  const std::string_view nsp = name_in(*packet);
  return find(nsp) || (unsettled_ && unsettled_->dismissed.count(nsp) != 0);
}

SOCKETIO_DECL bool Connection::is_unwanted() const {
  const Packet* const packet = incomplete();
  return packet && !find(name_in(*packet));
}

SOCKETIO_DECL bool Connection::has_too_long_name(const Packet& event) const {
  const std::size_t limit = server().options().max_event_name_bytes;
  return limit != 0 && event.event_name().size() > limit;
}

/// The namespace that a packet is for. Clients of Socket.IO v2 add a query to it, their credentials.
SOCKETIO_DECL std::string_view Connection::name_in(const Packet& packet) const {
  return is_eio3() ? packet.nsp().substr(0, packet.nsp().find('?')) : packet.nsp();
}

/// The id of a new socket. Clients of Socket.IO v2 know theirs without being told: it follows from the session's.
SOCKETIO_DECL std::string Connection::make_id(const std::string& nsp) const {
  if (!is_eio3()) return make_sid();
  return nsp == "/" ? session_->id() : nsp + '#' + session_->id();
}

SOCKETIO_DECL void Connection::connect_to(std::string_view name, Value auth) {
  const std::size_t max_name_bytes = server().options().max_namespace_name_bytes;
  if (max_name_bytes != 0 && name.size() > max_name_bytes)
    return send_connect_error(name, Value{{"message", "Invalid namespace"}});
  if (!begin_anew(name)) return refuse_limit(name, "too many attempts");
  if (!is_open()) return;  // a `disconnect` handler has ended it
  if (has_too_many_namespaces()) return refuse_limit(name, "too many namespaces");
  const auto attempt = std::make_shared<Attempt>(Attempt{std::string(name), nullptr});
  unsettled().attempts.emplace(name, attempt);
  if (const auto nsp = server().enter(name)) return join(attempt, nsp, std::move(auth));
  server().find_parent(shard(), attempt->nsp, std::move(auth),
                       [self = shared_from_this(), attempt](const auto& parent, const Value& credentials) {
                         if (!self->proceeds(attempt)) return;
                         if (const auto nsp = parent ? self->enter_child(parent, attempt->nsp) : nullptr)
                           return self->join(attempt, nsp, credentials);
                         self->settle(attempt);
                         self->send_connect_error(attempt->nsp, Value{{"message", "Invalid namespace"}});
                       });
}

SOCKETIO_DECL Connection::NamespacePtr Connection::enter_child(const std::shared_ptr<ParentNamespaceState>& parent,
                                                               const std::string& name) {
  try {
    return server().enter_child(parent, name);
  } catch (...) {  // from the user's ServerOptions::adapter
    shard()->report_current_exception(name, {}, {});
    return nullptr;
  }
}

/// The client has entered the namespace, and leaves it if it is gone before it has joined.
SOCKETIO_DECL void Connection::join(const AttemptPtr& attempt, const NamespacePtr& nsp, Value auth) {
  server().set_up(nsp);
  nsp->gate().when_open(shard(), [self = shared_from_this(), attempt, nsp, auth = std::move(auth)]() mutable {
    if (self->proceeds(attempt)) return self->join_set_up(attempt, nsp, std::move(auth));
    nsp->handle_left();
  });
}

SOCKETIO_DECL void Connection::join_set_up(const AttemptPtr& attempt, const NamespacePtr& nsp, Value auth) {
  // Clients of Socket.IO v2 know nothing of recovery.
  if (!server().options().connection_state_recovery || is_eio3())
    return admit(attempt, nsp, std::move(auth), std::nullopt);
  const Value pid = std::as_const(auth)["pid"];
  const Value offset = std::as_const(auth)["offset"];
  if (!pid.is_string() || !offset.is_string()) return admit(attempt, nsp, std::move(auth), std::nullopt);
  nsp->recovery()->restore_session(nsp->part(shard_index()), pid.as_string(), offset.as_string(),
                                   [self = shared_from_this(), attempt, nsp,
                                    auth = std::move(auth)](std::optional<RestoredSession> restored) mutable {
                                     if (self->proceeds(attempt))
                                       return self->admit(attempt, nsp, std::move(auth), std::move(restored));
                                     if (restored)
                                       nsp->recovery()->persist_session(nsp->part(self->shard_index()),
                                                                        std::move(restored->session));
                                     nsp->handle_left();
                                   });
}

SOCKETIO_DECL void Connection::admit(const AttemptPtr& attempt, const NamespacePtr& nsp, Value auth,
                                     std::optional<RestoredSession> restored) {
  if (restored) {
    std::size_t bytes = 0;
    for (const OutgoingPacket& packet : restored->missed) bytes += packet.bytes();
    if (!nsp->can_be_sent(bytes)) restored.reset();
  }
  auto socket = std::make_shared<SocketState>(nsp, shared_from_this(),
                                              restored ? restored->session.sid : make_id(nsp->name()), std::move(auth));
  const auto& recovery = server().options().connection_state_recovery;
  const bool is_let_through = restored && recovery->skip_middlewares;
  attempt->socket = socket;
  if (restored)
    socket->restore(std::move(*restored));
  else if (recovery && !is_eio3())
    socket->make_recoverable(make_sid());
  if (is_let_through) return finish_connect(attempt, std::nullopt);
  nsp->admit(socket,
             [self = shared_from_this(), attempt](Next::Result refusal) { self->finish_connect(attempt, refusal); });
}

SOCKETIO_DECL void Connection::finish_connect(const AttemptPtr& attempt, const Next::Result& refusal) {
  if (attempt->is_withdrawn) return;  // and the socket has ended with it
  const SocketPtr socket = std::exchange(attempt->socket, nullptr);
  settle(attempt);
  if (!refusal) settle_dismissal(attempt->nsp);
  drop_empty_lists();
  if (!is_open()) return socket->handle_lost();
  if (refusal) {
    socket->handle_refused();
    return refuse(socket->nsp_name(), *refusal);
  }
  connect_timer_.reset();
  session_->accept_large_messages();
  {
    const std::lock_guard lock(socket->shard().handlers_mutex());
    sockets_.add(socket);
  }
  socket->handle_connected();
}

SOCKETIO_DECL void Connection::send_connect_error(std::string_view nsp, const Value& data) {
  send(OutgoingPacket(codec().encode(PacketHeader{PacketType::connect_error, nsp, {}}, data)));
}

SOCKETIO_DECL void Connection::refuse_limit(std::string_view nsp, const char* why) {
  // Once: a client is not to fill the log.
  if (!std::exchange(has_reported_excess_, true))
    shard()->report({make_error_code(Errc::limit_exceeded), why, std::string(nsp), {}, {}, nullptr});
  send_connect_error(nsp, Value{{"message", why}});
}

SOCKETIO_DECL void Connection::refuse(std::string_view nsp, const MiddlewareError& refusal) {
  const Value& data = refusal.data();
  if (!is_eio3()) {
    Value details{{"message", refusal.what()}};
    if (refusal.has_data()) details["data"] = data;
    return send_connect_error(nsp, details);
  }
  // Clients of Socket.IO v2 get the data if it is true in JavaScript, otherwise the text.
  const bool is_false = data.is_null() || data == Value(false) || data == Value(0) || data == Value("");
  send_connect_error(nsp, is_false ? Value(refusal.what()) : data);
}

SOCKETIO_DECL void Connection::handle_malformed(std::string_view message) {
  const auto self = shared_from_this();
  const std::vector<SocketPtr> sockets = sockets_.all();
  for (const SocketPtr& socket : sockets) socket->handle_error(message);
  shard()->report({make_error_code(Errc::malformed_packet), std::string(message), {}, {}, {}, nullptr});
  session_->close();
}

SOCKETIO_DECL void Connection::handle_excess(const char* limit) {
  const auto self = shared_from_this();
  shard()->report({make_error_code(Errc::limit_exceeded), limit, {}, {}, {}, nullptr});
  close();
}

SOCKETIO_DECL void Connection::handle_violation(std::string_view what) {
  const auto self = shared_from_this();
  shard()->report({make_error_code(Errc::protocol_violation), std::string(what), {}, {}, {}, nullptr});
  close();
}

}  // namespace socketio::detail
