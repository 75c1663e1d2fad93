// SPDX-License-Identifier: MIT
// Selecting receivers and sending to all of them: Socket.IO's chain of to, in, except and flags. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room_list.hpp>
#include <socketio/fwd.hpp>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio {

namespace detail {

/// The verbs that servers, namespaces, rooms and broadcast operators share: they start from the receivers that
/// `Derived::selection()` stands for.
///
/// @tparam Selection  what a selection of receivers is
template <class Derived, class Config, class Selection = BasicBroadcastOperator<Config>>
class BroadcastVerbs {
 public:
  using Operator = Selection;

  /// Sends an event to everyone selected.
  ///
  /// @param event  the name; reserved names throw std::invalid_argument
  /// @param args   anything that converts to the wire; encoded before this function returns, once for all receivers
  /// @par Thread safety  Any thread; on the owner's thread it is sent at once, elsewhere as soon as that thread gets to
  /// it.
  template <class... Args>
  void emit(std::string_view event, const Args&... args) const {
    selection().emit_to_selection(event, args...);
  }

  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <class... Args>
  void emit_event(std::string_view event, const Args&... args) const {
    selection().emit_to_selection(event, args...);
  }

  /// emit("message", args...)
  template <class... Args>
  void send(const Args&... args) const {
    emit_event("message", args...);
  }

  /// Adds rooms to send to: everyone in at least one of them, once. Unknown rooms match nobody; with an empty list
  /// nothing is added.
  template <RoomArgument... Rooms>
  Operator to(const Rooms&... rooms) const {
    return Operator::with_rooms(selection(), room_list(rooms...));
  }
  Operator to(std::initializer_list<std::string_view> rooms) const {
    return Operator::with_rooms(selection(), room_list(rooms));
  }

  /// The same as `to`.
  template <RoomArgument... Rooms>
  Operator in(const Rooms&... rooms) const {
    return to(rooms...);
  }
  Operator in(std::initializer_list<std::string_view> rooms) const { return to(rooms); }

  /// Leaves out everyone in these rooms; a socket's id is the room of that socket alone.
  template <RoomArgument... Rooms>
  Operator except(const Rooms&... rooms) const {
    return Operator::without_rooms(selection(), room_list(rooms...));
  }
  Operator except(std::initializer_list<std::string_view> rooms) const {
    return Operator::without_rooms(selection(), room_list(rooms));
  }

  /// Drops the packet for receivers that are not ready for it, instead of queueing it.
  Operator volatile_() const {
    return Operator::with_flags(selection(), [](EmitFlags& flags) { flags.is_volatile = true; });
  }

  /// Allows (the default) or forbids compression of the packet.
  Operator compress(bool compress) const {
    return Operator::with_flags(selection(), [&](EmitFlags& flags) { flags.compress = compress; });
  }

  /// Restricts the packet to the clients of this server.
  Operator local() const {
    return Operator::with_flags(selection(), [](EmitFlags& flags) { flags.local = true; });
  }

  /// Those selected, as handles. Any thread.
  std::vector<BasicSocket<Config>> fetch_sockets() const { return selection().fetch(); }

  /// Makes everyone selected join rooms, leave rooms, or disconnect. Any thread.
  template <RoomArgument... Rooms>
  void sockets_join(const Rooms&... rooms) const {
    for (const auto& socket : fetch_sockets()) socket.join(rooms...);
  }
  void sockets_join(std::initializer_list<std::string_view> rooms) const { sockets_join(room_list(rooms)); }
  template <RoomArgument... Rooms>
  void sockets_leave(const Rooms&... rooms) const {
    for (const auto& socket : fetch_sockets()) socket.leave(rooms...);
  }
  void sockets_leave(std::initializer_list<std::string_view> rooms) const { sockets_leave(room_list(rooms)); }
  void disconnect_sockets(bool close = false) const {
    for (const auto& socket : fetch_sockets()) socket.disconnect(close);
  }

 protected:
  ~BroadcastVerbs() = default;

 private:
  decltype(auto) selection() const { return static_cast<const Derived&>(*this).selection(); }
};

}  // namespace detail

/// A selection of receivers with flags; every modifier returns a new one, so it may be kept and used again.
///
/// @par Thread safety  Immutable: safe to share. All functions from any thread.
/// @par Example        `io.to("a").to("b").except(socket.id()).volatile_().emit("tick", 1);`
template <class Config>
class BasicBroadcastOperator : public detail::BroadcastVerbs<BasicBroadcastOperator<Config>, Config> {
 public:
  /// For the library.
  BasicBroadcastOperator(std::shared_ptr<detail::NamespaceState<Config>> nsp, BroadcastOptions options)
      : nsp_(std::move(nsp)), options_(std::move(options)) {}

  const BroadcastOptions& options() const noexcept { return options_; }

 private:
  friend class detail::BroadcastVerbs<BasicBroadcastOperator, Config>;
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  friend class BasicSocket<Config>;

  const BasicBroadcastOperator& selection() const noexcept { return *this; }

  template <class... Args>
  void emit_to_selection(std::string_view event, const Args&... args) const {
    static_assert(
        (detail::EmittableArgument<Args> && ...),
        "socketio: an argument of this emit cannot be converted to what clients receive. Allowed are bool, "
        "numbers, strings, std::optional, containers, tuples, std::variant, socketio::Binary, socketio::Value "
        "and structs declared with SOCKETIO_STRUCT.");
    detail::require_emittable(event);
    nsp_->broadcast(detail::encode_event<typename Config::Parser>(nsp_->name(), std::nullopt, options_.flags,
                                                                  nsp_->options().max_attachments, event, args...),
                    options_);
  }

  // By value: a copy only of what somebody else has.
  static BasicBroadcastOperator with_rooms(BasicBroadcastOperator base, std::vector<std::string> rooms) {
    for (std::string& room : rooms) base.options_.rooms.push_back(std::move(room));
    return base;
  }
  static BasicBroadcastOperator without_rooms(BasicBroadcastOperator base, std::vector<std::string> rooms) {
    for (std::string& room : rooms) base.options_.except.push_back(std::move(room));
    return base;
  }
  template <class Change>
  static BasicBroadcastOperator with_flags(BasicBroadcastOperator base, Change change) {
    change(base.options_.flags);
    return base;
  }
  std::vector<BasicSocket<Config>> fetch() const {
    std::vector<BasicSocket<Config>> sockets;
    for (auto& socket : nsp_->select(options_)) sockets.push_back(BasicSocket<Config>(std::move(socket)));
    return sockets;
  }

  std::shared_ptr<detail::NamespaceState<Config>> nsp_;
  BroadcastOptions options_;
};

}  // namespace socketio

#pragma pop_macro("emit")
