// SPDX-License-Identifier: MIT
// Bodies of event_receiver.hpp. Core layer.
#pragma once

#include <socketio/core/event_receiver.hpp>
#include <socketio/core/handler_traits.hpp>

#include <algorithm>

namespace socketio::detail {

SOCKETIO_DECL void EventReceiver::report_handler_exception(std::string_view event) const noexcept {
  shard().report_current_exception(nsp_name(), receiver_id(), event);
}

SOCKETIO_DECL void EventReceiver::handle_idle() noexcept {}
SOCKETIO_DECL void EventReceiver::begin_progress(std::uint32_t) noexcept {}
SOCKETIO_DECL void EventReceiver::end_progress(std::uint32_t) noexcept {}

SOCKETIO_DECL std::uint32_t weight_in_progress(const Packet& packet) noexcept {
  std::size_t bytes = parts(const_cast<Packet&>(packet)).text.size();
  for (const Binary& attachment : packet.attachments()) bytes += attachment.size();
  return static_cast<std::uint32_t>(bytes / 4096 + 1);
}

SOCKETIO_DECL const std::shared_ptr<Packet>& Delivery::share() {
  if (shared_) return shared_;
  const std::uint32_t weight = weight_in_progress(*owned_);
  receiver_->begin_progress(weight);
  shared_ = std::shared_ptr<Packet>(owned_.release(), [receiver = receiver_, weight](Packet* packet) {
    PacketDeleter()(packet);
    receiver->end_progress(weight);
  });
  return shared_;
}

SOCKETIO_DECL Delivery Delivery::after_middleware() {
  Delivery next(receiver_, share());
  next.ack_ = ack_;
  next.answered_ = answered_;
  return next;
}

SOCKETIO_DECL const std::shared_ptr<AckTarget>& Delivery::ack() {
  if (!ack_ && packet().id()) ack_ = std::make_shared<AckTarget>(receiver_, *packet().id(), answered_);
  return ack_;
}

SOCKETIO_DECL std::optional<std::uint64_t> Delivery::claim_answer() {
  const std::optional<std::uint64_t> id = packet().id();
  if (!id) return std::nullopt;
  const bool is_first = ack_ ? ack_->claim() : !std::exchange(answered_, true);
  return is_first ? id : std::nullopt;
}

SOCKETIO_DECL void EventHandler::report_bad_argument(Delivery& delivery, std::size_t position,
                                                     const ConvertError& error) {
  const EventReceiver& receiver = *delivery.receiver();
  const ErrorReport report{make_error_code(Errc::bad_argument),
                           describe_argument_error(position, error),
                           receiver.nsp_name(),
                           receiver.receiver_id(),
                           std::string(delivery.packet().event_name()),
                           nullptr};
  // Without a hook, a handler whose parameters do not fit would seem not to be called at all. Once for each handler: a
  // client that sends the event again and again does not fill the log.
  if (!std::exchange(has_warned_, true)) receiver.shard().warn_without_hook(report);
  receiver.shard().report(report);
}

SOCKETIO_DECL void call_watched(const Shard& shard, EventHandler& handler, Delivery& delivery) {
  WatchedCall call;
  if (shard.is_watched()) {
    const EventReceiver& receiver = *delivery.receiver();
    shard.watch(call, BlockedCall::Kind::event, receiver.nsp_name(), receiver.receiver_id(),
                delivery.packet().event_name());
  }
  handler(delivery);
}

SOCKETIO_DECL void EventHandlers::add(Shard& shard, std::string_view event, EventHandlerPtr handler, bool first) {
  const std::string* name = nullptr;
  {
    const std::lock_guard lock(shard.handlers_mutex());
    name = shard.event_names().keep(event);
  }
  list_.add(shard.handlers_mutex(), name, std::move(handler), first);
}

SOCKETIO_DECL void EventHandlers::remove(Shard& shard, std::string_view event, std::optional<Listener> listener) {
  list_.remove_if(
      shard.handlers_mutex(),
      [&](const std::string* name, const EventHandler& handler) {
        return *name == event && (!listener || handler.listener == *listener);
      },
      [&](const std::string* name) { shard.event_names().release(name); });
}

SOCKETIO_DECL void EventHandlers::clear(Shard& shard) {
  list_.remove_if(
      shard.handlers_mutex(), [](const std::string*, const EventHandler&) { return true; },
      [&](const std::string* name) { shard.event_names().release(name); });
}

SOCKETIO_DECL bool EventHandlers::contains(std::string_view event) const {
  return list_.contains([event](const std::string* name) { return *name == event; });
}

SOCKETIO_DECL std::vector<std::string> EventHandlers::event_names(Shard& shard) const {
  std::vector<std::string> names;
  list_.for_each(shard.handlers_mutex(), [&](const std::string* name, const EventHandler&) {
    if (std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
  });
  return names;
}

SOCKETIO_DECL std::vector<Listener> EventHandlers::listeners(Shard& shard, std::string_view event) const {
  std::vector<Listener> all;
  list_.for_each(shard.handlers_mutex(), [&](const std::string* name, const EventHandler& handler) {
    if (*name == event) all.push_back(handler.listener);
  });
  return all;
}

SOCKETIO_DECL void EventHandlers::dispatch(Shard& shard, Delivery& delivery) {
  const std::string_view event = delivery.packet().event_name();
  list_.dispatch(
      shard.handlers_mutex(), [event](const std::string* name) { return *name == event; },
      [&](EventHandler& handler) { call_watched(shard, handler, delivery); },
      [&](const std::string* name) { shard.event_names().release(name); });
}

}  // namespace socketio::detail
