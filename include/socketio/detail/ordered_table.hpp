// SPDX-License-Identifier: MIT
// Items in the order in which they came, each found by its key: a plain list while there are few of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace socketio::detail {

/// A list for what most owners have one or two of, and a hostile client a hundred thousand.
///
/// Up to `max_listed` items it is a vector that is searched. Beyond that an index finds them, and an item that is
/// removed leaves a gap, which is closed when half of the list is gaps.
///
/// @tparam Item   null once it is `Item{}`: tested with `!item`
/// @tparam KeyOf  `KeyOf::key(const Item&)` returns what can be hashed and compared, and stays the same while the item
///                is in the table
/// @par Cost      add, find, remove: O(1) amortised. Two words and the vector's three while there are few.
template <class Item, class KeyOf>
class OrderedTable {
 public:
  using Key = decltype(KeyOf::key(std::declval<const Item&>()));

  static constexpr std::size_t max_listed = 16;

  std::size_t size() const noexcept { return index_ ? index_->positions.size() : items_.size(); }
  bool empty() const noexcept { return size() == 0; }

  /// Null if there is none. Valid until the table changes.
  Item* find(const Key& key) noexcept {
    const std::size_t position = position_of(key);
    return position == items_.size() ? nullptr : &items_[position];
  }
  const Item* find(const Key& key) const noexcept { return const_cast<OrderedTable*>(this)->find(key); }

  /// @param item  whose key is not in the table
  void add(Item item) {
    if (!index_ && items_.size() == max_listed) make_index();
    if (index_) index_->positions.emplace(KeyOf::key(item), items_.size());
    items_.push_back(std::move(item));
  }

  /// Nothing happens if there is no such item.
  void remove(const Key& key) {
    const std::size_t position = position_of(key);
    if (position == items_.size()) return;
    if (!index_) {
      items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(position));
      return;
    }
    index_->positions.erase(KeyOf::key(items_[position]));
    items_[position] = Item{};
    if (items_.size() > 2 * size()) close_gaps();
  }

  /// Calls `visit(item)` for each, in order; `visit` must not change the table.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const Item& item : items_)
      if (!!item) visit(item);
  }

  /// Copies, in order.
  std::vector<Item> all() const {
    std::vector<Item> copies;
    copies.reserve(size());
    for_each([&](const Item& item) { copies.push_back(item); });
    return copies;
  }

  void clear() noexcept {
    items_.clear();
    index_.reset();
  }

 private:
  struct Index {
    std::unordered_map<Key, std::size_t> positions;
  };

  std::size_t position_of(const Key& key) const {
    if (index_) {
      const auto found = index_->positions.find(key);
      return found == index_->positions.end() ? items_.size() : found->second;
    }
    std::size_t position = 0;
    while (position < items_.size() && KeyOf::key(items_[position]) != key) ++position;
    return position;
  }

  void make_index() {
    index_ = std::make_unique<Index>();
    for (std::size_t i = 0; i < items_.size(); ++i) index_->positions.emplace(KeyOf::key(items_[i]), i);
  }

  void close_gaps() {
    items_.erase(std::remove_if(items_.begin(), items_.end(), [](const Item& item) { return !item; }), items_.end());
    index_.reset();
    if (items_.size() > max_listed / 2) make_index();
  }

  std::vector<Item> items_;
  std::unique_ptr<Index> index_;
};

}  // namespace socketio::detail
