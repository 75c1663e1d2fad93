// SPDX-License-Identifier: MIT
// Bodies of parent_namespace_state.hpp. Core layer.
#pragma once

#include <socketio/core/namespace_state.hpp>
#include <socketio/core/parent_namespace_state.hpp>

#include <atomic>
#include <cstdint>

namespace socketio::detail {

SOCKETIO_DECL std::string next_parent_name() {
  static std::atomic<std::uint64_t> count{0};
  return "/_" + std::to_string(count.fetch_add(1, std::memory_order_relaxed));
}

SOCKETIO_DECL ParentNamespaceState::ParentNamespaceState(std::string name, NamespacePattern pattern,
                                                         std::size_t max_bytes)
    : name_(std::move(name)), pattern_(std::move(pattern)), max_bytes_(max_bytes) {}

SOCKETIO_DECL ParentNamespaceState::ParentNamespaceState(std::string name, NamespaceMatcher matcher)
    : name_(std::move(name)), matcher_(std::move(matcher)) {}

SOCKETIO_DECL ParentNamespaceState::~ParentNamespaceState() = default;

SOCKETIO_DECL bool ParentNamespaceState::matches(std::string_view name) const {
  return pattern_ && name.size() <= max_bytes_ && pattern_(name);
}

SOCKETIO_DECL std::vector<ParentNamespaceState::NamespacePtr> ParentNamespaceState::children() const {
  const std::lock_guard lock(mutex_);
  return children_.all();
}

SOCKETIO_DECL void ParentNamespaceState::attach(NamespacePtr child) {
  const std::lock_guard lock(mutex_);
  children_.add(std::move(child));
}

SOCKETIO_DECL void ParentNamespaceState::detach(const NamespacePtr& child) {
  const std::lock_guard lock(mutex_);
  children_.remove(child.get());
}

SOCKETIO_DECL void ParentNamespaceState::drop_handlers() {
  setup_.end();
  const auto matcher = std::exchange(matcher_, {});
}

}  // namespace socketio::detail
