// SPDX-License-Identifier: MIT
#include <socketio/detail/ordered_table.hpp>

#include <tests/support/catch.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using Item = std::shared_ptr<const int>;

/// A number that counts how often two are compared.
struct Key {
  int value;
  static inline std::size_t comparisons = 0;
  friend bool operator==(const Key& a, const Key& b) noexcept {
    ++comparisons;
    return a.value == b.value;
  }
};

struct KeyOf {
  static Key key(const Item& item) noexcept { return {*item}; }
};

using Table = socketio::detail::OrderedTable<Item, KeyOf>;

std::vector<int> values(const Table& table) {
  std::vector<int> all;
  for (const Item& item : table.all()) all.push_back(*item);
  return all;
}

}  // namespace

template <>
struct std::hash<Key> {
  std::size_t operator()(const Key& key) const noexcept { return static_cast<std::size_t>(key.value); }
};

TEST_CASE("a table of any size does what a list does", "[detail][ordered_table]") {
  const int sizes[] = {3, 16, 17, 40, 500};
  for (const int size : sizes) {
    CAPTURE(size);
    std::mt19937 random(static_cast<unsigned>(size));
    Table table;
    std::vector<int> list;
    for (int step = 0; step < 4'000; ++step) {
      const int value = static_cast<int>(random() % static_cast<unsigned>(size));
      const auto listed = std::find(list.begin(), list.end(), value);
      const Item* const found = table.find({value});
      REQUIRE((found != nullptr) == (listed != list.end()));
      if (found) REQUIRE(**found == value);
      if (random() % 2 == 0) {
        table.remove({value});
        if (listed != list.end()) list.erase(listed);
      } else if (!found) {
        table.add(std::make_shared<int>(value));
        list.push_back(value);
      }
      REQUIRE(table.size() == list.size());
    }
    CHECK(values(table) == list);
    CHECK(table.empty() == list.empty());
    table.clear();
    CHECK(table.empty());
    CHECK_FALSE(table.find({0}));
    table.add(std::make_shared<int>(7));
    CHECK(values(table) == std::vector<int>{7});
  }
}

TEST_CASE("a table forgets an item that is removed", "[detail][ordered_table]") {
  Table table;
  std::vector<std::weak_ptr<const int>> items;
  for (int i = 0; i < 100; ++i) {
    const auto item = std::make_shared<int>(i);
    items.push_back(item);
    table.add(item);
  }
  for (int i = 0; i < 100; i += 2) table.remove({i});
  for (int i = 0; i < 100; ++i) CHECK(items[static_cast<std::size_t>(i)].expired() == (i % 2 == 0));
}

TEST_CASE("adding, finding and removing compares few items, however many there are", "[detail][ordered_table]") {
  constexpr int size = 20'000;
  Table table;
  Key::comparisons = 0;
  for (int i = 0; i < size; ++i) table.add(std::make_shared<int>(i));
  for (int i = 0; i < size; ++i) REQUIRE(table.find({i}));
  for (int i = 0; i < size; ++i) table.remove({i});
  CHECK(table.empty());
  CHECK(Key::comparisons < 20 * size);
}
