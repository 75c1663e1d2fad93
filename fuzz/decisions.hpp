// SPDX-License-Identifier: MIT
// An input of a fuzz target as a sequence of decisions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fuzz {

/// Takes decisions off the front of an input; after its end all of them are zero or empty.
class Decisions {
 public:
  Decisions(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  std::size_t below(std::size_t count) { return byte() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }

  /// As many bytes as there are, up to `size`.
  std::string_view bytes(std::size_t size) {
    const auto taken = rest_.first((std::min)(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  /// The size in one byte, then the bytes.
  std::string_view text() { return bytes(byte()); }
  /// The size in two bytes, then the bytes.
  std::string_view long_text() {
    const std::size_t high = byte();
    return bytes(high << 8 | byte());
  }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace fuzz
