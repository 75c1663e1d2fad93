// SPDX-License-Identifier: MIT
// The state behind the handle `ParentNamespace`: the names that it accepts, the functions that its children begin with,
// and its children. Core layer.
#pragma once

#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/ordered_table.hpp>
#include <socketio/protocol/value.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

class NamespaceState;

/// "/_0", "/_1", ...: names that no namespace has.
SOCKETIO_DECL std::string next_parent_name();

/// @par Thread safety  Any thread.
/// @par Lifetime       Kept by its server and the handles of users; keeps its children, which know it weakly.
class ParentNamespaceState final {
 public:
  using NamespacePtr = std::shared_ptr<NamespaceState>;

  /// @param max_bytes  of the names that are matched against the expression
  SOCKETIO_DECL ParentNamespaceState(std::string name, NamespacePattern pattern, std::size_t max_bytes);
  SOCKETIO_DECL ParentNamespaceState(std::string name, NamespaceMatcher matcher);
  SOCKETIO_DECL ~ParentNamespaceState();

  const std::string& name() const noexcept { return name_; }
  NamespaceSetup& setup() noexcept { return setup_; }
  bool has_pattern() const noexcept { return static_cast<bool>(pattern_); }

  /// Whether the pattern is found in a name that is not too long for it: the standard library's matcher goes one step
  /// deeper into the stack for every character or so.
  ///
  /// @throws std::regex_error  when that matcher gives up
  SOCKETIO_DECL bool matches(std::string_view name) const;

  /// Asks the function; `next` may be called at once.
  ///
  /// @param shard  the calling one
  void ask(const std::string& name, const Value& auth, const std::shared_ptr<Shard>& shard,
           const NamespaceNext& next) const {
    matcher_(name, auth, shard, next);
  }

  SOCKETIO_DECL std::vector<NamespacePtr> children() const;
  SOCKETIO_DECL void attach(NamespacePtr child);
  SOCKETIO_DECL void detach(const NamespacePtr& child);

  /// The end of the server. Destroys the users' functions: they may hold handles of this very namespace.
  SOCKETIO_DECL void drop_handlers();

 private:
  std::string name_;
  NamespacePattern pattern_;
  std::size_t max_bytes_ = 0;
  NamespaceMatcher matcher_;
  NamespaceSetup setup_;
  struct ChildKey {
    static const NamespaceState* key(const NamespacePtr& child) noexcept { return child.get(); }
  };

  mutable std::mutex mutex_;
  OrderedTable<NamespacePtr, ChildKey> children_;
};

}  // namespace socketio::detail
