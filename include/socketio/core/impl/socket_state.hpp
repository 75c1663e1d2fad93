// SPDX-License-Identifier: MIT
// Bodies of SocketState. Core layer.
#pragma once

#include <socketio/core/namespace_state.hpp>
#include <socketio/core/server_side_events.hpp>
#include <socketio/core/session_log.hpp>
#include <socketio/core/socket_state.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// The time as JavaScript's `Date` prints it, in UTC.
inline std::string to_date_text(std::chrono::system_clock::time_point time) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using namespace std::chrono;
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  char text[80];
  const int size = std::snprintf(
      text, sizeof text, "%s %s %02u %04d %02d:%02d:%02d GMT+0000 (Coordinated Universal Time)",
      days[weekday{day}.c_encoding()], months[static_cast<unsigned>(date.month()) - 1],
      static_cast<unsigned>(date.day()), static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return std::string(text, static_cast<std::size_t>(size));
}

template <class Config>
Handshake SocketState<Config>::handshake() const {
  const HttpRequest& request = connection_->session().request();
  return {request.headers,
          QueryParams(request.query()),
          auth_,
          request.remote_address,
          issued_,
          to_date_text(issued_),
          request.target,
          request.secure,
          request.headers.contains("origin"),
          request.tls};
}

template <class Config>
SocketDetails SocketState<Config>::details() const {
  SocketDetails details{id_, handshake(), adapter().rooms_of(*this), {}};
  if constexpr (Writable<Data>) {
    if (!has_data_.load(std::memory_order_acquire)) return details;
    try {
      details.data = values_from(*data_).front();
    } catch (...) {
      report_handler_exception({});  // the converter is the user's
    }
  }
  return details;
}

template <class Config>
template <class... Results>
void SocketState<Config>::send_ack(std::uint64_t id, const Results&... results) {
  EncodedPacket encoded = Parser::encode(PacketHeader{PacketType::ack, nsp_name(), id}, [&](auto& writer) {
    writer.begin_array((std::size_t{0} + ... + argument_count(results)));
    (write_argument(writer, results), ...);
    writer.end_array();
  });
  require_few_attachments(encoded, nsp_->options().max_attachments, "the acknowledgement");
  OutgoingPacket packet(std::move(encoded));
  if (shard().owns_this_thread())
    connection_->send(packet);
  else
    shard().post([self = this->shared_from_this(), packet = std::move(packet)] { self->connection_->send(packet); });
}

template <class Config>
bool SocketState<Config>::expect_ack(std::uint64_t id, std::optional<std::chrono::milliseconds> timeout,
                                     PendingAcks::Handler handler) {
  const std::size_t limit = nsp_->options().max_pending_acks;
  const bool too_many = limit != 0 && acks_ && acks_->size() >= limit;
  if (is_over_ || too_many) {
    const std::error_code error = make_error_code(is_over_ ? Errc::disconnected : Errc::too_many_pending_acks);
    if (too_many) shard().report({error, {}, nsp_name(), id_, {}, nullptr});
    shard().post([handler = std::move(handler), error] { handler(error, nullptr); });
    return false;
  }
  if (!acks_) acks_ = std::make_unique<PendingAcks>();
  if (timeout) {
    Scheduler& scheduler = shard().scheduler();
    acks_->add(id, std::move(handler), scheduler.timers(),
               scheduler.now() + std::clamp(*timeout, std::chrono::milliseconds(0), longest_delay));
  } else {
    acks_->add(id, std::move(handler));
  }
  return true;
}

template <class Config>
void SocketState<Config>::join(std::string_view room) {
  if (!is_over_) adapter().join(*this, room);
}

template <class Config>
void SocketState<Config>::leave(std::string_view room) {
  adapter().leave(*this, room);
}

