// SPDX-License-Identifier: MIT
// What a scripted client has received: the arguments of an event or of an answer. Testing.
#pragma once

#include <socketio/core/outgoing.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/testing/error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::testing {

namespace detail {

/// Values as they stand in a failure: `"text",1,{"a":true}`, cut where it becomes too long to read.
inline std::string describe(const std::vector<Value>& values) {
  constexpr std::size_t longest = 200;
  std::string text = to_json(Value(values));
  text = text.substr(1, text.size() - 2);
  if (text.size() > longest) text = to_valid_utf8(std::string_view(text).substr(0, longest)) + "...";
  return text;
}

}  // namespace detail

/// The arguments of an event or of an acknowledgement, as a client received them.
///
/// @par Lifetime  Copies share them; views taken from them (std::string_view) live as long as one copy does.
class Arguments {
 public:
  /// For the kit. @param name  of the event, or of the event that was answered
  Arguments(std::shared_ptr<const Packet> packet, std::string name)
      : packet_(std::move(packet)), name_(std::move(name)) {}

  std::size_t size() const noexcept { return packet_->arg_count(); }

  /// An argument as the type that a handler would take.
  ///
  /// @throws Error  if there is no such argument or it does not convert; std::optional takes what is missing
  template <class T = Value>
  T arg(std::size_t index) const {
    T value{};
    ConvertError error;
    const auto view = index < size() ? std::optional(packet_->arg(index)) : std::nullopt;
    if (!socketio::detail::read_or_missing(view, value, error))
      throw Error("arg(" + std::to_string(index) + ") of " + text() + ": " + error.message());
    return value;
  }

  std::vector<Value> values() const {
    std::vector<Value> all;
    for (std::size_t i = 0; i < size(); ++i) all.push_back(arg(i));
    return all;
  }

  /// As it stands in failures: `joined("Ann",1)`. Binary data appears as base64.
  std::string text() const { return name_ + '(' + detail::describe(values()) + ')'; }

 protected:
  std::shared_ptr<const Packet> packet_;
  std::string name_;
};

/// An event that a client has received.
template <class Config>
class BasicReceived : public Arguments {
 public:
  using Writer = typename Config::Parser::Writer;

  /// Sends the data of an acknowledgement, an array; says why it cannot if the client is not connected any more.
  using SendAck = std::function<void(std::uint64_t id, const std::function<void(Writer&)>& write)>;

  /// For the kit.
  BasicReceived(std::shared_ptr<const Packet> packet, SendAck send)
      : Arguments(packet, std::string(packet->event_name())),
        send_(std::move(send)),
        is_acknowledged_(std::make_shared<bool>(false)) {}

  const std::string& name() const noexcept { return name_; }

  /// Whether the server waits for an acknowledgement that has not been given.
  bool wants_ack() const noexcept { return packet_->id().has_value() && !*is_acknowledged_; }

  /// Acknowledges the event with these values, and lets the server act on it.
  ///
  /// @throws Error  if the server asked for no acknowledgement, or has been given it
  template <class... Results>
  void ack(const Results&... results) const {
    ack_with([&](Writer& writer) {
      writer.begin_array((std::size_t{0} + ... + socketio::detail::argument_count(results)));
      (socketio::detail::write_argument(writer, results), ...);
      writer.end_array();
    });
  }

  /// As `ack`, with a function that writes the array of the values.
  void ack_with(const std::function<void(Writer&)>& write) const {
    if (!packet_->id()) throw Error("the server asked for no acknowledgement of " + text());
    if (*is_acknowledged_) throw Error(text() + " has been acknowledged already");
    *is_acknowledged_ = true;
    send_(*packet_->id(), write);
  }

 private:
  SendAck send_;
  std::shared_ptr<bool> is_acknowledged_;
};

}  // namespace socketio::testing
