// SPDX-License-Identifier: MIT
// Events that the servers of a cluster send each other: who handles them, and how they are answered. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/event_handler.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/protocol/value_writer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// The arguments of an event or an acknowledgement as values of their own.
inline std::vector<Value> values_of(const Packet& packet) {
  std::vector<Value> values;
  values.reserve(packet.arg_count());
  for (std::size_t i = 0; i < packet.arg_count(); ++i) values.push_back(to_value(packet.arg(i)));
  return values;
}

/// Arguments of an emit, or what acknowledges one, as values.
template <class... Arguments>
std::vector<Value> values_from(const Arguments&... arguments) {
  ValueWriter writer;
  (write_argument(writer, arguments), ...);
  return writer.take();
}

/// Stands for a server to which another one has sent an event.
///
/// @par Thread safety  Any thread.
class ServerSideReceiver {
 public:
  /// @param reply  see AdapterHost::server_side_event; called on the thread of `shard`
  ServerSideReceiver(std::shared_ptr<Shard> shard, std::string nsp, AdapterHost::Reply reply)
      : shard_(std::move(shard)),
        nsp_(std::move(nsp)),
        reply_(std::make_shared<const AdapterHost::Reply>(std::move(reply))) {}

  Shard& shard() const noexcept { return *shard_; }
  const std::string& nsp_name() const noexcept { return nsp_; }
  std::string id() const { return {}; }  // no socket is concerned

  void report_handler_exception(std::string_view event) const noexcept {
    shard_->report_current_exception(nsp_, {}, event);
  }

  /// Called once: there is one acknowledgement.
  template <class... Results>
  void send_ack(std::uint64_t /*id*/, const Results&... results) {
    shard_->dispatch([reply = reply_, values = values_from(results...)]() mutable { (*reply)(std::move(values)); });
  }

 private:
  std::shared_ptr<Shard> shard_;
  std::string nsp_;
  std::shared_ptr<const AdapterHost::Reply> reply_;
};

/// Who handles the events that other servers send to a namespace.
///
/// @par Thread safety  Any thread; `dispatch` on the first one.
class ServerSideHandlers {
 public:
  using Handler = EventHandler<ServerSideReceiver>;

  void add(std::string_view event, std::unique_ptr<Handler> handler) {
    Entry entry{std::string(event), std::move(handler)};
    const std::lock_guard lock(mutex_);
    if (!has_ended_) entries_.push_back(std::move(entry));
  }
  void remove(std::string_view event) {
    remove_if([&](const Entry& entry) { return entry.event == event; });
  }
  void remove(std::string_view event, Listener listener) {
    remove_if([&](const Entry& entry) { return entry.handler->listener == listener && entry.event == event; });
  }

  /// As NamespaceSetup::end.
  void end() {
    std::vector<Entry> removed;
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    removed.swap(entries_);
  }

  /// Calls those that are registered for the event now, whatever they do to this list.
  ///
  /// @param event  the name, then the arguments
  void dispatch(const std::shared_ptr<Shard>& shard, const std::string& nsp, const std::vector<Value>& event,
                AdapterHost::Reply reply) {
    if (event.empty() || !event.front().is_string()) return;
    const auto packet = std::make_shared<Packet>();
    packet->set_event(event.front().as_string(), {event.begin() + 1, event.end()});
    if (reply) parts(*packet).id = 0;
    Delivery<ServerSideReceiver> delivery(std::make_shared<ServerSideReceiver>(shard, nsp, std::move(reply)), packet);
    for (const auto& handler : take(packet->event_name())) (*handler)(delivery);
  }

 private:
  struct Entry {
    std::string event;
    std::shared_ptr<Handler> handler;
  };

  /// The handlers of an event; those that are to run once are removed.
  std::vector<std::shared_ptr<Handler>> take(std::string_view event) {
    std::vector<std::shared_ptr<Handler>> handlers;
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_)
      if (entry.event == event) handlers.push_back(entry.handler);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.handler->once && entry.event == event; });
    return handlers;
  }

  /// What is removed is destroyed after the lock: the objects that a handler holds may use the list.
  template <class Condition>
  void remove_if(const Condition& condition) {
    std::vector<Entry> removed;
    const std::lock_guard lock(mutex_);
    const auto first =
        std::stable_partition(entries_.begin(), entries_.end(), [&](const Entry& entry) { return !condition(entry); });
    removed.assign(std::make_move_iterator(first), std::make_move_iterator(entries_.end()));
    entries_.erase(first, entries_.end());
  }

  std::mutex mutex_;
  std::vector<Entry> entries_;
  bool has_ended_ = false;
};

}  // namespace socketio::detail
