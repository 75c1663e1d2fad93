// SPDX-License-Identifier: MIT
// Selecting receivers and sending to all of them: Socket.IO's chain of to, in, except and flags.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/emission.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room_list.hpp>
#include <socketio/core/selection.hpp>
#include <socketio/detail/require_duration.hpp>
#include <socketio/fwd.hpp>

#include <asio/async_result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio {

namespace detail {

template <class Derived, class Config>
class SocketVerbs;

/// The functions that servers, namespaces, rooms, parent namespaces and broadcast operators share.
///
/// @tparam Derived    has `selection()`, a `Selection` of the receivers that it stands for
/// @tparam Selection  BasicBroadcastOperator or BasicParentBroadcastOperator
template <class Derived, class Config, class Selection = BasicBroadcastOperator<Config>>
class BroadcastVerbs : public RoomSelection<Derived> {
 public:
  using Operator = Selection;

  /// Sends an event to everyone selected.
  ///
  /// @param event  the name, or a typed Event; reserved names throw std::invalid_argument
  /// @param args   anything that converts to the wire; encoded before this function returns, once for all receivers.
  ///               The last one may be a callback for everyone's acknowledgements, called once:
  ///               `[](std::error_code error, std::vector<Result> answers)`; see `emit_with_ack`.
  /// @par Thread safety  Any thread; on the owner's thread it is sent at once, elsewhere as soon as that thread gets to
  ///                     it.
  template <EventName E, class... Args>
  void emit(const E& event, Args&&... args) const {
    selection().emit_to_selection(event, std::forward<Args>(args)...);
  }

  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <EventName E, class... Args>
  void emit_event(const E& event, Args&&... args) const {
    selection().emit_to_selection(event, std::forward<Args>(args)...);
  }

  /// emit("message", args...)
  template <class... Args>
  void send(Args&&... args) const {
    emit_event(message_event<typename Config::EmitEvents>(), std::forward<Args>(args)...);
  }

  /// Sends an event to everyone selected and completes with what they answer: the first item of each acknowledgement,
  /// in the order in which they come.
  ///
  /// @tparam Result  what each converts to, void to count them; for a typed event, always the event's result
  /// @param args     as for `emit`; the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of `void(std::error_code, std::vector<Result>)`, or of
  ///                 `void(std::error_code, std::size_t)` for void
  /// @par Errors     Errc::timed_out when not all have answered within `timeout`, Errc::disconnected when a client has
  ///                 gone before, no_answer when another server has, bad_argument when an answer does not convert,
  ///                 asio::error::operation_aborted after a cancellation. The answers that did come are there in any
  ///                 case: ask for both with asio::redirect_error or a callback. Without `timeout` it ends when
  ///                 everyone has answered or gone.
  template <class Result = Value, EventName E, class... Args>
  auto emit_with_ack(const E& event, Args&&... args) const {
    return selection().template ask_selection<Result>(event, std::forward<Args>(args)...);
  }

  /// Drops the packet for receivers that are not ready for it, instead of queueing it.
  Operator volatile_() const {
    return selection().changed([](BroadcastOptions& options) { options.flags.is_volatile = true; });
  }

  /// Allows (the default) or forbids compression of the packet.
  Operator compress(bool compress) const {
    return selection().changed([&](BroadcastOptions& options) { options.flags.compress = compress; });
  }

  /// Restricts what follows to the clients of this server.
  Operator local() const {
    return selection().changed([](BroadcastOptions& options) { options.flags.local = true; });
  }

  /// Limits the time that the receivers have for their acknowledgements, and other servers for their answers.
  Operator timeout(std::chrono::milliseconds timeout) const { return selection().with_timeout(timeout); }
  template <class Number>
  requires std::is_arithmetic_v<Number> Operator timeout(Number)
  const {
    require_duration<Number>();
    return timeout(std::chrono::milliseconds());
  }

  /// Those selected on this server, as handles. Any thread.
  std::vector<BasicSocket<Config>> fetch_sockets() const { return selection().fetch(); }

  /// Those selected on all servers of the cluster, with their handshakes, rooms and data as they are now. Any thread.
  ///
  /// @param token   an Asio completion token
  /// @return        what the token makes of `void(std::error_code, std::vector<RemoteSocket>)`
  /// @par Errors    Errc::timed_out when a server has not answered within `timeout` (by default that of the adapter, 5
  ///                seconds), Errc::no_answer when one has gone, Errc::disconnected when this one closes: the sockets
  ///                of the others are there all the same. It cannot be cancelled.
  /// @par Example   `for (auto& socket : co_await io.in("room").fetch_sockets(asio::use_awaitable)) ...`
  template <class Token>
  requires(!RoomArgument<std::remove_cvref_t<Token>>) auto fetch_sockets(Token&& token) const {
    return selection().fetch_everywhere(std::forward<Token>(token));
  }

