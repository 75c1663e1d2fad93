// SPDX-License-Identifier: MIT
// A client on any server of the cluster, as it was when it was fetched.
#pragma once

#include <socketio/broadcast_operator.hpp>
#include <socketio/core/adapter.hpp>
#include <socketio/core/broadcast_ack.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/core/emission.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/event.hpp>
#include <socketio/core/handshake.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/room_list.hpp>
#include <socketio/detail/require_duration.hpp>
#include <socketio/fwd.hpp>
#include <socketio/protocol/value.hpp>

#include <asio/async_result.hpp>

#include <chrono>
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

/// What `fetch_sockets` with a completion token gives: a client on this or another server.
///
/// What it tells is as it was then; what it is asked to do is done by the server that has the client, and by none if
/// that has gone. A small handle: copying it is cheap.
///
/// @par Thread safety  All functions from any thread.
template <class Config>
class BasicRemoteSocket {
 public:
  /// For the library.
  BasicRemoteSocket(std::shared_ptr<detail::NamespaceState> nsp, SocketDetails details)
      : nsp_(std::move(nsp)), details_(std::make_shared<const SocketDetails>(std::move(details))) {}

  const std::string& id() const noexcept { return details_->id; }
  const Handshake& handshake() const noexcept { return details_->handshake; }
  /// Its own id included.
  const std::vector<std::string>& rooms() const noexcept { return details_->rooms; }
  /// What its `socket.data()` convert to; null if they are of a type that does not.
  const Value& data() const noexcept { return details_->data; }

  /// Sends an event to the client, as `BasicBroadcastOperator::emit`; without a callback.
  template <EventName E, class... Args>
  void emit(const E& event, Args&&... args) const {
    static_assert(!detail::ends_with_receiver<Args...>(),
                  "socketio: what a remote socket answers is for emit_with_ack, which takes a callback too: "
                  "[](std::error_code, Result).");
    selection().emit_event(event, std::forward<Args>(args)...);
  }
  /// The same as `emit`, under a name that Qt does not define as a macro.
  template <EventName E, class... Args>
  void emit_event(const E& event, Args&&... args) const {
    emit(event, std::forward<Args>(args)...);
  }

  /// Limits the time that the client has for its acknowledgements.
  BasicRemoteSocket timeout(std::chrono::milliseconds timeout) const {
    BasicRemoteSocket copy = *this;
    copy.timeout_ = timeout;
    return copy;
  }
  template <class Number>
  requires std::is_arithmetic_v<Number> BasicRemoteSocket timeout(Number)
  const {
    detail::require_duration<Number>();
    return timeout(std::chrono::milliseconds());
  }

  /// Sends an event and completes with the first item of the client's acknowledgement.
  ///
  /// @tparam Result  what the item converts to
  /// @param args     as for `emit`; the last one may be an Asio completion token, asio::use_awaitable by default
  /// @return         what the token makes of the signature `void(std::error_code, Result)`
  /// @par Errors     As `BasicBroadcastOperator::emit_with_ack`; Errc::disconnected if the client has gone.
  template <class Result = Value, EventName E, class... Args>
  auto emit_with_ack(const E& event, Args&&... args) const {
    static_assert(!std::is_void_v<detail::Answer<E, Result>>,
                  "socketio: a remote socket answers with a value: emit_with_ack<T>.");
    return detail::take_apart<typename Config::EmitEvents>(
        event,
        [this](std::string_view name, auto&& receiver, const auto&... each) {
          return this->template ask<detail::Answer<E, Result>>(
              name, detail::token_of(std::forward<decltype(receiver)>(receiver)), each...);
        },
        std::forward<Args>(args)...);
  }

  template <detail::RoomArgument... Rooms>
  void join(const Rooms&... rooms) const {
    selection().sockets_join(rooms...);
  }
  template <detail::RoomArgument... Rooms>
  void leave(const Rooms&... rooms) const {
    selection().sockets_leave(rooms...);
  }

  void join(std::initializer_list<std::string_view> rooms) const { selection().sockets_join(rooms); }
  void leave(std::initializer_list<std::string_view> rooms) const { selection().sockets_leave(rooms); }

  /// @param close  also disconnect its other namespaces and close the connection
  void disconnect(bool close = false) const { selection().disconnect_sockets(close); }

 private:
  BasicBroadcastOperator<Config> selection() const { return {nsp_, BroadcastOptions{{id()}, {}, {}}, timeout_}; }

  template <class Result, class Token, class... Args>
  auto ask(std::string_view event, Token&& token, const Args&... args) const {
    const std::uint64_t id = nsp_->next_ack_id();
    const BasicBroadcastOperator<Config> alone = selection();
    return asio::async_initiate<Token, void(std::error_code, Result)>(
        [alone, id, place = alone.place(event)](auto handler, const OutgoingPacket& packet) {
          alone.template collect_into<Result>(id, packet, place, std::move(handler), [&](auto taken) {
            return detail::make_broadcast_ack<Result>(
                place, [complete = detail::make_completion<Result>(place, std::move(taken))](
                           std::error_code error, std::vector<Result> answers) mutable {
                  if (!answers.empty()) return complete({}, std::move(answers.front()));
                  complete(error ? error : make_error_code(Errc::disconnected), Result{});
                });
          });
        },
        token, alone.encode(event, id, {}, args...));
  }

  std::shared_ptr<detail::NamespaceState> nsp_;
  std::shared_ptr<const SocketDetails> details_;
  std::optional<std::chrono::milliseconds> timeout_;
};

}  // namespace socketio

#pragma pop_macro("emit")
