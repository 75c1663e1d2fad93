// SPDX-License-Identifier: MIT
// Bodies of socket_state.hpp. Core layer.
#pragma once

#include <socketio/core/packet_values.hpp>
#include <socketio/core/session_log.hpp>
#include <socketio/core/socket_state.hpp>
#include <socketio/engine/query.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/sid.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <span>

namespace socketio::detail {

/// The time as JavaScript's `Date` prints it, in UTC.
SOCKETIO_DECL std::string to_date_text(std::chrono::system_clock::time_point time) {
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

SOCKETIO_DECL SocketState::SocketState(std::shared_ptr<NamespaceState> nsp, std::shared_ptr<Connection> connection,
                                       std::string id, Value auth)
    : nsp_(std::move(nsp)),
      part_(&nsp_->part(connection->shard_index())),
      connection_(std::move(connection)),
      id_(std::move(id)),
      auth_(std::move(auth)) {
  if (const EventRates* const rates = nsp_->event_rates()) rates_ = connection_->take_rates(*rates);
}

SOCKETIO_DECL SocketState::~SocketState() = default;

SOCKETIO_DECL const std::string& SocketState::receiver_id() const noexcept { return id_; }
SOCKETIO_DECL const std::string& SocketState::nsp_name() const noexcept { return nsp_->name(); }
SOCKETIO_DECL Shard& SocketState::shard() const noexcept { return *part_->shard; }
SOCKETIO_DECL Session& SocketState::session() const noexcept { return connection_->session(); }

SOCKETIO_DECL Handshake SocketState::handshake() const {
  const HttpRequest& request = session().request();
  return {request.headers,
          QueryParams(request.query()),
          auth_,
          request.remote_address,
          issued_,
          to_date_text(issued_),
          request.target,
          request.secure,
          request.headers.contains("origin"),
          request.tls,
          request.values};
}

SOCKETIO_DECL OperationPlace SocketState::place(std::string_view event) const {
  return {part_->shard, nsp_name(), id_, std::string(event)};
}

SOCKETIO_DECL void* SocketState::data() {
  if (!has_data_.load(std::memory_order_acquire)) {
    auto made = nsp_->data_type().make();
    const std::lock_guard lock(shard().handlers_mutex());
    if (!data_) data_ = std::move(made);
    has_data_.store(true, std::memory_order_release);
  }
  return data_.get();
}

SOCKETIO_DECL SocketDetails SocketState::details() const {
  SocketDetails details{id_, handshake(), rooms(), nsp_->data_type().unused};
  details.handshake.values = {};
  const auto to_value = nsp_->data_type().to_value;
  if (!to_value || !has_data_.load(std::memory_order_acquire)) return details;
  try {
    details.data = to_value(data_.get());
  } catch (...) {
    report_handler_exception({});  // the converter is the user's
  }
  return details;
}

// A socket that has gone takes no functions any more: nothing would ever destroy them.

SOCKETIO_DECL void SocketState::register_handler(std::string_view event, EventHandlerPtr handler, bool first) {
  if (!shard().owns_this_thread()) {
    shard().post([self = shared_from_this(), event = std::string(event), handler = std::move(handler),
                  first]() mutable { self->register_handler(event, std::move(handler), first); });
  } else if (!has_gone()) {
    handlers_.add(shard(), event, std::move(handler), first);
  }
}

SOCKETIO_DECL void SocketState::unregister_handlers(std::string_view event, std::optional<Listener> listener) {
  shard().dispatch([self = shared_from_this(), event = std::string(event), listener] {
    self->handlers_.remove(self->shard(), event, listener);
  });
}

SOCKETIO_DECL void SocketState::unregister_all_handlers() {
  shard().dispatch([self = shared_from_this()] { self->handlers_.clear(self->shard()); });
}

SOCKETIO_DECL void SocketState::register_catch_all(Direction direction, EventHandlerPtr handler, bool first) {
  shard().dispatch([self = shared_from_this(), direction, handler = std::move(handler), first]() mutable {
    if (self->has_gone()) return;
    static_cast<void>(self->extras());
    self->catch_all(direction)->add(self->shard().handlers_mutex(), {}, std::move(handler), first);
  });
}

SOCKETIO_DECL SocketExtras& SocketState::extras() {
  if (!extras_) {
    auto made = std::make_unique<SocketExtras>();
    const std::lock_guard lock(shard().handlers_mutex());
    extras_ = std::move(made);
  }
  return *extras_;
}

SOCKETIO_DECL void SocketState::start_timer(TimedCallPtr timer) {
  shard().dispatch([self = shared_from_this(), timer = std::move(timer)] {
    if (self->has_gone()) return;
    auto& timers = self->extras().timers;
    if (!timers) timers = std::make_unique<TimedCalls>(self->place({}));
    timers->add(timer);
  });
}

SOCKETIO_DECL void SocketState::unregister_catch_all(Direction direction, std::optional<Listener> listener) {
  shard().dispatch([self = shared_from_this(), direction, listener] { self->remove_catch_all(direction, listener); });
}

SOCKETIO_DECL void SocketState::remove_catch_all(Direction direction, std::optional<Listener> listener) {
  if (CatchAllList* const list = catch_all(direction))
    list->remove_if(shard().handlers_mutex(),
                    [&](NoKey, const EventHandler& handler) { return !listener || handler.listener == *listener; });
}

SOCKETIO_DECL std::vector<std::string> SocketState::event_names() const { return handlers_.event_names(shard()); }

SOCKETIO_DECL std::vector<Listener> SocketState::listeners(std::string_view event) const {
  return handlers_.listeners(shard(), event);
}

SOCKETIO_DECL std::vector<std::string> SocketState::rooms() const { return part_->rooms.rooms_of(*this); }
SOCKETIO_DECL bool SocketState::is_in(std::string_view room) const { return part_->rooms.is_member(*this, room); }

SOCKETIO_DECL std::vector<Listener> SocketState::catch_all_listeners(Direction direction) const {
  std::vector<Listener> all;
  NoMutex none;
  const std::lock_guard lock(shard().handlers_mutex());
  if (const CatchAllList* const list = catch_all(direction))
    list->for_each(none, [&](NoKey, const EventHandler& handler) { all.push_back(handler.listener); });
  return all;
}

SOCKETIO_DECL void SocketState::register_middleware(MiddlewareChain<IncomingEvent>::Function middleware) {
  shard().dispatch([self = shared_from_this(), middleware = std::move(middleware)]() mutable {
    if (self->has_gone()) return;
    if (!self->middleware_) self->middleware_ = std::make_unique<MiddlewareChain<IncomingEvent>>();
    self->middleware_->add(std::move(middleware));
  });
}

SOCKETIO_DECL void SocketState::join_rooms(std::vector<std::string> rooms) {
  if (!shard().owns_this_thread())
    return nsp_->post_in_order(*part_, [self = shared_from_this(), rooms = std::move(rooms)]() mutable {
      for (const std::string& room : rooms) self->join(room);
    });
  for (const std::string& room : rooms) join(room);
}

SOCKETIO_DECL void SocketState::leave_rooms(std::vector<std::string> rooms) {
  if (!shard().owns_this_thread())
    return nsp_->post_in_order(*part_, [self = shared_from_this(), rooms = std::move(rooms)]() mutable {
      for (const std::string& room : rooms) self->leave(room);
    });
  for (const std::string& room : rooms) leave(room);
}

SOCKETIO_DECL void SocketState::request_disconnect(bool close) {
  shard().dispatch([self = shared_from_this(), close] { self->leave_server(close); });
}

SOCKETIO_DECL void SocketState::leave_server(bool close) {
  if (!is_connected()) return;
  if (close)
    connection_->disconnect();
  else
    disconnect();
}

SOCKETIO_DECL void SocketState::send_ack(OutgoingPacket packet) {
  if (shard().owns_this_thread())
    connection_->send(packet);
  else
    shard().post([self = shared_from_this(), packet = std::move(packet)] { self->connection_->send(packet); });
}

SOCKETIO_DECL void SocketState::deliver(const OutgoingPacket& packet, const EmitFlags& flags) {
  if (extras_ && !extras_->outgoing.empty()) tell_outgoing(packet);
  connection_->send(packet, flags);
}

SOCKETIO_DECL void SocketState::deliver_sequenced(const OutgoingPacket& packet, const EmitFlags& flags,
                                                  bool is_recorded) {
  // Otherwise the packet is among those that the client has missed.
  if (!is_recorded || !recovery_ || !recovery_->returning) deliver(packet, flags);
}

SOCKETIO_DECL void SocketState::send(const OutgoingPacket& packet, const EmitFlags& flags, std::string_view offset) {
  if (Recovery* const recovery = nsp_->recovery()) {
    const bool is_kept = !offset.empty() && recovery_ && recovery_->may_return.load(std::memory_order_relaxed);
    if (is_kept || !shard().owns_this_thread())
      return recovery->send(packet, BroadcastOptions{{id_}, {}, flags}, shared_from_this(),
                            is_kept ? offset : std::string_view());
  }
  if (shard().owns_this_thread())
    deliver(packet, flags);
  else
    shard().post([self = shared_from_this(), packet, flags] { self->deliver(packet, flags); });
}

SOCKETIO_DECL void SocketState::send_expecting(std::uint64_t id, OutgoingPacket packet, const EmitFlags& flags,
                                               std::optional<std::chrono::milliseconds> timeout,
                                               PendingAcks::Handler handler) {
  if (!shard().owns_this_thread())
    return nsp_->post_in_order(*part_, [self = shared_from_this(), id, packet = std::move(packet), flags, timeout,
                                        handler = std::move(handler)]() mutable {
      if (self->expect_ack(id, timeout, std::move(handler))) self->deliver(packet, flags);
    });
  if (expect_ack(id, timeout, std::move(handler))) deliver(packet, flags);
}

SOCKETIO_DECL bool SocketState::expect_ack(std::uint64_t id, std::optional<std::chrono::milliseconds> timeout,
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

SOCKETIO_DECL void SocketState::join(std::string_view room) {
  if (is_over_) return;
  const ServerOptions& limits = nsp_->options();
  const char* exceeded = nullptr;
  if (limits.max_room_name_bytes != 0 && room.size() > limits.max_room_name_bytes)
    exceeded = "max_room_name_bytes";
  else if (has_too_many_rooms() && room != id_ && !is_in(room))
    exceeded = "max_rooms_per_socket";
  if (!exceeded) return part_->rooms.join(*this, room);
  // Once: a client is not to fill the log.
  if (!std::exchange(has_reported_excess_, true))
    shard().report({make_error_code(Errc::limit_exceeded), exceeded, nsp_name(), id_, {}, nullptr});
}

SOCKETIO_DECL bool SocketState::has_too_many_rooms() const {
  const std::size_t limit = nsp_->options().max_rooms_per_socket;
  const std::size_t count = part_->rooms.room_count(*this);
  return limit != 0 && count >= limit && count - (is_in(id_) ? 1 : 0) >= limit;
}

SOCKETIO_DECL void SocketState::leave(std::string_view room) { part_->rooms.leave(*this, room); }

SOCKETIO_DECL void SocketState::make_recoverable(std::string pid) {
  recovery_ = std::make_unique<SocketRecovery>();
  recovery_->pid = std::move(pid);
}

SOCKETIO_DECL void SocketState::restore(RestoredSession restored) {
  make_recoverable(restored.session.pid);
  recovery_->is_recovered = true;
  for (const OutgoingPacket& packet : restored.missed) recovery_->missed_bytes += packet.bytes();
  data_ = restored.session.data;
  has_data_ = data_ != nullptr;
  const std::vector<std::string> rooms = restored.session.rooms;
  recovery_->returning = std::move(restored);
  nsp_->recovery()->add_returning(*this);
  for (const std::string& room : rooms) join(room);
}

SOCKETIO_DECL void SocketState::handle_recorded(const OutgoingPacket& packet, const BroadcastOptions& options) {
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

SOCKETIO_DECL void SocketState::send_missed() {
  if (!recovery_ || !recovery_->returning) return;
  nsp_->recovery()->remove_returning(*this);
  const RestoredSession returned = *std::exchange(recovery_->returning, std::nullopt);
  if (!nsp_->can_be_sent(recovery_->missed_bytes)) {
    recovery_->pid = make_sid();
    recovery_->is_recovered = false;
    return;
  }
  for (const OutgoingPacket& packet : returned.missed) connection_->send(packet);
}

SOCKETIO_DECL void SocketState::handle_connected() {
  send_missed();
  connected_.store(true, std::memory_order_release);
  part_->rooms.add(*this);
  part_->rooms.join(*this, id_);
  if (is_over_) return;  // a listener to rooms has sent it away
  connection_->send(OutgoingPacket(
      connection_->is_eio3()
          ? nsp_->codec().encode(PacketHeader{PacketType::connect, nsp_name(), {}})
          : nsp_->codec().encode_connected(nsp_name(), id_, recovery_ ? std::string_view(recovery_->pid) : "")));
  WatchedCall call;
  if (shard().is_watched()) shard().watch(call, BlockedCall::Kind::connection, nsp_name(), id_, "connection");
  nsp_->setup().handle_connection(shared_from_this());
}

SOCKETIO_DECL void SocketState::handle_event(std::shared_ptr<SocketState> self, PacketPtr packet) {
  SocketState& socket = *self;
  const bool has_data = packet->has_data();
  if (socket.has_too_many_in_progress(*packet)) return socket.connection_->handle_excess("max_handlers_in_progress");
  Delivery delivery(std::move(self), std::move(packet));
  if (socket.extras_) socket.dispatch_to_all(Direction::incoming, delivery);
  if (!has_data) return;  // "42" alone: nothing else to call, and nothing wrong with it

  if (!socket.middleware_ || socket.middleware_->empty()) return socket.dispatch(delivery);
  std::shared_ptr<Packet> shared = delivery.share();
  socket.middleware_->run(
      socket.part_->shard, IncomingEvent(shared),
      [self = socket.shared_from_this(), shared, passed = delivery.after_middleware()](Next::Result refusal) mutable {
        if (!refusal) return self->dispatch(passed);
        self->shard().report({make_error_code(Errc::middleware_refused), refusal->what(), self->nsp_name(), self->id_,
                              std::string(shared->event_name()), nullptr});
        self->handle_error(refusal->what(), refusal->data());
      });
}

/// Only what asynchronous handlers and middleware keep is counted: see Delivery::share.
SOCKETIO_DECL bool SocketState::has_too_many_in_progress(const Packet& packet) const {
  const std::size_t in_progress = in_progress_.load(std::memory_order_relaxed);
  if (in_progress == 0) return false;
  const std::size_t limit = nsp_->options().max_handlers_in_progress;
  return limit != 0 && in_progress + weight_in_progress(packet) > limit;
}

SOCKETIO_DECL void SocketState::begin_progress(std::uint32_t weight) noexcept {
  in_progress_.fetch_add(weight, std::memory_order_relaxed);
}
SOCKETIO_DECL void SocketState::end_progress(std::uint32_t weight) noexcept {
  in_progress_.fetch_sub(weight, std::memory_order_relaxed);
}

SOCKETIO_DECL bool SocketState::passes_rates(const Packet& event) {
  const auto refusal = rates_->admit(event.event_name(), shard().scheduler().now());
  if (!refusal) return true;
  if (refusal->is_first)
    shard().report({make_error_code(Errc::rate_limited),
                    std::string("events come faster than rate_limits.") + refusal->limit + " allows", nsp_name(), id_,
                    std::string(event.event_name()), nullptr});
  switch (refusal->action) {
    case RateLimitAction::drop: break;
    case RateLimitAction::refuse:
      if (event.id()) {
        const Value answer{{"error", "rate limited"}, {"retry_after_ms", refusal->retry_after.count()}};
        const PacketHeader header{PacketType::ack, nsp_name(), *event.id()};
        connection_->send(OutgoingPacket(nsp_->codec().encode(header, std::span(&answer, 1))));
      }
      break;
    case RateLimitAction::disconnect: connection_->disconnect(DisconnectReason::rate_limited); break;
  }
  return false;
}

SOCKETIO_DECL void SocketState::dispatch_to_all(Direction direction, Delivery& delivery) {
  catch_all(direction)->dispatch(
      shard().handlers_mutex(), [](NoKey) { return true; },
      [&](EventHandler& handler) { call_watched(shard(), handler, delivery); });
}

SOCKETIO_DECL void SocketState::dispatch(Delivery& delivery) {
  if (is_connected()) handlers_.dispatch(shard(), delivery);
}

SOCKETIO_DECL void SocketState::cancel_ack(std::uint64_t id) {
  if (acks_) acks_->cancel(id);
}

SOCKETIO_DECL void SocketState::handle_error(std::string_view message, Value data) {
  dispatch_local("error", {Value(std::string(message)), std::move(data)});
}

SOCKETIO_DECL void SocketState::handle_ack(const Packet& packet) {
  if (!acks_ || !packet.id()) return;
  WatchedCall call;
  if (shard().is_watched()) shard().watch(call, BlockedCall::Kind::acknowledgement, nsp_name(), id_, {});
  acks_->answer(*packet.id(), packet);
}

SOCKETIO_DECL void SocketState::handle_refused() {
  const auto self = shared_from_this();
  is_over_ = true;
  if (recovery_ && recovery_->returning) {
    nsp_->recovery()->remove_returning(*this);
    recovery_->returning.reset();
  }
  part_->rooms.remove(*this);
  connection_->keep_rates(std::move(rates_));
  if (acks_) acks_->end_all();
  drop_handlers();
  nsp_->handle_left();
}

SOCKETIO_DECL void SocketState::handle_lost() {
  if (recovery_ && recovery_->returning) {
    if (has_data_.load(std::memory_order_acquire)) recovery_->returning->session.data = data_;
    nsp_->recovery()->persist_session(*part_, std::move(recovery_->returning->session));
  }
  handle_refused();
}

SOCKETIO_DECL void SocketState::disconnect(DisconnectReason reason) {
  if (!is_connected() || is_over_) return;
  const auto self = shared_from_this();
  connection_->send(OutgoingPacket(nsp_->codec().encode(PacketHeader{PacketType::disconnect, nsp_name(), {}})));
  connection_->tolerate_stragglers(nsp_name());
  close(reason);
}

SOCKETIO_DECL void SocketState::close(DisconnectReason reason, std::string_view description) {
  if (!is_connected() || is_over_) return;
  const auto self = shared_from_this();
  is_over_ = true;
  std::vector<Value> why{Value(std::string(to_string(reason))), Value(std::string(description))};
  dispatch_local("disconnecting", why);
  std::optional<RecoverableSession> kept;
  if (recovery_) {
    if (is_recoverable(reason)) {
      static_cast<void>(data());  // from now on it is the same for whoever keeps this socket and for the next one
      kept.emplace(RecoverableSession{id_, recovery_->pid, rooms(), data_, 0});
    } else {
      recovery_->may_return = false;
    }
  }
  part_->rooms.remove(*this);
  connection_->remove(*this);
  connection_->keep_rates(std::move(rates_));
  connected_.store(false, std::memory_order_release);
  if (acks_) acks_->end_all();
  dispatch_local("disconnect", std::move(why));
  // Only now: a client that comes back may come to another thread, and its handlers use the same data.
  if (kept) {
    kept->data_bytes = nsp_->data_type().bytes(data_.get());
    nsp_->recovery()->persist_session(*part_, *std::move(kept));
  }
  drop_handlers();
  nsp_->handle_left();
}

SOCKETIO_DECL void SocketState::handle_idle() noexcept {
  if (shard().is_draining()) shard().post([self = shared_from_this()] { self->connection_->end_if_idle(); });
}

SOCKETIO_DECL void SocketState::abandon() {
  const auto self = shared_from_this();
  is_over_ = true;
  connected_.store(false, std::memory_order_release);
  if (Recovery* const recovery = nsp_->recovery()) recovery->remove_returning(*this);
  part_->rooms.remove(*this);
  drop_handlers();
  acks_.reset();
}

// Not dispatched to the shard, which takes nothing any more when the server is being destroyed.
SOCKETIO_DECL void SocketState::drop_handlers() {
  handlers_.clear(shard());
  remove_catch_all(Direction::incoming, std::nullopt);
  remove_catch_all(Direction::outgoing, std::nullopt);
  middleware_.reset();
  if (extras_ && extras_->timers) extras_->timers->end_all();
}

SOCKETIO_DECL void SocketState::tell_outgoing(const OutgoingPacket& packet) {
  PacketPtr event = nsp_->codec().decode(packet);
  if (!event || event->type() != PacketType::event) return;
  parts(*event).id.reset();  // the acknowledgement is for the client to give
  Delivery delivery(shared_from_this(), std::move(event));
  dispatch_to_all(Direction::outgoing, delivery);
}

SOCKETIO_DECL void SocketState::dispatch_local(std::string_view event, std::vector<Value> args) {
  if (!handlers_.contains(event)) return;
  auto packet = std::make_shared<Packet>();
  packet->set_event(std::string(event), std::move(args));
  Delivery delivery(shared_from_this(), std::move(packet));
  handlers_.dispatch(shard(), delivery);
}

}  // namespace socketio::detail
