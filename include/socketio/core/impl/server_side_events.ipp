// SPDX-License-Identifier: MIT
// Bodies of server_side_events.hpp. Core layer.
#pragma once

#include <socketio/core/server_side_events.hpp>

#include <stdexcept>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL ServerSideReceiver::ServerSideReceiver(std::shared_ptr<Shard> shard, std::string nsp, Reply reply)
    : shard_(std::move(shard)), nsp_(std::move(nsp)), reply_(std::move(reply)) {}

SOCKETIO_DECL Shard& ServerSideReceiver::shard() const noexcept { return *shard_; }
SOCKETIO_DECL const std::string& ServerSideReceiver::nsp_name() const noexcept { return nsp_; }
SOCKETIO_DECL const std::string& ServerSideReceiver::receiver_id() const noexcept { return no_id_; }

SOCKETIO_DECL void ServerSideReceiver::send_answer(std::vector<Value> items) {
  shard_->dispatch([self = shared_from_this(), items = std::move(items)]() mutable { self->reply_(std::move(items)); });
}

SOCKETIO_DECL void require_server_side_event(std::string_view event) {
  if (event == "connect" || event == "connection" || event == "new_namespace")
    throw std::invalid_argument('"' + std::string(event) + "\" is a reserved event name");
}

SOCKETIO_DECL void ServerSideHandlers::add(std::string_view event, EventHandlerPtr handler, bool first) {
  list_.add(mutex_, std::string(event), std::move(handler), first);
}

SOCKETIO_DECL void ServerSideHandlers::remove(std::string_view event, std::optional<Listener> listener) {
  list_.remove_if(mutex_, [&](const std::string& key, const EventHandler& handler) {
    return key == event && (!listener || handler.listener == *listener);
  });
}

SOCKETIO_DECL std::vector<Listener> ServerSideHandlers::listeners(std::string_view event) const {
  std::vector<Listener> all;
  list_.for_each(mutex_, [&](const std::string& key, const EventHandler& handler) {
    if (key == event) all.push_back(handler.listener);
  });
  return all;
}

SOCKETIO_DECL void ServerSideHandlers::end() { list_.end(mutex_); }

SOCKETIO_DECL void ServerSideHandlers::dispatch(const std::shared_ptr<Shard>& shard, const std::string& nsp,
                                                const std::vector<Value>& event, Reply reply) {
  if (event.empty() || !event.front().is_string()) return;
  const std::string name = event.front().as_string();
  const auto packet = std::make_shared<Packet>();
  packet->set_event(name, {event.begin() + 1, event.end()});
  if (reply) parts(*packet).id = 0;
  Delivery delivery(std::make_shared<ServerSideReceiver>(shard, nsp, std::move(reply)), packet);
  list_.dispatch(
      mutex_, [&](const std::string& key) { return key == name; }, [&](EventHandler& handler) { call_watched(*shard, handler, delivery); });
}

}  // namespace socketio::detail