template <class Config>
void SocketState<Config>::send(const OutgoingPacket& packet, const EmitFlags& flags, std::string_view offset) {
  const bool is_kept = !offset.empty() && recovery_ && recovery_->may_return.load(std::memory_order_relaxed);
  if (!shard().owns_this_thread()) {
    if (nsp_->is_sequenced())
      return nsp_->send_to(this->shared_from_this(), packet, flags, is_kept ? offset : std::string_view());
    return shard().post([self = this->shared_from_this(), packet, flags] { self->deliver(packet, flags); });
  }
  if (is_kept)
    nsp_->send_to(this->shared_from_this(), packet, flags, offset);
  else
    deliver(packet, flags);
}

template <class Config>
void SocketState<Config>::make_recoverable(std::string pid) {
  recovery_ = std::make_unique<SocketRecovery>();
  recovery_->pid = std::move(pid);
}

template <class Config>
void SocketState<Config>::restore(RestoredSession restored) {
  make_recoverable(restored.session.pid);
  recovery_->is_recovered = true;
  for (const OutgoingPacket& packet : restored.missed) recovery_->missed_bytes += packet.bytes();
  data_ = std::static_pointer_cast<Data>(restored.session.data);
  has_data_ = data_ != nullptr;
  const std::vector<std::string> rooms = restored.session.rooms;
  recovery_->returning = std::move(restored);
  nsp_->handle_returning(*this);
  for (const std::string& room : rooms) join(room);
}

template <class Config>
void SocketState<Config>::handle_recorded(const OutgoingPacket& packet, const BroadcastOptions& options) {
  RestoredSession& returning = *recovery_->returning;
  const auto& rooms = returning.session.rooms;
  const auto is_in = [&](const std::string& room) {
    return room == id_ || std::find(rooms.begin(), rooms.end(), room) != rooms.end();
  };
  if (!is_addressed(options.rooms, options.except, is_in)) return;
  recovery_->missed_bytes += packet.bytes();
  if (nsp_->can_be_sent(recovery_->missed_bytes))
    returning.missed.push_back(packet);
  else
    returning.missed.clear();
}

/// What has become too much for one client is not sent: then the client connects as one that has not come back.
template <class Config>
void SocketState<Config>::send_missed() {
  if (!recovery_ || !recovery_->returning) return;
  nsp_->handle_returned(*this);
  const RestoredSession returned = *std::exchange(recovery_->returning, std::nullopt);
  if (!nsp_->can_be_sent(recovery_->missed_bytes)) {
    recovery_->pid = make_sid();
    recovery_->is_recovered = false;
    return;
  }
  for (const OutgoingPacket& packet : returned.missed) connection_->send(packet);
}

template <class Config>
void SocketState<Config>::handle_connected() {
  send_missed();
  connected_.store(true, std::memory_order_release);
  adapter().add(*this);
  adapter().join(*this, id_);
  if (is_over_) return;  // a listener to rooms has sent it away
  const PacketHeader header{PacketType::connect, nsp_name(), {}};
  const auto write_ids = [&](auto& writer) {
    writer.begin_object(recovery_ ? 2 : 1);
    writer.key("sid");
    writer.string(id_);
    if (recovery_) {
      writer.key("pid");
      writer.string(recovery_->pid);
    }
    writer.end_object();
  };
  connection_->send(
      OutgoingPacket(connection_->is_eio3() ? Parser::encode(header) : Parser::encode(header, write_ids)));
  nsp_->handle_connection(this->shared_from_this());
}

template <class Config>
void SocketState<Config>::handle_event(std::shared_ptr<SocketState> self, PacketPtr packet) {
  const bool has_data = packet->has_data();
  Delivery<SocketState<Config>> delivery(std::move(self), std::move(packet));
  SocketState& socket = *delivery.receiver();
  if (!socket.incoming_.empty()) socket.incoming_.dispatch(delivery);
  if (!has_data) return;  // "42" alone: nothing else to call, and nothing wrong with it

  if (!socket.middleware_ || socket.middleware_->empty()) return socket.dispatch(delivery);
  std::shared_ptr<Packet> shared = delivery.share();
  socket.middleware_->run(
      socket.part_->shard, IncomingEvent(shared),
      [self = delivery.receiver(), shared, passed = delivery.after_middleware()](Next::Result refusal) mutable {
        if (!refusal) return self->dispatch(passed);
        self->shard().report({make_error_code(Errc::middleware_refused), refusal->what(), self->nsp_name(), self->id_,
                              std::string(shared->event_name()), nullptr});
        self->handle_error(refusal->what(), refusal->data());
      });
}

