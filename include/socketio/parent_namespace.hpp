// SPDX-License-Identifier: MIT
// Namespaces that come into being when clients ask for them, as one handle for all of them.
#pragma once

#include <socketio/broadcast_operator.hpp>
#include <socketio/core/connection_events.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/parent_namespace_state.hpp>
#include <socketio/fwd.hpp>
#include <socketio/namespace.hpp>
#include <socketio/socket.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Qt defines `emit` as a macro: it is put aside for the length of this header.
#pragma push_macro("emit")
#undef emit

namespace socketio {

/// As a BroadcastOperator, for the same selection in every child that a parent namespace has when it is used.
///
/// @par Thread safety  Immutable: safe to share. All functions from any thread.
template <class Config>
class BasicParentBroadcastOperator : public detail::BroadcastVerbs<BasicParentBroadcastOperator<Config>, Config,
                                                                   BasicParentBroadcastOperator<Config>> {
 public:
  /// For the library.
  BasicParentBroadcastOperator(std::shared_ptr<detail::ParentNamespaceState> parent, BroadcastOptions options)
      : parent_(std::move(parent)), options_(std::move(options)) {}

  const BroadcastOptions& options() const noexcept { return options_; }

 private:
  template <class, class, class>
  friend class detail::BroadcastVerbs;

  const BasicParentBroadcastOperator& selection() const noexcept { return *this; }

  template <class Change>
  BasicParentBroadcastOperator changed(const Change& change) const {
    BasicParentBroadcastOperator copy = *this;
    change(copy.options_);
    return copy;
  }

  std::vector<BasicBroadcastOperator<Config>> children() const {
    std::vector<BasicBroadcastOperator<Config>> operators;
    for (auto& child : parent_->children()) operators.emplace_back(std::move(child), options_);
    return operators;
  }

  /// The name of the namespace is in the packet: it is encoded once for each child.
  template <EventName E, class... Args>
  void emit_to_selection(const E& event, const Args&... args) const {
    static_assert(!detail::ends_with_broadcast_callback<Args...>(),
                  "socketio: a parent namespace collects no acknowledgements; ask each of its children().");
    detail::require_emittable(detail::name_of(event));
    for (const auto& child : children()) child.emit_event(event, args...);
  }

  void add_sockets(const std::vector<std::string>& rooms) const {
    for (const auto& child : children()) child.sockets_join(rooms);
  }
  void del_sockets(const std::vector<std::string>& rooms) const {
    for (const auto& child : children()) child.sockets_leave(rooms);
  }
  void disconnect_all(bool close) const {
    for (const auto& child : children()) child.disconnect_sockets(close);
  }
  std::vector<BasicSocket<Config>> fetch() const {
    std::vector<BasicSocket<Config>> all;
    for (const auto& child : children())
      for (auto& socket : child.fetch_sockets()) all.push_back(std::move(socket));
    return all;
  }

  // A parent namespace asks no questions. These functions say so to a program that calls them.
  template <class Result, class... Args>
  void ask_selection(Args&&...) const {
    static_assert(sizeof(std::type_identity<Result>) == 0,
                  "socketio: a parent namespace collects no acknowledgements; ask each of its children().");
  }
  template <class Token>
  void fetch_everywhere(Token&&) const {
    static_assert(
        sizeof(std::type_identity<Token>) == 0,
        "socketio: a parent namespace does not know the sockets of other servers; ask each of its children().");
  }
  template <class Time>
  BasicParentBroadcastOperator with_timeout(Time) const {
    static_assert(sizeof(std::type_identity<Time>) == 0,
                  "socketio: a parent namespace collects no acknowledgements, so it has no timeout for them; ask each "
                  "of its children().");
    return *this;
  }

  std::shared_ptr<detail::ParentNamespaceState> parent_;
  BroadcastOptions options_;
};

/// The parent of every namespace whose name a regular expression or a function accepts; `Server::of` makes it.
///
/// A child is made when the first client asks for it, or when the program calls `of` with a name that matches a
/// regular expression. It begins with the middleware and the connection handlers that its parent has by then; what is
/// registered on the parent later concerns later children, and what is registered on a child concerns that child.
/// Sending, and all that concerns many sockets at once, reaches all children; acknowledgements are asked of each child.
///
/// @par Thread safety  All functions from any thread. On the owner's thread they act at once, elsewhere as soon as that
///                     thread gets to it.
template <class Config>
class BasicParentNamespace
    : public detail::BroadcastVerbs<BasicParentNamespace<Config>, Config, BasicParentBroadcastOperator<Config>>,
      public detail::ConnectionVerbs<BasicParentNamespace<Config>, Config> {
 public:
  /// For the library; users call `Server::of`.
  explicit BasicParentNamespace(std::shared_ptr<detail::ParentNamespaceState> state) : state_(std::move(state)) {}

  /// "/_0", "/_1", ...; clients cannot connect to it.
  const std::string& name() const noexcept { return state_->name(); }

  /// The namespaces that there are now, in the order of their creation.
  std::vector<BasicNamespace<Config>> children() const {
    std::vector<BasicNamespace<Config>> children;
    for (auto& child : state_->children()) children.push_back(BasicNamespace<Config>(std::move(child)));
    return children;
  }

  /// The sockets that are connected to any of them on this server.
  std::vector<BasicSocket<Config>> sockets() const { return this->fetch_sockets(); }

  friend bool operator==(const BasicParentNamespace& a, const BasicParentNamespace& b) noexcept {
    return a.state_ == b.state_;
  }

 private:
  template <class, class, class>
  friend class detail::BroadcastVerbs;
  friend class detail::ConnectionVerbs<BasicParentNamespace, Config>;

  BasicParentBroadcastOperator<Config> selection() const { return {state_, BroadcastOptions{}}; }
  detail::NamespaceSetup& setup() const noexcept { return state_->setup(); }

  std::shared_ptr<detail::ParentNamespaceState> state_;
};

}  // namespace socketio

#pragma pop_macro("emit")