  /// Makes everyone selected join rooms, leave rooms, or disconnect. Any thread; what the calling thread has asked of
  /// these sockets before has been done by then.
  template <RoomArgument... Rooms>
  void sockets_join(const Rooms&... rooms) const {
    selection().add_sockets(room_list(rooms...));
  }
  void sockets_join(std::initializer_list<std::string_view> rooms) const { selection().add_sockets(room_list(rooms)); }
  template <RoomArgument... Rooms>
  void sockets_leave(const Rooms&... rooms) const {
    selection().del_sockets(room_list(rooms...));
  }
  void sockets_leave(std::initializer_list<std::string_view> rooms) const { selection().del_sockets(room_list(rooms)); }
  void disconnect_sockets(bool close = false) const { selection().disconnect_all(close); }

 protected:
  ~BroadcastVerbs() = default;

 private:
  friend class RoomSelection<Derived>;

  decltype(auto) selection() const { return static_cast<const Derived&>(*this).selection(); }

  Operator to_rooms(std::vector<std::string> rooms) const {
    return selection().changed([&](BroadcastOptions& options) { move_to(options.rooms, std::move(rooms)); });
  }
  Operator except_rooms(std::vector<std::string> rooms) const {
    return selection().changed([&](BroadcastOptions& options) { move_to(options.except, std::move(rooms)); });
  }
  static void move_to(std::vector<std::string>& out, std::vector<std::string> rooms) {
    for (std::string& room : rooms) out.push_back(std::move(room));
  }
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
  BasicBroadcastOperator(std::shared_ptr<detail::NamespaceState> nsp, BroadcastOptions options,
                         std::optional<std::chrono::milliseconds> timeout = std::nullopt)
      : nsp_(std::move(nsp)), options_(std::move(options)), timeout_(timeout) {}

  const BroadcastOptions& options() const noexcept { return options_; }

 private:
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  template <class, class>
  friend class detail::SocketVerbs;
  friend class BasicRemoteSocket<Config>;
  friend class BasicParentBroadcastOperator<Config>;

  using Parser = typename Config::Parser;

  const BasicBroadcastOperator& selection() const noexcept { return *this; }

  template <class Change>
  BasicBroadcastOperator changed(const Change& change) const& {
    BasicBroadcastOperator copy = *this;
    change(copy.options_);
    return copy;
  }
  template <class Change>
  BasicBroadcastOperator changed(const Change& change) && {
    change(options_);
    return std::move(*this);
  }
  BasicBroadcastOperator with_timeout(std::chrono::milliseconds timeout) const {
    BasicBroadcastOperator copy = *this;
    copy.timeout_ = timeout;
    return copy;
  }

  template <class... Args>
  OutgoingPacket encode(std::string_view event, const std::optional<std::uint64_t>& ack_id, std::string_view offset,
                        const Args&... args) const {
    static_assert(
        (detail::EmittableArgument<Args> && ...),
        "socketio: an argument of this emit cannot be converted to what clients receive. Allowed are bool, "
        "numbers, strings, std::optional, containers, tuples, std::variant, socketio::Binary, socketio::Value "
        "and structs declared with SOCKETIO_STRUCT, and as the last argument a callback for the acknowledgements: "
        "[](std::error_code, std::vector<T>).");
    detail::require_emittable(event);
    return detail::encode_event<Parser>(nsp_->name(), ack_id, options_.flags, nsp_->options().max_attachments, event,
                                        offset, args...);
  }

  detail::OperationPlace place(std::string_view event) const {
    return {nsp_->shards().here(), nsp_->name(), {}, std::string(event)};
  }