template <class Config>
void SocketState<Config>::handle_ack(const Packet& packet) {
  if (acks_ && packet.id()) acks_->answer(*packet.id(), packet);
}

template <class Config>
void SocketState<Config>::handle_refused() {
  const auto self = this->shared_from_this();
  is_over_ = true;
  if (recovery_ && recovery_->returning) {
    nsp_->handle_returned(*this);
    recovery_->returning.reset();
  }
  adapter().remove(*this);
  if (acks_) acks_->end_all();
  drop_handlers();
  nsp_->handle_left();
}

template <class Config>
void SocketState<Config>::handle_lost() {
  if (recovery_ && recovery_->returning) {
    if (has_data_.load(std::memory_order_acquire)) recovery_->returning->session.data = data_;
    nsp_->persist_session(*part_, std::move(recovery_->returning->session));
  }
  handle_refused();
}

template <class Config>
void SocketState<Config>::disconnect() {
  if (!is_connected() || is_over_) return;
  const auto self = this->shared_from_this();
  connection_->send(OutgoingPacket(Parser::encode(PacketHeader{PacketType::disconnect, nsp_name(), {}})));
  connection_->tolerate_stragglers(nsp_name());
  close(DisconnectReason::server_namespace_disconnect);
}

template <class Config>
void SocketState<Config>::close(DisconnectReason reason, std::string_view description) {
  if (!is_connected() || is_over_) return;
  const auto self = this->shared_from_this();
  is_over_ = true;
  std::vector<Value> why{Value(std::string(to_string(reason))), Value(std::string(description))};
  dispatch_local("disconnecting", why);
  std::optional<RecoverableSession> kept;
  if (recovery_) {
    if (is_recoverable(reason)) {
      static_cast<void>(data());  // from now on it is the same for whoever keeps this socket and for the next one
      kept.emplace(RecoverableSession{id_, recovery_->pid, adapter().rooms_of(*this), data_});
    } else {
      recovery_->may_return = false;
    }
  }
  adapter().remove(*this);
  connection_->remove(*this);
  connected_.store(false, std::memory_order_release);
  if (acks_) acks_->end_all();
  dispatch_local("disconnect", std::move(why));
  // Only now: a client that comes back may come to another thread, and its handlers use the same data.
  if (kept) nsp_->persist_session(*part_, *std::move(kept));
  drop_handlers();
  nsp_->handle_left();
}

template <class Config>
void SocketState<Config>::abandon() {
  const auto self = this->shared_from_this();
  is_over_ = true;
  connected_.store(false, std::memory_order_release);
  nsp_->handle_returned(*this);
  adapter().remove(*this);
  drop_handlers();
  acks_.reset();
}

template <class Config>
void SocketState<Config>::drop_handlers() {
  remove_all_handlers();
  clear_catch_all(Direction::incoming);
  clear_catch_all(Direction::outgoing);
  middleware_.reset();
}

template <class Config>
void SocketState<Config>::tell_outgoing(const OutgoingPacket& packet) {
  PacketPtr event = packet.template decode<Parser>();
  if (!event || event->type() != PacketType::event) return;
  parts(*event).id.reset();  // the acknowledgement is for the client to give
  Delivery<SocketState<Config>> delivery(this->shared_from_this(), std::move(event));
  outgoing_.dispatch(delivery);
}

template <class Config>
void SocketState<Config>::dispatch_local(std::string_view event, std::vector<Value> args) {
  if (!handlers_.contains(event)) return;
  auto packet = std::make_shared<Packet>();
  packet->set_event(std::string(event), std::move(args));
  Delivery<SocketState<Config>> delivery(this->shared_from_this(), std::move(packet));
  handlers_.dispatch(shard(), delivery);
}

}  // namespace socketio::detail
