// SPDX-License-Identifier: MIT
// An event from a client as packet middleware sees it, and may change it. Core layer.
#pragma once

#include <socketio/core/packet_values.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

/// The name and the arguments of an event on its way to the handlers.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       May be kept (copies look at the same event) until the middleware has called `next`.
class IncomingEvent {
 public:
  /// For the library.
  explicit IncomingEvent(std::shared_ptr<Packet> packet) : packet_(std::move(packet)) {}

  std::string_view name() const { return packet_->event_name(); }
  std::size_t arg_count() const { return packet_->arg_count(); }

  /// Argument `index` without copying it; null if there are not so many.
  ValueView arg(std::size_t index) const { return index < arg_count() ? packet_->arg(index) : ValueView(); }

  /// Whether the client asked for an acknowledgement.
  bool wants_ack() const { return packet_->id().has_value(); }

  /// All arguments, copied.
  std::vector<Value> args() const { return detail::values_of(*packet_); }

  /// Replaces the event: later middleware and the handlers see this one. Views into the old one become invalid.
  void set(std::string_view name, std::vector<Value> args) { packet_->set_event(std::string(name), std::move(args)); }

 private:
  std::shared_ptr<Packet> packet_;
};

}  // namespace socketio
