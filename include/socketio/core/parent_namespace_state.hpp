// SPDX-License-Identifier: MIT
// The state behind the handle `ParentNamespace`: which names it takes, what its children begin with, and its children.
// Core layer.
#pragma once

#include <socketio/core/namespace_matcher.hpp>
#include <socketio/core/namespace_setup.hpp>
#include <socketio/core/namespace_state.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/value.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// "/_0", "/_1", ...: names that no namespace has.
inline std::string next_parent_name() {
  static std::atomic<std::uint64_t> count{0};
  return "/_" + std::to_string(count.fetch_add(1, std::memory_order_relaxed));
}

/// @par Thread safety  Any thread.
/// @par Lifetime       Kept by its server and the handles of users; keeps its children, which know it weakly.
template <class Config>
class ParentNamespaceState final : public NamespaceSetup<Config> {
 public:
  using NamespacePtr = std::shared_ptr<NamespaceState<Config>>;

  /// @param max_bytes  of the names that are matched against the expression
  ParentNamespaceState(std::string name, std::shared_ptr<const ShardGroup> shards, std::regex pattern,
                       std::size_t max_bytes)
      : name_(std::move(name)), shards_(std::move(shards)), pattern_(std::move(pattern)), max_bytes_(max_bytes) {}
  ParentNamespaceState(std::string name, std::shared_ptr<const ShardGroup> shards, NamespaceMatcher matcher)
      : name_(std::move(name)), shards_(std::move(shards)), matcher_(std::move(matcher)) {}

  const std::string& name() const noexcept { return name_; }
  const ShardGroup& shards() const noexcept { return *shards_; }
  NamespaceSetup<Config>& setup() noexcept { return *this; }
  bool has_pattern() const noexcept { return pattern_.has_value(); }

  /// Whether the pattern is found in a name that is not too long for it: the library's matcher goes one step deeper
  /// into the stack for every character or so.
  ///
  /// @throws std::regex_error  when the matcher gives up
  bool matches(std::string_view name) const {
    return pattern_ && name.size() <= max_bytes_ && std::regex_search(name.begin(), name.end(), *pattern_);
  }

  /// Asks the function; `next` may be called at once.
  ///
  /// @param shard  the calling one
  void ask(const std::string& name, const Value& auth, const std::shared_ptr<Shard>& shard,
           const NamespaceNext& next) const {
    matcher_(name, auth, shard, next);
  }

  std::vector<NamespacePtr> children() const {
    const std::lock_guard lock(mutex_);
    return children_;
  }
  void attach(NamespacePtr child) {
    const std::lock_guard lock(mutex_);
    children_.push_back(std::move(child));
  }
  void detach(const NamespacePtr& child) {
    const std::lock_guard lock(mutex_);
    std::erase(children_, child);
  }

  /// The end of the server. Lets go of the users' functions: they may hold handles of this very namespace.
  void drop_handlers() {
    this->end();
    const auto matcher = std::exchange(matcher_, {});
  }

 private:
  std::string name_;
  std::shared_ptr<const ShardGroup> shards_;
  std::optional<std::regex> pattern_;
  std::size_t max_bytes_ = 0;
  NamespaceMatcher matcher_;
  mutable std::mutex mutex_;
  std::vector<NamespacePtr> children_;
};

}  // namespace socketio::detail
