// SPDX-License-Identifier: MIT
// Selecting receivers and sending to all of them: Socket.IO's chain of to, in, except and flags. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room_list.hpp>
#include <socketio/fwd.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio {

namespace detail {

/// What a callback for the acknowledgements of a broadcast takes.
template <class Parameters>
struct BroadcastCallbackShape {
  static constexpr bool is_callback = false;
};
template <class Answers>
struct CollectedAnswers {
  static constexpr bool is_callback = false;
};
template <class T>
struct CollectedAnswers<std::vector<T>> {
  static constexpr bool is_callback = true;
  using Result = T;
};
template <class Answers>
struct BroadcastCallbackShape<TypeList<Answers>> : CollectedAnswers<std::remove_cvref_t<Answers>> {
  static constexpr bool takes_error = false;
};
template <class Error, class Answers>
requires std::is_same_v<std::remove_cvref_t<Error>, std::error_code>
struct BroadcastCallbackShape<TypeList<Error, Answers>> : CollectedAnswers<std::remove_cvref_t<Answers>> {
  static constexpr bool takes_error = true;
};

template <class... Args>
constexpr bool ends_with_broadcast_callback() {
  if constexpr (ends_with_receiver<Args...>()) {
    using Callback = std::decay_t<LastArgument<Args...>>;
    if constexpr (PlainCallable<Callback>)
      return BroadcastCallbackShape<typename SignatureOf<Callback>::Parameters>::is_callback;
  }
  return false;
}

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
  /// @param event  the name, or a typed Event; reserved names throw std::invalid_argument
  /// @param args   anything that converts to the wire; encoded before this function returns, once for all receivers.
  ///               The last one may be a callback for everyone's acknowledgements, called once:
  ///               `[](std::error_code error, std::vector<Result> answers)`; see `emit_with_ack`.
  /// @par Thread safety  Any thread; on the owner's thread it is sent at once, elsewhere as soon as that thread gets to
  /// it.
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
    emit_event(detail::message_event<typename Config::EmitEvents>(), std::forward<Args>(args)...);
  }

  /// Sends an event to everyone selected and completes with what they answer: the first item of each acknowledgement,
  /// in the order in which they come.
  ///
  /// @tparam Result  what each converts to; void to count them
  /// @param args     as for `emit`; the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of `void(std::error_code, std::vector<Result>)`, or of
  ///                 `void(std::error_code, std::size_t)` for void
  /// @par Errors     Errc::timed_out when not all have answered within `timeout`, Errc::disconnected when somebody has
  ///                 gone before, no_answer when another server has, bad_argument when an answer does not convert,
  ///                 asio::error::operation_aborted after a cancellation. The answers that did come are there in any
  ///                 case: ask for both with asio::redirect_error or a callback. Without `timeout` it ends when
  ///                 everyone has answered or gone.
  template <class Result = Value, class... Args>
  auto emit_with_ack(std::string_view event, Args&&... args) const {
    return selection().template collect_from_selection<Result>(event, std::forward<Args>(args)...);
  }
  template <TypedEvent E, class... Args>
  auto emit_with_ack(const E& event, Args&&... args) const {
    return selection().collect_declared(event, std::forward<Args>(args)...);
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

  /// Restricts what follows to the clients of this server.
  Operator local() const {
    return Operator::with_flags(selection(), [](EmitFlags& flags) { flags.local = true; });
  }

  /// Limits the time that the receivers have for their acknowledgements, and other servers for their answers.
  Operator timeout(std::chrono::milliseconds timeout) const { return Operator::with_timeout(selection(), timeout); }

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
    sockets_join_list(room_list(rooms...));
  }
  void sockets_join(std::initializer_list<std::string_view> rooms) const { sockets_join_list(room_list(rooms)); }
  template <RoomArgument... Rooms>
  void sockets_leave(const Rooms&... rooms) const {
    sockets_leave_list(room_list(rooms...));
  }
  void sockets_leave(std::initializer_list<std::string_view> rooms) const { sockets_leave_list(room_list(rooms)); }
  void disconnect_sockets(bool close = false) const {
    selection().act(
        [close](const auto& socket) { socket->leave_server(close); }, false,
        [close](Adapter& adapter, const BroadcastOptions& options) { adapter.disconnect_sockets(options, close); });
  }

 protected:
  ~BroadcastVerbs() = default;

 private:
  decltype(auto) selection() const { return static_cast<const Derived&>(*this).selection(); }

  void sockets_join_list(const std::vector<std::string>& rooms) const {
    selection().act(
        [rooms](const auto& socket) {
          for (const std::string& room : rooms) socket->join(room);
        },
        true, [rooms](Adapter& adapter, const BroadcastOptions& options) { adapter.add_sockets(options, rooms); });
  }
  void sockets_leave_list(const std::vector<std::string>& rooms) const {
    selection().act(
        [rooms](const auto& socket) {
          for (const std::string& room : rooms) socket->leave(room);
        },
        true, [rooms](Adapter& adapter, const BroadcastOptions& options) { adapter.del_sockets(options, rooms); });
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
  BasicBroadcastOperator(std::shared_ptr<detail::NamespaceState<Config>> nsp, BroadcastOptions options)
      : nsp_(std::move(nsp)), options_(std::move(options)) {}

  const BroadcastOptions& options() const noexcept { return options_; }

 private:
  friend class detail::BroadcastVerbs<BasicBroadcastOperator, Config>;
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  friend class BasicSocket<Config>;
  friend class BasicRemoteSocket<Config>;
  friend class BasicParentBroadcastOperator<Config>;

  const BasicBroadcastOperator& selection() const noexcept { return *this; }

  using Parser = typename Config::Parser;

  template <class... Args>
  OutgoingPacket encode(std::string_view event, const std::optional<std::uint64_t>& ack_id, const Args&... args) const {
    static_assert(
        (detail::PacketArgument<Args> && ...),
        "socketio: an argument of this emit cannot be converted to what clients receive. Allowed are bool, "
        "numbers, strings, std::optional, containers, tuples, std::variant, socketio::Binary, socketio::Value "
        "and structs declared with SOCKETIO_STRUCT, and as the last argument a callback for the acknowledgements: "
        "[](std::error_code, std::vector<T>).");
    detail::require_emittable(event);
    return detail::encode_event<Parser>(nsp_->name(), ack_id, options_.flags, nsp_->options().max_attachments, event,
                                        args...);
  }

  template <class... Args>
  void emit_to_selection(std::string_view event, Args&&... args) const {
    detail::require_untyped_events<typename Config::EmitEvents>();
    emit_any(event, std::forward<Args>(args)...);
  }
  template <TypedEvent E, class... Args>
  void emit_to_selection(const E&, Args&&... args) const {
    detail::require_declared_event<typename Config::EmitEvents, E>();
    if constexpr (detail::ends_with_receiver<Args...>())
      emit_declared_collecting<E>(std::forward_as_tuple(std::forward<Args>(args)...),
                                  std::make_index_sequence<sizeof...(Args) - 1>{});
    else if constexpr (detail::require_event_arguments<E, std::remove_cvref_t<Args>...>())
      detail::send_declared<E>([this](std::string_view name, const auto&... each) { this->emit_any(name, each...); },
                               std::index_sequence_for<Args...>{}, args...);
  }

  template <class... Args>
  void emit_any(std::string_view event, Args&&... args) const {
    if constexpr (detail::ends_with_broadcast_callback<Args...>())
      emit_collecting(event, std::forward_as_tuple(std::forward<Args>(args)...),
                      std::make_index_sequence<sizeof...(Args) - 1>{});
    else
      emit_plain(event, args...);
  }

  template <class... Args>
  void emit_plain(std::string_view event, const Args&... args) const {
    const std::string offset = nsp_->next_offset(options_.flags);
    OutgoingPacket packet = encode(event, std::nullopt, args..., detail::PacketOffset{offset});
    nsp_->broadcast(std::move(packet), options_, offset);
  }

  template <class Tuple, std::size_t... I>
  void emit_collecting(std::string_view event, Tuple args, std::index_sequence<I...>) const {
    using Callback = std::decay_t<std::tuple_element_t<sizeof...(I), Tuple>>;
    using Shape = detail::BroadcastCallbackShape<typename detail::SignatureOf<Callback>::Parameters>;
    const std::uint64_t id = nsp_->next_ack_id();
    OutgoingPacket packet = encode(event, id, std::get<I>(args)...);
    collect(id, std::move(packet),
            detail::make_broadcast_ack<typename Shape::Result>(
                nsp_->shards().here(), nsp_->name(), std::string(event),
                [callback = Callback(std::get<sizeof...(I)>(std::move(args)))](std::error_code error,
                                                                               auto answers) mutable {
                  if constexpr (Shape::takes_error)
                    callback(error, std::move(answers));
                  else if (!error)
                    callback(std::move(answers));
                }));
  }

  template <class E, class Tuple, std::size_t... I>
  void emit_declared_collecting(Tuple args, std::index_sequence<I...>) const {
    using Callback = std::decay_t<std::tuple_element_t<sizeof...(I), Tuple>>;
    using Answers = typename detail::BroadcastAnswers<typename E::Result>::type;
    static_assert(std::is_invocable_v<Callback&, std::error_code, Answers>,
                  "socketio: the last argument is no callback for the acknowledgements of this typed event: it is "
                  "callable with a std::error_code and a std::vector of the event's result.");
    if constexpr (std::is_invocable_v<Callback&, std::error_code, Answers> &&
                  detail::require_event_arguments<E, std::remove_cvref_t<std::tuple_element_t<I, Tuple>>...>()) {
      const std::uint64_t id = nsp_->next_ack_id();
      detail::send_declared<E>(
          [&](std::string_view name, const auto&... each) {
            OutgoingPacket packet = encode(name, id, each...);
            collect(
                id, std::move(packet),
                detail::make_broadcast_ack<typename E::Result>(nsp_->shards().here(), nsp_->name(), std::string(name),
                                                               Callback(std::get<sizeof...(I)>(std::move(args)))));
          },
          std::index_sequence<I...>{}, std::get<I>(args)...);
    }
  }

  template <class Result, class... Args>
  auto collect_from_selection(std::string_view event, Args&&... args) const {
    detail::require_untyped_events<typename Config::EmitEvents>();
    if constexpr (detail::ends_with_receiver<Args...>())
      return collect_and_take_token<Result>(event, std::forward_as_tuple(std::forward<Args>(args)...),
                                            std::make_index_sequence<sizeof...(Args) - 1>{});
    else
      return collect_and_complete<Result>(event, asio::use_awaitable, args...);
  }

  template <class E, class... Args>
  auto collect_declared(const E&, Args&&... args) const {
    detail::require_declared_event<typename Config::EmitEvents, E>();
    if constexpr (detail::ends_with_receiver<Args...>())
      return collect_declared_and_take_token<E>(std::forward_as_tuple(std::forward<Args>(args)...),
                                                std::make_index_sequence<sizeof...(Args) - 1>{});
    else
      return collect_declared_and_take_token<E>(std::forward_as_tuple(args..., asio::use_awaitable),
                                                std::index_sequence_for<Args...>{});
  }

  template <class E, class Tuple, std::size_t... I>
  auto collect_declared_and_take_token(Tuple args, std::index_sequence<I...>) const {
    static_assert(detail::require_event_arguments<E, std::remove_cvref_t<std::tuple_element_t<I, Tuple>>...>());
    return detail::send_declared<E>(
        [&](std::string_view name, const auto&... each) {
          return collect_and_complete<typename E::Result>(name, std::get<sizeof...(I)>(std::move(args)), each...);
        },
        std::index_sequence<I...>{}, std::get<I>(args)...);
  }

  template <class Result, class Tuple, std::size_t... I>
  auto collect_and_take_token(std::string_view event, Tuple args, std::index_sequence<I...>) const {
    return collect_and_complete<Result>(event, std::get<sizeof...(I)>(std::move(args)), std::get<I>(args)...);
  }

  template <class Result, class Token, class... Args>
  auto collect_and_complete(std::string_view event, Token&& token, const Args&... args) const {
    using Answers = typename detail::BroadcastAnswers<Result>::type;
    const std::uint64_t id = nsp_->next_ack_id();
    return asio::async_initiate<Token, void(std::error_code, Answers)>(
        [self = *this, id, event = std::string(event)](auto handler, OutgoingPacket packet) {
          self.template collect_into<Answers>(id, packet, std::move(handler), [&](const auto& shard, auto taken) {
            return detail::make_broadcast_completion<Result>(shard, self.nsp_->name(), event, std::move(taken));
          });
        },
        token, encode(event, id, args...));
  }

  /// Sends a packet and has a completion handler for (error, Completion) wait for the acknowledgements.
  ///
  /// @param make  makes the collector of (shard, handler)
  template <class Completion, class CompletionHandler, class Make>
  void collect_into(std::uint64_t id, const OutgoingPacket& packet, CompletionHandler handler, const Make& make) const {
    const auto shard = nsp_->shards().here();
    if (!shard->is_open()) return detail::complete_without_server<Completion>(std::move(handler));
    auto slot = asio::get_associated_cancellation_slot(handler);
    const std::shared_ptr<detail::BroadcastAck> collector = make(shard, std::move(handler));
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr(collector), shard](asio::cancellation_type type) {
        if (type == asio::cancellation_type::none) return;
        // In a turn of its own: whoever cancels may not expect to be completed meanwhile.
        shard->post([weak] {
          if (const auto alive = weak.lock()) alive->cancel();
        });
      });
    }
    collect(id, packet, collector);
  }

  void collect(std::uint64_t id, const OutgoingPacket& packet,
               const std::shared_ptr<detail::BroadcastAck>& collector) const {
    nsp_->broadcast_expecting(id, packet, options_, timeout_, collector);
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
  static BasicBroadcastOperator with_timeout(BasicBroadcastOperator base, std::chrono::milliseconds timeout) {
    base.timeout_ = timeout;
    return base;
  }
  /// @param in_order  see NamespaceState::act_in_order
  /// @param tell      what has the other servers do the same
  template <class Act, class Tell>
  void act(const Act& act, bool in_order, const Tell& tell) const {
    if (!options_.flags.local)
      nsp_->tell_others([options = options_, tell](Adapter& adapter) { tell(adapter, options); });
    if (in_order)
      nsp_->act_in_order(options_, act);
    else
      nsp_->act_on(options_, act);
  }
  template <class Token>
  auto fetch_everywhere(Token&& token) const {
    using Sockets = std::vector<BasicRemoteSocket<Config>>;
    return asio::async_initiate<Token, void(std::error_code, Sockets)>(
        [self = *this](auto handler) {
          const auto shard = self.nsp_->shards().here();
          if (!shard->is_open()) return detail::complete_without_server<Sockets>(std::move(handler));
          auto complete = detail::make_completion<Sockets>(shard, self.nsp_->name(), {}, std::move(handler));
          self.nsp_->fetch(
              self.options_, self.timeout_,
              [nsp = self.nsp_, shard, complete = std::move(complete)](std::error_code error,
                                                                       std::vector<SocketDetails> all) mutable {
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

  std::shared_ptr<detail::NamespaceState<Config>> nsp_;
  BroadcastOptions options_;
  std::optional<std::chrono::milliseconds> timeout_;
};

}  // namespace socketio

#pragma pop_macro("emit")