  template <EventName E, class... Args>
  void emit_to_selection(const E& event, Args&&... args) const {
    detail::take_apart<typename Config::EmitEvents>(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          using Receiver = decltype(receiver);
          if constexpr (!detail::is_receiver<Receiver>) {
            const std::string offset = nsp_->next_offset(options_.flags);
            nsp_->broadcast(encode(name, std::nullopt, offset, each...), options_, offset);
          } else if constexpr (TypedEvent<E> || detail::is_broadcast_callback<Receiver>()) {
            const std::uint64_t id = nsp_->next_ack_id();
            const OutgoingPacket packet = encode(name, id, {}, each...);
            collect(id, packet, detail::make_broadcast_callback<E>(place(name), std::forward<Receiver>(receiver)));
          } else {
            encode(name, std::nullopt, {}, each..., receiver);  // says what is wrong with the last argument
          }
        },
        std::forward<Args>(args)...);
  }

  template <class Result, EventName E, class... Args>
  auto ask_selection(const E& event, Args&&... args) const {
    return detail::take_apart<typename Config::EmitEvents>(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          return this->template ask<detail::Answer<E, Result>>(
              name, detail::token_of(std::forward<decltype(receiver)>(receiver)), each...);
        },
        std::forward<Args>(args)...);
  }

  template <class Result, class Token, class... Args>
  auto ask(std::string_view event, Token&& token, const Args&... args) const {
    using Answers = typename detail::BroadcastAnswers<Result>::type;
    const std::uint64_t id = nsp_->next_ack_id();
    return asio::async_initiate<Token, void(std::error_code, Answers)>(
        [self = *this, id, place = place(event)](auto handler, const OutgoingPacket& packet) {
          self.template collect_into<Answers>(id, packet, place, std::move(handler), [&](auto taken) {
            return detail::make_broadcast_completion<Result>(place, std::move(taken));
          });
        },
        token, encode(event, id, {}, args...));
  }

  /// Sends a packet and has a completion handler for (error, Completion) wait for the acknowledgements.
  ///
  /// @param make  makes the collector of a handler
  template <class Completion, class CompletionHandler, class Make>
  void collect_into(std::uint64_t id, const OutgoingPacket& packet, const detail::OperationPlace& place,
                    CompletionHandler handler, const Make& make) const {
    if (!place.shard->is_open()) return detail::complete_without_server<Completion>(std::move(handler));
    auto slot = asio::get_associated_cancellation_slot(handler);  // before the handler is moved
    const detail::BroadcastAckPtr collector = make(std::move(handler));
    detail::on_cancellation(std::move(slot), place.shard, [weak = std::weak_ptr(collector)] {
      if (const auto alive = weak.lock()) alive->cancel();
    });
    collect(id, packet, collector);
  }

  void collect(std::uint64_t id, const OutgoingPacket& packet, const detail::BroadcastAckPtr& collector) const {
    if (collector) nsp_->broadcast_expecting(id, packet, options_, timeout_, collector);
  }

  void add_sockets(const std::vector<std::string>& rooms) const { nsp_->add_sockets(options_, rooms); }
  void del_sockets(const std::vector<std::string>& rooms) const { nsp_->del_sockets(options_, rooms); }
  void disconnect_all(bool close) const { nsp_->disconnect_sockets(options_, close); }

  template <class Token>
  auto fetch_everywhere(Token&& token) const {
    using Sockets = std::vector<BasicRemoteSocket<Config>>;
    return asio::async_initiate<Token, void(std::error_code, Sockets)>(
        [nsp = nsp_, options = options_, timeout = timeout_, place = place({})](auto handler) {
          if (!place.shard->is_open()) return detail::complete_without_server<Sockets>(std::move(handler));
          nsp->fetch(options, timeout,
                     [nsp, shard = place.shard, complete = detail::make_completion<Sockets>(place, std::move(handler))](
                         std::error_code error, std::vector<SocketDetails> all) mutable {
                       Sockets sockets;
                       sockets.reserve(all.size());
                       for (SocketDetails& details : all) sockets.emplace_back(nsp, std::move(details));
                       // In a later turn, as with other servers: also when there are none.
                       shard->post([complete = std::move(complete), error, sockets = std::move(sockets)]() mutable {
                         complete(error, std::move(sockets));
                       });
                     });
        },
        token);
  }
  std::vector<BasicSocket<Config>> fetch() const {
    std::vector<BasicSocket<Config>> sockets;
    for (auto& socket : nsp_->select(options_)) sockets.push_back(BasicSocket<Config>(std::move(socket)));
    return sockets;
  }

  std::shared_ptr<detail::NamespaceState> nsp_;
  BroadcastOptions options_;
  std::optional<std::chrono::milliseconds> timeout_;
};

}  // namespace socketio

#pragma pop_macro("emit")

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/core.ipp>
#endif
